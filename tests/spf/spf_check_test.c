/*
 * spf_check: cases that the RFC 7208 test suite leaves out; each row is
 * evaluated with and without prefetch, which must give the same result
 */
#include "test.h"

#include "base/buf.h"
#include "spf_test.h"

/* want: result and, behind a colon, a part of the reason. */
static void
check_row(const char *name, const char *text, const struct spf_question *q,
    const char *want, const char *explanation)
{
	struct resolver	*r = zone(text);
	struct arena	*a = arena_new(4096);
	struct spf_facts f, early;
	const char	*colon = strchr(want, ':');
	size_t		 len = colon ? (size_t)(colon - want) : strlen(want);
	unsigned	 questions;

	questions = run(r, q, &spf_default_limits, false, a, &f);
	if (questions > BOUND)
		row_fail(name, "%u questions", questions);
	if (strlen(result_name(f.result)) != len ||
	    strncmp(result_name(f.result), want, len) != 0)
		row_fail(name, "got %s: %s", result_name(f.result), f.reason);
	if (colon != NULL && strstr(f.reason, colon + 1) == NULL)
		row_fail(name, "reason is \"%s\"", f.reason);
	if (!same_text(f.explanation, explanation))
		row_fail(name, "explanation is \"%s\"",
		    f.explanation ? f.explanation : "none");
	questions = run(r, q, &spf_default_limits, true, a, &early);
	if (questions > 2 * BOUND)
		row_fail(name, "%u questions with prefetch", questions);
	if (early.result != f.result || early.terms != f.terms ||
	    early.voids != f.voids || strcmp(early.reason, f.reason) != 0 ||
	    !same_text(early.explanation, f.explanation))
		row_fail(name, "with prefetch: %s: %s",
		    result_name(early.result), early.reason);
	arena_free(&a);
	resolver_free(&r);
}

/* --- rows over one zone ------------------------------------------------ */

static const char zone_text[] =
    "a.example	A 192.0.2.1\n"
    "a.example	AAAA 2001:db8::1\n"
    "b.example	A 192.0.2.2\n"
    "one.mx.example MX 10 a.example\n"
    "t0.x	A 192.0.2.1\n"
    "servfail.example SERVFAIL\n"
    "refused.example REFUSED\n"
    "timeout.example TIMEOUT\n"
    "hosts.example MX 10 servfail.example\n"
    "hosts2.example MX 10 a.example\n"
    "hosts2.example MX 20 servfail.example\n"
    "null.example MX 0 .\n"
    /* hosts that are void for an IPv6 client */
    "v4.example A 192.0.2.4\n"
    "v4.mx.example MX 10 v4.example\n"
    "v4.mx.example MX 20 b.example\n"
    "v4.mx.example MX 30 p.example\n"
    "v4.mx.example MX 40 d.example\n"
    "v4last.mx.example MX 10 v4.example\n"
    "v4last.mx.example MX 20 b.example\n"
    "v4last.mx.example MX 30 p.example\n"
    "v4last.mx.example MX 40 a.example\n"
    "4.2.0.192.in-addr.arpa PTR x1.example\n"
    "4.2.0.192.in-addr.arpa PTR x2.example\n"
    "4.2.0.192.in-addr.arpa PTR x3.example\n"
    "void2.example TXT \"v=spf1 a:x1.example mx:x2.example\"\n"
    /* the client's names */
    "1.2.0.192.in-addr.arpa PTR servfail.example\n"
    "1.2.0.192.in-addr.arpa PTR b.example\n"
    "1.2.0.192.in-addr.arpa PTR A.Example\n"
    "2.2.0.192.in-addr.arpa SERVFAIL\n"
    "3.2.0.192.in-addr.arpa PTR a.example\n"
    "7.2.0.192.in-addr.arpa PTR x.example\n"
    "7.2.0.192.in-addr.arpa PTR p.example\n"
    "7.2.0.192.in-addr.arpa PTR sub.d.example\n"
    "7.2.0.192.in-addr.arpa PTR d.example\n"
    "p.example A 192.0.2.7\nsub.d.example A 192.0.2.7\n"
    "d.example A 192.0.2.7\n"
    "8.2.0.192.in-addr.arpa PTR p8.example\n"
    "8.2.0.192.in-addr.arpa PTR h8.d.example\n"
    "8.2.0.192.in-addr.arpa PTR g8.d.example\n"
    "p8.example A 192.0.2.8\nh8.d.example A 192.0.2.8\n"
    "g8.d.example A 192.0.2.8\n"
    "sub.d.example TXT \"v=spf1 -all exp=exp.example\"\n"
    "other.example TXT \"v=spf1 -all exp=exp.example\"\n"
    /* CNAME chains */
    "c1.example CNAME c2.example\n"
    "c2.example CNAME c3.example\n"
    "c3.example CNAME a.example\n"
    "loop1.example CNAME loop2.example\n"
    "loop2.example CNAME loop1.example\n"
    "alias.example CNAME spf.example\n"
    "spf.example TXT \"v=spf1 a:c1.example -all\"\n"
    "exp.example TXT \"%{s} %{c} %{d} %{p} %{r}\"\n"
    "unknown.exp.example TXT \"%{p}\"\n"
    "twoexp.example TXT \"one\"\n"
    "twoexp.example TXT \"two\"\n"
    "tabexp.example TXT \"a\\009b\"\n"
    "emptyexp.example TXT \"\"\n"
    "inc.pass.example TXT \"v=spf1 +all\"\n"
    "inc.fail.example TXT \"v=spf1 -all exp=twoexp.example\"\n"
    "inc.neutral.example TXT \"v=spf1\"\n"
    "inc.bad.example TXT \"v=spf1 moo\"\n"
    "red.example TXT \"v=spf1 -all\"\n"
    "redexp.example TXT \"v=spf1 -all exp=exp.example\"\n"
    "two.example TXT \"v=spf1 -all\"\n"
    "two.example TXT \"V=SPF1 +all\"\n"
    "a.b.c.local.example A 127.0.0.2\n"
    "e.d.local.example A 127.0.0.2\n"
    "\"%20 %.example\" A 192.0.2.1\n";

