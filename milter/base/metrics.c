/*
 * metrics - counters, histograms and their text for Prometheus
 *
 * The two formats differ in few lines: OpenMetrics names a counter's family
 * without "_total", has UNIT, and ends with EOF. Samples are the same in both,
 * so that a change of format does not begin new time series.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/metrics.h"
#include "base/utf8.h"

#define OTHERS	"(others)"

const uint32_t histogram_bounds[HISTOGRAM_BOUNDS] = {
	100, 250, 500,
	1000, 2500, 5000,
	10000, 25000, 50000,
	100000, 250000, 500000,
	1000000, 2500000, 10000000, 30000000
};

/* --- counting ----------------------------------------------------------- */

void
histogram_add(struct histogram *h, uint64_t microseconds)
{
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && microseconds > histogram_bounds[i])
		i++;
	counter_add(&h->bucket[i], 1);
	counter_add(&h->sum, microseconds);
}

static struct counter_row *
counter_set_find(struct counter_set *s, const char *name)
{
	unsigned i, n = atomic_load(&s->n);

	for (i = 0; i < n; i++)
		if (strncmp(s->row[i].name, name, COUNTER_NAME - 1) == 0)
			return &s->row[i];
	return NULL;
}

static struct counter_row *
counter_set_add(struct counter_set *s, const char *name)
{
	struct counter_row *row = &s->row[atomic_load(&s->n)];

	strncpy(row->name, name, COUNTER_NAME - 1);
	atomic_fetch_add(&s->n, 1);
	return row;
}

struct counter_row *
counter_set_row(struct counter_set *s, const char *name)
{
	struct counter_row *row = counter_set_find(s, name);

	if (row != NULL)
		return row;
	pthread_mutex_lock(&s->lock);
	row = counter_set_find(s, name); /* another thread may have added it */
	if (row == NULL && atomic_load(&s->n) < COUNTER_NAMES - 1)
		row = counter_set_add(s, name);
	if (row == NULL && (row = counter_set_find(s, OTHERS)) == NULL)
		row = counter_set_add(s, OTHERS);
	pthread_mutex_unlock(&s->lock);
	return row;
}

bool
counter_slot_has(_Atomic(const char *) *slot, const char *name)
{
	const char *there = atomic_load(slot);

	if (there == NULL &&
	    atomic_compare_exchange_strong(slot, &there, name))
		return true;
	return there == name || strcmp(there, name) == 0;
}

/* --- the text ----------------------------------------------------------- */

static const char *const type_words[] = {
	[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram"
};

static const char *
family_suffix(const struct metrics_text *t)
{
	return t->format == METRICS_PROMETHEUS &&
	    t->metric->type == METRIC_COUNTER ? "_total" : "";
}

void
metrics_family(struct metrics_text *t, const struct metric *m)
{
	const char *suffix;

	t->metric = m;
	suffix = family_suffix(t);
	buf_printf(t->out, "# HELP %s%s %s\n", m->name, suffix, m->help);
	buf_printf(t->out, "# TYPE %s%s %s\n", m->name, suffix,
	    type_words[m->type]);
	if (m->unit != NULL && t->format == METRICS_OPENMETRICS)
		buf_printf(t->out, "# UNIT %s %s\n", m->name, m->unit);
}

/* Both formats escape backslash, quote and newline, and nothing else. */
static void
add_label_value(struct buf *b, const char *value)
{
	const char	*end = value + strlen(value);
	size_t		 n;

	for (; value < end; value += n) {
		n = utf8_length(value, (size_t)(end - value));
		if (n == 0) {
			buf_addch(b, '?');
			n = 1;
		} else if (*value == '\n') {
			buf_addstr(b, "\\n");
		} else {
			if (*value == '\\' || *value == '"')
				buf_addch(b, '\\');
			buf_add(b, value, n);
		}
	}
}

/* {a="x",b="y",le="0.1"}; le is NULL but for a bucket */
static void
add_labels(struct metrics_text *t, const char *const *label, const char *le)
{
	const char	*sep = "{";
	size_t		 i;

	for (i = 0; i < METRIC_LABELS && t->metric->label[i] != NULL; i++) {
		buf_printf(t->out, "%s%s=\"", sep, t->metric->label[i]);
		add_label_value(t->out, label[i]);
		buf_addch(t->out, '"');
		sep = ",";
	}
	if (le != NULL)
		buf_printf(t->out, "%sle=\"%s\"", sep, le);
	if (i > 0 || le != NULL)
		buf_addch(t->out, '}');
}

static void
add_name(struct metrics_text *t, const char *suffix, const char *const *label,
    const char *le)
{
	buf_printf(t->out, "%s%s", t->metric->name, suffix);
	add_labels(t, label, le);
	buf_addch(t->out, ' ');
}

static const char *
sample_suffix(const struct metrics_text *t)
{
	return t->metric->type == METRIC_COUNTER ? "_total" : "";
}

void
metrics_sample(struct metrics_text *t, const char *const *label,
    uint64_t value)
{
	add_name(t, sample_suffix(t), label, NULL);
	buf_printf(t->out, "%" PRIu64 "\n", value);
}

static void
add_seconds(struct buf *b, uint64_t microseconds)
{
	buf_printf(b, "%" PRIu64 ".%06u", microseconds / 1000000,
	    (unsigned)(microseconds % 1000000));
}

void
metrics_seconds(struct metrics_text *t, const char *const *label,
    uint64_t microseconds)
{
	add_name(t, sample_suffix(t), label, NULL);
	add_seconds(t->out, microseconds);
	buf_addch(t->out, '\n');
}

/* "0.0001" or "1.0": the canonical form of OpenMetrics. */
static const char *
bound_text(uint32_t microseconds, char *text, size_t size)
{
	struct buf	 b = BUF_INIT;
	size_t		 len;

	add_seconds(&b, microseconds);
	len = b.len;
	while (b.data[len - 1] == '0' && b.data[len - 2] != '.')
		len--;
	if (len >= size)
		len = size - 1;
	memcpy(text, b.data, len);
	text[len] = '\0';
	buf_free(&b);
	return text;
}

/*
 * The count is the sum of the buckets that were read, so that it agrees with
 * the bucket +Inf while mail is processed.
 */
void
metrics_histogram(struct metrics_text *t, const char *const *label,
    struct histogram *h)
{
	uint64_t	sum = counter_read(&h->sum), n = 0;
	char		le[24];
	size_t		i;

	for (i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		n += counter_read(&h->bucket[i]);
		if (i < HISTOGRAM_BOUNDS)
			bound_text(histogram_bounds[i], le, sizeof(le));
		else
			strcpy(le, "+Inf");
		add_name(t, "_bucket", label, le);
		buf_printf(t->out, "%" PRIu64 "\n", n);
	}
	add_name(t, "_sum", label, NULL);
	add_seconds(t->out, sum);
	buf_addch(t->out, '\n');
	add_name(t, "_count", label, NULL);
	buf_printf(t->out, "%" PRIu64 "\n", n);
}

void
metrics_end(struct metrics_text *t)
{
	if (t->format == METRICS_OPENMETRICS)
		buf_addstr(t->out, "# EOF\n");
}

const char *
metrics_content_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS ?
	    "application/openmetrics-text; version=1.0.0; charset=utf-8" :
	    "text/plain; version=0.0.4; charset=utf-8";
}
