/*
 * rolling: the slots of one key in one window, and their bound.
 */
#include "test.h"

#include "store/rolling_priv.h"

#define M0	29833334u

#define MOST	120u		/* slots of an hour's list */

static uint64_t
sum(const struct rolling *r, uint32_t minute)
{
	return rolling_sum(r, STORE_HOUR, minute).of[STORE_RECIPIENTS];
}

static void
add(struct rolling *r, uint32_t minute, uint64_t recipients, uint64_t messages)
{
	struct counts more = { { recipients, messages, 0 } };

	rolling_add(r, STORE_HOUR, minute, &more);
}

static void
minutes_of_the_epoch(void **state)
{
	(void)state;
	assert_int_equal(rolling_at(STORE_HOUR, 0), 0);
	assert_int_equal(rolling_at(STORE_HOUR, 59), 0);
	assert_int_equal(rolling_at(STORE_HOUR, 60), 1);
	assert_int_equal(rolling_at(STORE_HOUR, -1), 0);
	/* sums with an hour do not wrap around at the end of time */
	assert_true(rolling_at(STORE_HOUR, (time_t)INT64_MAX) + 60 >
	    rolling_at(STORE_HOUR, (time_t)INT64_MAX));
}

static void
the_first_hour_of_the_epoch(void **state)
{
	struct rolling h = { NULL, 0, 0 };

	(void)state;
	add(&h, 0, 3, 1);
	assert_int_equal(sum(&h, 0), 3);
	assert_int_equal(sum(&h, 59), 3);
	assert_int_equal(sum(&h, 60), 0);
	rolling_free(&h);
}

static void
any_order(void **state)
{
	static const uint32_t order[] = { 5, 0, 9, 5, 1, 0, 8, 9, 2 };
	struct rolling	h = { NULL, 0, 0 };
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(order); i++)
		add(&h, M0 + order[i], 1, 0);
	assert_int_equal(h.n, 6);
	for (i = 1; i < h.n; i++)
		assert_true(h.slot[i - 1].at < h.slot[i].at);
	assert_int_equal(sum(&h, M0), NELEM(order));
	assert_int_equal(sum(&h, M0 + 60), NELEM(order) - 2);
	assert_false(rolling_forget(&h, STORE_HOUR, M0 + 62));
	assert_int_equal(h.n, 3);
	assert_true(rolling_forget(&h, STORE_HOUR, M0 + 69));
	assert_null(h.slot);
}

static void
counts_do_not_wrap(void **state)
{
	static const struct counts bytes = { { 0, 0, STORE_LIMIT_MAX - 1 } };
	struct rolling h = { NULL, 0, 0 };

	(void)state;
	add(&h, M0, UINT32_MAX, 1);
	add(&h, M0, 5, UINT32_MAX);
	assert_int_equal(h.slot[0].recipients, UINT32_MAX);
	assert_int_equal(h.slot[0].messages, UINT32_MAX);
	add(&h, M0 + 1, 7, 1);
	assert_true(sum(&h, M0) == (uint64_t)UINT32_MAX + 7);
	rolling_add(&h, STORE_HOUR, M0, &bytes);
	rolling_add(&h, STORE_HOUR, M0, &bytes);
	assert_true(rolling_sum(&h, STORE_HOUR, M0).of[STORE_BYTES] ==
	    STORE_LIMIT_MAX);
	rolling_free(&h);
}

/* A full list first drops the minutes that no longer count. */
static void
room_is_made_of_what_is_over(void **state)
{
	struct rolling	h = { NULL, 0, 0 };
	uint32_t	i;

	(void)state;
	for (i = 0; i < MOST; i++)
		add(&h, M0 + i, 1, 1);
	assert_int_equal(h.n, MOST);
	assert_int_equal(rolling_slot_for(&h, STORE_HOUR, M0 + MOST), M0 + MOST);
	assert_int_equal(h.n, 60);
	assert_int_equal(sum(&h, M0 + MOST), 60 - 1);
	rolling_free(&h);
}

/* A clock that wanders back fills the list with buckets in the future. */
static void
a_full_list_counts_later_never_earlier(void **state)
{
	struct rolling	h = { NULL, 0, 0 };
	uint32_t	i;

	(void)state;
	for (i = 0; i < 3 * MOST; i++)
		add(&h, M0 - i, 1, 1);
	assert_int_equal(h.n, MOST);
	assert_int_equal(sum(&h, M0 - 3 * MOST), 3 * MOST);
	assert_int_equal(rolling_slot_for(&h, STORE_HOUR, M0 - 5000), M0);
	assert_int_equal(sum(&h, M0 + 59), 2 * MOST + 1);
	rolling_free(&h);
}

