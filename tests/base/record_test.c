/*
 * record and verdict: text from the network cannot look like our own words
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"
#include "mail/verdict.h"

static const struct {
	const char	*value, *line, *json;
} rows[] = {
	{ "plain", "k=plain", "{\"k\":\"plain\"}" },
	{ "", "k=\"\"", "{\"k\":\"\"}" },
	{ "two words", "k=\"two words\"", "{\"k\":\"two words\"}" },
	{ "a=b", "k=\"a=b\"", "{\"k\":\"a=b\"}" },
	{ "say \"no\"", "k=\"say \\\"no\\\"\"", "{\"k\":\"say \\\"no\\\"\"}" },
	{ "back\\slash", "k=\"back\\\\slash\"", "{\"k\":\"back\\\\slash\"}" },
	{ "line\nbreak\r", "k=\"line\\x0abreak\\x0d\"",
	    "{\"k\":\"line\\u000abreak\\u000d\"}" },
	{ "\xc3\xbc", "k=\"\\xc3\\xbc\"", "{\"k\":\"\xc3\xbc\"}" },
	/* CSI begins a terminal's control sequence */
	{ "\xc2\x9b" "1m\x7f", "k=\"\\xc2\\x9b1m\\x7f\"",
	    "{\"k\":\"\\u009b1m\\u007f\"}" },
	{ "\xc3(", "k=\"\\xc3(\"", "{\"k\":\"\\u00c3(\"}" },
	{ "\xed\xa0\x80", "k=\"\\xed\\xa0\\x80\"",
	    "{\"k\":\"\\u00ed\\u00a0\\u0080\"}" },
};

static void
values_are_escaped(void **state)
{
	struct arena	*a = arena_new(1024);
	struct record	 r;
	struct buf	 b = BUF_INIT;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		record_init(&r, a);
		record_str(&r, "k", rows[i].value);
		buf_reset(&b);
		record_line(&r, &b);
		assert_string_equal(buf_str(&b), rows[i].line);
		buf_reset(&b);
		record_json(&r, &b);
		assert_string_equal(buf_str(&b), rows[i].json);
	}
	buf_free(&b);
	arena_free(&a);
}

static void
long_values_are_cut(void **state)
{
	struct arena	*a = arena_new(1024);
	char		*value = arena_alloc(a, 100001);
	struct record	 r;
	struct buf	 b = BUF_INIT;

	(void)state;
	memset(value, 'x', 100000);
	record_init(&r, a);
	record_str(&r, "k", value);
	record_num(&r, "n", 7);
	record_line(&r, &b);
	assert_true(b.len < RECORD_VALUE + 20);
	assert_non_null(strstr(buf_str(&b), "\"... n=7"));
	buf_free(&b);
	arena_free(&a);
}

static void
more_pairs_than_fit(void **state)
{
	struct arena	*a = arena_new(1024);
	struct record	 r;
	int		 i;

	(void)state;
	record_init(&r, a);
	for (i = 0; i < 2 * RECORD_PAIRS; i++)
		record_num(&r, "n", (uint64_t)i);
	assert_int_equal(r.n, RECORD_PAIRS);
	arena_free(&a);
}

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_escaped),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(more_pairs_than_fit),
		cmocka_unit_test(replies_are_one_printable_line),
		cmocka_unit_test(the_worse_verdict_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