/* The record of "d.example", from which user@d.example sends. */
static const struct {
	const char	*name, *client, *record, *want, *explanation;
} rows[] = {
	{ "pass", "192.0.2.1", "v=spf1 a:a.example -all", "pass", NULL },
	{ "fail", "192.0.2.9", "v=spf1 a:a.example -all", "fail", NULL },
	{ "IPv6", "2001:db8::1", "v=spf1 a:a.example -all", "pass", NULL },
	{ "v4-mapped", "::ffff:192.0.2.1", "v=spf1 a:a.example -all", "pass",
	    NULL },
	{ "mx", "192.0.2.1", "v=spf1 mx:one.mx.example -all", "pass", NULL },
	{ "null MX", "192.0.2.1", "v=spf1 mx:null.example -all", "fail",
	    NULL },

	/* /0 matches any client if the name has an address */
	{ "a/0", "203.0.113.9", "v=spf1 a:a.example/0 -all", "pass", NULL },
	{ "a/0 without address", "203.0.113.9", "v=spf1 a:no.example/0 -all",
	    "fail", NULL },
	{ "a//0", "2001:db8:ffff::9", "v=spf1 a:a.example//0 -all", "pass",
	    NULL },
	{ "a//0 is not for IPv4", "203.0.113.9", "v=spf1 a:a.example//0 -all",
	    "fail", NULL },
	{ "a/0 is not for IPv6", "2001:db8::9", "v=spf1 a:a.example/0 -all",
	    "fail", NULL },
	{ "mx/0", "203.0.113.9", "v=spf1 mx:one.mx.example/0 -all", "pass",
	    NULL },
	{ "ip4/0", "203.0.113.9", "v=spf1 ip4:192.0.2.1/0 -all", "pass",
	    NULL },
	{ "ip4/0 is not for IPv6", "2001:db8::9",
	    "v=spf1 ip4:192.0.2.1/0 -all", "fail", NULL },
	{ "ip6/0", "2001:db8::9", "v=spf1 ip6:::/0 -all", "pass", NULL },
	{ "a/24", "192.0.2.200", "v=spf1 a:a.example/24 -all", "pass", NULL },
	{ "a/25", "192.0.2.200", "v=spf1 a:a.example/25 -all", "fail", NULL },
	{ "a//127", "2001:db8::", "v=spf1 a:a.example/1//127 -all", "pass",
	    NULL },
	{ "mx/31", "192.0.2.0", "v=spf1 mx:one.mx.example/31 -all", "pass",
	    NULL },

	/* loopback clients are evaluated like all others */
	{ "127.0.0.1 is not free", "127.0.0.1", "v=spf1 a:a.example -all",
	    "fail", NULL },
	{ "::1 is not free", "::1", "v=spf1 a:a.example -all", "fail", NULL },
	{ "127.0.0.2 by a", "127.0.0.2", "v=spf1 a:e.d.local.example -all",
	    "pass", NULL },
	{ "127.0.0.3 by a/31", "127.0.0.3",
	    "v=spf1 a:e.d.local.example/31 -all", "pass", NULL },
	{ "127.0.0.4 by a/31", "127.0.0.4",
	    "v=spf1 a:e.d.local.example/31 -all", "fail", NULL },
	{ "255.0.0.2 is no 127.0.0.2", "255.0.0.2",
	    "v=spf1 a:e.d.local.example -all", "fail", NULL },
	{ "127.0.0.1 by ip4", "127.0.0.1", "v=spf1 ip4:127.0.0.0/8 -all",
	    "pass", NULL },

	/* failures, on each kind of term */
	{ "SERVFAIL on a", "192.0.2.1", "v=spf1 a:servfail.example -all",
	    "temperror:A of servfail.example: servfail", NULL },
	{ "REFUSED on a", "192.0.2.1", "v=spf1 a:refused.example -all",
	    "temperror:refused", NULL },
	{ "timeout on a", "192.0.2.1", "v=spf1 a:timeout.example -all",
	    "temperror:timeout", NULL },
	{ "SERVFAIL on AAAA", "2001:db8::9", "v=spf1 a:servfail.example -all",
	    "temperror:AAAA of", NULL },
	{ "SERVFAIL on a behind a match", "192.0.2.1",
	    "v=spf1 a:a.example a:servfail.example -all", "pass", NULL },
	{ "SERVFAIL on mx", "192.0.2.1", "v=spf1 mx:servfail.example -all",
	    "temperror:MX of", NULL },
	{ "REFUSED on mx", "192.0.2.1", "v=spf1 mx:refused.example -all",
	    "temperror:refused", NULL },
	{ "SERVFAIL on an MX host", "192.0.2.1", "v=spf1 mx:hosts.example",
	    "temperror:A of servfail.example", NULL },
	{ "SERVFAIL on an MX host behind a match", "192.0.2.1",
	    "v=spf1 mx:hosts2.example -all", "pass", NULL },
	{ "SERVFAIL on exists", "192.0.2.1",
	    "v=spf1 exists:servfail.example -all", "temperror:A of", NULL },
	{ "REFUSED on exists", "2001:db8::9",
	    "v=spf1 exists:refused.example -all", "temperror:A of", NULL },
	{ "SERVFAIL on include", "192.0.2.1",
	    "v=spf1 include:servfail.example -all", "temperror:TXT of", NULL },
	{ "REFUSED on include", "192.0.2.1",
	    "v=spf1 ?include:refused.example -all", "temperror:TXT of", NULL },
	{ "SERVFAIL on redirect", "192.0.2.1",
	    "v=spf1 redirect=servfail.example", "temperror:TXT of", NULL },
	{ "REFUSED on redirect", "192.0.2.1",
	    "v=spf1 redirect=refused.example", "temperror:TXT of", NULL },
	{ "SERVFAIL on a redirect not followed", "192.0.2.1",
	    "v=spf1 redirect=servfail.example ?all", "neutral", NULL },
	{ "SERVFAIL on the client's PTR", "192.0.2.2", "v=spf1 ptr -all",
	    "fail", NULL },
	{ "SERVFAIL on a name of the client", "192.0.2.1",
	    "v=spf1 ptr:a.example -all", "pass", NULL },
	{ "SERVFAIL on exp", "192.0.2.9",
	    "v=spf1 -all exp=servfail.example", "fail", NULL },
	{ "REFUSED on exp", "192.0.2.9",
	    "v=spf1 -all exp=refused.example", "fail", NULL },

	/* ptr and %{p} */
	{ "ptr, not validated", "192.0.2.3", "v=spf1 ptr:a.example -all",
	    "fail", NULL },
	{ "ptr, another domain", "192.0.2.1", "v=spf1 ptr:d.example -all",
	    "fail", NULL },
	{ "ptr, target in capitals", "192.0.2.1",
	    "v=spf1 ptr:A.EXAMPLE -all", "pass", NULL },
	{ "%{p} in a name", "192.0.2.1", "v=spf1 a:%{p} -all", "pass", NULL },
	{ "%{p} is the domain itself before others", "192.0.2.7",
	    "v=spf1 -all exp=exp.example", "fail",
	    "user@d.example 192.0.2.7 d.example d.example mx.example.net" },
	{ "%{p} is a subdomain itself", "192.0.2.7",
	    "v=spf1 redirect=SUB.d.example", "fail",
	    "user@d.example 192.0.2.7 SUB.d.example sub.d.example "
	    "mx.example.net" },
	{ "%{p} is any, of another domain", "192.0.2.7",
	    "v=spf1 redirect=other.example", "fail",
	    "user@d.example 192.0.2.7 other.example p.example "
	    "mx.example.net" },
	{ "%{p} is below the domain before others", "192.0.2.8",
	    "v=spf1 -all exp=exp.example", "fail",
	    "user@d.example 192.0.2.8 d.example h8.d.example "
	    "mx.example.net" },
	{ "%{p} unknown in exp, after as many void lookups as allowed",
	    "192.0.2.99", "v=spf1 a:x1.example a:x2.example a:a.example -all "
	    "exp=%{p}.exp.example", "fail", "unknown" },
	{ "%{p} unknown", "192.0.2.3", "v=spf1 exists:%{p}.example -all",
	    "fail", NULL },

	/* CNAME */
	{ "CNAME chain", "192.0.2.1", "v=spf1 a:c1.example -all", "pass",
	    NULL },
	{ "CNAME on a record", "192.0.2.1",
	    "v=spf1 include:alias.example -all", "pass", NULL },
	{ "CNAME loop", "192.0.2.1", "v=spf1 a:loop1.example -all",
	    "temperror", NULL },

	/* the text of a record */
	{ "many strings", "192.0.2.1",
	    "v=s\" \"pf1 a:\" \"\" \"a.exam\" \"ple \" \"-all", "pass", NULL },
	{ "strings are joined without a blank", "192.0.2.1",
	    "v=spf1\" \"-all", "none", NULL },
	{ "TAB in a record", "192.0.2.1", "v=spf1\\009a:a.example -all",
	    "none", NULL },
	{ "TAB between terms", "192.0.2.1", "v=spf1 a:a.example\\009-all",
	    "permerror:term 1", NULL },
	{ "NUL in a record", "192.0.2.1",
	    "v=spf1 a:a.example\\000 -all", "permerror", NULL },
	{ "NUL behind the version", "192.0.2.1", "v=spf1\\000 +all", "none",
	    NULL },
	{ "line end in a record", "192.0.2.1",
	    "v=spf1 a:a.example\\010-all", "permerror", NULL },

	/* names that cannot be looked up do not exist, and are not void */
	{ "empty label", "192.0.2.1", "v=spf1 a:a..example -all", "fail",
	    NULL },
	{ "five names that cannot be", "192.0.2.1",
	    "v=spf1 a:.example mx:.example exists:.example a:a..example "
	    "mx:a..example a:a.example -all", "pass", NULL },
	{ "include of such a name", "192.0.2.1",
	    "v=spf1 include:a..example -all", "permerror:no SPF record",
	    NULL },
	{ "redirect to such a name", "192.0.2.1",
	    "v=spf1 redirect=a..example", "permerror:no SPF record", NULL },
	{ "exp= of such a name", "192.0.2.1", "v=spf1 -all exp=a..example",
	    "fail", NULL },
	{ "blank and percent in a name", "192.0.2.1",
	    "v=spf1 a:%-%_%%.example -all", "pass", NULL },

	/* names in the DNS that look like our generated names */
	{ "a name like ours", "192.0.2.1", "v=spf1 a:t0.x -all", "pass",
	    NULL },
	{ "a name like ours that is not there", "192.0.2.1",
	    "v=spf1 a:t1.x -all", "fail", NULL },
	{ "include of a name like ours", "192.0.2.1",
	    "v=spf1 include:t0.x -all", "permerror:t0.x has no", NULL },

	/* include and redirect */
	{ "include that passes", "192.0.2.1",
	    "v=spf1 ~include:inc.pass.example -all", "softfail", NULL },
	{ "include that fails", "192.0.2.1",
	    "v=spf1 include:inc.fail.example ?all", "neutral", NULL },
	{ "include without an end", "192.0.2.1",
	    "v=spf1 include:inc.neutral.example -all", "fail", NULL },
	{ "include with an error", "192.0.2.1",
	    "v=spf1 include:inc.bad.example -all",
	    "permerror:record of inc.bad.example, term 1", NULL },
	{ "include of two records", "192.0.2.1",
	    "v=spf1 include:two.example -all", "permerror:more than one",
	    NULL },
	{ "include of itself", "192.0.2.1",
	    "v=spf1 include:d.example -all", "permerror:10 terms", NULL },
	{ "include of itself, not reached", "192.0.2.1",
	    "v=spf1 a:a.example include:d.example -all", "pass", NULL },
	{ "redirect to itself", "192.0.2.1",
	    "v=spf1 redirect=d.example", "permerror:10 terms", NULL },
	{ "redirect without a record", "192.0.2.1",
	    "v=spf1 redirect=a.example", "permerror", NULL },

	/* 4.6.4, terms and voids */
	{ "ten terms", "192.0.2.1",
	    "v=spf1 a:b.example a:b.example a:b.example a:b.example "
	    "a:b.example a:b.example a:b.example a:b.example a:b.example "
	    "a:a.example -all", "pass", NULL },
	{ "the eleventh is not reached", "192.0.2.1",
	    "v=spf1 a:b.example a:b.example a:b.example a:b.example "
	    "a:b.example a:b.example a:b.example a:b.example a:b.example "
	    "a:a.example a:b.example -all", "pass", NULL },
	{ "eleven terms", "192.0.2.1",
	    "v=spf1 a:b.example a:b.example a:b.example a:b.example "
	    "a:b.example a:b.example a:b.example a:b.example a:b.example "
	    "a:b.example a:a.example -all", "permerror:10 terms", NULL },
	{ "ip4 behind ten terms", "192.0.2.1",
	    "v=spf1 a:b.example a:b.example a:b.example a:b.example "
	    "a:b.example a:b.example a:b.example a:b.example a:b.example "
	    "a:b.example ip4:192.0.2.1 a:b.example -all", "pass", NULL },
	{ "redirect is the eleventh", "192.0.2.1",
	    "v=spf1 a:b.example a:b.example a:b.example a:b.example "
	    "a:b.example a:b.example a:b.example a:b.example a:b.example "
	    "a:b.example redirect=inc.pass.example", "permerror:10 terms",
	    NULL },
	{ "two voids", "192.0.2.1",
	    "v=spf1 a:x1.example mx:x2.example a:a.example -all", "pass",
	    NULL },
	{ "three voids", "192.0.2.1",
	    "v=spf1 a:x1.example mx:x2.example exists:x3.example +all",
	    "permerror:2 terms with void", NULL },
	{ "no data is void, too", "192.0.2.1",
	    "v=spf1 mx:a.example mx:b.example mx:t0.x +all",
	    "permerror:2 terms with void", NULL },
	{ "an mx of void hosts counts once", "2001:db8::1",
	    "v=spf1 mx:v4.mx.example exists:x1.example a:a.example -all",
	    "pass", NULL },
	{ "its void hosts may be the first", "2001:db8::1",
	    "v=spf1 mx:v4last.mx.example -all", "pass", NULL },
	{ "three of them are too many", "2001:db8::1",
	    "v=spf1 mx:v4.mx.example mx:v4.mx.example mx:v4.mx.example +all",
	    "permerror:2 terms with void", NULL },
	{ "a ptr of void names counts once", "192.0.2.4",
	    "v=spf1 ptr a:x1.example a:x2.example +all",
	    "permerror:2 terms with void", NULL },
	{ "and lets later terms match", "192.0.2.4",
	    "v=spf1 ptr a:x1.example a:v4.example -all", "pass", NULL },
	{ "so does an unknown %{p} with its term", "192.0.2.4",
	    "v=spf1 exists:%{p}.x.example a:x1.example a:v4.example -all",
	    "pass", NULL },
	{ "terms of an include count each", "192.0.2.1",
	    "v=spf1 include:void2.example a:x3.example +all",
	    "permerror:2 terms with void", NULL },
	{ "the include itself does not", "192.0.2.1",
	    "v=spf1 include:void2.example a:a.example -all", "pass", NULL },
	{ "voids of ptr count", "192.0.2.77", "v=spf1 ptr ptr ptr +all",
	    "permerror:2 terms with void", NULL },

	/* explanations */
	{ "explanation", "192.0.2.1", "v=spf1 -all exp=exp.example",
	    "fail", "user@d.example 192.0.2.1 d.example a.example "
	    "mx.example.net" },
	{ "voids do not matter to it", "192.0.2.77",
	    "v=spf1 a:x1.example a:x2.example -all exp=exp.example", "fail",
	    "user@d.example 192.0.2.77 d.example unknown mx.example.net" },
	{ "nor to its name", "192.0.2.77",
	    "v=spf1 a:x1.example a:x2.example -all exp=%{p}.exp.example",
	    "fail", "unknown" },
	{ "of the record that redirect led to", "192.0.2.9",
	    "v=spf1 redirect=redexp.example exp=twoexp.example",
	    "fail", "user@d.example 192.0.2.9 redexp.example unknown "
	    "mx.example.net" },
	{ "none there, none here", "192.0.2.9",
	    "v=spf1 redirect=red.example exp=exp.example", "fail", NULL },
	{ "not of an include", "192.0.2.9",
	    "v=spf1 -include:inc.pass.example exp=exp.example", "fail",
	    "user@d.example 192.0.2.9 d.example unknown mx.example.net" },
	{ "not for softfail", "192.0.2.9", "v=spf1 ~all exp=exp.example",
	    "softfail", NULL },
	{ "two texts are none", "192.0.2.9", "v=spf1 -all exp=twoexp.example",
	    "fail", NULL },
	{ "a TAB makes none", "192.0.2.9", "v=spf1 -all exp=tabexp.example",
	    "fail", NULL },
	{ "nothing is none", "192.0.2.9", "v=spf1 -all exp=emptyexp.example",
	    "fail", NULL },
};

