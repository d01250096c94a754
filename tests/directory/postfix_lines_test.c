/*
 * postfix_lines: logical lines and settings as Postfix reads them
 */
#include "test.h"

#include "base/arena.h"
#include "directory/postfix_lines_priv.h"

static void
lines(void **state)
{
	static const struct {
		const char *text, *want;	/* "line:text|line:text" */
	} rows[] = {
		{ "",				"" },
		{ "a\nb\n",			"1:a|2:b" },
		{ "a\nb",			"1:a|2:b" },
		{ "# c\n\n a\n",		"3: a" },
		{ "a\n b\n\tc\nd",		"1:a b\tc|4:d" },
		{ "a\n# c\n b\n",		"1:a b" },
		{ "a\n  # c\n b\n",		"1:a b" },
		{ "a\n\n b\n",			"1:a b" },
		{ "a\n   \n b\n",		"1:a b" },
		{ "#\na\r\n b\r\n",		"2:a\r b\r" },
	};
	struct arena		*a = arena_new(0);
	struct postfix_lines	 r;
	char			*line;
	const char		*got;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		r = (struct postfix_lines){ rows[i].text, 0, 0 };
		for (got = ""; (line = postfix_line(&r, a)) != NULL;)
			got = arena_printf(a, "%s%s%u:%s", got,
			    got[0] != '\0' ? "|" : "", r.line, line);
		if (strcmp(got, rows[i].want) != 0)
			row_fail(rows[i].text, "got %s", got);
	}
	arena_free(&a);
}

static void
settings(void **state)
{
	static const char	 text[] = "# comment\nhosts = a b\n"
	    "query = SELECT x\n  FROM t WHERE a = '%s'\npassword = a = $b \n"
	    "empty =\nhosts=c\n";
	struct arena		*a = arena_new(0);
	struct postfix_settings	 s;

	(void)state;
	assert_null(postfix_settings_parse("/x.cf", text, a, &s));
	assert_int_equal(s.n, 4);
	assert_string_equal(postfix_setting(&s, "query")->value,
	    "SELECT x  FROM t WHERE a = '%s'");
	assert_int_equal(postfix_setting(&s, "query")->line, 3);
	assert_string_equal(postfix_setting(&s, "password")->value, "a = $b");
	assert_string_equal(postfix_setting(&s, "empty")->value, "");
	/* as in Postfix, the last one counts */
	assert_string_equal(postfix_setting(&s, "hosts")->value, "c");
	assert_null(postfix_setting(&s, "user"));
	arena_free(&a);
}

static void
wrong_settings(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "a = b\nc\n",		"/x.cf:2: the line has no \"=\"" },
		{ "= b\n",		"/x.cf:1: the line has no name" },
		{ "a b = c\n",		"/x.cf:1: the line has a blank" },
		{ "\n a = b\n",		"/x.cf:2: the line continues" },
	};
	struct arena		*a = arena_new(0);
	struct postfix_settings	 s;
	const char		*wrong;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		wrong = postfix_settings_parse("/x.cf", rows[i].text, a, &s);
		if (wrong == NULL || strncmp(wrong, rows[i].want,
		    strlen(rows[i].want)) != 0)
			row_fail(rows[i].text, "got %s", wrong);
	}
	arena_free(&a);
}

/* More settings than there can be in any table's file are refused. */
static void
too_many(void **state)
{
	struct arena		*a = arena_new(0);
	struct postfix_settings	 s;
	const char		*text = "";
	int			 i;

	(void)state;
	for (i = 0; i < 201; i++)
		text = arena_printf(a, "%sn%d = x\n", text, i);
	assert_string_equal(postfix_settings_parse("/x.cf", text, a, &s),
	    "/x.cf:201: too many settings; remove some");
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(settings),
		cmocka_unit_test(wrong_settings),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
