/*
 * policy_warn: one warning an hour for each account, window and share
 */
#include "test.h"

#include "policy/policy_warn.h"
#include "store/usage.h"

#define T0	1790000000

static const unsigned	usual_shares[] = { 80, 100 };
static const struct warn_rules usual = { usual_shares, 2 };
static const unsigned	many_shares[] = { 1, 50, 80, 90, 100 };
static const struct warn_rules many = { many_shares, 5 };
static const struct warn_rules off = { NULL, 0 };

/* A sequence of messages; each with its minute and the expected warning. */
static const struct {
	const char	*name;
	const struct warn_rules *rules;
	uint64_t	 limit;
	struct {
		int	 minute;
		uint64_t used;
		unsigned want;
	} message[8];
} rows[] = {
	{ "nothing below the first share", &usual, 100,
	    { { 0, 79, 0 } } },
	{ "on the share", &usual, 100, { { 0, 80, 80 } } },
	{ "once", &usual, 100,
	    { { 0, 80, 80 }, { 1, 81, 0 }, { 59, 99, 0 } } },
	{ "each share once", &usual, 100,
	    { { 0, 80, 80 }, { 1, 100, 100 }, { 2, 100, 0 } } },
	{ "over both at once: the higher", &usual, 10,
	    { { 0, 10, 100 }, { 1, 10, 0 } } },
	{ "again when an hour has gone by", &usual, 100,
	    { { 0, 80, 80 }, { 59, 91, 0 }, { 60, 92, 80 },
	    { 61, 93, 0 } } },
	{ "not again after a drop", &usual, 100,
	    { { 0, 80, 80 }, { 20, 61, 0 }, { 30, 80, 0 }, { 59, 99, 0 },
	    { 60, 99, 80 } } },
	{ "not for each old minute that ends", &usual, 100,
	    { { 0, 80, 80 }, { 1, 80, 0 }, { 2, 80, 0 },
	    { 3, 80, 0 } } },
	{ "the lower share an hour after the higher", &usual, 100,
	    { { 0, 80, 80 }, { 30, 100, 100 }, { 61, 90, 0 },
	    { 89, 90, 0 }, { 90, 90, 80 } } },
	{ "a refusal is a hundred percent", &usual, 10,
	    { { 0, 10, 100 }, { 1, 10, 0 } } },
	{ "a limit that was lowered", &usual, 10,
	    { { 0, 51, 100 }, { 1, 52, 0 } } },
	{ "no limit", &usual, STORE_UNLIMITED, { { 0, 4000000000, 0 } } },
	{ "blocked", &usual, 0, { { 0, 0, 0 }, { 1, 5, 0 } } },
	{ "turned off", &off, 10, { { 0, 10, 0 } } },
	{ "shares between", &many, 1000,
	    { { 0, 9, 0 }, { 0, 10, 1 }, { 0, 800, 80 },
	    { 1, 899, 0 }, { 1, 900, 90 }, { 1, 1000, 100 } } },
	{ "rounding: 80 percent of 3 is 3", &usual, 3,
	    { { 0, 2, 0 }, { 0, 3, 100 } } },
	{ "the largest numbers", &usual, STORE_LIMIT_MAX,
	    { { 0, 7205759403792792, 0 }, { 0, 7205759403792793, 80 },
	    { 0, STORE_LIMIT_MAX, 100 } } },
	{ "the clock was set back", &usual, 100,
	    { { 120, 80, 80 }, { 0, 81, 80 }, { 1, 82, 0 } } },
};

static void
each_row(void **state)
{
	struct warned	*w;
	size_t		 i, k;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		w = warned_new();
		for (k = 0; k < NELEM(rows[i].message); k++) {
			struct warn_use use = { "alice", STORE_HOUR,
			    rows[i].message[k].used, rows[i].limit };
			unsigned got = policy_warn(rows[i].rules, w, &use,
			    T0 + 60 * rows[i].message[k].minute);

			if (rows[i].message[k].used == 0 && k > 0)
				break;
			if (got != rows[i].message[k].want)
				row_fail(rows[i].name, "message %zu: %u", k,
				    got);
		}
		warned_free(&w);
	}
}

/* Each window is warned about by itself, and not more often than it lasts. */
static void
windows_are_apart(void **state)
{
	static const time_t	 pause[STORE_WINDOWS] = {
		3600, 3600, 86400, 2592000
	};
	struct warned		*w = warned_new();
	struct warn_use		 use = { "alice", STORE_MINUTE, 8, 10 };

	(void)state;
	for (; use.window < STORE_WINDOWS; use.window++)
		assert_int_equal(policy_warn(&usual, w, &use, T0), 80);
	for (use.window = STORE_MINUTE; use.window < STORE_WINDOWS;
	    use.window++)
		assert_int_equal(policy_warn(&usual, w, &use,
		    T0 + pause[use.window] - 1), 0);
	for (use.window = STORE_MINUTE; use.window < STORE_WINDOWS;
	    use.window++)
		assert_int_equal(policy_warn(&usual, w, &use,
		    T0 + pause[use.window]), 80);
	warned_free(&w);
}

/* Each account of a full table gets one warning of its own. */
static void
accounts_are_apart(void **state)
{
	struct warned	*w = warned_new();
	struct warn_use	 use = { NULL, STORE_HOUR, 8, 10 };
	char		 key[32];
	unsigned	 i, told = 0, again = 0;

	(void)state;
	use.key = key;
	for (i = 0; i < WARNED_ACCOUNTS / 4; i++) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		told += policy_warn(&usual, w, &use, T0) == 80;
	}
	assert_int_equal(told, WARNED_ACCOUNTS / 4);
	for (i = 0; i < WARNED_ACCOUNTS / 4; i++) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		again += policy_warn(&usual, w, &use, T0 + 60) != 0;
	}
	assert_int_equal(again, 0);
	warned_free(&w);
}

/* A hundred thousand accounts: all get a warning in the same memory. */
static void
more_than_the_table_holds(void **state)
{
	struct warned	*w = warned_new();
	struct warn_use	 use = { NULL, STORE_HOUR, 8, 10 };
	char		 key[32];
	unsigned	 i, told = 0, again = 0;

	(void)state;
	use.key = key;
	for (i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		told += policy_warn(&usual, w, &use, T0 + i / 1000) == 80;
	}
	assert_int_equal(told, 100000);
	/* the last ones are still in the table: the oldest ones made place */
	for (i = 100000 - WARNED_ACCOUNTS / 4; i < 100000; i++) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		again += policy_warn(&usual, w, &use, T0 + 100) != 0;
	}
	assert_in_range(again, 0, WARNED_ACCOUNTS / 400);
	warned_free(&w);
	warned_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(windows_are_apart),
		cmocka_unit_test(accounts_are_apart),
		cmocka_unit_test(more_than_the_table_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
