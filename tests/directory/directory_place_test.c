/*
 * directory_place: what a URL or a path names, and what is refused
 */
#include "test.h"

#include "base/arena.h"
#include "directory/directory.h"
#include "directory/directory_driver_priv.h"

static struct arena *arena;

/* Hosts as "name port,name port". */
static const char *
hosts_text(const struct directory_place *p)
{
	const char	*text = "";
	size_t		 i;

	for (i = 0; i < p->nhosts; i++)
		text = arena_printf(arena, "%s%s%s %s", text, i > 0 ? "," : "",
		    p->host[i].name, p->host[i].port);
	return text;
}

static bool
is_built(enum directory_kind kind)
{
	return kind == DIRECTORY_SQLITE ||
	    (kind == DIRECTORY_PGSQL && directory_pgsql != NULL) ||
	    (kind == DIRECTORY_MYSQL && directory_mysql != NULL) ||
	    (kind == DIRECTORY_LDAP && directory_ldap != NULL);
}

static void
places(void **state)
{
	static const struct {
		const char *text;
		enum directory_kind kind;
		const char *user, *hosts, *database;
		bool tls, at_once;
	} rows[] = {
		{ "/var/lib/users.db", DIRECTORY_SQLITE, "", " ",
		    "/var/lib/users.db", false, false },
		{ "pgsql://millgate@db.example.net/mail", DIRECTORY_PGSQL,
		    "millgate", "db.example.net ", "mail", true, false },
		{ "pgsql://db.example.net:5433/mail?tls=no", DIRECTORY_PGSQL,
		    "", "db.example.net 5433", "mail", false, false },
		{ "pgsql://m@a.example:1,[2001:db8::1]:2,[::1],192.0.2.1/x?"
		    "tls=yes", DIRECTORY_PGSQL, "m", "a.example 1,"
		    "2001:db8::1 2,::1 ,192.0.2.1 ", "x", true, false },
		{ "pgsql://%2Fvar%2Frun%2Fpostgresql:5433/mail",
		    DIRECTORY_PGSQL, "", "/var/run/postgresql 5433", "mail",
		    true, false },
		{ "pgsql:///mail", DIRECTORY_PGSQL, "", " ", "mail", true,
		    false },
		{ "mysql://mail@example.org@db/a%2Fb%20c", DIRECTORY_MYSQL,
		    "mail@example.org", "db ", "a/b c", true, false },
		{ "mysql://%2frun%2fmysqld%2fmysqld.sock/mail",
		    DIRECTORY_MYSQL, "", "/run/mysqld/mysqld.sock ", "mail",
		    true, false },
		{ "ldap://cn=millgate,dc=example,dc=org@ldap.example.org",
		    DIRECTORY_LDAP, "cn=millgate,dc=example,dc=org",
		    "ldap.example.org ", "", true, false },
		{ "ldap://cn=a%3Ab%40c@h1,h2:3890/?tls=no", DIRECTORY_LDAP,
		    "cn=a:b@c", "h1 ,h2 3890", "", false, false },
		{ "ldaps://h", DIRECTORY_LDAP, "", "h ", "", true, true },
		{ "ldapi://%2Frun%2Fslapd%2Fldapi", DIRECTORY_LDAP, "",
		    "/run/slapd/ldapi ", "", false, false },
		{ "ldapi:///", DIRECTORY_LDAP, "", "/run/slapd/ldapi ", "",
		    false, false },
	};
	struct directory_place	 p;
	const char		*why;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (!is_built(rows[i].kind))
			continue;
		memset(&p, 0, sizeof(p));
		why = directory_place_parse(rows[i].text, arena, &p);
		if (why != NULL)
			row_fail(rows[i].text, "refused: %s", why);
		assert_string_equal(p.shown, rows[i].text);
		if (p.kind != rows[i].kind || p.tls != rows[i].tls ||
		    p.tls_at_once != rows[i].at_once ||
		    strcmp(p.user, rows[i].user) != 0 ||
		    strcmp(p.database, rows[i].database) != 0 ||
		    strcmp(hosts_text(&p), rows[i].hosts) != 0)
			row_fail(rows[i].text, "kind %d, tls %d %d, user %s, "
			    "database %s, hosts %s", p.kind, p.tls,
			    p.tls_at_once, p.user, p.database,
			    hosts_text(&p));
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
		{ "postgresql://h/d", "write pgsql://", DIRECTORY_SQLITE },
		{ "mariadb://h/d", "write mysql://", DIRECTORY_SQLITE },
		{ "oracle://h/d", "not a database that is known",
		    DIRECTORY_SQLITE },
		{ "pgsql://u:secret@h/d", "contains a password",
		    DIRECTORY_PGSQL },
		{ "pgsql://u@h", "names no database", DIRECTORY_PGSQL },
		{ "pgsql://u@h/", "names no database; write "
		    "pgsql://USER@HOST/DATABASE", DIRECTORY_PGSQL },
		{ "pgsql://@h/d", "has an invalid user", DIRECTORY_PGSQL },
		{ "pgsql://h:0/d", "invalid host or port", DIRECTORY_PGSQL },
		{ "pgsql://h:65536/d", "invalid host or port",
		    DIRECTORY_PGSQL },
		{ "pgsql://h:/d", "invalid host or port", DIRECTORY_PGSQL },
		{ "pgsql://a,,b/d", "invalid host or port", DIRECTORY_PGSQL },
		{ "pgsql://[::1/d", "invalid host or port", DIRECTORY_PGSQL },
		{ "pgsql://[::1]x/d", "invalid host or port",
		    DIRECTORY_PGSQL },
		{ "pgsql://h%00/d", "invalid host or port", DIRECTORY_PGSQL },
		{ "pgsql://h/d%0a", "invalid name of a database",
		    DIRECTORY_PGSQL },
		{ "pgsql://h/d%4", "invalid name of a database",
		    DIRECTORY_PGSQL },
		{ "pgsql://h k/d", "invalid host or port", DIRECTORY_PGSQL },
		{ "pgsql://h/d?password=secret",
		    "has an unknown option; the only", DIRECTORY_PGSQL },
		{ "pgsql://h/d?tls=no&x=y", "unknown option",
		    DIRECTORY_PGSQL },
		{ "pgsql://a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a/d",
		    "more than 16 hosts", DIRECTORY_PGSQL },
		{ "ldap://", "names no host", DIRECTORY_LDAP },
		{ "ldap://h/dc=example", "the base of a search belongs in "
		    "the query", DIRECTORY_LDAP },
		{ "ldaps://h?tls=no", "says ldaps and tls=no",
		    DIRECTORY_LDAP },
		{ "ldapi://host", "invalid host or port", DIRECTORY_LDAP },
	};
	struct directory_place	 p;
	const char		*why;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (!is_built(rows[i].kind))
			continue;
		memset(&p, 0, sizeof(p));
		why = directory_place_parse(rows[i].text, arena, &p);
		if (why == NULL || strstr(why, rows[i].why) == NULL)
			row_fail(rows[i].text, "%s", why != NULL ? why :
			    "accepted");
	}
}

static void
what_is_not_built_in(void **state)
{
	static const struct {
		const char *text, *package;
		enum directory_kind kind;
	} rows[] = {
		{ "pgsql://h/d", "libpq-dev", DIRECTORY_PGSQL },
		{ "mysql://h/d", "libmariadb-dev", DIRECTORY_MYSQL },
		{ "ldap://h", "libldap-dev", DIRECTORY_LDAP },
	};
	struct directory_place	 p = { 0 };
	const char		*why;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		why = directory_place_parse(rows[i].text, arena, &p);
		assert_int_equal(why == NULL, is_built(rows[i].kind));
		if (why != NULL)
			assert_non_null(strstr(why, rows[i].package));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(refused),
		cmocka_unit_test(what_is_not_built_in),
	};
	int failed;

	arena = arena_new(0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
