/*
 * http_pages - the pages of the HTTP server
 */
#include "config.h"

#include <stddef.h>

#include "status/health.h"
#include "http_priv.h"
#include "metrics_priv.h"
#include "status_priv.h"

/* Prometheus asks for OpenMetrics first; so does a client with no wish. */
static enum metrics_format
wanted_format(const char *accept)
{
	return http_accepts(accept, "text/plain") >
	    http_accepts(accept, "application/openmetrics-text") ?
	    METRICS_PROMETHEUS : METRICS_OPENMETRICS;
}

static void
page_metrics(const struct http_request *rq, struct http_response *rs)
{
	enum metrics_format format = wanted_format(rq->accept);

	rs->type = metrics_content_type(format);
	metrics_write(rq->sv, rq->start, format, &rs->body);
}

static void
page_health(const struct http_request *rq, struct http_response *rs)
{
	if (health_good(rq->sv, &rs->body))
		buf_addstr(&rs->body, "ok\n");
	else
		rs->status = 503;
}

const struct http_page http_pages[] = {
	{ "/", "text/html; charset=utf-8", NULL, false, status_page_html },
	{ "/healthz", "text/plain; charset=utf-8", NULL, true, page_health },
	{ "/metrics", NULL, NULL, false, page_metrics },
	{ "/status.json", "application/json", NULL, false, status_page_json },
	{ NULL }
};
