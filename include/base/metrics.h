/*
 * metrics - counters, histograms and their text for Prometheus
 *
 * A counter is an atomic_uint_fast64_t; counter_add takes no lock and orders
 * nothing. A histogram counts durations in fixed buckets. A counter_set has a
 * counter for each of a few names, which are copied; further names share the
 * row "(others)". Counting may be done by any thread.
 *
 * The text is OpenMetrics 1.0, or the older text format 0.0.4 of Prometheus.
 * The caller writes one family after the other, and all samples of a family
 * together. The text has no mail in it: label values come from the
 * configuration and from fixed lists.
 */
#ifndef MILLGATE_METRICS_H
#define MILLGATE_METRICS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* --- counting ----------------------------------------------------------- */

static inline void
counter_add(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline uint64_t
counter_read(atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Upper bounds of the buckets in microseconds: 100 us to 30 s. */
#define HISTOGRAM_BOUNDS	16
extern const uint32_t histogram_bounds[HISTOGRAM_BOUNDS];

/* All zero is empty. */
struct histogram {
	/* one bucket for each duration; the last is above all bounds */
	atomic_uint_fast64_t	 bucket[HISTOGRAM_BOUNDS + 1];
	atomic_uint_fast64_t	 sum;		/* microseconds */
};
void	histogram_add(struct histogram *h, uint64_t microseconds);

#define COUNTER_NAMES	64
#define COUNTER_NAME	64	/* octets, NUL included; the rest is cut */
#define COUNTER_CELLS	3

struct counter_row {
	char			 name[COUNTER_NAME];
	atomic_uint_fast64_t	 cell[COUNTER_CELLS];
};
/* COUNTER_SET_INIT is an empty one. Rows are never moved or removed. */
struct counter_set {
	pthread_mutex_t		 lock;		/* held to add a row */
	atomic_uint		 n;
	struct counter_row	 row[COUNTER_NAMES];
};
#define COUNTER_SET_INIT	{ .lock = PTHREAD_MUTEX_INITIALIZER }
/* Find or add the row of a name. Never NULL. */
struct counter_row *counter_set_row(struct counter_set *s, const char *name);

/*
 * For a table of names that are static strings: does this slot have the name?
 * An unused slot, NULL, takes it.
 */
bool	counter_slot_has(_Atomic(const char *) *slot, const char *name);

/* --- the text ----------------------------------------------------------- */

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_LABELS	3

/* One family. All texts are static. */
struct metric {
	const char	*name;		/* of a counter: without "_total" */
	enum metric_type type;
	const char	*unit;		/* the end of the name, or NULL */
	const char	*help;		/* no newline, quote or backslash */
	const char	*label[METRIC_LABELS];	/* names; NULL: no more */
};

enum metrics_format { METRICS_OPENMETRICS, METRICS_PROMETHEUS };

struct metrics_text {
	struct buf		*out;
	enum metrics_format	 format;
	const struct metric	*metric;	/* being written */
};

/* Begin a family: the lines HELP, TYPE and, in OpenMetrics, UNIT. */
void	metrics_family(struct metrics_text *t, const struct metric *m);
/*
 * One sample of the family. `label` has a value for each label of the family;
 * octets that are not UTF-8 become "?".
 */
void	metrics_sample(struct metrics_text *t, const char *const *label,
	    uint64_t value);
/* The same for a duration or a time in microseconds, written in seconds. */
void	metrics_seconds(struct metrics_text *t, const char *const *label,
	    uint64_t microseconds);
/* The buckets, sum and count of a histogram, in seconds. */
void	metrics_histogram(struct metrics_text *t, const char *const *label,
	    struct histogram *h);
/* The end of the text: OpenMetrics has a line for it. */
void	metrics_end(struct metrics_text *t);

/* The Content-Type of the text. */
const char *metrics_content_type(enum metrics_format format);

#endif
