/*
 * status_page - the snapshot as a page for a browser
 *
 * It is complete without its script. It loads nothing: its style and script are
 * in it, and the policy names their digests.
 */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/html.h"
#include "dkim/crypto.h"
#include "session/services.h"
#include "status_page_priv.h"
#include "status_priv.h"

/* --- the policy ----------------------------------------------------------- */

static pthread_once_t	 policy_once = PTHREAD_ONCE_INIT;
static struct buf	 policy = BUF_INIT;

/* Without a digest the browser ignores that part. */
static void
policy_add(const char *directive, const char *text)
{
	unsigned char digest[CRYPTO_SHA256_LEN];

	if (!crypto_sha256(text, strlen(text), digest))
		return;
	buf_printf(&policy, "%s 'sha256-", directive);
	crypto_base64(&policy, digest, sizeof(digest));
	buf_addstr(&policy, "'; ");
}

static void
policy_make(void)
{
	buf_addstr(&policy, "default-src 'none'; ");
	policy_add("style-src", page_style);
	policy_add("script-src", page_script);
	buf_addstr(&policy, "connect-src 'self'; img-src data:; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

const char *
status_policy(void)
{
	pthread_once(&policy_once, policy_make);
	return buf_str(&policy);
}

/* --- head ----------------------------------------------------------------- */

static void
page_begin(const struct status *s, struct buf *b)
{
	buf_addstr(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n<title>millgate on ");
	html_text(b, s->sv->hostname, PAGE_TEXT);
	buf_printf(b, "</title>\n<link rel=\"icon\" href=\"%s\">\n"
	    "<style>%s</style>\n</head>\n<body>\n"
	    "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n",
	    page_icon, page_style);
}

static void
page_header(const struct status *s, struct buf *b)
{
	buf_addstr(b, "<header>\n<div class=\"grow\" id=\"who\" data-live>"
	    "<h1>millgate <span>on ");
	page_text(b, s->sv->hostname);
	buf_printf(b, "</span></h1>\n<p class=\"sub\">Version %s, mode %s, "
	    "running for ", PACKAGE_VERSION,
	    s->setup->conf->mode == MODE_ENFORCE ? "enforce" :
	    "monitor (refuses nothing)");
	page_span(b, (s->sv->ticks() - s->start->ticks) / 1000);
	buf_printf(b, "</p></div>\n<div id=\"health\" data-live>"
	    "<p class=\"badge %s\">%s</p></div>\n"
	    "<div id=\"live\" hidden><button type=\"button\">Pause</button>"
	    "<span></span></div>\n</header>\n", s->good ? "good" : "bad",
	    s->good ? "Healthy" : "Trouble");
}

static void
page_tile(struct buf *b, const char *name, uint64_t n, const char *note)
{
	buf_printf(b, "<div><dt>%s</dt><dd>", name);
	page_number(b, n);
	buf_printf(b, "<small>%s</small></dd></div>\n", note);
}

static void
page_tiles(const struct status *s, struct buf *b)
{
	uint64_t	good = status_hour(s, ACTION_ACCEPT) +
	    status_hour(s, ACTION_TAG);

	buf_addstr(b, "<h2 class=\"skip\">Summary</h2>\n"
	    "<dl class=\"tiles wide\">\n");
	page_tile(b, "Delivered", good, "in the last hour");
	page_tile(b, "Held", status_hour(s, ACTION_HOLD), "in the last hour");
	page_tile(b, "Deferred", status_hour(s, ACTION_DEFER),
	    "in the last hour");
	page_tile(b, "Rejected", status_hour(s, ACTION_REJECT),
	    "in the last hour");
	page_tile(b, "Connections",
	    counter_read(&s->sv->counters.open_connections), "open now");
	buf_addstr(b, "<div><dt>DNS</dt><dd>");
	page_latency(b, status_latency(s, 95));
	buf_addstr(b, "<small>95 % take less</small></dd></div>\n"
	    "</dl>\n");
}

static void
page_trouble(const struct status *s, struct buf *b)
{
	const char	*p, *end;
	struct buf	 line = BUF_INIT;

	if (s->good)
		return;
	page_card(b, "trouble", "Trouble", "wide trouble");
	buf_addstr(b, "<ul class=\"items\">\n");
	for (p = s->why; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		buf_reset(&line);
		buf_add(&line, p, (size_t)(end - p));
		buf_addstr(b, "<li>");
		page_text(b, buf_str(&line));
		buf_addstr(b, "</li>\n");
	}
	buf_addstr(b, "</ul>\n");
	page_card_end(b);
	buf_free(&line);
}

void
status_write_page(const struct status *s, struct buf *b)
{
	page_begin(s, b);
	page_header(s, b);
	buf_addstr(b, "<main id=\"main\" tabindex=\"-1\" data-live>\n");
	page_trouble(s, b);
	page_tiles(s, b);
	page_traffic(s, b);
	page_advice(s, b);
	page_blocks(s, b);
	page_accounts(s, b);
	page_rules(s, b);
	page_dmarc(s, b);
	page_dns(s, b);
	page_configuration(s, b);
	page_keys(s, b);
	buf_printf(b, "</main>\n<footer>This page changes nothing. The same "
	    "as JSON: <a href=\"status.json\">status.json</a>; for "
	    "Prometheus: <a href=\"metrics\">metrics</a>.</footer>\n"
	    "<script>%s</script>\n</body>\n</html>\n", page_script);
}
