/*
 * spf_received: RFC 7208 9.1; no word from the wire can end its pair
 */
#include "test.h"

#include "base/arena.h"
#include "mail/facts.h"
#include "spf/spf_received.h"

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

#define PAIRS	"client-ip=192.0.2.1; envelope-from=\"ceo@bank.example\"; "

static const struct {
	const char	*name, *value;
	bool		 ours;
} claims[] = {
	{ "our own", " pass (mx.example.net: the domain permits this client)"
	    "\n\tclient-ip=192.0.2.1;\n\tenvelope-from=\"a@b.example\";"
	    "\n\treceiver=mx.example.net;\n\tidentity=mailfrom", true },
	{ "ours alone", " pass receiver=mx.example.net", true },
	{ "in any case", " Pass RECEIVER=Mx.Example.NET;", true },
	{ "quoted", " pass " PAIRS "receiver=\"mx.example.net\"", true },
	{ "escaped in quotes", " pass receiver=\"mx\\.example.net\"", true },
	{ "quoted in part", " pass receiver=mx.\"example\".net", true },
	{ "escaped without quotes", " pass receiver=mx\\.example.net", true },
	{ "dot at the end", " pass receiver=mx.example.net.", true },
	{ "in angle brackets", " pass receiver=<mx.example.net>", true },
	{ "blanks around the sign", " pass receiver = mx.example.net", true },
	{ "comments around the sign",
	    " pass receiver(a)=(b (c) \\) )mx.example.net", true },
	{ "folded", "\n pass\n\treceiver\n =\n\tmx.example.net", true },
	{ "CRLF folds", "\r\n pass\r\n\treceiver=\r\n\tmx.example.net",
	    true },
	{ "comment behind", " pass receiver=mx.example.net(x)", true },
	{ "a comment inside", " pass helo=a receiver=mx.exa(x)mple.net", true },
	{ "the second receiver",
	    " pass receiver=other.example; receiver=mx.example.net", true },
	{ "the first receiver",
	    " pass receiver=mx.example.net; receiver=other.example", true },
	{ "no semicolons", " pass helo=a receiver=mx.example.net x=y", true },
	{ "no result", " receiver=mx.example.net", true },
	{ "behind a semicolon", "; ;receiver=mx.example.net", true },
	{ "no receiver", " pass " PAIRS "helo=a.example", true },
	{ "no receiver, another's comment",
	    " pass (other.example: ok) client-ip=192.0.2.1", true },
	{ "nothing but the result", " pass", true },
	{ "nothing", "", true },
	{ "a receiver that is nobody", " pass receiver=unknown", true },
	{ "as policyd-spf writes it", " Pass (mailfrom) identity=mailfrom; "
	    "client-ip=192.0.2.1; helo=a; envelope-from=a@b.example; "
	    "receiver=<UNKNOWN>", true },
	{ "an empty receiver", " pass receiver=; helo=a", true },
	{ "an empty quoted receiver", " pass receiver=\"\"; helo=a", true },
	{ "another key that ends alike",
	    " pass x-receiver=other.example", true },
	{ "only inside a comment", " pass (receiver=other.example)", true },
	{ "only inside quotes", " pass helo=\"receiver=other.example\"",
	    true },
	{ "our name in front of its comment",
	    " pass (mx.example.net: ok) receiver=other.example", true },
	{ "the same with blanks",
	    " pass ( MX.example.net : ok) receiver=other.example", true },
	{ "our pair in a comment",
	    " pass (receiver=mx.example.net) receiver=other.example", true },
	{ "our pair in quotes", " pass helo=\"; receiver=mx.example.net\"; "
	    "receiver=other.example", true },
	{ "unclosed comment with our name",
	    " pass receiver=other.example (mx.example.net", true },
	{ "unclosed quotes with our name",
	    " pass receiver=other.example; helo=\"mx.example.net", true },
	{ "unclosed comment first", " pass (receiver=other.example", true },
	{ "octets that are no UTF-8", " pass receiver=\377mx.example.net",
	    true },
	{ "another's", " pass (other.example: domain of ceo@bank.example "
	    "permits 192.0.2.1) " PAIRS "receiver=other.example;", false },
	{ "another's in quotes", " pass receiver=\"other.example\"", false },
	{ "another's in upper case", " PASS RECEIVER=OTHER.EXAMPLE", false },
	{ "ours is a part of the name", " pass receiver=mx.example.net.org",
	    false },
	{ "a name below ours", " pass receiver=a.mx.example.net", false },
	{ "a name that ends alike", " pass receiver=xmx.example.net", false },
	{ "our domain was the sender's", " pass receiver=other.example; "
	    "envelope-from=\"a@mx.example.net\"; helo=mx.example.net", false },
	{ "our name in a comment that does not begin with it",
	    " pass (other.example: sent by mx.example.net) "
	    "receiver=other.example", false },
	{ "unclosed comment behind another's",
	    " pass receiver=other.example (oh", false },
};

static void
whose_field_it_is(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(claims); i++)
		if (spf_received_claims(claims[i].value, "mx.example.net") !=
		    claims[i].ours)
			row_fail(claims[i].name, "want %s", claims[i].ours ?
			    "ours" : "another's");
}

static void
names_beyond_ascii(void **state)
{
	(void)state;
	assert_true(spf_received_claims(" pass receiver=b\303\274cher.example",
	    "xn--bcher-kva.example"));
	assert_false(spf_received_claims(" pass receiver=bucher.example",
	    "xn--bcher-kva.example"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_field_it_is),
		cmocka_unit_test(names_beyond_ascii),
		cmocka_unit_test(writes_mailfrom),
		cmocka_unit_test(writes_helo_and_the_problem),
		cmocka_unit_test(names_postmaster_for_the_null_sender),
		cmocka_unit_test(quotes_or_drops_foreign_words),
		cmocka_unit_test(says_nothing_about_what_was_not_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
