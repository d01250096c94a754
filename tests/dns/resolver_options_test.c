/*
 * resolver_unbound: DNSSEC only with a trust anchor, errors in the options
 */
#include "test.h"

#include "dns_server.h"

static const struct lookup_limits limits = { 10000, 100 };

/* --- DNSSEC ----------------------------------------------------------- */

static const struct {
	const char	*name, *question;
	enum dns_status	 status;
	const char	*why;
	bool		 secure;
} signatures[] = {
	{ "signed", "good.signed.test", DNS_OK, "ok", true },
	{ "signed alias", "alias.signed.test", DNS_OK, "ok", true },
	{ "changed", "changed.signed.test", DNS_TEMPFAIL, "bogus", false },
	{ "signature left out", "unsigned.signed.test", DNS_TEMPFAIL,
	    "bogus", false },
	{ "denial without proof", "none.signed.test", DNS_TEMPFAIL,
	    "bogus", false },
	{ "outside of the anchor", "elsewhere.test", DNS_OK, "ok", false },
};

static void
signatures_are_judged(void **state)
{
	struct server		 s;
	struct resolver		*with, *without;
	struct lookups		*l, *m;
	const struct dns_answer	*a;
	char			 anchor[4096];
	size_t			 i;

	(void)state;
	server_start(&s, "127.0.53.12", "signed.zone");
	snprintf(anchor, sizeof(anchor), "%s/tests/data/signed.anchor",
	    from_env("srcdir", ".."));
	with = resolver_at(s.address, anchor);
	without = resolver_at(s.address, NULL);
	l = lookups_new(with, &limits);
	m = lookups_new(without, &limits);
	for (i = 0; i < NELEM(signatures); i++) {
		a = lookups_ask(l, signatures[i].question, DNS_TXT);
		if (a->status != signatures[i].status ||
		    a->secure != signatures[i].secure ||
		    strcmp(a->why, signatures[i].why) != 0)
			row_fail(signatures[i].name, "status %d secure %d %s",
			    a->status, a->secure, a->why);
		/* without an anchor, signatures are ignored */
		a = lookups_ask(m, signatures[i].question, DNS_TXT);
		if (a->status == DNS_TEMPFAIL || a->secure)
			row_fail(signatures[i].name, "unvalidated: %s", a->why);
	}
	lookups_free(&l);
	lookups_free(&m);
	resolver_free(&with);
	resolver_free(&without);
	server_stop(&s);
}

/* --- options ---------------------------------------------------------- */

static const struct {
	const char *name, *server, *anchor, *want;
} mistakes[] = {
	{ "a name as server", "dns.example.org", NULL,
	    "a name server is not an address" },
	{ "no port", "127.0.0.1@", NULL, "a name server is not an address" },
	{ "no such anchor", "127.0.0.1", "/nonexistent", "cannot read the" },
	{ "no anchor in it", "127.0.0.1", "/proc/self/cmdline",
	    "libunbound refuses its options" },
};

/* Each has an error text; the library writes nothing to standard error. */
static void
mistakes_are_named_quietly(void **state)
{
	const char	*why;
	FILE		*err = tmpfile();
	int		 saved = dup(2);
	size_t		 i;

	(void)state;
	assert_non_null(err);
	dup2(fileno(err), 2);
	for (i = 0; i < NELEM(mistakes); i++) {
		const struct resolver_options o = {
			.servers = &mistakes[i].server, .nservers = 1,
			.trust_anchor = mistakes[i].anchor
		};
		why = NULL;
		if (resolver_unbound_new(&o, &why) != NULL || why == NULL ||
		    strncmp(why, mistakes[i].want,
		    strlen(mistakes[i].want)) != 0)
			row_fail(mistakes[i].name, "why: %s", why);
	}
	dup2(saved, 2);
	close(saved);
	fseek(err, 0, SEEK_END);
	assert_int_equal(ftell(err), 0);
	fclose(err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_judged),
		cmocka_unit_test(mistakes_are_named_quietly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
