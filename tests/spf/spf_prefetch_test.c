/*
 * spf_prefetch: lookups start as early as possible. The backend here answers in
 * rounds, all questions of a round at once, like name servers of the same
 * distance. A check must be ready after as many rounds as its records are
 * nested, and must then ask nothing more.
 */
#include "test.h"
#include "heap.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dns/dns_wire_priv.h"
#include "dns/resolver_priv.h"
#include "spf/spf_check.h"
#include "dns/resolver.h"

/* --- a backend that answers in rounds ---------------------------------- */

struct rounds {
	struct resolver	*zone;		/* has the answers */
	struct query	*query[512];
	unsigned	 n, answered;
	bool		 immediate;	/* do not wait for a round */
};

static void	answer(struct rounds *r, struct query *q);

static void
rounds_ask(void *state, struct query *q)
{
	struct rounds *r = state;

	assert_true(r->n < NELEM(r->query));
	r->query[r->n++] = q;
	if (r->immediate)
		answer(r, r->query[r->answered++]);
}

static void
rounds_close(void *state)
{
	(void)state;
}

/* One record in wire format. */
static void
to_wire(struct buf *b, enum dns_type type, const struct dns_rr *rr)
{
	uint8_t	wire[DNS_WIRE_MAX];
	size_t	at, part;

	if (type == DNS_MX)
		buf_add(b, "\0\12", 2);
	if (type == DNS_MX || type == DNS_PTR) {
		buf_add(b, wire, dns_name_to_wire(rr->data, wire));
	} else if (type == DNS_TXT) {
		for (at = 0; at < rr->len; at += part) {
			part = rr->len - at < 255 ? rr->len - at : 255;
			buf_addch(b, (char)part);
			buf_add(b, rr->data + at, part);
		}
	} else
		buf_add(b, rr->data, rr->len);
}

static void
answer(struct rounds *r, struct query *q)
{
	static const struct lookup_limits limits = { 1000, 10 };
	struct lookups		*l = lookups_new(r->zone, &limits);
	const struct dns_answer	*a;
	struct dns_reply	 reply = { .ttl = 300 };
	struct buf		 wire[RESOLVER_MAX_RR];
	char			*rdata[RESOLVER_MAX_RR];
	int			 len[RESOLVER_MAX_RR];
	size_t			 i;

	a = lookups_ask(l, query_name(q), query_type(q));
	for (i = 0; i < a->n; i++) {
		buf_init(&wire[i]);
		to_wire(&wire[i], query_type(q), &a->rr[i]);
		rdata[i] = wire[i].data;
		len[i] = (int)wire[i].len;
	}
	reply.status = a->status;
	reply.n = a->n;
	reply.rdata = rdata;
	reply.len = len;
	resolver_answered(q, &reply);
	for (i = 0; i < reply.n; i++)
		buf_free(&wire[i]);
	lookups_free(&l);
}

/* Answer all pending questions; false when there is none. */
static bool
round_trip(struct rounds *r)
{
	unsigned n = r->n;

	if (r->answered == n)
		return false;
	while (r->answered < n)
		answer(r, r->query[r->answered++]);
	return true;
}

/* --- rows ---------------------------------------------------------------- */

