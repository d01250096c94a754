/*
 * metrics - all metrics of the daemon as a text
 *
 * metrics_table.c has one row for each metric, and millgate-metrics(7) one
 * paragraph; tests/check-metrics.py compares the two.
 */
#ifndef MILLGATE_METRICS_PRIV_H
#define MILLGATE_METRICS_PRIV_H

#include <stdbool.h>

#include "base/metrics.h"

struct status_start;
struct services;

/* What the functions of the rows read. */
struct metrics_source {
	struct services	*sv;
	const struct status_start *start;
	struct setup	*setup;		/* the current one */
};

struct metrics_row {
	struct metric	 metric;
	/* writes the samples; NULL: one, of the counter at `at` in services */
	void		(*write)(const struct metrics_source *s,
			    struct metrics_text *t);
	size_t		 at;
};
/* A name of NULL ends the table. */
extern const struct metrics_row metrics_rows[];

/* Append all metrics. */
void	metrics_write(struct services *sv, const struct status_start *start,
	    enum metrics_format format, struct buf *b);

/* --- samples of several metrics (metrics_samples.c) ---------------------- */

typedef void metrics_samples(const struct metrics_source *s,
    struct metrics_text *t);

metrics_samples	samples_build, samples_start_time, samples_cpu,
		samples_enforcing, samples_reloads, samples_reload_good,
		samples_loaded_at,
		samples_sessions, samples_messages, samples_recipients_refused,
		samples_rules, samples_open_messages, samples_over,
		samples_memory,
		samples_answer, samples_crypto, samples_dns_wait,
		samples_spf, samples_iprev, samples_dkim, samples_dkim_none,
		samples_dmarc,
		samples_made, samples_not_signed, samples_keys,
		samples_keys_oldest, samples_key_records,
		samples_dns_queries, samples_dns_hits, samples_dns_shared,
		samples_dns_timeouts, samples_dns_failures,
		samples_dns_failing, samples_dns_latency,
		samples_plan_recipients, samples_plan_messages,
		samples_plan_refused,
		samples_store, samples_fuse, samples_blocks;

#endif
