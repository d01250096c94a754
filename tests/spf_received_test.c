/*
 * spf_received: RFC 7208 9.1, and that no word from the wire gets out of its
 * place
 */
#include "test.h"

#include "arena.h"
#include "spf_check.h"

static struct facts
passing(void)
{
	struct facts f = {
		.conn = { .client_known = true, .helo = "mail.example.org" },
		.env = { .sender = "user@d.example" },
		.spf_mfrom = { .done = true, .result = RESULT_PASS,
		    .domain = "d.example",
		    .reason = "the domain permits this client" },
		.spf_helo = { .done = true, .result = RESULT_PERMERROR,
		    .domain = "mail.example.org",
		    .reason = "record of mail.example.org, term 1: x" },
	};

	assert_true(netaddr_parse("192.0.2.1", &f.conn.client));
	return f;
}

static void
check(const struct facts *f, bool helo, const char *want)
{
	struct arena	*a = arena_new(1024);
	const char	*got;

	got = spf_received_format(a, f, "mx.example.net", helo);
	if (want == NULL)
		assert_null(got);
	else
		assert_string_equal(got, want);
	arena_free(&a);
}

static void
writes_mailfrom(void **state)
{
	struct facts f = passing();

	(void)state;
	check(&f, false, " pass\n\t(mx.example.net: the domain permits this "
	    "client)\n\tclient-ip=192.0.2.1;\n\t"
	    "envelope-from=\"user@d.example\";\n\thelo=mail.example.org;\n\t"
	    "receiver=mx.example.net;\n\tidentity=mailfrom");
}

static void
writes_helo_and_the_problem(void **state)
{
	struct facts f = passing();

	(void)state;
	assert_true(netaddr_parse("2001:db8::1", &f.conn.client));
	f.conn.helo = "[IPv6:2001:db8::1]";
	check(&f, true, " permerror\n\t(mx.example.net: record of "
	    "mail.example.org, term 1: x)\n\tclient-ip=\"2001:db8::1\";\n\t"
	    "envelope-from=\"user@d.example\";\n\t"
	    "helo=\"[IPv6:2001:db8::1]\";\n\treceiver=mx.example.net;\n\t"
	    "identity=helo;\n\t"
	    "problem=\"record of mail.example.org, term 1: x\"");
}

static void
names_postmaster_for_the_null_sender(void **state)
{
	struct facts f = passing();

	(void)state;
	f.env.sender = "";
	f.spf_mfrom.postmaster = true;
	f.spf_mfrom.domain = "mail.example.org";
	f.spf_mfrom.reason = NULL;
	check(&f, false, " pass\n\tclient-ip=192.0.2.1;\n\t"
	    "envelope-from=\"postmaster@mail.example.org\";\n\t"
	    "helo=mail.example.org;\n\treceiver=mx.example.net;\n\t"
	    "identity=mailfrom");
}

static void
quotes_or_drops_foreign_words(void **state)
{
	struct facts	f = passing();
	char		long_name[400];

	(void)state;
	f.spf_mfrom.reason = "a) b (c \\";
	f.conn.helo = "x; receiver=evil";
	f.env.sender = "\"a\\\" b\"@d.example";
	check(&f, false, " pass\n\t(mx.example.net: a\\) b \\(c \\\\)\n\t"
	    "client-ip=192.0.2.1;\n\t"
	    "envelope-from=\"\\\"a\\\\\\\" b\\\"@d.example\";\n\t"
	    "helo=\"x; receiver=evil\";\n\treceiver=mx.example.net;\n\t"
	    "identity=mailfrom");
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	f.conn.helo = long_name;
	f.conn.client_known = false;
	f.env.sender = "a\r\nX-Evil: y@d.example";
	f.spf_mfrom.reason = "\xc3\xa9";
	check(&f, false, " pass\n\treceiver=mx.example.net;\n\t"
	    "identity=mailfrom");
	f.conn.helo = "a..b";
	f.env.sender = "";
	check(&f, false, " pass\n\tenvelope-from=\"\";\n\thelo=\"a..b\";\n\t"
	    "receiver=mx.example.net;\n\tidentity=mailfrom");
}

static void
says_nothing_about_what_was_not_done(void **state)
{
	struct facts f = passing();

	(void)state;
	f.spf_helo.done = false;
	check(&f, true, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_mailfrom),
		cmocka_unit_test(writes_helo_and_the_problem),
		cmocka_unit_test(names_postmaster_for_the_null_sender),
		cmocka_unit_test(quotes_or_drops_foreign_words),
		cmocka_unit_test(says_nothing_about_what_was_not_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