/* rounds and questions after which the check has all it needs. */
static const struct {
	const char	*name, *client, *zone;
	enum result	 want;
	unsigned	 rounds, questions;
	unsigned	 late;		/* questions left to the check */
} rows[] = {
	{ "record alone", "192.0.2.1",
	    "d.example TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n",
	    RESULT_PASS, 1, 1, 0 },
	{ "no record", "192.0.2.1", "x.example A 192.0.2.1\n",
	    RESULT_NONE, 1, 1, 0 },
	{ "wide", "192.0.2.1",
	    "d.example TXT \"v=spf1 a:a.example a:b.example a:c.example "
	    "exists:e.example a:h.example -all\"\n"
	    "a.example A 203.0.113.1\nb.example A 203.0.113.1\n"
	    "c.example A 203.0.113.1\nh.example A 192.0.2.1\n",
	    RESULT_PASS, 2, 6, 0 },
	{ "IPv6", "2001:db8::1",
	    "d.example TXT \"v=spf1 a:a.example mx -all\"\n"
	    "d.example MX 1 h.example\n"
	    "a.example AAAA ::1\nh.example AAAA 2001:db8::1\n",
	    RESULT_PASS, 3, 4, 0 },
	{ "mx", "192.0.2.1",
	    "d.example TXT \"v=spf1 mx mx:m.example -all\"\n"
	    "d.example MX 1 h1.example\nd.example MX 2 h2.example\n"
	    "m.example MX 1 h3.example\nm.example MX 2 h1.example\n"
	    "h1.example A 203.0.113.1\nh2.example A 203.0.113.1\n"
	    "h3.example A 203.0.113.1\n",
	    RESULT_FAIL, 3, 6, 0 },
	{ "three includes beside each other, two deep", "192.0.2.1",
	    "d.example TXT \"v=spf1 include:a.example include:b.example "
	    "include:c.example -all\"\n"
	    "a.example TXT \"v=spf1 include:a2.example ~all\"\n"
	    "b.example TXT \"v=spf1 include:b2.example ~all\"\n"
	    "c.example TXT \"v=spf1 a ~all\"\n"
	    "a2.example TXT \"v=spf1 ip4:203.0.113.1 ~all\"\n"
	    "b2.example TXT \"v=spf1 a:h.example ~all\"\n"
	    "c.example A 203.0.113.1\nh.example A 192.0.2.1\n",
	    RESULT_PASS, 4, 8, 0 },
	{ "redirect", "192.0.2.1",
	    "d.example TXT \"v=spf1 a:a.example redirect=r.example\"\n"
	    "r.example TXT \"v=spf1 a:h.example -all\"\n"
	    "a.example A 203.0.113.1\nh.example A 192.0.2.1\n",
	    RESULT_PASS, 3, 4, 0 },
	{ "ptr", "192.0.2.1",
	    "d.example TXT \"v=spf1 ptr -all\"\n"
	    "1.2.0.192.in-addr.arpa PTR x.example\n"
	    "1.2.0.192.in-addr.arpa PTR h.d.example\n"
	    "x.example A 203.0.113.1\nh.d.example A 192.0.2.1\n",
	    RESULT_PASS, 3, 4, 0 },
	{ "macros", "192.0.2.1",
	    "d.example TXT \"v=spf1 exists:%{l}.%{d}.x.example "
	    "include:%{o}.i.example -all\"\n"
	    "d.example.i.example TXT \"v=spf1 exists:%{d}.y.example -all\"\n"
	    "d.example.i.example.y.example A 127.0.0.2\n",
	    RESULT_PASS, 3, 4, 0 },
	{ "%{p}: the client's names, but not the name that they make",
	    "192.0.2.1",
	    "d.example TXT \"v=spf1 a:%{p}.x.example -all\"\n"
	    "1.2.0.192.in-addr.arpa PTR h.example\nh.example A 192.0.2.1\n",
	    RESULT_FAIL, 3, 3, 1 },
	/* terms that cannot be reached are not looked up */
	{ "behind a match", "192.0.2.1",
	    "d.example TXT \"v=spf1 a:a.example ip4:192.0.2.1 a:b.example "
	    "redirect=c.example\"\na.example A 203.0.113.1\n",
	    RESULT_PASS, 2, 2, 0 },
	{ "behind an include that passes for sure", "192.0.2.1",
	    "d.example TXT \"v=spf1 include:i.example include:j.example\"\n"
	    "i.example TXT \"v=spf1 ip4:192.0.2.1 a:a.example\"\n"
	    "j.example TXT \"v=spf1 a:b.example\"\n",
	    RESULT_PASS, 2, 3, 0 },
	{ "behind an include that is none", "192.0.2.1",
	    "d.example TXT \"v=spf1 include:i.example include:j.example\"\n"
	    "i.example TXT \"some text\"\n"
	    "j.example TXT \"v=spf1 a:b.example\"\n",
	    RESULT_PERMERROR, 2, 3, 0 },
	{ "redirect beside all", "192.0.2.1",
	    "d.example TXT \"v=spf1 redirect=c.example -all\"\n",
	    RESULT_FAIL, 1, 1, 0 },
	{ "invalid record", "192.0.2.1",
	    "d.example TXT \"v=spf1 a:a.example mx moo -all\"\n",
	    RESULT_PERMERROR, 1, 1, 0 },
	{ "two records", "192.0.2.1",
	    "d.example TXT \"v=spf1 a -all\"\nd.example TXT \"v=spf1 mx\"\n",
	    RESULT_PERMERROR, 1, 1, 0 },
	/* a term counts once, so what follows it is needed */
	{ "behind void hosts", "2001:db8::1",
	    "d.example TXT \"v=spf1 mx include:i.example -all\"\n"
	    "i.example TXT \"v=spf1 a:h.example -all\"\n"
	    "d.example MX 1 a.example\nd.example MX 2 b.example\n"
	    "d.example MX 3 c.example\na.example A 192.0.2.1\n"
	    "b.example A 192.0.2.1\nc.example A 192.0.2.1\n"
	    "h.example AAAA 2001:db8::1\n",
	    RESULT_PASS, 3, 7, 0 },
	{ "more than ten MX", "192.0.2.1",
	    "d.example TXT \"v=spf1 mx -all\"\n"
	    "d.example MX 1 a.example\nd.example MX 1 b.example\n"
	    "d.example MX 1 c.example\nd.example MX 1 d.example\n"
	    "d.example MX 1 e.example\nd.example MX 1 f.example\n"
	    "d.example MX 1 g.example\nd.example MX 1 h.example\n"
	    "d.example MX 1 i.example\nd.example MX 1 j.example\n"
	    "d.example MX 1 k.example\n",
	    RESULT_PERMERROR, 2, 2, 0 },
	{ "behind ten terms", "192.0.2.1",
	    "d.example TXT \"v=spf1 include:i.example a:k.example "
	    "a:l.example -all\"\n"
	    "i.example TXT \"v=spf1 a:a.example a:b.example a:c.example "
	    "a:d.example a:e.example a:f.example a:g.example a:h.example "
	    "a:i.example a:j.example\"\n"
	    "a.example A 203.0.113.1\nb.example A 203.0.113.1\n"
	    "c.example A 203.0.113.1\nd.example A 203.0.113.1\n"
	    "e.example A 203.0.113.1\nf.example A 203.0.113.1\n"
	    "g.example A 203.0.113.1\nh.example A 203.0.113.1\n"
	    "i.example A 203.0.113.1\n",
	    RESULT_PERMERROR, 3, 13, 0 },
};

