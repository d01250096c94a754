/*
 * policy_limit: names and texts of limits
 */
#include "test.h"

#include "policy/policy_limit.h"

static void
each_limit_has_a_name(void **state)
{
	enum store_window	w;
	enum store_unit		u;
	char			name[64];

	(void)state;
	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
			snprintf(name, sizeof(name), "%s-per-%s",
			    policy_limit_unit(u), policy_limit_window(w));
			assert_string_equal(policy_limit_name(u, w), name);
		}
}

static void
a_month_is_thirty_days(void **state)
{
	(void)state;
	assert_int_equal(policy_limit_seconds(STORE_MINUTE), 60);
	assert_int_equal(policy_limit_seconds(STORE_HOUR), 3600);
	assert_int_equal(policy_limit_seconds(STORE_DAY), 86400);
	assert_int_equal(policy_limit_seconds(STORE_MONTH), 2592000);
	assert_string_equal(policy_limit_each(STORE_HOUR), "an hour");
}

static void
bytes_are_written_as_sizes(void **state)
{
	char text[SIZE_TEXT];

	(void)state;
	assert_string_equal(policy_limit_text(text, STORE_BYTES, 26214400),
	    "25M");
	assert_string_equal(policy_limit_text(text, STORE_RECIPIENTS, 1024),
	    "1024");
	assert_string_equal(policy_limit_text(text, STORE_MESSAGES,
	    STORE_UNLIMITED), "unlimited");
}

static void
what_is_limited(void **state)
{
	struct store_limits l = STORE_LIMITS_NONE;

	(void)state;
	assert_false(policy_limits_unit(&l, STORE_BYTES));
	assert_false(policy_limits_allow_none(&l));
	l.of[STORE_RECIPIENTS][STORE_HOUR] = 1;
	assert_false(policy_limits_more(&l));
	l.of[STORE_BYTES][STORE_MONTH] = 1;
	assert_true(policy_limits_more(&l));
	assert_true(policy_limits_unit(&l, STORE_BYTES));
	assert_false(policy_limits_unit(&l, STORE_MESSAGES));
	assert_false(policy_limits_allow_none(&l));
	l.of[STORE_MESSAGES][STORE_MINUTE] = 0;
	assert_true(policy_limits_allow_none(&l));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_has_a_name),
		cmocka_unit_test(a_month_is_thirty_days),
		cmocka_unit_test(bytes_are_written_as_sizes),
		cmocka_unit_test(what_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
