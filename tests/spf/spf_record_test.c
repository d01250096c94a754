/*
 * spf_record: the grammar of RFC 7208 section 12, one row for each rule
 */
#include "test.h"

#include "base/buf.h"
#include "spf/spf_record_priv.h"

/* A literal with its length, so that it may contain a NUL. */
#define TEXT(s)	s, sizeof(s) - 1

static const struct {
	const char	*name;
	const char	*text;
	size_t		 len;
	bool		 want;
} versions[] = {
	{ "bare version", TEXT("v=spf1"), true },
	{ "any case", TEXT("V=SpF1 -all"), true },
	{ "followed by a blank", TEXT("v=spf1 "), true },
	{ "a longer word is another version", TEXT("v=spf10 -all"), false },
	{ "a TAB does not end the version", TEXT("v=spf1\t-all"), false },
	{ "a NUL does not end the version", TEXT("v=spf1\0-all"), false },
	{ "leading blank", TEXT(" v=spf1 -all"), false },
	{ "short", TEXT("v=spf"), false },
	{ "empty", TEXT(""), false },
	{ "another record", TEXT("spf2.0/pra -all"), false },
};

static void
tells_records_from_other_text(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(versions); i++)
		if (spf_record_is(versions[i].text, versions[i].len) !=
		    versions[i].want)
			row_fail(versions[i].name, "want %d", versions[i].want);
}

static bool
parse(const char *text, size_t len, struct spf_record *rec)
{
	struct spf_term t;

	spf_record_begin(rec, text, len);
	while (spf_record_next(rec, &t))
		;
	return rec->error == NULL;
}

