/*
 * metrics_samples - the samples of the metrics that are more than one counter
 *
 * All label values of a fixed list are written from the start, also those
 * that are still zero: an alert sees the first step only then. Combinations
 * that were never counted are left out where there are many.
 */
#include "config.h"

#include <sys/resource.h>

#include "dns/resolver.h"
#include "mta/mfi.h"
#include "session/observed.h"
#include "session/services.h"
#include "status/status.h"
#include "metrics_priv.h"

#define US_PER_SECOND	1000000u
#define LABEL(...)	(const char *[]){ __VA_ARGS__ }

/* --- the daemon ---------------------------------------------------------- */

void
samples_build(const struct metrics_source *s, struct metrics_text *t)
{
	(void)s;
	metrics_sample(t, LABEL(PACKAGE_VERSION), 1);
}

void
samples_start_time(const struct metrics_source *s, struct metrics_text *t)
{
	metrics_sample(t, NULL, (uint64_t)s->start->time);
}

void
samples_cpu(const struct metrics_source *s, struct metrics_text *t)
{
	struct rusage	ru;
	uint64_t	us;

	(void)s;
	if (getrusage(RUSAGE_SELF, &ru) != 0)
		return;
	us = (uint64_t)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) *
	    US_PER_SECOND;
	us += (uint64_t)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
	metrics_seconds(t, NULL, us);
}

void
samples_memory(const struct metrics_source *s, struct metrics_text *t)
{
	metrics_sample(t, NULL, atomic_load(&s->sv->ceiling.memory));
}

void
samples_enforcing(const struct metrics_source *s, struct metrics_text *t)
{
	metrics_sample(t, NULL, s->setup->conf->mode == MODE_ENFORCE);
}

void
samples_reloads(const struct metrics_source *s, struct metrics_text *t)
{
	struct tallies *n = &s->sv->tallies;

	metrics_sample(t, LABEL("good"), counter_read(&n->reloads_good));
	metrics_sample(t, LABEL("refused"), counter_read(&n->reloads_failed));
}

void
samples_reload_good(const struct metrics_source *s, struct metrics_text *t)
{
	metrics_sample(t, NULL, !atomic_load(&s->sv->tallies.reload_failed));
}

void
samples_loaded_at(const struct metrics_source *s, struct metrics_text *t)
{
	metrics_sample(t, NULL, counter_read(&s->sv->tallies.loaded_at));
}

/* --- connections and messages -------------------------------------------- */

void
samples_open_messages(const struct metrics_source *s, struct metrics_text *t)
{
	(void)s;
	metrics_sample(t, NULL, mfi_open_messages());
}

void
samples_sessions(const struct metrics_source *s, struct metrics_text *t)
{
	observed_sessions(s->sv->observed, t);
}

void
samples_messages(const struct metrics_source *s, struct metrics_text *t)
{
	observed_messages(s->sv->observed, t);
}

void
samples_recipients_refused(const struct metrics_source *s,
    struct metrics_text *t)
{
	observed_recipients_refused(s->sv->observed, t);
}

void
samples_rules(const struct metrics_source *s, struct metrics_text *t)
{
	observed_rules_held(s->sv->observed, t);
}

void
samples_over(const struct metrics_source *s, struct metrics_text *t)
{
	struct counters *n = &s->sv->counters;

	metrics_sample(t, LABEL("max-sessions"),
	    counter_read(&n->over_sessions));
	metrics_sample(t, LABEL("max-memory"), counter_read(&n->over_memory));
}

void
samples_answer(const struct metrics_source *s, struct metrics_text *t)
{
	enum direction d;

	for (d = DIRECTION_INBOUND; d <= DIRECTION_SUBMISSION; d++)
		metrics_histogram(t, LABEL(tally_direction_name(d)),
		    &s->sv->tallies.answer[d]);
}

void
samples_crypto(const struct metrics_source *s, struct metrics_text *t)
{
	struct histogram *h = s->sv->tallies.crypto;

	metrics_histogram(t, LABEL("sign"), &h[TALLY_SIGN]);
	metrics_histogram(t, LABEL("verify"), &h[TALLY_VERIFY]);
}

void
samples_dns_wait(const struct metrics_source *s, struct metrics_text *t)
{
	metrics_histogram(t, NULL, &s->sv->tallies.dns_wait);
}

/* --- results ------------------------------------------------------------- */

/* A counter for each result, those that were counted; `label` has room. */
static void
write_results(struct metrics_text *t, const char **label, size_t i,
    atomic_uint_fast64_t *counter)
{
	enum result	r;
	uint64_t	n;

	for (r = RESULT_NONE; r < TALLY_RESULTS; r++) {
		n = counter_read(&counter[r]);
		label[i] = result_name(r);
		if (n > 0)
			metrics_sample(t, label, n);
	}
}

