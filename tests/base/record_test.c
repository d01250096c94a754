/*
 * record: text from the network cannot look like our own words
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"

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

/* 511 octets and a character of two: it is not divided. */
static void
a_cut_keeps_characters_whole(void **state)
{
	struct arena	*a = arena_new(1024);
	char		 value[600];
	struct record	 r;
	struct buf	 b = BUF_INIT;
	size_t		 i;

	(void)state;
	memset(value, 'x', 511);
	for (i = 511; i < 599; i += 2)
		memcpy(value + i, "\xc3\xbc", 2);
	value[599] = '\0';
	record_init(&r, a);
	record_str(&r, "k", value);
	record_json_line(&r, "info", &b);
	assert_int_equal(b.len, strlen("{\"level\":\"info\",\"k\":\"\"}") +
	    511 + 3);
	assert_non_null(strstr(buf_str(&b), "x...\"}"));
	buf_free(&b);
	arena_free(&a);
}

static void
an_object_has_a_limit(void **state)
{
	struct arena	*a = arena_new(1024);
	char		 value[513];
	struct record	 r;
	struct buf	 b = BUF_INIT;
	int		 i;

	(void)state;
	memset(value, 1, 512);
	value[512] = '\0';
	record_init(&r, a);
	for (i = 0; i < 5; i++)
		record_str(&r, "k", value);
	record_str(&r, "last", "fits");
	record_json_line(&r, "info", &b);
	assert_true(b.len <= RECORD_JSON);
	assert_non_null(strstr(buf_str(&b),
	    ",\"last\":\"fits\",\"cut\":true}"));
	buf_free(&b);
	arena_free(&a);
}

static void
numbers_are_decimal(void **state)
{
	struct arena	*a = arena_new(128);
	struct record	 r;
	struct buf	 b = BUF_INIT;

	(void)state;
	record_init(&r, a);
	record_num(&r, "a", 0);
	record_num(&r, "b", 1020);
	record_num(&r, "c", UINT64_MAX);
	record_line(&r, &b);
	assert_string_equal(buf_str(&b), "a=0 b=1020 c=18446744073709551615");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_escaped),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(a_cut_keeps_characters_whole),
		cmocka_unit_test(an_object_has_a_limit),
		cmocka_unit_test(numbers_are_decimal),
		cmocka_unit_test(more_pairs_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
