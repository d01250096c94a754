/*
 * json: texts that are accepted or refused, and the values read from them
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

static void
texts_are_taken_or_refused(void **state)
{
	static const struct { const char *text; bool good; } rows[] = {
		{ "{}", true }, { "[]", true }, { " {\"a\": [1, 2]}\n", true },
		{ "\"x\"", true }, { "17", true }, { "true", true },
		{ "{\"a\":{\"b\":null},\"c\":false}", true },
		{ "\"\\u00e4\\n\\\"\"", true },
		{ "", false }, { "{", false }, { "[1,]", false },
		{ "{\"a\"}", false }, { "{\"a\":}", false },
		{ "{a:1}", false }, { "[1 2]", false }, { "\"x", false },
		{ "\"\\x\"", false }, { "\"\\u12\"", false },
		{ "\"\n\"", false }, { "truth", false }, { "{} {}", false },
		{ "[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]", true },	/* 15 */
		{ "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", false },	/* 16 */
	};
	struct json	v;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (json_parse(rows[i].text, strlen(rows[i].text), &v) !=
		    rows[i].good)
			row_fail(rows[i].text, "not %d", rows[i].good);
}

static void
members_are_found(void **state)
{
	static const char text[] = "{ \"n\": 12, \"list\": [ 1 , {\"x\":2},"
	    "\"a\\u0041\\u00e4\\u20ac\\\\\\n\" ], \"yes\": true, \"b\" : "
	    "\"\", \"big\": 99999999999999999999999 }";
	struct arena	*a = arena_new(256);
	struct json	 v, list, at = { NULL, NULL }, item;

	(void)state;
	assert_true(json_parse(text, strlen(text), &v));
	assert_int_equal(json_get_number(v, "n"), 12);
	assert_true(json_get_true(v, "yes"));
	assert_false(json_get_true(v, "n"));
	assert_string_equal(json_get_text(a, v, "b"), "");
	assert_string_equal(json_get_text(a, v, "none"), "");
	assert_true(json_get_number(v, "big") == UINT64_MAX);
	assert_true(json_get(v, "list", &list));
	assert_true(json_next(list, &at, NULL, &item));
	assert_int_equal(json_number(item), 1);
	assert_true(json_next(list, &at, NULL, &item));
	assert_int_equal(json_get_number(item, "x"), 2);
	assert_true(json_next(list, &at, NULL, &item));
	assert_string_equal(json_text(a, item),
	    "aA\xc3\xa4\xe2\x82\xac\\\n");
	assert_false(json_next(list, &at, NULL, &item));
	assert_false(json_get(list, "x", &item));
	arena_free(&a);
}

static void
written_strings_are_read_back(void **state)
{
	static const char *const texts[] = {
		"", "plain", "a\"b\\c/", "tab\tnewline\n\x01\x7f",
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x88",
	};
	struct arena	*a = arena_new(256);
	struct buf	 b = BUF_INIT;
	struct json	 v;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		buf_reset(&b);
		json_string(&b, texts[i]);
		assert_true(json_parse(buf_str(&b), b.len, &v));
		assert_string_equal(json_text(a, v), texts[i]);
	}
	buf_free(&b);
	arena_free(&a);
}

static void
members_have_commas_between_them(void **state)
{
	struct buf	b = BUF_INIT;
	struct json	v;

	(void)state;
	json_put_open(&b, NULL, '{');
	json_put_text(&b, "a", NULL);
	json_put_text(&b, "b", "x{");
	json_put_or_null(&b, "c", NULL);
	json_put_or_null(&b, "d", "y");
	json_put_open(&b, "e", '[');
	json_put_number(&b, NULL, UINT64_MAX);
	json_put_bool(&b, NULL, true);
	json_put_open(&b, NULL, '{');
	buf_addstr(&b, "}]");
	json_put_name(&b, "f");
	buf_addstr(&b, "[]}");
	assert_string_equal(buf_str(&b), "{\"b\":\"x{\",\"c\":null,\"d\":"
	    "\"y\",\"e\":[18446744073709551615,true,{}],\"f\":[]}");
	assert_true(json_parse(buf_str(&b), b.len, &v));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_taken_or_refused),
		cmocka_unit_test(members_are_found),
		cmocka_unit_test(written_strings_are_read_back),
		cmocka_unit_test(members_have_commas_between_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
