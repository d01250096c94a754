/*
 * status - gather what the daemon does now
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "session/services.h"
#include "status/health.h"
#include "http_priv.h"
#include "status_priv.h"

#define MINUTE_MS	60000

/* --- a snapshot ----------------------------------------------------------- */

static void
gather_health(struct status *s)
{
	struct buf why = BUF_INIT;

	s->good = health_good(s->sv, &why);
	s->why = arena_strdup(s->arena, buf_str(&why));
	buf_free(&why);
}

static void
gather_traffic(struct status *s)
{
	struct traffic	*t = s->sv->traffic;
	uint64_t	 ticks = s->sv->ticks();

	s->minute_time = s->now - (time_t)(ticks % MINUTE_MS / 1000);
	traffic_hour(t, ticks, s->minute);
	s->nrules = traffic_rules(t, ticks, s->rule);
	s->ndomains = traffic_authors(t, ticks, s->domain, STATUS_DOMAINS);
}

static void
gather_dns(struct status *s)
{
	struct histogram	*h = resolver_latency(s->sv->resolver);
	size_t			 i;

	resolver_stats(s->sv->resolver, &s->dns);
	for (i = 0; i <= HISTOGRAM_BOUNDS; i++)
		s->dns_latency[i] = counter_read(&h->bucket[i]);
}

struct status *
status_gather(struct services *sv, const struct status_start *start)
{
	struct status *s = xcalloc(1, sizeof(*s));

	s->arena = s->advice.arena = arena_new(16384);
	s->sv = sv;
	s->setup = services_setup(sv);
	s->start = start;
	s->now = sv->now();
	gather_health(s);
	gather_traffic(s);
	gather_dns(s);
	status_accounts(s);
	status_keys(s);
	status_advice(s);
	return s;
}

void
status_free(struct status **sp)
{
	struct status *s = *sp;

	*sp = NULL;
	setup_unref(&s->setup);
	arena_free(&s->arena);
	free(s);
}

uint64_t
status_latency(const struct status *s, unsigned percent)
{
	uint64_t	sum = 0, below = 0;
	size_t		i;

	for (i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum += s->dns_latency[i];
	if (sum == 0)
		return 0;
	for (i = 0; i < HISTOGRAM_BOUNDS; i++) {
		below += s->dns_latency[i];
		if (below * 100 >= sum * percent)
			return histogram_bounds[i];
	}
	return UINT64_MAX;
}

uint64_t
status_hour(const struct status *s, size_t column)
{
	uint64_t	sum = 0;
	size_t		i;

	for (i = 0; i < TRAFFIC_MINUTES; i++)
		sum += s->minute[i].n[column];
	return sum;
}

/* --- texts that are used again -------------------------------------------- */

typedef void	 status_write_fn(const struct status *s, struct buf *b);

struct kept {
	pthread_mutex_t	 lock;
	status_write_fn	*write;
	const struct services *sv;
	uint64_t	 made, due;	/* ticks */
	struct buf	 text;
};

static struct kept kept_json = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .write = status_write_json
};
static struct kept kept_page = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .write = status_write_page
};

static void
kept_make(struct kept *k, struct services *sv,
    const struct status_start *start)
{
	uint64_t	 begun = sv->ticks(), cost;
	struct status	*s = status_gather(sv, start);

	buf_reset(&k->text);
	k->write(s, &k->text);
	status_free(&s);
	cost = (sv->ticks() - begun) * STATUS_COST;
	k->sv = sv;
	k->made = begun;
	k->due = sv->ticks() + (cost > STATUS_FRESH ? cost : STATUS_FRESH);
}

/* The HTTP thread and the thread of the control socket may come together. */
static void
kept_add(struct kept *k, struct services *sv,
    const struct status_start *start, struct buf *b)
{
	uint64_t now = sv->ticks();

	pthread_mutex_lock(&k->lock);
	if (k->sv != sv || now >= k->due || now < k->made)
		kept_make(k, sv, start);
	buf_add(b, k->text.data, k->text.len);
	pthread_mutex_unlock(&k->lock);
}

void
status_json(struct services *sv, const struct status_start *start,
    struct buf *b)
{
	kept_add(&kept_json, sv, start, b);
}

void
status_page_json(const struct http_request *rq, struct http_response *rs)
{
	status_json(rq->sv, rq->start, &rs->body);
}

void
status_page_html(const struct http_request *rq, struct http_response *rs)
{
	rs->policy = status_policy();
	kept_add(&kept_page, rq->sv, rq->start, &rs->body);
}
