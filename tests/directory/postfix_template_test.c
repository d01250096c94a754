/*
 * postfix_template: query and result_format, as Postfix's db_common expands
 * them; quotes of SQL
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "directory/postfix_template_priv.h"

/* The pieces as text; values in brackets. NULL: not asked. */
static const char *
query(struct arena *a, const char *text, const char *key)
{
	struct postfix_needs	 n = { false };
	struct directory_text	 t = { NULL, 0 };
	const char		*got = "";
	size_t			 i;

	if (postfix_template_needs(text, true, &n) != NULL)
		return "invalid";
	if (!postfix_query_expand(text, &n, key, a, &t))
		return NULL;
	for (i = 0; i < t.n; i++)
		got = t.piece[i].value == NULL ? arena_printf(a, "%s%s", got,
		    t.piece[i].text) : arena_printf(a, "%s%s[%s]", got,
		    t.piece[i].text, t.piece[i].value);
	return got;
}

static void
queries(void **state)
{
	static const struct {
		const char *text, *key, *want;
	} rows[] = {
		{ "x = '%s'",	"a@b.example",	"x = '[a@b.example]'" },
		{ "'%u' '%d'",	"a@b.example",	"'[a]' '[b.example]'" },
		{ "'%U' '%D'",	"a@b.example",	"'[a]' '[b.example]'" },
		{ "'%S' 9%%",	"a",		"'[a]' 9%" },
		{ "'%u'",	"a",		"'[a]'" },
		{ "'%d'",	"a",		NULL },
		{ "'%d'",	"@b.example",	"'[b.example]'" },
		{ "'%u'",	"@b.example",	NULL },
		{ "'%s'",	"@b.example",	"'[@b.example]'" },
		{ "'%d'",	"a@",		NULL },
		{ "'%s'",	"",		NULL },
		{ "none",	"a",		"none" },
		{ "%1 %2 %3",	"a@c.b.example", "[example] [b] [c]" },
		{ "%3",		"a@b.example",	NULL },
		{ "%2",		"a@.example",	NULL },
		{ "%1",		"a",		NULL },
		{ "'%u'",	"a@x@b",	"'[a@x]'" },
		{ "%x",		"a",		"invalid" },
		{ "%0",		"a",		"invalid" },
		{ "a%",		"a",		"invalid" },
	};
	struct arena	*a = arena_new(0);
	const char	*got;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		got = query(a, rows[i].text, rows[i].key);
		if ((got == NULL) != (rows[i].want == NULL) ||
		    (got != NULL && strcmp(got, rows[i].want) != 0))
			row_fail(rows[i].text, "got %s", got);
	}
	arena_free(&a);
}

static void
results(void **state)
{
	static const struct {
		const char *format, *key, *value, *want;
	} rows[] = {
		{ "%s",		"a@b",	"alice",	"alice" },
		{ "%s@%D",	"a@b",	"alice",	"alice@b" },
		{ "%s@%D",	"a",	"alice",	NULL },
		{ "%u",		"a@b",	"alice@c",	"alice" },
		{ "%u",		"a@b",	"alice",	"alice" },
		{ "%u",		"a@b",	"@c",		NULL },
		{ "%d",		"a@b",	"alice@c",	"c" },
		{ "%d",		"a@b",	"alice",	NULL },
		{ "%U-%s-%S",	"a@b",	"x",		"a-x-a@b" },
		{ "%1-%s",	"a@b.c", "x",		"c-x" },
		{ "100%%",	"a@b",	"x",		"100%" },
		{ "%s",		"a@b",	"",		NULL },
	};
	struct postfix_needs	 n;
	struct buf		 b = BUF_INIT;
	bool			 good;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		memset(&n, 0, sizeof(n));
		buf_reset(&b);
		assert_null(postfix_template_needs(rows[i].format, false,
		    &n));
		good = postfix_result_expand(rows[i].format, &n, rows[i].key,
		    rows[i].value, &b);
		if (good != (rows[i].want != NULL) ||
		    (good && strcmp(buf_str(&b), rows[i].want) != 0))
			row_fail(rows[i].format, "got %s", buf_str(&b));
	}
	buf_reset(&b);
	memset(&n, 0, sizeof(n));
	postfix_result_expand("%s", &n, "k", "a", &b);
	postfix_result_expand("%s", &n, "k", "", &b);
	postfix_result_expand("%s", &n, "k", "b", &b);
	assert_string_equal(buf_str(&b), "a,b");
	buf_free(&b);
}

static void
quotes(void **state)
{
	static const struct {
		const char *text;
		bool pgsql, mysql, sqlite;
	} rows[] = {
		{ "a = '%s'",			true, true, true },
		{ "a = %s",			false, false, false },
		{ "a = '%s' AND b = %d",	false, false, false },
		{ "a = \"%s\"",			false, true, false },
		{ "a = `%s`",			false, false, false },
		{ "a = 'it''s %s'",		true, true, true },
		{ "a = 'it\\'s %s'",		false, true, false },
		{ "a = '\\\\' AND b = %s",	false, false, false },
		{ "a = '\\%s'",			true, false, true },
		{ "a LIKE '%%%s%%'",		true, true, true },
		{ "a % 2 = '%s'",		false, false, false },
		{ "a %% 2 = '%s'",		true, true, true },
		{ "a = E'%s'",			false, true, true },
		{ "a = U&'%s'",			false, true, true },
		{ "a = name'%s'",		true, true, true },
		{ "a = $$%s$$",			false, false, false },
		{ "a = $x$'%s'$x$",		false, true, true },
		{ "a = '%s' -- it's",		false, false, false },
		{ "a /* ' */ = '%s'",		false, false, false },
		{ "a # ' \n= '%s'",		false, false, false },
		{ "a # '' \n= '%s'",		true, false, true },
		{ "a = '%s",			false, false, false },
		{ "a->>'x' = '%s'",		true, true, true },
		{ "\"it's\" = '%s'",		true, true, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if ((postfix_template_quoted(rows[i].text, DIRECTORY_PGSQL) ==
		    NULL) != rows[i].pgsql ||
		    (postfix_template_quoted(rows[i].text, DIRECTORY_MYSQL) ==
		    NULL) != rows[i].mysql ||
		    (postfix_template_quoted(rows[i].text, DIRECTORY_SQLITE) ==
		    NULL) != rows[i].sqlite)
			row_fail(rows[i].text, "pgsql: %s; mysql: %s; sqlite: "
			    "%s", postfix_template_quoted(rows[i].text,
			    DIRECTORY_PGSQL), postfix_template_quoted(
			    rows[i].text, DIRECTORY_MYSQL),
			    postfix_template_quoted(rows[i].text,
			    DIRECTORY_SQLITE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries),
		cmocka_unit_test(results),
		cmocka_unit_test(quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