void
samples_spf(const struct metrics_source *s, struct metrics_text *t)
{
	struct tallies *n = &s->sv->tallies;

	write_results(t, LABEL("mfrom", NULL), 1, n->spf_mfrom);
	write_results(t, LABEL("helo", NULL), 1, n->spf_helo);
}

void
samples_iprev(const struct metrics_source *s, struct metrics_text *t)
{
	write_results(t, LABEL(NULL), 0, s->sv->tallies.iprev);
}

void
samples_dkim(const struct metrics_source *s, struct metrics_text *t)
{
	enum tally_algorithm a;

	for (a = TALLY_RSA; a < TALLY_ALGORITHMS; a++)
		write_results(t, LABEL(tally_algorithm_name(a), NULL), 1,
		    s->sv->tallies.dkim[a]);
}

void
samples_dkim_none(const struct metrics_source *s, struct metrics_text *t)
{
	metrics_sample(t, NULL, counter_read(&s->sv->tallies.dkim_none));
}

void
samples_dmarc(const struct metrics_source *s, struct metrics_text *t)
{
	int p;

	for (p = 0; p < TALLY_POLICIES; p++)
		write_results(t, LABEL(tally_policy_name(p), NULL), 1,
		    s->sv->tallies.dmarc[p]);
}

/* --- signing ------------------------------------------------------------- */

void
samples_made(const struct metrics_source *s, struct metrics_text *t)
{
	enum tally_algorithm a;

	for (a = TALLY_RSA; a <= TALLY_ED25519; a++)
		metrics_sample(t, LABEL(tally_algorithm_name(a)),
		    counter_read(&s->sv->tallies.made[a]));
}

/* One cell of each row of a set. */
static void
write_set(struct metrics_text *t, struct counter_set *set, int cell)
{
	unsigned i, n = atomic_load(&set->n);

	for (i = 0; i < n; i++)
		metrics_sample(t, LABEL(set->row[i].name),
		    counter_read(&set->row[i].cell[cell]));
}

void
samples_not_signed(const struct metrics_source *s, struct metrics_text *t)
{
	write_set(t, &s->sv->tallies.not_signed, 0);
}

/* --- DNS ----------------------------------------------------------------- */

static void
write_resolver(const struct metrics_source *s, struct metrics_text *t,
    size_t at)
{
	struct resolver_stats st;

	resolver_stats(s->sv->resolver, &st);
	metrics_sample(t, NULL, *(uint64_t *)((char *)&st + at));
}

#define RESOLVER(function, field)					\
void									\
function(const struct metrics_source *s, struct metrics_text *t)	\
{									\
	write_resolver(s, t, offsetof(struct resolver_stats, field));	\
}

RESOLVER(samples_dns_queries, queries)
RESOLVER(samples_dns_hits, cache_hits)
RESOLVER(samples_dns_shared, shared)
RESOLVER(samples_dns_timeouts, timeouts)
RESOLVER(samples_dns_failures, failures)
RESOLVER(samples_dns_failing, failing)

void
samples_dns_latency(const struct metrics_source *s, struct metrics_text *t)
{
	metrics_histogram(t, NULL, resolver_latency(s->sv->resolver));
}

/* --- quota, blocks and the store ----------------------------------------- */

void
samples_plan_recipients(const struct metrics_source *s,
    struct metrics_text *t)
{
	write_set(t, &s->sv->tallies.plans, TALLY_RECIPIENTS);
}

void
samples_plan_messages(const struct metrics_source *s, struct metrics_text *t)
{
	write_set(t, &s->sv->tallies.plans, TALLY_MESSAGES);
}

void
samples_plan_refused(const struct metrics_source *s, struct metrics_text *t)
{
	write_set(t, &s->sv->tallies.plans, TALLY_REFUSED);
}

void
samples_store(const struct metrics_source *s, struct metrics_text *t)
{
	enum tally_store c;

	for (c = TALLY_SETTINGS; c < TALLY_STORES; c++)
		metrics_histogram(t, LABEL(tally_store_name(c)),
		    &s->sv->tallies.store[c]);
}

void
samples_fuse(const struct metrics_source *s, struct metrics_text *t)
{
	atomic_uint_fast64_t *n = s->sv->tallies.fuse;

	metrics_sample(t, LABEL("networks"), counter_read(&n[FUSE_NETWORKS]));
	metrics_sample(t, LABEL("refused"), counter_read(&n[FUSE_REFUSED]));
	metrics_sample(t, LABEL("from"), counter_read(&n[FUSE_FROM]));
}
