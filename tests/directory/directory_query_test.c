/*
 * directory_query: users-query and keys-query of each kind of database
 */
#include "test.h"

#include "base/arena.h"
#include "directory/directory.h"

static struct arena *arena;

/* The text with <VALUE> for each value. */
static const char *
shown(const struct directory_text *t)
{
	const char	*text = "";
	size_t		 i;

	for (i = 0; i < t->n; i++) {
		text = arena_printf(arena, "%s%s", text, t->piece[i].text);
		if (t->piece[i].value != NULL)
			text = arena_printf(arena, "%s<%s>", text,
			    t->piece[i].value);
	}
	return text;
}

static const char *
attributes(const struct directory_question *q)
{
	const char	*text = "";
	size_t		 i;

	for (i = 0; i < q->nattributes; i++)
		text = arena_printf(arena, "%s %s=%s", text,
		    q->attribute[i].name, q->attribute[i].attribute);
	return text;
}

static void
sql(void **state)
{
	struct directory_question	 q, filled;
	const char			*text = "SELECT plan FROM u WHERE l = "
					    "$1";

	(void)state;
	assert_null(directory_query_parse(text, DIRECTORY_PGSQL, arena, &q));
	filled = directory_query_fill(&q, "o'x", arena);
	assert_string_equal(filled.statement, text);
	assert_int_equal(filled.nwords, 1);
	assert_string_equal(filled.word[0], "o'x");
	assert_null(directory_query_parse("SELECT ?1", DIRECTORY_SQLITE,
	    arena, &q));
}

static void
ldap(void **state)
{
	static const struct {
		const char *text, *base, *attributes, *filter;
		enum directory_scope scope;
	} rows[] = {
		{ "ou=people,dc=example?senders=mail,senders=alias,plan?sub?"
		    "(&(mail=$1)(x=$1))", "ou=people,dc=example",
		    " senders=mail senders=alias plan=plan",
		    "(&(mail=<a*b>)(x=<a*b>))", DIRECTORY_SUB },
		{ "uid=$1,dc=example?plan=x-plan;lang-en?base",
		    "uid=<a*b>,dc=example", " plan=x-plan;lang-en",
		    "(objectClass=*)", DIRECTORY_BASE },
		{ "o=a%3Fb%25?plan=1.3.6.1?one?(uid=$1)", "o=a?b%",
		    " plan=1.3.6.1", "(uid=<a*b>)", DIRECTORY_ONE },
		{ "?plan?sub?($1=$1$1)", "", " plan=plan",
		    "(<a*b>=<a*b><a*b>)", DIRECTORY_SUB },
	};
	struct directory_question	 q, f;
	const char			*why;
	size_t				 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		why = directory_query_parse(rows[i].text, DIRECTORY_LDAP,
		    arena, &q);
		if (why != NULL)
			row_fail(rows[i].text, "refused: %s", why);
		f = directory_query_fill(&q, "a*b", arena);
		if (strcmp(shown(&f.base), rows[i].base) != 0 ||
		    strcmp(shown(&f.filter), rows[i].filter) != 0 ||
		    strcmp(attributes(&f), rows[i].attributes) != 0 ||
		    f.scope != rows[i].scope || f.statement != NULL)
			row_fail(rows[i].text, "base %s, filter %s,%s, %d",
			    shown(&f.base), shown(&f.filter), attributes(&f),
			    f.scope);
	}
}

static void
refused(void **state)
{
	static const struct {
		const char *text, *why;
		enum directory_kind kind;
	} rows[] = {
		{ "", "is empty", DIRECTORY_SQLITE },
		{ " \n", "is empty", DIRECTORY_MYSQL },
		{ "SELECT 1", "write $1 in place of", DIRECTORY_PGSQL },
		{ "SELECT plan FROM u WHERE l = ?", "write $1",
		    DIRECTORY_MYSQL },
		{ "dc=x?plan?sub?(uid=a)", "must have $1", DIRECTORY_LDAP },
		{ "dc=x?plan?" "?(uid=$1)", "must name the scope",
		    DIRECTORY_LDAP },
		{ "dc=x?plan?subtree?(uid=$1)", "must name the scope",
		    DIRECTORY_LDAP },
		{ "dc=x??sub?(uid=$1)", "invalid attribute", DIRECTORY_LDAP },
		{ "dc=x?plan=?sub?(uid=$1)", "invalid attribute",
		    DIRECTORY_LDAP },
		{ "dc=x?a b?sub?(uid=$1)", "invalid attribute",
		    DIRECTORY_LDAP },
		{ "dc=x?plan,?sub?(uid=$1)", "invalid attribute",
		    DIRECTORY_LDAP },
		{ "dc=x?plan?sub?uid=$1", "without parentheses",
		    DIRECTORY_LDAP },
		{ "dc=x?plan?sub?(uid=$1)?x", "more than four parts",
		    DIRECTORY_LDAP },
		{ "dc=x?plan?sub?(uid=$1%)", "invalid %-escape",
		    DIRECTORY_LDAP },
		{ "dc=x%00?plan?sub?(uid=$1)", "invalid %-escape",
		    DIRECTORY_LDAP },
		{ "SELECT plan FROM u WHERE l = $1", "invalid attribute",
		    DIRECTORY_LDAP },
	};
	struct directory_question	 q;
	const char			*why;
	size_t				 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		why = directory_query_parse(rows[i].text, rows[i].kind, arena,
		    &q);
		if (why == NULL || strstr(why, rows[i].why) == NULL)
			row_fail(rows[i].text, "%s", why != NULL ? why :
			    "accepted");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sql),
		cmocka_unit_test(ldap),
		cmocka_unit_test(refused),
	};
	int failed;

	arena = arena_new(0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