static void
run(size_t i, struct rounds *r)
{
	static const struct resolver_backend backend = {
		.ask = rounds_ask, .close = rounds_close
	};
	static const struct lookup_limits limits = { 1000, 500 };
	struct resolver		*resolver = resolver_new(&backend, r, 0);
	struct lookups		*l = lookups_new(resolver, &limits);
	struct arena		*a = arena_new(4096);
	struct spf_question	 q = {
		.helo = "mail.example.org", .sender = "user@d.example"
	};
	struct spf_facts	 f;
	unsigned		 n = 0;

	assert_true(netaddr_parse(rows[i].client, &q.client));
	spf_prefetch(l, &q, &spf_default_limits);
	/* nothing of the caller's is needed from here on */
	memset(&q, 0, sizeof(q));
	while (round_trip(r))
		n++;
	assert_true(netaddr_parse(rows[i].client, &q.client));
	q.helo = "mail.example.org";
	q.sender = "user@d.example";
	if (n != rows[i].rounds)
		row_fail(rows[i].name, "%u rounds", n);
	if (r->n != rows[i].questions)
		row_fail(rows[i].name, "%u questions", r->n);
	r->immediate = true;
	spf_check(l, &q, &spf_default_limits, a, &f);
	if (r->n != rows[i].questions + rows[i].late)
		row_fail(rows[i].name, "%u questions in the end", r->n);
	if (f.result != rows[i].want)
		row_fail(rows[i].name, "got %s: %s", result_name(f.result),
		    f.reason);
	arena_free(&a);
	lookups_free(&l);
	resolver_free(&resolver);
}

