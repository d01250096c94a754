/*
 * resolver_zone: answers from a zone text, and its syntax errors
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dns/resolver.h"

static const char zone_text[] =
    "; a comment\n"
    "\n"
    "example.org.   TXT \"v=spf1 \" \"-all\"   ; behind it\n"
    "example.org    TXT bare\r\n"
    "Example.ORG    A 192.0.2.1\n"
    "example.org    AAAA 2001:db8::1\n"
    "example.org    MX 10 Mail.example.org.\n"
    "example.org    MX 65535 mail2.example.org\n"
    "null.test      MX 0 .\n"
    "esc.test       TXT \"a\\\"b\\\\c\\000d\\255\"\n"
    "empty.test     TXT \"\"\n"
    "1.2.0.192.in-addr.arpa PTR Mail.example.org\n"
    "1.2.0.192.in-addr.arpa PTR odd\\032name.example.org\n"
    "2.2.0.192.in-addr.arpa PTR \"odd name.example.org\"\n"
    "deep.below.here.test A 192.0.2.2\n"
    "alias.test     CNAME alias2.test\n"
    "alias2.test    CNAME example.org\n"
    "dangling.test  CNAME nowhere.test\n"
    "loop.test      CNAME loop2.test\n"
    "loop2.test     CNAME loop.test\n"
    "sf.test        SERVFAIL\n"
    "to.test        TIMEOUT\n"
    "re.test        refused\n"
    "part.test      TIMEOUT\n"
    "part.test      TXT \"there\"\n"
    "tosf.test      CNAME sf.test\n"
    "\"sp ace.test\" A 192.0.2.3\n"
    "last.test      A 192.0.2.4";

#define S(s)	s, sizeof(s) - 1

static const struct {
	const char	*name, *question;
	enum dns_type	 type;
	enum dns_status	 status;
	const char	*why;
	size_t		 n;
	const char	*first;
	size_t		 len;
} cases[] = {
	{ "strings joined, records in order", "example.org", DNS_TXT,
	    DNS_OK, "ok", 2, S("v=spf1 -all") },
	{ "case and final dot", "EXAMPLE.org.", DNS_TXT,
	    DNS_OK, "ok", 2, S("v=spf1 -all") },
	{ "A", "example.org", DNS_A, DNS_OK, "ok", 1, S("\300\0\2\1") },
	{ "AAAA", "example.org", DNS_AAAA, DNS_OK, "ok", 1,
	    S("\40\1\r\270\0\0\0\0\0\0\0\0\0\0\0\1") },
	{ "MX", "example.org", DNS_MX, DNS_OK, "ok", 2,
	    S("mail.example.org") },
	{ "null MX", "null.test", DNS_MX, DNS_OK, "ok", 1, S("") },
	{ "escapes", "esc.test", DNS_TXT, DNS_OK, "ok", 1,
	    S("a\"b\\c\0d\377") },
	{ "empty string", "empty.test", DNS_TXT, DNS_OK, "ok", 1, S("") },
	{ "an odd PTR name is dropped", "1.2.0.192.in-addr.arpa", DNS_PTR,
	    DNS_OK, "ok", 1, S("mail.example.org") },
	{ "only odd PTR names", "2.2.0.192.in-addr.arpa", DNS_PTR,
	    DNS_NODATA, "nodata", 0, NULL, 0 },
	{ "no such type", "example.org", DNS_PTR, DNS_NODATA, "nodata",
	    0, NULL, 0 },
	{ "empty non-terminal", "below.here.test", DNS_TXT,
	    DNS_NODATA, "nodata", 0, NULL, 0 },
	{ "the top exists, too", "test", DNS_TXT, DNS_NODATA, "nodata",
	    0, NULL, 0 },
	{ "below a name", "x.example.org", DNS_TXT,
	    DNS_NXDOMAIN, "nxdomain", 0, NULL, 0 },
	{ "not listed", "nowhere.test", DNS_A, DNS_NXDOMAIN, "nxdomain",
	    0, NULL, 0 },
	{ "chain of aliases", "alias.test", DNS_A, DNS_OK, "ok", 1,
	    S("\300\0\2\1") },
	{ "alias of nothing", "dangling.test", DNS_A,
	    DNS_NXDOMAIN, "nxdomain", 0, NULL, 0 },
	{ "alias loop", "loop.test", DNS_A, DNS_TEMPFAIL, "cname loop",
	    0, NULL, 0 },
	{ "SERVFAIL", "sf.test", DNS_A, DNS_TEMPFAIL, "servfail",
	    0, NULL, 0 },
	{ "TIMEOUT", "to.test", DNS_TXT, DNS_TEMPFAIL, "timeout",
	    0, NULL, 0 },
	{ "REFUSED", "re.test", DNS_TXT, DNS_TEMPFAIL, "refused",
	    0, NULL, 0 },
	{ "alias of a failure", "tosf.test", DNS_TXT,
	    DNS_TEMPFAIL, "servfail", 0, NULL, 0 },
	{ "a listed type beside a failure", "part.test", DNS_TXT,
	    DNS_OK, "ok", 1, S("there") },
	{ "other types fail", "part.test", DNS_A, DNS_TEMPFAIL, "timeout",
	    0, NULL, 0 },
	{ "blank in a name", "sp ace.test", DNS_A, DNS_OK, "ok", 1,
	    S("\300\0\2\3") },
	{ "no line end", "last.test", DNS_A, DNS_OK, "ok", 1,
	    S("\300\0\2\4") },
	{ "no legal name", "a..test", DNS_A, DNS_BADNAME, "badname",
	    0, NULL, 0 },
};

static struct resolver *
zone(const char *text)
{
	char		*why = NULL;
	struct resolver	*r = resolver_zone_new(text, &why);

	if (r == NULL)
		fail_msg("zone refused: %s", why);
	return r;
}

static void
case_holds(size_t i, const struct dns_answer *a)
{
	if (a->status != cases[i].status || a->n != cases[i].n ||
	    strcmp(a->why, cases[i].why) != 0)
		row_fail(cases[i].name, "status %d n %zu why %s", a->status,
		    a->n, a->why);
	if (a->n > 0 && (a->rr[0].len != cases[i].len ||
	    memcmp(a->rr[0].data, cases[i].first, a->rr[0].len + 1) != 0))
		row_fail(cases[i].name, "first record: len %zu \"%s\"",
		    a->rr[0].len, a->rr[0].data);
	if (a->status == DNS_OK && a->ttl == 0)
		row_fail(cases[i].name, "no TTL");
}

/* Two rounds; the second one is answered from the cache. */
static void
answers(void **state)
{
	const struct lookup_limits	 limits = { 1000, 100 };
	struct resolver			*r = zone(zone_text);
	struct resolver_stats		 st;
	struct lookups			*l;
	size_t				 i, round;

	(void)state;
	for (round = 0; round < 2; round++) {
		l = lookups_new(r, &limits);
		for (i = 0; i < NELEM(cases); i++)
			case_holds(i, lookups_ask(l, cases[i].question,
			    cases[i].type));
		lookups_free(&l);
	}
	resolver_stats(r, &st);
	assert_true(st.cache_hits > 0);
	resolver_free(&r);
	assert_null(r);
}

