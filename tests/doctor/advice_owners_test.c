/*
 * advice_owners: which tables of smtpd_sender_login_maps millgate.conf lacks
 */
#include "test.h"

#include "base/arena.h"
#include "doctor/advice.h"
#include "doctor/postfix_setup.h"

static const char *const two[] = { "pgsql:/a.cf?tls=no",
    "texthash:/h.texthash" };

static const struct {
	const char	*maps, *local, *own;
	size_t		 nknown;	/* of `two` */
	/* the only advice; NULL: none */
	const char	*id, *where, *change;
	bool		 lmdb;		/* built with liblmdb */
} rows[] = {
	{ "", "", NULL, 0, NULL, NULL, NULL },
	{ "pgsql:/a.cf", "", NULL, 0, "sender-login-maps", "main.cf",
	    "millgate.conf: sender-login-maps = {\"pgsql:/a.cf\"}" },
	{ "proxy:pgsql:/a.cf", "", NULL, 1, NULL, NULL, NULL },
	{ "pgsql:/a.cf.old", "", NULL, 1, "sender-login-maps", "main.cf",
	    "millgate.conf: sender-login-maps = {\"pgsql:/a.cf.old\"}" },
	{ "proxy:pgsql:/a.cf hash:/h", "", NULL, 2, NULL, NULL, NULL },
	{ "proxy:pgsql:/a.cf, hash:/h", "x.example, $y", NULL, 1,
	    "sender-login-maps", "main.cf",
	    "postmap -s hash:/h >/h.texthash; millgate.conf: "
	    "sender-login-maps = {\"pgsql:/a.cf\", \"texthash:/h.texthash\"}"
	    "  local-domains = {\"x.example\"}" },
	{ "inline:{a@x=alice, {b@x = bob, \"c\"}}", "", NULL, 0,
	    "sender-login-maps", "main.cf", "millgate.conf: sender-login-maps "
	    "= {\"inline:{a@x=alice, {b@x = bob, \\\"c\\\"}}\"}" },
	{ "pcre:/p", "", NULL, 2, "owners-unread", "main.cf",
	    "millgate.conf: user LOGIN { senders = {...} }" },
	{ "pcre:/p pgsql:/a.cf", "", NULL, 2, NULL, NULL, NULL },
	{ "pgsql:/a.cf", "", "ldap:/l.cf", 1, "sender-login-maps",
	    "master.cf submission/inet",
	    "millgate.conf: sender-login-maps = {\"ldap:/l.cf\"}" },
	{ "pgsql:/a.cf", "", "", 0, NULL, NULL, NULL },
	{ "lmdb:/l", "", NULL, 0, "sender-login-maps", "main.cf",
	    "postmap -s lmdb:/l >/l.texthash; millgate.conf: "
	    "sender-login-maps = {\"texthash:/l.texthash\"}" },
	{ "lmdb:/l", "", NULL, 0, "sender-login-maps", "main.cf",
	    "millgate.conf: sender-login-maps = {\"lmdb:/l\"}", true },
};

static void
each_list(void **state)
{
	struct advice_site	 site = { .socket = "inet:1@127.0.0.1",
				     .sender_maps = two };
	struct arena		*a = arena_new(0);
	struct advice_list	 l;
	struct postfix_setup	*p;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		p = arena_alloc(a, sizeof(*p));
		l = (struct advice_list){ .arena = a };
		postfix_read_main(a, p, arena_printf(a,
		    "smtpd_sender_login_maps = %s\nmydestination = %s\n",
		    rows[i].maps, rows[i].local));
		postfix_read_services(a, p,
		    "submission inet n - y - - smtpd\n");
		if (rows[i].own != NULL)
			postfix_read_own(a, p, arena_printf(a,
			    "submission/inet/smtpd_sender_login_maps = %s\n",
			    rows[i].own));
		site.nsender_maps = rows[i].nknown;
		site.reads_lmdb = rows[i].lmdb;
		advice_owners(&l, &site, p, &p->service[0]);
		if (l.n != (rows[i].id != NULL) || (l.n > 0 &&
		    (strcmp(l.item[0].id, rows[i].id) != 0 ||
		    strcmp(l.item[0].where, rows[i].where) != 0 ||
		    strncmp(l.item[0].change, rows[i].change,
		    strlen(rows[i].change)) != 0)))
			row_fail(rows[i].maps, "%zu advices, %s: %s", l.n,
			    l.n > 0 ? l.item[0].where : "",
			    l.n > 0 ? l.item[0].change : "");
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
