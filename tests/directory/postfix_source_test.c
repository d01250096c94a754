/*
 * postfix_source: the settings of a table's file, those that are refused, and
 * the questions that they make
 */
#include "test.h"

#include "base/arena.h"
#include "directory/postfix_source_priv.h"

#define SQLITE		"dbpath = /x.db\n"
#define QUERY		"query = SELECT o FROM t WHERE a = '%s'\n"

static const struct {
	enum directory_kind	 kind;
	const char		*text, *want;	/* of the error */
} refused[] = {
	{ DIRECTORY_SQLITE, QUERY, "/x.cf: dbpath must be an absolute path" },
	{ DIRECTORY_SQLITE, SQLITE, "/x.cf: has no query" },
	{ DIRECTORY_SQLITE, SQLITE "query = SELECT 1 WHERE a = %s\n",
	    "/x.cf:2: query: has a \"%\" outside of quotes" },
	{ DIRECTORY_SQLITE, SQLITE "query = SELECT '%x'\n",
	    "/x.cf:2: query: has a \"%\" before" },
	{ DIRECTORY_SQLITE, SQLITE QUERY "result_format = %q\n",
	    "/x.cf:3: result_format: has a \"%\" before" },
	{ DIRECTORY_SQLITE, SQLITE QUERY "hosts = h\n",
	    "/x.cf:3: hosts: is not a setting of this type" },
	{ DIRECTORY_SQLITE, SQLITE QUERY "expansion_limit = many\n",
	    "/x.cf:3: expansion_limit: must be a number" },
	{ DIRECTORY_SQLITE, SQLITE QUERY "expansion_limit = 1234567890\n",
	    "/x.cf:3: expansion_limit: must be a number" },
	{ DIRECTORY_SQLITE, SQLITE QUERY "domain = a.example, /etc/domains\n",
	    "/x.cf:3: domain: only names" },
	{ DIRECTORY_SQLITE, SQLITE QUERY "domain = !a.example\n",
	    "/x.cf:3: domain: only names" },
	{ DIRECTORY_MYSQL, QUERY "option_file = /etc/my.cnf\n",
	    "/x.cf:2: option_file: option files" },
	{ DIRECTORY_MYSQL, QUERY "tls_CApath = /etc/ssl\n",
	    "/x.cf:2: tls_CApath: a directory" },
	{ DIRECTORY_PGSQL, "select_function = f\n",
	    "/x.cf:1: select_function: functions are called" },
	{ DIRECTORY_LDAP, "query_filter = (a=%s)\n",
	    "/x.cf: has no search_base" },
	{ DIRECTORY_LDAP, "search_base =\nscope = all\n",
	    "/x.cf:2: scope: must be" },
	{ DIRECTORY_LDAP, "search_base =\nbind = sasl\n",
	    "/x.cf:2: bind: only" },
	{ DIRECTORY_LDAP, "search_base =\nchase_referrals = yes\n",
	    "/x.cf:2: chase_referrals: referrals" },
	{ DIRECTORY_LDAP, "search_base =\ndereference = 3\n",
	    "/x.cf:2: dereference: aliases" },
	{ DIRECTORY_LDAP, "search_base =\nspecial_result_attribute = member\n",
	    "/x.cf:2: special_result_attribute: entries" },
	{ DIRECTORY_LDAP, "search_base =\nstart_tls = maybe\n",
	    "/x.cf:2: start_tls: must be yes or no" },
	{ DIRECTORY_LDAP, "search_base =\nresult_attribute =\n",
	    "/x.cf:2: result_attribute: names no attribute" },
	{ DIRECTORY_LDAP, "search_base =\nquery_filter = (a=%)\n",
	    "/x.cf:2: query_filter: has a \"%\" before" },
};

static void
refusals(void **state)
{
	struct arena		*a = arena_new(0);
	struct postfix_source	 s;
	const char		*wrong;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(refused); i++) {
		wrong = postfix_source_parse(refused[i].kind, "/x.cf",
		    refused[i].text, false, a, &s);
		if (wrong == NULL || strncmp(wrong, refused[i].want,
		    strlen(refused[i].want)) != 0)
			row_fail(refused[i].text, "got %s", wrong);
	}
	arena_free(&a);
}