static void
preferences(void **state)
{
	const struct lookup_limits	 limits = { 1000, 100 };
	struct resolver			*r = zone(zone_text);
	struct lookups			*l = lookups_new(r, &limits);
	const struct dns_answer		*a;

	(void)state;
	a = lookups_ask(l, "example.org", DNS_MX);
	assert_int_equal(a->n, 2);
	assert_int_equal(a->rr[0].preference, 10);
	assert_int_equal(a->rr[1].preference, 65535);
	assert_string_equal(a->rr[1].data, "mail2.example.org");
	lookups_free(&l);
	resolver_free(&r);
}

/* A string of more than 255 octets stays whole; excess records are dropped. */
static void
long_strings_and_many_records(void **state)
{
	const struct lookup_limits	 limits = { 1000, 100 };
	struct buf			 b = BUF_INIT;
	struct resolver			*r;
	struct lookups			*l;
	int				 i;

	(void)state;
	buf_printf(&b, "long.test TXT \"%01000d\"\n", 7);
	for (i = 0; i < 100; i++)
		buf_printf(&b, "many.test A 192.0.2.%d\n", i);
	r = zone(buf_str(&b));
	l = lookups_new(r, &limits);
	assert_int_equal(lookups_ask(l, "long.test", DNS_TXT)->rr[0].len,
	    1000);
	assert_int_equal(lookups_ask(l, "many.test", DNS_A)->n,
	    RESOLVER_MAX_RR);
	lookups_free(&l);
	resolver_free(&r);
	buf_free(&b);
}