static void
moved_by_the_clock(void **state)
{
	struct rolling h = { NULL, 0, 0 };

	(void)state;
	add(&h, M0, 1, 1);
	add(&h, M0 + 9, 2, 1);
	rolling_move(&h, STORE_HOUR, 100, ROLLING_AT_MAX);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.slot[0].at, M0 + 100);
	assert_int_equal(sum(&h, M0 + 160), 2);
	rolling_move(&h, STORE_HOUR, -(int64_t)M0 - 105, ROLLING_AT_MAX);
	assert_int_equal(h.slot[0].at, 0);
	assert_int_equal(h.slot[1].at, 4);
	/* at the ends of time they meet, and nothing is lost */
	rolling_move(&h, STORE_HOUR, INT64_MAX / 2, ROLLING_AT_MAX);
	assert_int_equal(h.n, 1);
	assert_int_equal(sum(&h, ROLLING_AT_MAX), 3);
	rolling_move(&h, STORE_HOUR, INT64_MIN / 2, ROLLING_AT_MAX);
	assert_int_equal(sum(&h, 0), 3);
	rolling_free(&h);
}

static void
when_enough_is_over(void **state)
{
	static const struct {
		enum store_unit	 unit;
		uint64_t	 want;
		bool		 enough;
		uint32_t	 when;
	} cases[] = {
		{ STORE_RECIPIENTS, 0, true, 5 },
		{ STORE_RECIPIENTS, 1, true, 60 },
		{ STORE_RECIPIENTS, 10, true, 60 },
		{ STORE_RECIPIENTS, 11, true, 63 },
		{ STORE_MESSAGES, 2, true, 63 },
		{ STORE_MESSAGES, 3, true, 64 },
		{ STORE_RECIPIENTS, 13, false, 64 },
	};
	struct rolling	h = { NULL, 0, 0 };
	uint32_t	when;
	size_t		i;

	(void)state;
	add(&h, M0 - 60, 100, 100);	/* over already */
	add(&h, M0, 10, 1);
	add(&h, M0 + 3, 1, 1);
	add(&h, M0 + 4, 1, 1);
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(rolling_when_over(&h, STORE_HOUR, M0 + 5,
		    cases[i].unit, cases[i].want, &when), cases[i].enough);
		assert_int_equal(when, M0 + cases[i].when);
	}
	rolling_free(&h);
}

/*
 * What is committed in a slot's first second counts for all of the window, and
 * leaves it at most one slot later; the hour is a minute shorter.
 */
static void
nothing_leaves_a_window_early(void **state)
{
	static const struct {
		time_t	seconds, slot;
		bool	early;
	} windows[STORE_WINDOWS] = {
		{ 60, 1, false }, { 3600, 60, true }, { 86400, 900, false },
		{ 30 * 86400, 21600, false },
	};
	static const struct counts one = { { 1, 1, UINT64_C(5000000000) } };
	const time_t	t = (time_t)M0 * 60 / 21600 * 21600;
	struct rolling	r = { NULL, 0, 0 };
	enum store_window window;
	time_t		end, at;
	int		w;

	(void)state;
	for (w = 0; w < STORE_WINDOWS; w++) {
		window = (enum store_window)w;
		for (at = t; at < t + windows[w].slot;
		    at += windows[w].slot / 7 + 1) {
			rolling_add(&r, window, rolling_at(window, at), &one);
			end = t + windows[w].seconds +
			    (windows[w].early ? 0 : windows[w].slot);
			assert_true(windows[w].early ||
			    end > at + windows[w].seconds);
			assert_int_equal(rolling_sum(&r, window, rolling_at(
			    window, end - 1)).of[STORE_BYTES], 5000000000);
			assert_int_equal(rolling_sum(&r, window, rolling_at(
			    window, end)).of[STORE_BYTES], 0);
			rolling_free(&r);
		}
	}
}

/* A longer window takes over what a shorter one has. */
static void
a_window_is_seeded(void **state)
{
	struct rolling	hour = { NULL, 0, 0 }, day = { NULL, 0, 0 };

	(void)state;
	add(&hour, M0 / 15 * 15, 1, 1);
	add(&hour, M0 / 15 * 15 + 14, 2, 1);
	add(&hour, M0 / 15 * 15 + 15, 4, 1);
	rolling_seed(&day, STORE_DAY, &hour, STORE_HOUR);
	assert_int_equal(day.n, 2);
	assert_int_equal(day.slot[0].at, M0 / 15);
	assert_int_equal(day.slot[0].recipients, 3);
	assert_int_equal(day.slot[1].recipients, 4);
	rolling_free(&hour);
	rolling_free(&day);
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
		cmocka_unit_test(nothing_leaves_a_window_early),
		cmocka_unit_test(a_window_is_seeded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
