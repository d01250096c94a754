/*
 * spf_check: the identity that is checked, the client and the limits
 */
#include "test.h"

#include "spf_test.h"

/* --- identities -------------------------------------------------------- */

static const char two_identities[] =
    "helo.example TXT \"v=spf1 a exp=e.example -all\"\n"
    "helo.example A 192.0.2.1\n"
    "from.example TXT \"v=spf1 exp=e.example -all\"\n"
    "e.example TXT \"%{s}|%{l}|%{o}|%{h}\"\n";

static const struct {
	const char	*name, *helo, *sender;
	bool		 check_helo;
	const char	*client;
	enum result	 want;
	const char	*domain;
	bool		 postmaster;
	const char	*explanation;
} identities[] = {
	{ "MAIL FROM", "helo.example", "u@from.example", false, "192.0.2.1",
	    RESULT_FAIL, "from.example", false,
	    "u@from.example|u|from.example|helo.example" },
	{ "HELO beside it", "helo.example", "u@from.example", true,
	    "192.0.2.1", RESULT_PASS, "helo.example", false, NULL },
	{ "HELO that fails", "helo.example", "u@from.example", true,
	    "192.0.2.2", RESULT_FAIL, "helo.example", false,
	    "postmaster@helo.example|postmaster|helo.example|helo.example" },
	{ "null sender", "helo.example", "", false, "192.0.2.1",
	    RESULT_PASS, "helo.example", true, NULL },
	{ "null sender, NULL", "HELO.example.", NULL, false, "192.0.2.1",
	    RESULT_PASS, "helo.example", true, NULL },
	{ "null sender, no HELO", NULL, "", false, "192.0.2.1",
	    RESULT_NONE, NULL, true, NULL },
	{ "HELO is a literal", "[192.0.2.1]", "u@from.example", true,
	    "192.0.2.1", RESULT_NONE, NULL, false, NULL },
	{ "HELO is one label", "localhost", "u@from.example", true,
	    "192.0.2.1", RESULT_NONE, "localhost", false, NULL },
	{ "HELO is garbage", "x\r\nX-Evil: y", "u@from.example", true,
	    "192.0.2.1", RESULT_NONE, NULL, false, NULL },
	{ "garbage in %{h}", "x\r\nX-Evil: y", "u@from.example", false,
	    "192.0.2.1", RESULT_FAIL, "from.example", false,
	    "u@from.example|u|from.example|x??X-Evil: y" },
	{ "no HELO in %{h}", NULL, "u@from.example", false,
	    "192.0.2.1", RESULT_FAIL, "from.example", false,
	    "u@from.example|u|from.example|unknown" },
	{ "HELO with an @", "u@helo.example", "", true, "192.0.2.1",
	    RESULT_NONE, NULL, false, NULL },
};

static void
tells_identities_apart(void **state)
{
	struct resolver		*r = zone(two_identities);
	struct arena		*a = arena_new(4096);
	struct spf_question	 q;
	struct spf_facts	 f;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(identities); i++) {
		q = question(identities[i].client, identities[i].sender);
		q.helo = identities[i].helo;
		q.check_helo = identities[i].check_helo;
		run(r, &q, &spf_default_limits, true, a, &f);
		if (f.result != identities[i].want)
			row_fail(identities[i].name, "got %s: %s",
			    result_name(f.result), f.reason);
		if (!same_text(f.domain, identities[i].domain))
			row_fail(identities[i].name, "domain %s", f.domain);
		if (f.postmaster != identities[i].postmaster)
			row_fail(identities[i].name, "postmaster");
		if (!same_text(f.explanation, identities[i].explanation))
			row_fail(identities[i].name, "explanation %s",
			    f.explanation);
	}
	arena_free(&a);
	resolver_free(&r);
}

/* A client that was not normalized by netaddr_parse. */
static void
takes_mapped_clients_for_ipv4(void **state)
{
	struct resolver		*r = zone(two_identities);
	struct arena		*a = arena_new(4096);
	struct spf_question	 q = question("192.0.2.1", "");
	struct spf_facts	 f;

	(void)state;
	q.helo = "helo.example";
	q.client.family = NETADDR_IPV6;
	memcpy(q.client.octets + 12, q.client.octets, 4);
	memset(q.client.octets, 0, 10);
	memset(q.client.octets + 10, 0xff, 2);
	run(r, &q, &spf_default_limits, true, a, &f);
	assert_int_equal(f.result, RESULT_PASS);
	arena_free(&a);
	resolver_free(&r);
}