static const struct {
	const char *name, *text, *want;
} errors[] = {
	{ "no type", "a.test\n", "line 1: the type is missing" },
	{ "unknown type", "\n;\na.test SOA x\n", "line 3: unknown type" },
	{ "bad name", "a..test A 192.0.2.1", "line 1: not a legal name" },
	{ "NUL in a name", "a\\000b A 192.0.2.1",
	    "line 1: not a legal name" },
	{ "bad address", "a.test A 192.0.2.256", "line 1: not an address" },
	{ "wrong family", "a.test AAAA 192.0.2.1", "line 1: not an address" },
	{ "no address", "a.test A", "line 1: an address is missing" },
	{ "two addresses", "a.test A 192.0.2.1 192.0.2.2",
	    "line 1: extra text" },
	{ "no string", "a.test TXT ; none", "line 1: a string is missing" },
	{ "open quote", "a.test TXT \"abc\nb.test A 192.0.2.1",
	    "line 1: the quote is not closed" },
	{ "escape too large", "a.test TXT \"\\256\"",
	    "line 1: an octet is at most" },
	{ "escape too short", "a.test TXT \"\\25\"",
	    "line 1: three digits must" },
	{ "backslash at the end", "a.test TXT x\\",
	    "line 1: a character must follow" },
	{ "no preference", "a.test MX mail.test", "line 1: the preference" },
	{ "large preference", "a.test MX 65536 mail.test",
	    "line 1: the preference" },
	{ "MX without name", "a.test MX 1", "line 1: a name is missing" },
	{ "alias without name", "a.test CNAME", "line 1: a name is missing" },
	{ "garbage after a failure", "a.test TIMEOUT 5",
	    "line 1: extra text" },
	{ "open quote after a record", "a.test A 192.0.2.1 \"x",
	    "line 1: the quote is not closed" },
};

static void
errors_say_where(void **state)
{
	char	*why;
	size_t	 i;

	(void)state;
	for (i = 0; i < NELEM(errors); i++) {
		why = NULL;
		assert_null(resolver_zone_new(errors[i].text, &why));
		if (why == NULL ||
		    strncmp(why, errors[i].want, strlen(errors[i].want)) != 0)
			row_fail(errors[i].name, "got %s", why);
		free(why);
	}
}

static void
an_empty_zone_denies_all(void **state)
{
	const struct lookup_limits	 limits = { 1000, 100 };
	struct resolver			*r = zone("");
	struct lookups			*l = lookups_new(r, &limits);

	(void)state;
	assert_int_equal(lookups_ask(l, "test", DNS_A)->status, DNS_NXDOMAIN);
	lookups_free(&l);
	resolver_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(preferences),
		cmocka_unit_test(long_strings_and_many_records),
		cmocka_unit_test(errors_say_where),
		cmocka_unit_test(an_empty_zone_denies_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
