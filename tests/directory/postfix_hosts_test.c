/*
 * postfix_hosts: hosts, sockets and TLS of a table's file as a URL
 */
#include "test.h"

#include "base/arena.h"
#include "directory/postfix_hosts_priv.h"

#define P	DIRECTORY_PGSQL
#define M	DIRECTORY_MYSQL
#define L	DIRECTORY_LDAP

static const struct {
	struct postfix_hosts	 h;
	const char		*want;		/* begins with "!": the error */
} rows[] = {
	/* this host needs no TLS, another does */
	{ { P, "", "", "u", "d" },		"pgsql://u@localhost/d?tls=no" },
	{ { P, "localhost", "", "", "d" },	"pgsql://localhost/d?tls=no" },
	{ { P, "localhost:5433", "", "", "d" },
	    "pgsql://localhost:5433/d?tls=no" },
	{ { P, "127.0.0.1", "", "", "d" },	"pgsql://127.0.0.1/d?tls=no" },
	{ { P, "inet:[::1]:5433", "", "", "d" },
	    "pgsql://[::1]:5433/d?tls=no" },
	{ { P, "db.example.net", "", "u", "d" },
	    "pgsql://u@db.example.net/d" },
	{ { P, "localhost.example.net", "", "u", "d" },
	    "pgsql://u@localhost.example.net/d" },
	{ { P, "127.example.net", "", "u", "d" },
	    "pgsql://u@127.example.net/d" },
	{ { P, "127.0.0.1:5433", "", "", "d" },
	    "pgsql://127.0.0.1:5433/d?tls=no" },
	{ { P, "db.example.net", "", "u", "d", .tls_off = true },
	    "pgsql://u@db.example.net/d?tls=no" },
	{ { P, "localhost, inet:db.example.net:99", "", "u", "d" },
	    "pgsql://u@localhost,db.example.net:99/d" },
	/* sockets */
	{ { P, "unix:/run/postgresql", "", "u", "d" },
	    "pgsql://u@%2Frun%2Fpostgresql/d?tls=no" },
	{ { P, "/run/postgresql", "", "u", "d" },
	    "pgsql://u@%2Frun%2Fpostgresql/d?tls=no" },
	{ { M, "unix:/run/m/m.sock", "", "u", "d" },
	    "mysql://u@%2Frun%2Fm%2Fm.sock/d?tls=no" },
	{ { M, "", "", "u", "d" },
	    "mysql://u@%2Frun%2Fmysqld%2Fmysqld.sock/d?tls=no" },
	{ { M, "LocalHost", "", "u", "d" },
	    "mysql://u@%2Frun%2Fmysqld%2Fmysqld.sock/d?tls=no" },
	{ { M, "localhost:3307", "", "u", "d" },
	    "mysql://u@localhost:3307/d?tls=no" },
	{ { M, "127.0.0.1", "", "u", "d", .tls = true },
	    "mysql://u@127.0.0.1/d" },
	/* names with any characters */
	{ { M, "127.0.0.1", "", "a@b:c/d", "x?y" },
	    "mysql://a%40b%3Ac%2Fd@127.0.0.1/x%3Fy?tls=no" },
	{ { L, "", "389", "cn=a,dc=b", "" },
	    "ldap://cn%3Da%2Cdc%3Db@localhost:389?tls=no" },
	/* LDAP */
	{ { L, "ldap.example.net", "390", "", "" },
	    "ldap://ldap.example.net:390" },
	{ { L, "ldap://ldap.example.net:391/", "390", "", "" },
	    "ldap://ldap.example.net:391" },
	{ { L, "ldap.example.net:392", "390", "", "" },
	    "ldap://ldap.example.net:392" },
	{ { L, "127.0.0.1", "", "", "", .tls = true },	"ldap://127.0.0.1" },
	{ { L, "ldaps://a.example ldaps://b.example:99", "", "", "" },
	    "ldaps://a.example,b.example:99" },
	{ { L, "ldaps://localhost", "", "", "" },	"ldaps://localhost" },
	{ { L, "ldapi://%2Frun%2Fldapi", "", "", "" },
	    "ldapi://%2Frun%2Fldapi" },
	{ { L, "ldaps://a.example ldap://b.example", "", "", "" },
	    "!has hosts of different kinds" },
	/* what is no host */
	{ { P, "postgresql://u:p@h/d", "", "", "" },	"!connection URIs" },
	{ { P, "a@b", "", "", "" },		"!is not a list of hosts" },
	{ { P, "a?tls=no", "", "", "" },	"!is not a list of hosts" },
	{ { L, "ldap://h/dc=x??sub", "", "", "" }, "!is not a list of hosts" },
};

static void
urls(void **state)
{
	struct arena	*a = arena_new(0);
	const char	*url, *wrong, *want;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		url = "";
		wrong = postfix_hosts_url(&rows[i].h, a, &url);
		want = rows[i].want;
		if (want[0] == '!' ? wrong == NULL || strncmp(wrong, want + 1,
		    strlen(want + 1)) != 0 :
		    wrong != NULL || strcmp(url, want) != 0)
			row_fail(rows[i].h.list, "got %s %s, want %s", url,
			    wrong, want);
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