static void
takes_as_many_rounds_as_it_is_deep(void **state)
{
	struct rounds	r;
	char		*why;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		memset(&r, 0, sizeof(r));
		r.zone = resolver_zone_new(rows[i].zone, &why);
		if (r.zone == NULL)
			row_fail(rows[i].name, "zone: %s", why);
		run(i, &r);
		resolver_free(&r.zone);
	}
}

/*
 * A message holds the answers until its end, but nothing else of the
 * prefetch, however many lookups it took.
 */
static void
holds_nothing_when_all_is_asked(void **state)
{
	static const struct resolver_backend backend = {
		.ask = rounds_ask, .close = rounds_close
	};
	static const struct lookup_limits limits = { 1000, 500 };
	struct rounds		 r = { .n = 0 };
	struct resolver		*resolver = resolver_new(&backend, &r, 0);
	struct lookups		*l = lookups_new(resolver, &limits);
	struct spf_question	 q = {
		.helo = "mail.example.org", .sender = "user@d.example"
	};
	char			*why;
	size_t			 before;

	(void)state;
	assert_true(netaddr_parse("192.0.2.1", &q.client));
	r.zone = resolver_zone_new("d.example TXT \"v=spf1 include:a.example "
	    "include:b.example include:c.example mx ptr -all\"\n"
	    "a.example TXT \"v=spf1 a -all\"\n"
	    "b.example TXT \"v=spf1 ip4:203.0.113.1 -all\"\n"
	    "c.example TXT \"v=spf1 exists:%{i}.x.example -all\"\n"
	    "d.example MX 1 h.example\n"
	    "1.2.0.192.in-addr.arpa PTR h.example\n", &why);
	assert_non_null(r.zone);
	spf_prefetch(l, &q, &spf_default_limits);
	while (round_trip(&r))
		;
	assert_int_equal(lookups_count(l), 9);
	/* the answers stay in the cache */
	before = heap_used;
	lookups_free(&l);
	assert_in_range(before - heap_used, 1, 800);
	resolver_free(&resolver);
	resolver_free(&r.zone);
}

/*
 * The account may end before the first answer arrives, as at a RSET. Then its
 * end frees the prefetch.
 */
static void
may_be_left_at_any_time(void **state)
{
	static const struct resolver_backend backend = {
		.ask = rounds_ask, .close = rounds_close
	};
	static const struct lookup_limits limits = { 1000, 500 };
	size_t			 before = heap_used;
	struct rounds		 r = { .n = 0 };
	struct resolver		*resolver = resolver_new(&backend, &r, 0);
	struct spf_question	 q = {
		.helo = "mail.example.org", .sender = "user@d.example"
	};
	struct lookups		*l;
	char			*why;
	unsigned		 after, i;

	(void)state;
	assert_true(netaddr_parse("192.0.2.1", &q.client));
	r.zone = resolver_zone_new("d.example TXT \"v=spf1 include:i.example "
	    "mx -all\"\ni.example TXT \"v=spf1 a mx\"\n"
	    "d.example MX 1 h.example\n", &why);
	assert_non_null(r.zone);
	for (after = 0; after < 4; after++) {
		l = lookups_new(resolver, &limits);
		spf_prefetch(l, &q, &spf_default_limits);
		for (i = 0; i < after; i++)
			round_trip(&r);
		lookups_free(&l);
	}
	while (round_trip(&r))
		;
	resolver_free(&resolver);
	resolver_free(&r.zone);
	assert_int_equal(heap_used, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_as_many_rounds_as_it_is_deep),
		cmocka_unit_test(holds_nothing_when_all_is_asked),
		cmocka_unit_test(may_be_left_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
