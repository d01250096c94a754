/*
 * verdict and result: replies are one printable line, the worse verdict wins
 */
#include "test.h"

#include "mail/result.h"
#include "mail/verdict.h"

static void
replies_are_one_printable_line(void **state)
{
	struct verdict	 v;
	const char	*p;
	char		 longer[2 * VERDICT_TEXT];

	(void)state;
	v = verdict_refuse("sender", "550 5.7.1", "not %s",
	    "a\r\n250 ok\x80\t");
	assert_int_equal(v.action, ACTION_REJECT);
	assert_string_equal(v.code, "550");
	assert_string_equal(v.status, "5.7.1");
	assert_string_equal(v.text, "not a??250 ok??");
	memset(longer, '%', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	v = verdict_refuse("quota", "451 4.7.1", "%s", longer);
	assert_int_equal(v.action, ACTION_DEFER);
	assert_int_equal(strlen(v.text), VERDICT_TEXT);
	for (p = v.text; *p != '\0'; p++)
		assert_int_equal(*p, '%');
}

static void
the_worse_verdict_wins(void **state)
{
	struct verdict hold = verdict_note(ACTION_HOLD, "first", "x");
	struct verdict again = verdict_note(ACTION_HOLD, "second", "x");
	struct verdict v;

	(void)state;
	v = verdict_worse(verdict_accept(), hold);
	assert_string_equal(v.rule, "first");
	v = verdict_worse(hold, again);
	assert_string_equal(v.rule, "first");
	v = verdict_worse(hold, verdict_refuse("r", "451 4.7.0", "x"));
	assert_int_equal(v.action, ACTION_DEFER);
	v = verdict_by(ACTION_TAG, "t", "550 5.7.1", "451 4.7.0", "x");
	assert_string_equal(v.code, "");
}

/* An equal one is not worse, but any verdict is worse than a plain accept. */
static void
what_is_worse(void **state)
{
	struct verdict	plain = verdict_accept();
	struct verdict	own = { .action = ACTION_ACCEPT, .rule = "own" };
	struct verdict	other = { .action = ACTION_ACCEPT, .rule = "other" };
	struct verdict	tag = verdict_note(ACTION_TAG, "t", "x");
	struct verdict	defer = verdict_refuse("d", "451 4.7.0", "x");
	struct verdict	reject = verdict_refuse("r", "550 5.7.1", "x");

	(void)state;
	assert_true(verdict_is_worse(&tag, &plain));
	assert_true(verdict_is_worse(&defer, &tag));
	assert_true(verdict_is_worse(&reject, &defer));
	assert_false(verdict_is_worse(&plain, &tag));
	assert_false(verdict_is_worse(&tag, &defer));
	assert_false(verdict_is_worse(&defer, &reject));
	assert_false(verdict_is_worse(&defer, &defer));
	assert_false(verdict_is_worse(&plain, &plain));
	assert_true(verdict_is_worse(&own, &plain));
	assert_false(verdict_is_worse(&plain, &own));
	assert_false(verdict_is_worse(&other, &own));
	/* "ok" with another action is not a plain accept */
	tag.rule = "ok";
	assert_false(verdict_is_worse(&own, &tag));
}

static void
policies_have_words(void **state)
{
	(void)state;
	assert_string_equal(dmarc_policy_word(DMARC_NONE), "none");
	assert_string_equal(dmarc_policy_word(DMARC_QUARANTINE), "quarantine");
	assert_string_equal(dmarc_policy_word(DMARC_REJECT), "reject");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_one_printable_line),
		cmocka_unit_test(the_worse_verdict_wins),
		cmocka_unit_test(what_is_worse),
		cmocka_unit_test(policies_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