/* want: NULL is valid, else a part of the error. */
static const struct {
	const char	*name;
	const char	*terms;
	size_t		 len;
	const char	*want;
} syntax[] = {
	{ "no term", TEXT(""), NULL },
	{ "blanks alone", TEXT("   "), NULL },
	{ "several blanks between terms", TEXT("a   mx    -all  "), NULL },
	{ "TAB between terms", TEXT("a\t-all"), "name" },
	{ "TAB as a term", TEXT("a \t -all"), "begin" },
	{ "CR in a term", TEXT("a:x.example\r -all"), "domain" },
	{ "NUL in a term", TEXT("a:x\0y.example -all"), "domain" },
	{ "NUL at the end", TEXT("-all\0"), "name" },
	{ "octet over 127 in a name", TEXT("a\x96ll"), "name" },
	{ "octet over 127 in a domain", TEXT("a:\xef.example"), "domain" },
	{ "any case of names", TEXT("ALL"), NULL },

	{ "all alone", TEXT("all"), NULL },
	{ "all with qualifier", TEXT("~all"), NULL },
	{ "two qualifiers", TEXT("--all"), "begin" },
	{ "qualifier alone", TEXT("-"), "begin" },
	{ "all with a dot", TEXT("-all."), "unknown" },
	{ "all with a domain", TEXT("-all:foobar.example"), "argument" },
	{ "all with a prefix length", TEXT("-all/8"), "argument" },
	{ "unknown mechanism", TEXT("moo"), "unknown" },
	{ "unknown mechanism with domain", TEXT("moo:a.example"), "unknown" },
	{ "error behind all counts", TEXT("-all moo"), "unknown" },

	{ "a alone", TEXT("a"), NULL },
	{ "a with domain", TEXT("a:host.example"), NULL },
	{ "a with final dot", TEXT("a:host.example."), NULL },
	{ "a with two final dots", TEXT("a:host.example.."), "domain" },
	{ "a with empty domain", TEXT("a:"), "domain" },
	{ "a with empty domain and length", TEXT("a:/24"), "domain" },
	{ "a with top label alone", TEXT("a:example"), "domain" },
	{ "a with top label and dot", TEXT("a:example."), "domain" },
	{ "a with a leading dot", TEXT("a:.example"), NULL },
	{ "numeric top label", TEXT("a:111.222.33.44"), "domain" },
	{ "top label with a letter", TEXT("a:host.1x2"), NULL },
	{ "top label with hyphen", TEXT("a:host.1-2"), NULL },
	{ "top label ends in hyphen", TEXT("a:host.x-"), "domain" },
	{ "top label begins with hyphen", TEXT("a:host.-x"), "domain" },
	{ "underscore in the top label", TEXT("a:host.x_y"), "domain" },
	{ "port behind the domain", TEXT("a:host.example:8080"), "domain" },
	{ "colon and slash inside", TEXT("a:foo:bar/baz.example"), NULL },
	{ "empty label inside", TEXT("a:host...example"), NULL },
	{ "a/0", TEXT("a/0"), NULL },
	{ "a/32", TEXT("a/32"), NULL },
	{ "a/33", TEXT("a/33"), "prefix" },
	{ "a/032", TEXT("a/032"), "prefix" },
	{ "a/00", TEXT("a/00"), "prefix" },
	{ "a/", TEXT("a/"), "prefix length" },
	{ "a//0", TEXT("a//0"), NULL },
	{ "a//128", TEXT("a//128"), NULL },
	{ "a//129", TEXT("a//129"), "prefix" },
	{ "a//4294967297", TEXT("a//4294967297"), "prefix" },
	{ "a/24//64", TEXT("a/24//64"), NULL },
	{ "a/24/64", TEXT("a/24/64"), "prefix" },
	{ "a///64", TEXT("a///64"), "prefix" },
	{ "a:x.example/24//64", TEXT("a:x.example/24//64"), NULL },
	{ "a:x.example//64/24", TEXT("a:x.example//64/24"), "domain" },
	{ "length behind a macro", TEXT("a:%{d}/24"), NULL },
	{ "blank before the length", TEXT("a /24"), "begin" },

	{ "mx", TEXT("mx:x.example/0//0"), NULL },
	{ "mx with nothing behind the colon", TEXT("mx:"), "domain" },
	{ "ptr", TEXT("ptr"), NULL },
	{ "ptr with domain", TEXT("ptr:x.example"), NULL },
	{ "ptr with length", TEXT("ptr/0"), "prefix" },
	{ "ptr with domain and length", TEXT("ptr:x.example/24"), "domain" },
	{ "exists", TEXT("exists:%{i}.x.example"), NULL },
	{ "exists without domain", TEXT("exists"), "needs a domain" },
	{ "exists with length", TEXT("exists:x.example/24"), "domain" },
	{ "include", TEXT("include:x.example"), NULL },
	{ "include without domain", TEXT("include"), "needs a domain" },
	{ "include with length", TEXT("include:x.example/24"), "domain" },

	{ "ip4", TEXT("ip4:192.0.2.1"), NULL },
	{ "ip4/0", TEXT("ip4:192.0.2.1/0"), NULL },
	{ "ip4/32", TEXT("ip4:192.0.2.1/32"), NULL },
	{ "ip4/33", TEXT("ip4:192.0.2.1/33"), "prefix" },
	{ "ip4/032", TEXT("ip4:192.0.2.1/032"), "prefix" },
	{ "ip4//32", TEXT("ip4:192.0.2.1//32"), "address" },
	{ "ip4/", TEXT("ip4:192.0.2.1/"), "address" },
	{ "ip4 alone", TEXT("ip4"), "needs a network" },
	{ "ip4: alone", TEXT("ip4:"), "needs a network" },
	{ "ip4/8 without address", TEXT("ip4/8"), "needs a network" },
	{ "ip4 too short", TEXT("ip4:192.0.2"), "address" },
	{ "ip4 with leading zero", TEXT("ip4:192.0.02.1"), "address" },
	{ "ip4 of 255", TEXT("ip4:255.0.2.255"), NULL },
	{ "ip4 over 255", TEXT("ip4:192.0.2.256"), "address" },
	{ "ip4 of four digits", TEXT("ip4:192.0.2.1234"), "address" },
	{ "ip4 of many digits", TEXT("ip4:192.0.2.99999999999"), "address" },
	{ "ip4 of 00", TEXT("ip4:192.0.2.00"), "address" },
	{ "ip4 of zeros", TEXT("ip4:0.0.0.0"), NULL },
	{ "ip4 of five numbers", TEXT("ip4:192.0.2.1.1"), "address" },
	{ "ip4 with a final dot", TEXT("ip4:192.0.2.1."), "address" },
	{ "ip4 with an empty number", TEXT("ip4:192.0..1"), "address" },
	{ "ip4 that is ip6", TEXT("ip4:2001:db8::1"), "address" },
	{ "ip4 with port", TEXT("ip4:192.0.2.1:25"), "address" },
	{ "ip4 in hex", TEXT("ip4:0xc0000201"), "address" },
	{ "ip4 with NUL behind", TEXT("ip4:192.0.2.1\0"), "address" },
	{ "ip6", TEXT("ip6:2001:db8::1"), NULL },
	{ "ip6/128", TEXT("ip6:2001:db8::1/128"), NULL },
	{ "ip6/129", TEXT("ip6:2001:db8::1/129"), "prefix" },
	{ "ip6//64", TEXT("ip6:2001:db8::1//64"), "address" },
	{ "ip6 with dotted quad", TEXT("ip6:::ffff:192.0.2.1"), NULL },
	{ "ip6 with two gaps", TEXT("ip6:2001::db8::1"), "address" },
	{ "ip6 with scope", TEXT("ip6:fe80::1%eth0"), "address" },
	{ "ip6 too long", TEXT("ip6:2001:db8:0000:0000:0000:0000:0000:0000:1:"
	    "2:3:4:5:6:7:8"), "address" },
	{ "ip6 in brackets", TEXT("ip6:[2001:db8::1]"), "address" },

	{ "redirect", TEXT("redirect=x.example"), NULL },
	{ "redirect as a mechanism", TEXT("redirect:x.example"), "unknown" },
	{ "redirect with qualifier", TEXT("-redirect=x.example"), "name" },
	{ "redirect without domain", TEXT("redirect="), "redirect" },
	{ "redirect twice", TEXT("redirect=x.example redirect=x.example"),
	    "twice" },
	{ "exp twice, any case", TEXT("exp=x.example EXP=y.example"),
	    "twice" },
	{ "exp with bad domain", TEXT("exp=-all"), "exp" },
	{ "exp with length", TEXT("exp=x.example/24"), "exp" },
	{ "exp with a letter for texts", TEXT("exp=%{r}.example"), "exp" },
	{ "unknown modifier", TEXT("moo.cow-far_out=man:dog/cat"), NULL },
	{ "unknown modifier, empty", TEXT("moo="), NULL },
	{ "unknown modifier twice", TEXT("moo=1 moo=2"), NULL },
	{ "modifier named like a mechanism", TEXT("a=b"), NULL },
	{ "unknown modifier with macro", TEXT("moo=%{l1r-}%%"), NULL },
	{ "unknown modifier with a text letter", TEXT("moo=%{c}"), NULL },
	{ "unknown modifier with bad macro", TEXT("moo=%{abc}"), "modifier" },
	{ "modifier name with slash", TEXT("moo.cow/far=x"), "unknown" },
	{ "modifier name begins with a digit", TEXT("4all=x"), "begin" },
	{ "equals sign alone", TEXT("=x"), "begin" },
};

