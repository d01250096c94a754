/*
 * metrics: the exact text of both formats, label values that need an escape,
 * and counting from many threads
 */
#include "test.h"

#include "base/buf.h"
#include "base/metrics.h"

#define THREADS	4
#define EACH	20000

static const struct metric sent = { "test_sent", METRIC_COUNTER, NULL,
    "Messages sent.", { "who", "result" } };
static const struct metric size = { "test_size_bytes", METRIC_GAUGE, "bytes",
    "Size now.", { NULL } };
static const struct metric wait = { "test_wait_seconds", METRIC_HISTOGRAM,
    "seconds", "Time waited.", { "kind" } };

static void
write_all(enum metrics_format format, struct histogram *h, struct buf *b)
{
	struct metrics_text t = { b, format, NULL };

	metrics_family(&t, &sent);
	metrics_sample(&t, (const char *[]){ "a", "pass" }, 7);
	metrics_family(&t, &size);
	metrics_sample(&t, NULL, 18446744073709551615ull);
	metrics_family(&t, &wait);
	metrics_histogram(&t, (const char *[]){ "x" }, h);
	metrics_end(&t);
}

#define BUCKETS							\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.0001\"} 1\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.00025\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.0005\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.001\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.0025\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.005\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.01\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.025\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.05\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.1\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.25\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"0.5\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"1.0\"} 2\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"2.5\"} 3\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"10.0\"} 3\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"30.0\"} 3\n"	\
    "test_wait_seconds_bucket{kind=\"x\",le=\"+Inf\"} 4\n"	\
    "test_wait_seconds_sum{kind=\"x\"} 33.000201\n"		\
    "test_wait_seconds_count{kind=\"x\"} 4\n"

static void
text_is_exact(void **state)
{
	struct histogram h = { .sum = 0 };
	struct buf	 b = BUF_INIT;

	(void)state;
	histogram_add(&h, 100);		/* a bound belongs to its bucket */
	histogram_add(&h, 101);
	histogram_add(&h, 2000000);
	histogram_add(&h, 31000000);
	write_all(METRICS_OPENMETRICS, &h, &b);
	assert_string_equal(buf_str(&b),
	    "# HELP test_sent Messages sent.\n"
	    "# TYPE test_sent counter\n"
	    "test_sent_total{who=\"a\",result=\"pass\"} 7\n"
	    "# HELP test_size_bytes Size now.\n"
	    "# TYPE test_size_bytes gauge\n"
	    "# UNIT test_size_bytes bytes\n"
	    "test_size_bytes 18446744073709551615\n"
	    "# HELP test_wait_seconds Time waited.\n"
	    "# TYPE test_wait_seconds histogram\n"
	    "# UNIT test_wait_seconds seconds\n"
	    BUCKETS
	    "# EOF\n");
	buf_reset(&b);
	write_all(METRICS_PROMETHEUS, &h, &b);
	assert_string_equal(buf_str(&b),
	    "# HELP test_sent_total Messages sent.\n"
	    "# TYPE test_sent_total counter\n"
	    "test_sent_total{who=\"a\",result=\"pass\"} 7\n"
	    "# HELP test_size_bytes Size now.\n"
	    "# TYPE test_size_bytes gauge\n"
	    "test_size_bytes 18446744073709551615\n"
	    "# HELP test_wait_seconds Time waited.\n"
	    "# TYPE test_wait_seconds histogram\n"
	    BUCKETS);
	buf_free(&b);
}

static void
label_values_are_escaped(void **state)
{
	static const struct { const char *value, *text; } rows[] = {
		{ "", "" },
		{ "a b", "a b" },
		{ "say \"no\"", "say \\\"no\\\"" },
		{ "back\\slash", "back\\\\slash" },
		{ "line\nbreak", "line\\nbreak" },
		{ "\xc3\xbc", "\xc3\xbc" },
		{ "\xc3(\xff", "?(?" },
	};
	struct buf		b = BUF_INIT, want = BUF_INIT;
	struct metrics_text	t = { &b, METRICS_PROMETHEUS, &sent };
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		buf_reset(&b);
		buf_reset(&want);
		metrics_sample(&t, (const char *[]){ rows[i].value, "r" }, 1);
		buf_printf(&want, "test_sent_total{who=\"%s\",result=\"r\"} "
		    "1\n", rows[i].text);
		assert_string_equal(buf_str(&b), buf_str(&want));
	}
	buf_free(&b);
	buf_free(&want);
}

static void
seconds_are_exact(void **state)
{
	static const struct metric up = { "test_up_seconds", METRIC_COUNTER,
	    "seconds", "Time.", { NULL } };
	struct buf		b = BUF_INIT;
	struct metrics_text	t = { &b, METRICS_PROMETHEUS, &up };

	(void)state;
	metrics_seconds(&t, NULL, 1500);
	assert_string_equal(buf_str(&b), "test_up_seconds_total 0.001500\n");
	buf_free(&b);
}

struct shared {
	struct counter_set	set;
	struct histogram	h;
};

static void *
count(void *arg)
{
	struct shared	*s = arg;
	char		 name[16];
	unsigned	 i;

	for (i = 0; i < EACH; i++) {
		snprintf(name, sizeof(name), "plan%u", i % 10);
		counter_add(&counter_set_row(&s->set, name)->cell[0], 1);
		histogram_add(&s->h, i);
	}
	return NULL;
}

static void
threads_lose_nothing(void **state)
{
	static struct shared	s = { .set = COUNTER_SET_INIT };
	pthread_t		thread[THREADS];
	uint64_t		sum = 0;
	size_t			i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count, &s),
		    0);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(s.set.n, 10);
	for (i = 0; i < 10; i++)
		assert_int_equal(s.set.row[i].cell[0], THREADS * EACH / 10);
	for (i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum += s.h.bucket[i];
	assert_int_equal(sum, THREADS * EACH);
}

/* However many names there are, the memory stays the same. */
static void
names_are_bounded(void **state)
{
	static struct counter_set s = COUNTER_SET_INIT;
	struct counter_row	*row;
	char			 name[100], longer[100];
	unsigned		 i;

	(void)state;
	for (i = 0; i < 3 * COUNTER_NAMES; i++) {
		snprintf(name, sizeof(name), "name%u", i);
		row = counter_set_row(&s, name);
		assert_ptr_equal(counter_set_row(&s, name), row);
		counter_add(&row->cell[0], 1);
	}
	assert_int_equal(s.n, COUNTER_NAMES);
	row = counter_set_row(&s, "one more");
	assert_string_equal(row->name, "(others)");
	assert_int_equal(row->cell[0], 2 * COUNTER_NAMES + 1);

	memset(longer, 'x', sizeof(longer));
	longer[99] = '\0';
	s = (struct counter_set)COUNTER_SET_INIT;
	row = counter_set_row(&s, longer);
	assert_int_equal(strlen(row->name), COUNTER_NAME - 1);
	assert_ptr_equal(counter_set_row(&s, longer), row);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_exact),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(seconds_are_exact),
		cmocka_unit_test(threads_lose_nothing),
		cmocka_unit_test(names_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