static void
judges_records(void **state)
{
	struct spf_question	 q;
	struct buf		 b = BUF_INIT;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		buf_reset(&b);
		buf_printf(&b, "%sd.example TXT \"%s\"\n", zone_text,
		    rows[i].record);
		q = question(rows[i].client, "user@d.example");
		check_row(rows[i].name, b.data, &q, rows[i].want,
		    rows[i].explanation);
	}
	buf_free(&b);
}

/* Delimiters and unusual local parts (7.3). */
static const struct {
	const char	*name, *sender, *record, *want;
} senders[] = {
	{ "delimiters , and /", "a,b/c@d.example",
	    "v=spf1 exists:%{l,/}.local.example -all", "pass" },
	{ "reversed", "d=e@d.example",
	    "v=spf1 exists:%{lr=}.local.example -all", "pass" },
	{ "@ in a quoted local part", "\"a@b\"@d.example", "v=spf1 -all",
	    "fail" },
	{ "no local part", "@d.example",
	    "v=spf1 exists:%{l}.example -all", "fail" },
	{ "not a local part", "aa,b b@d.example",
	    "v=spf1 exists:%{l}.d.example -all", "fail" },
	{ "an @ in it, not quoted", "a@@b@d.example",
	    "v=spf1 exists:%{l}.d.example -all", "fail" },
	{ "octets that no name has", "\001\033\177\"(\\\r\n\377@d.example",
	    "v=spf1 exists:%{l}.d.example -all", "fail" },
	{ "upper case", "USER@D.EXAMPLE", "v=spf1 ip4:192.0.2.1 -all",
	    "pass" },
	{ "final dot", "user@d.example.", "v=spf1 ip4:192.0.2.1 -all",
	    "pass" },
	{ "no domain", "user", "v=spf1 -all", "none" },
	{ "one label", "user@example", "v=spf1 -all", "none" },
	{ "empty domain", "user@", "v=spf1 -all", "none" },
	{ "literal", "user@[192.0.2.1]", "v=spf1 -all", "none" },
	{ "empty label", "user@d..example", "v=spf1 -all", "none" },
	{ "blank in the domain", "user@d .example", "v=spf1 -all", "none" },
	{ "no such domain", "user@nx.example", "v=spf1 -all", "none" },
	{ "a local part that makes a long label",
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "@d.example", "v=spf1 exists:%{l}.d.example -all", "fail" },
	{ "a local part that ends a name", "a.example@d.example",
	    "v=spf1 a:%{l} -all", "pass" },
	{ "a local part with high octets", "\xc3\xa9@d.example",
	    "v=spf1 exists:%{l}.example a:a.example -all", "pass" },
};

static void
judges_senders(void **state)
{
	struct spf_question	 q;
	struct buf		 b = BUF_INIT;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(senders); i++) {
		buf_reset(&b);
		buf_printf(&b, "%sd.example TXT \"%s\"\n", zone_text,
		    senders[i].record);
		q = question("192.0.2.1", senders[i].sender);
		check_row(senders[i].name, b.data, &q, senders[i].want, NULL);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_records),
		cmocka_unit_test(judges_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
