/*
 * hour: sixty minutes of one key, and its bound.
 */
#include "test.h"

#include "store/hour_priv.h"

#define M0	29833334u

static uint64_t
sum(const struct hour *h, uint32_t minute)
{
	return hour_sum(h, minute).recipients;
}

static void
minutes_of_the_epoch(void **state)
{
	(void)state;
	assert_int_equal(hour_minute(0), 0);
	assert_int_equal(hour_minute(59), 0);
	assert_int_equal(hour_minute(60), 1);
	assert_int_equal(hour_minute(-1), 0);
	/* sums with an hour do not wrap around at the end of time */
	assert_true(hour_minute((time_t)INT64_MAX) + HOUR_MINUTES >
	    hour_minute((time_t)INT64_MAX));
}

static void
the_first_hour_of_the_epoch(void **state)
{
	struct hour h = { NULL, 0, 0 };

	(void)state;
	hour_add(&h, 0, 3, 1);
	assert_int_equal(sum(&h, 0), 3);
	assert_int_equal(sum(&h, 59), 3);
	assert_int_equal(sum(&h, 60), 0);
	hour_free(&h);
}

static void
any_order(void **state)
{
	static const uint32_t order[] = { 5, 0, 9, 5, 1, 0, 8, 9, 2 };
	struct hour	h = { NULL, 0, 0 };
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(order); i++)
		hour_add(&h, M0 + order[i], 1, 0);
	assert_int_equal(h.n, 6);
	for (i = 1; i < h.n; i++)
		assert_true(h.bucket[i - 1].minute < h.bucket[i].minute);
	assert_int_equal(sum(&h, M0), NELEM(order));
	assert_int_equal(sum(&h, M0 + 60), NELEM(order) - 2);
	assert_false(hour_forget(&h, M0 + 62));
	assert_int_equal(h.n, 3);
	assert_true(hour_forget(&h, M0 + 69));
	assert_null(h.bucket);
}

static void
counts_do_not_wrap(void **state)
{
	struct hour h = { NULL, 0, 0 };

	(void)state;
	hour_add(&h, M0, UINT32_MAX, 1);
	hour_add(&h, M0, 5, UINT32_MAX);
	assert_int_equal(h.bucket[0].recipients, UINT32_MAX);
	assert_int_equal(h.bucket[0].messages, UINT32_MAX);
	hour_add(&h, M0 + 1, 7, 1);
	assert_true(sum(&h, M0) == (uint64_t)UINT32_MAX + 7);
	hour_free(&h);
}

/* A full list first drops the minutes that no longer count. */
static void
room_is_made_of_what_is_over(void **state)
{
	struct hour	h = { NULL, 0, 0 };
	uint32_t	i;

	(void)state;
	for (i = 0; i < HOUR_BUCKETS; i++)
		hour_add(&h, M0 + i, 1, 1);
	assert_int_equal(h.n, HOUR_BUCKETS);
	assert_int_equal(hour_slot(&h, M0 + HOUR_BUCKETS), M0 + HOUR_BUCKETS);
	assert_int_equal(h.n, HOUR_MINUTES);
	assert_int_equal(sum(&h, M0 + HOUR_BUCKETS), HOUR_MINUTES - 1);
	hour_free(&h);
}

/* A clock that wanders back fills the list with buckets in the future. */
static void
a_full_list_counts_later_never_earlier(void **state)
{
	struct hour	h = { NULL, 0, 0 };
	uint32_t	i;

	(void)state;
	for (i = 0; i < 3 * HOUR_BUCKETS; i++)
		hour_add(&h, M0 - i, 1, 1);
	assert_int_equal(h.n, HOUR_BUCKETS);
	assert_int_equal(sum(&h, M0 - 3 * HOUR_BUCKETS), 3 * HOUR_BUCKETS);
	assert_int_equal(hour_slot(&h, M0 - 5000), M0);
	assert_int_equal(sum(&h, M0 + 59), 2 * HOUR_BUCKETS + 1);
	hour_free(&h);
}

static void
moved_by_the_clock(void **state)
{
	struct hour h = { NULL, 0, 0 };

	(void)state;
	hour_add(&h, M0, 1, 1);
	hour_add(&h, M0 + 9, 2, 1);
	hour_move(&h, 100, HOUR_MINUTE_MAX);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.bucket[0].minute, M0 + 100);
	assert_int_equal(sum(&h, M0 + 160), 2);
	hour_move(&h, -(int64_t)M0 - 105, HOUR_MINUTE_MAX);
	assert_int_equal(h.bucket[0].minute, 0);
	assert_int_equal(h.bucket[1].minute, 4);
	/* at the ends of time they meet, and nothing is lost */
	hour_move(&h, INT64_MAX / 2, HOUR_MINUTE_MAX);
	assert_int_equal(h.n, 1);
	assert_int_equal(sum(&h, HOUR_MINUTE_MAX), 3);
	hour_move(&h, INT64_MIN / 2, HOUR_MINUTE_MAX);
	assert_int_equal(sum(&h, 0), 3);
	hour_free(&h);
}

static void
when_enough_is_over(void **state)
{
	static const struct {
		struct hour_sum	 want;
		bool		 enough;
		uint32_t	 when;
	} cases[] = {
		{ { 0, 0 }, true, 5 },
		{ { 1, 0 }, true, 60 },
		{ { 10, 0 }, true, 60 },
		{ { 11, 0 }, true, 63 },
		{ { 0, 2 }, true, 63 },
		{ { 12, 3 }, true, 64 },
		{ { 13, 0 }, false, 64 },
	};
	struct hour	h = { NULL, 0, 0 };
	uint32_t	when;
	size_t		i;

	(void)state;
	hour_add(&h, M0 - 60, 100, 100);	/* over already */
	hour_add(&h, M0, 10, 1);
	hour_add(&h, M0 + 3, 1, 1);
	hour_add(&h, M0 + 4, 1, 1);
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(hour_when_over(&h, M0 + 5, cases[i].want,
		    &when), cases[i].enough);
		assert_int_equal(when, M0 + cases[i].when);
	}
	hour_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minutes_of_the_epoch),
		cmocka_unit_test(the_first_hour_of_the_epoch),
		cmocka_unit_test(any_order),
		cmocka_unit_test(counts_do_not_wrap),
		cmocka_unit_test(room_is_made_of_what_is_over),
		cmocka_unit_test(a_full_list_counts_later_never_earlier),
		cmocka_unit_test(moved_by_the_clock),
		cmocka_unit_test(when_enough_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