static void
judges_syntax(void **state)
{
	struct spf_record	 rec;
	struct buf		 b = BUF_INIT;
	size_t			 i;
	bool			 ok;

	(void)state;
	for (i = 0; i < NELEM(syntax); i++) {
		buf_reset(&b);
		buf_addstr(&b, "v=spf1 ");
		buf_add(&b, syntax[i].terms, syntax[i].len);
		ok = parse(b.data, b.len, &rec);
		if (ok != (syntax[i].want == NULL))
			row_fail(syntax[i].name, "%s",
			    ok ? "accepted" : rec.error);
		if (!ok && strstr(rec.error, syntax[i].want) == NULL)
			row_fail(syntax[i].name, "error is \"%s\"", rec.error);
	}
	buf_free(&b);
}

static void
gives_terms_in_order(void **state)
{
	static const char text[] = "v=spf1 exp=e.example -a:h.example/24//64 "
	    "?mx ip4:192.0.2.0/24 ip6:2001:db8::/32 +ptr ~exists:%{i}.example "
	    "include:i.example x=y redirect=r.example -all";
	static const struct {
		enum spf_term_kind kind;
		char		 qualifier;
		const char	*spec;
		bool		 dns;
	} want[] = {
		{ TERM_EXP, '+', "e.example", false },
		{ TERM_A, '-', "h.example", true },
		{ TERM_MX, '?', NULL, true },
		{ TERM_IP4, '+', NULL, false },
		{ TERM_IP6, '+', NULL, false },
		{ TERM_PTR, '+', NULL, true },
		{ TERM_EXISTS, '~', "%{i}.example", true },
		{ TERM_INCLUDE, '+', "i.example", true },
		{ TERM_UNKNOWN_MODIFIER, '+', "y", false },
		{ TERM_REDIRECT, '+', "r.example", true },
		{ TERM_ALL, '-', NULL, false },
	};
	struct spf_record	 rec;
	struct spf_term		 t;
	size_t			 i;

	(void)state;
	spf_record_begin(&rec, TEXT(text));
	for (i = 0; spf_record_next(&rec, &t); i++) {
		assert_true(i < NELEM(want));
		assert_int_equal(t.kind, want[i].kind);
		assert_int_equal(t.qualifier, want[i].qualifier);
		assert_int_equal(spf_term_asks_dns(&t), want[i].dns);
		if (want[i].spec == NULL) {
			assert_null(t.spec);
			continue;
		}
		assert_int_equal(t.spec_len, strlen(want[i].spec));
		assert_memory_equal(t.spec, want[i].spec, t.spec_len);
	}
	assert_int_equal(i, NELEM(want));
	assert_null(rec.error);
	assert_true(rec.has_redirect && rec.has_exp);
	assert_memory_equal(rec.redirect.spec, "r.example", 9);
	assert_memory_equal(rec.exp.spec, "e.example", 9);
}