static void
needs_a_client_address(void **state)
{
	struct resolver		*r = zone(two_identities);
	struct arena		*a = arena_new(4096);
	struct spf_question	 q = question("192.0.2.1", "u@from.example");
	struct spf_facts	 f;

	(void)state;
	memset(&q.client, 0, sizeof(q.client));
	run(r, &q, &spf_default_limits, true, a, &f);
	assert_int_equal(f.result, RESULT_NONE);
	arena_free(&a);
	resolver_free(&r);
}

/* --- limits are settings ----------------------------------------------- */

static void
limits_are_settings(void **state)
{
	static const char text[] =
	    "d.example TXT \"v=spf1 a:x1.example a:x2.example a:x3.example "
	    "a:x4.example mx -all\"\n"
	    "d.example MX 1 a.example\nd.example MX 2 b.example\n"
	    "a.example A 192.0.2.1\n";
	static const struct {
		struct spf_limits	 limits;
		enum result		 want;
	} cases[] = {
		{ { 10, 2, 10, 10, 123 }, RESULT_PERMERROR },
		{ { 10, 4, 10, 10, 123 }, RESULT_PASS },
		{ { 5, 4, 2, 10, 123 }, RESULT_PASS },
		{ { 4, 4, 2, 10, 123 }, RESULT_PERMERROR },
		{ { 5, 4, 1, 10, 123 }, RESULT_PERMERROR },
		{ { 5, 4, 2, 10, 7 }, RESULT_PASS },
		{ { 5, 4, 2, 10, 6 }, RESULT_PERMERROR },
		{ { 5, 4, 2, 10, 0 }, RESULT_PERMERROR },
		{ { 0, 0, 0, 0, 123 }, RESULT_PERMERROR },
		{ { 1000, 4, 2, 10, 1000 }, RESULT_PASS },
	};
	struct resolver		*r = zone(text);
	struct arena		*a = arena_new(4096);
	struct spf_question	 q = question("192.0.2.1", "u@d.example");
	struct spf_facts	 f;
	unsigned		 n;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		n = run(r, &q, &cases[i].limits, true, a, &f);
		if (f.result != cases[i].want)
			fail_msg("row %zu: %s: %s", i,
			    result_name(f.result), f.reason);
		assert_true(n <= 2 * cases[i].limits.queries);
	}
	arena_free(&a);
	resolver_free(&r);
}

/* Like a message: both prefetched, then both checked, one account. */
static void
two_checks_share_an_account(void **state)
{
	static const struct lookup_limits account = { 5000, 100 };
	struct resolver		*r = zone(two_identities);
	struct lookups		*l = lookups_new(r, &account);
	struct arena		*a = arena_new(4096);
	struct spf_question	 from = question("192.0.2.1", "u@from.example");
	struct spf_question	 helo = from;
	struct spf_facts	 f;

	(void)state;
	from.helo = helo.helo = "helo.example";
	helo.check_helo = true;
	spf_prefetch(l, &helo, &spf_default_limits);
	spf_prefetch(l, &from, &spf_default_limits);
	assert_int_equal(lookups_count(l), 3);
	spf_check(l, &helo, &spf_default_limits, a, &f);
	assert_int_equal(f.result, RESULT_PASS);
	assert_string_equal(f.domain, "helo.example");
	spf_check(l, &from, &spf_default_limits, a, &f);
	assert_int_equal(f.result, RESULT_FAIL);
	assert_string_equal(f.domain, "from.example");
	/* the explanation is the last question of a fail */
	assert_int_equal(lookups_count(l), 4);
	arena_free(&a);
	lookups_free(&l);
	resolver_free(&r);
}

/* An account whose budget is used up: a fact, not a pass. */
static void
a_spent_budget_is_temperror(void **state)
{
	static const struct lookup_limits account = { 5000, 1 };
	struct resolver		*r = zone(two_identities);
	struct lookups		*l = lookups_new(r, &account);
	struct arena		*a = arena_new(4096);
	struct spf_question	 q = question("192.0.2.1", "u@helo.example");
	struct spf_facts	 f;

	(void)state;
	spf_check(l, &q, &spf_default_limits, a, &f);
	assert_int_equal(f.result, RESULT_TEMPERROR);
	assert_string_equal(f.reason, "A of helo.example: budget");
	arena_free(&a);
	lookups_free(&l);
	resolver_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_identities_apart),
		cmocka_unit_test(takes_mapped_clients_for_ipv4),
		cmocka_unit_test(needs_a_client_address),
		cmocka_unit_test(limits_are_settings),
		cmocka_unit_test(two_checks_share_an_account),
		cmocka_unit_test(a_spent_budget_is_temperror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