/* The text that a driver would make of pieces, were all values harmless. */
static const char *
joined(struct arena *a, const struct directory_text *t)
{
	const char	*all = "";
	size_t		 i;

	for (i = 0; i < t->n; i++)
		all = arena_printf(a, "%s%s%s", all, t->piece[i].text,
		    t->piece[i].value != NULL ? t->piece[i].value : "");
	return all;
}

static void
sqlite(void **state)
{
	struct arena			*a = arena_new(0);
	struct postfix_source		 s;
	struct directory_question	 q;

	(void)state;
	assert_null(postfix_source_parse(DIRECTORY_SQLITE, "/x.cf", SQLITE
	    "table = t\nselect_field = o\nwhere_field = a\n"
	    "additional_conditions = AND x = 1\ndomain = A.example b.example\n"
	    "expansion_limit = 7\n", false, a, &s));
	assert_int_equal(s.expansion_limit, 7);
	assert_string_equal(s.place.database, "/x.db");
	assert_false(postfix_source_question(&s, "u@c.example", a, &q));
	assert_false(postfix_source_question(&s, "u", a, &q));
	assert_false(postfix_source_question(&s, "@b.example", a, &q));
	assert_true(postfix_source_question(&s, "u@B.example", a, &q));
	assert_true(postfix_source_question(&s, "u@a.example", a, &q));
	assert_string_equal(joined(a, &q.sql),
	    "SELECT o FROM t WHERE a = 'u@a.example' AND x = 1");
	arena_free(&a);
}

/* One part that a key lacks in any template stops the question. */
static void
needs(void **state)
{
	struct arena			*a = arena_new(0);
	struct postfix_source		 s;
	struct directory_question	 q;

	(void)state;
	assert_null(postfix_source_parse(DIRECTORY_SQLITE, "/x.cf", SQLITE
	    QUERY "result_format = %s@%D\n", false, a, &s));
	assert_false(postfix_source_question(&s, "user", a, &q));
	assert_true(postfix_source_question(&s, "@a.example", a, &q));
	arena_free(&a);
}

static void
in_use(void **state)
{
	struct arena			*a = arena_new(0);
	struct postfix_source		 s;
	struct directory_question	 q;
	const char			*wrong;

	(void)state;
	wrong = postfix_source_parse(DIRECTORY_LDAP, "/x.cf",
	    "server_host = ldap.example.net\nsearch_base = ou=%d,dc=x\n"
	    "bind_dn = cn=m\nbind_pw = secret\nscope = one\nversion = 3\n"
	    "query_filter = (&(mail=%s)(x=%u))\nresult_attribute = uid mail\n"
	    "leaf_result_attribute = cn\nterminal_result_attribute = owner\n"
	    "tls_ca_cert_file = /ca.pem\nchase_referrals = 0\n"
	    "expansion_limit = 5\nresult_filter = %u\n", false, a, &s);
	if (wrong != NULL && strstr(wrong, "not in this build") != NULL) {
		arena_free(&a);
		skip();
	}
	assert_null(wrong);
	assert_string_equal(s.place.password, "secret");
	assert_string_equal(s.place.ca_file, "/ca.pem");
	assert_int_equal(s.scope, DIRECTORY_ONE);
	assert_int_equal(s.size_limit, 5);
	assert_string_equal(s.result_format, "%u");
	assert_true(postfix_source_question(&s, "u@b.example", a, &q));
	assert_string_equal(joined(a, &q.base), "ou=b.example,dc=x");
	assert_string_equal(joined(a, &q.filter),
	    "(&(mail=u@b.example)(x=u))");
	assert_int_equal(q.nattributes, 4);
	assert_string_equal(q.attribute[0].attribute, "owner");
	assert_string_equal(q.attribute[0].name, POSTFIX_TERMINAL);
	assert_string_equal(q.attribute[3].attribute, "cn");
	assert_string_equal(q.attribute[3].name, POSTFIX_RESULT);
	/* without a bind, the password is not sent */
	assert_null(postfix_source_parse(DIRECTORY_LDAP, "/x.cf",
	    "search_base = dc=x\nbind = no\nbind_dn = cn=m\nbind_pw = s\n",
	    false, a, &s));
	assert_null(s.place.password);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(sqlite),
		cmocka_unit_test(needs),
		cmocka_unit_test(in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