static void
reads_prefix_lengths_and_networks(void **state)
{
	static const uint8_t v4[] = { 192, 0, 2, 0 };
	static const uint8_t v6[] = { 0x20, 0x01, 0x0d, 0xb8 };
	struct spf_record	 rec;
	struct spf_term		 t;

	(void)state;
	spf_record_begin(&rec,
	    TEXT("v=spf1 a/8//9 mx//10 a ip4:192.0.2.0/24 ip6:2001:db8::"));
	assert_true(spf_record_next(&rec, &t));
	assert_int_equal(t.bits4, 8);
	assert_int_equal(t.bits6, 9);
	assert_true(spf_record_next(&rec, &t));
	assert_int_equal(t.bits4, 32);
	assert_int_equal(t.bits6, 10);
	assert_true(spf_record_next(&rec, &t));
	assert_int_equal(t.bits4, 32);
	assert_int_equal(t.bits6, 128);
	assert_true(spf_record_next(&rec, &t));
	assert_int_equal(t.network.addr.family, NETADDR_IPV4);
	assert_memory_equal(t.network.addr.octets, v4, sizeof(v4));
	assert_int_equal(t.network.bits, 24);
	assert_true(spf_record_next(&rec, &t));
	assert_int_equal(t.network.addr.family, NETADDR_IPV6);
	assert_memory_equal(t.network.addr.octets, v6, sizeof(v6));
	assert_int_equal(t.network.bits, 128);
	assert_false(spf_record_next(&rec, &t));
}

static void
says_which_term_is_wrong(void **state)
{
	struct spf_record rec;

	(void)state;
	assert_false(parse(TEXT("v=spf1 a  mx moo -all"), &rec));
	assert_int_equal(rec.error_term, 3);
	assert_string_equal(rec.error, "a mechanism is unknown");
}

/* A TXT record of maximum size, full of the shortest terms. */
static void
reads_64_kilobytes(void **state)
{
	struct spf_record	 rec;
	struct spf_term		 t;
	struct buf		 b = BUF_INIT;
	unsigned		 n = 0;

	(void)state;
	buf_addstr(&b, "v=spf1");
	while (b.len + 2 <= 65535)
		buf_addstr(&b, " a");
	spf_record_begin(&rec, b.data, b.len);
	while (spf_record_next(&rec, &t))
		n++;
	assert_null(rec.error);
	assert_int_equal(n, (65535 - 6) / 2);
	buf_addstr(&b, "?");
	assert_false(parse(b.data, b.len, &rec));
	assert_int_equal(rec.error_term, n);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_records_from_other_text),
		cmocka_unit_test(judges_syntax),
		cmocka_unit_test(gives_terms_in_order),
		cmocka_unit_test(reads_prefix_lengths_and_networks),
		cmocka_unit_test(says_which_term_is_wrong),
		cmocka_unit_test(reads_64_kilobytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
