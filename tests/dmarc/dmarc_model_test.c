/*
 * dmarc: the same results as RFC 9989 4.10, implemented step by step, on random
 * zones. Where lookups fail, no result is claimed that depends on them.
 *
 * A zone is a function: the records of a name follow from a seed and the name.
 */
#include "test.h"

#include "base/arena.h"
#include "dmarc/dmarc.h"
#include "mail/domain.h"

#define CASES		30000
#define LABELS		12
#define IDENTIFIERS	3
#define COMPLETIONS	6

static struct arena *arena;

/* --- randomness ------------------------------ */

static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t
mix_name(uint64_t seed, const char *name)
{
	for (; *name != '\0'; name++)
		seed = mix(seed ^ (unsigned char)*name);
	return seed;
}

static unsigned
pick(uint64_t *x, unsigned n)
{
	*x = mix(*x);
	return (unsigned)(*x >> 33) % n;
}

/* --- zones ------------------------------ */

struct zone {
	uint64_t	seed;
	unsigned	failing;	/* of 100 lookups */
	uint64_t	completion;	/* not 0: seed of the failed answers */
};

enum word { ABSENT, BROKEN, NONE, QUARANTINE, REJECT };

/* The content of a record, without its text. */
struct said {
	bool		there;
	char		psd;		/* 'u', 'y', 'n' */
	enum word	p, sp, np;
	bool		rua, t, adkim, aspf;
};

static bool
fails(const struct zone *z, const char *name)
{
	uint64_t x = mix_name(z->seed, name);

	return pick(&x, 100) < z->failing;
}

static struct said
record_at(const struct zone *z, const char *name)
{
	uint64_t	x = mix_name(z->seed ^ 1, name);
	struct said	r = { .there = false };

	if (fails(z, name))
		x = mix_name(z->completion, name);
	r.there = pick(&x, 2) == 0;
	r.psd = "uuuyn"[pick(&x, 5)];
	r.p = (enum word)(pick(&x, 4) == 0 ? pick(&x, 5) : REJECT);
	r.sp = (enum word)(pick(&x, 2) == 0 ? pick(&x, 5) : ABSENT);
	r.np = (enum word)(pick(&x, 2) == 0 ? pick(&x, 5) : ABSENT);
	r.rua = pick(&x, 2) == 0;
	r.t = pick(&x, 4) == 0;
	r.adkim = pick(&x, 6) == 0;
	r.aspf = pick(&x, 6) == 0;
	return r;
}

static const char *
tag(const char *name, enum word w)
{
	static const char *const words[] = { "", "rejekt", "none",
	    "quarantine", "reject" };

	return w == ABSENT ? "" : arena_printf(arena, "; %s=%s", name,
	    words[w]);
}

static const char *
text_of(const struct said *r)
{
	return arena_printf(arena, "v=DMARC1%s%s%s; psd=%c%s%s%s%s",
	    tag("p", r->p), tag("sp", r->sp), tag("np", r->np), r->psd,
	    r->rua ? "; rua=mailto:r@example" : "", r->t ? "; t=y" : "",
	    r->adkim ? "; adkim=s" : "", r->aspf ? "; aspf=s" : "");
}

static void
add_rr(struct dns_answer *a, const char *text)
{
	a->status = DNS_OK;
	a->rr[a->n].data = text;
	a->rr[a->n++].len = strlen(text);
}

static const struct dns_answer *
answer_at(const struct zone *z, const char *name)
{
	static const enum dns_status	 nothing[] = { DNS_NODATA,
					    DNS_NXDOMAIN, DNS_BADNAME };
	struct dns_answer		*a = arena_alloc(arena, sizeof(*a));
	struct said			 r = record_at(z, name);
	uint64_t			 x = mix_name(z->seed ^ 2, name);

	a->rr = arena_array(arena, 4, sizeof(*a->rr));
	a->status = nothing[pick(&x, 3)];
	if (z->completion == 0 && fails(z, name)) {
		a->status = DNS_TEMPFAIL;
		return a;
	}
	if (pick(&x, 4) == 0)
		add_rr(a, "v=spf1 -all");
	if (r.there)
		add_rr(a, text_of(&r));
	else if (pick(&x, 4) == 0) {
		add_rr(a, "v=DMARC1; p=none");
		add_rr(a, "v=DMARC1; p=reject");
	}
	return a;
}

/* --- the model: RFC 9989 4.10, step by step ------------------------------ */

struct model_walk {
	unsigned	 n;
	const char	*name[16];
	struct said	 record[16];
};

static const char *
without_label(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? dot + 1 : NULL;
}

static unsigned
count_labels(const char *name)
{
	unsigned n = 0;

	for (; name != NULL; name = without_label(name))
		n++;
	return n;
}

static void
model_walk(const struct zone *z, const char *domain, struct model_walk *w)
{
	const char *name = domain;

	w->n = 0;
	while (name != NULL) {
		w->record[w->n] = record_at(z, name);
		w->name[w->n] = name;
		if (w->record[w->n].there && w->record[w->n++].psd != 'u')
			return;
		if (count_labels(name) >= 8) {
			while (count_labels(name) > 7)
				name = without_label(name);
		} else {
			name = without_label(name);
		}
	}
}

static const char *
model_org(const char *domain, const struct model_walk *w)
{
	const char	*name;
	unsigned	 i;

	for (i = 0; i < w->n; i++) {
		if (w->record[i].psd == 'n')
			return w->name[i];
		if (w->record[i].psd == 'y' &&
		    strcmp(w->name[i], domain) != 0) {
			name = domain;
			while (strcmp(without_label(name), w->name[i]) != 0)
				name = without_label(name);
			return name;
		}
	}
	return w->n > 0 ? w->name[w->n - 1] : domain;
}

/* The author's own record, else the organization's, else the suffix's. */
static const struct said *
model_record(const char *domain, const char *org, const struct model_walk *w,
    const char **at)
{
	unsigned i;

	for (i = 0; i < w->n; i++)
		if (strcmp(*at = w->name[i], domain) == 0)
			return &w->record[i];
	for (i = 0; i < w->n; i++)
		if (strcmp(*at = w->name[i], org) == 0)
			return &w->record[i];
	for (i = 0; i < w->n; i++)
		if (*at = w->name[i], w->record[i].psd == 'y')
			return &w->record[i];
	*at = NULL;
	return NULL;
}

struct outcome {
	enum result	 result;
	enum word	 policy;
	const char	*record, *org;
};

struct message {
	const char	*author;
	enum dns_status	 exists;
	struct dmarc_identifier id[IDENTIFIERS];
};

static enum word
model_policy(const struct said *r, bool own, bool exists)
{
	enum word sp = r->sp != ABSENT ? r->sp : r->p;
	enum word np = r->np != ABSENT ? r->np : sp;
	enum word p = own ? r->p : exists ? sp : np;

	if (r->p <= BROKEN || r->sp == BROKEN || r->np == BROKEN)
		return r->rua ? NONE : ABSENT;
	return r->t && p > NONE ? (enum word)(p - 1) : p;
}

static bool
model_aligned(const struct zone *z, const struct message *m,
    const struct dmarc_identifier *id, const struct said *r, const char *org)
{
	struct model_walk w;

	if (id->result != RESULT_PASS)
		return false;
	if (id->is_dkim ? r->adkim : r->aspf)
		return strcmp(id->domain, m->author) == 0;
	model_walk(z, id->domain, &w);
	return strcmp(model_org(id->domain, &w), org) == 0;
}

static struct outcome
model(const struct zone *z, const struct message *m)
{
	struct outcome		 o = { .result = RESULT_NONE };
	struct model_walk	 w;
	const struct said	*r;
	size_t			 i;

	model_walk(z, m->author, &w);
	o.org = model_org(m->author, &w);
	r = model_record(m->author, o.org, &w, &o.record);
	if (r == NULL)
		return o;
	o.policy = model_policy(r, strcmp(o.record, m->author) == 0,
	    m->exists != DNS_NXDOMAIN);
	if (o.policy == ABSENT)
		return o;
	o.result = RESULT_FAIL;
	for (i = 0; i < IDENTIFIERS; i++)
		if (model_aligned(z, m, &m->id[i], r, o.org))
			o.result = RESULT_PASS;
	return o;
}

/* --- ours ------------------------------ */

static const struct dmarc_walk_result *
our_walk(const struct zone *z, const char *domain)
{
	struct dmarc_walk_result	*r = arena_alloc(arena, sizeof(*r));
	const struct dns_answer		*answers[DMARC_WALK_MAX] = { NULL };
	struct dmarc_walk		 w;
	size_t				 i;

	dmarc_walk_init(&w, domain);
	for (i = 0; i < w.n; i++)
		answers[i] = answer_at(z, w.name[i]);
	dmarc_walk_judge(&w, answers, arena, r);
	return r;
}

static void
ours(const struct zone *z, const struct message *m, struct dmarc_facts *f)
{
	struct dmarc_identifier	id[IDENTIFIERS];
	struct dmarc_question	q = { m->author, our_walk(z, m->author),
	    m->exists, id, IDENTIFIERS };
	size_t			i;

	for (i = 0; i < IDENTIFIERS; i++) {
		id[i] = m->id[i];
		id[i].walk = our_walk(z, id[i].domain);
	}
	dmarc_evaluate(&q, arena, f);
}

/* --- messages ------------------------------ */

/* 1 to LABELS labels of two letters: many names have parents in common. */
static const char *
random_domain(uint64_t *x)
{
	unsigned	 n = 1 + pick(x, LABELS), i;
	char		*d = arena_alloc(arena, 2 * n);

	for (i = 0; i < n; i++) {
		d[2 * i] = pick(x, 4) == 0 ? 'b' : 'a';
		d[2 * i + 1] = '.';
	}
	d[2 * n - 1] = '\0';
	return d;
}

/* Mostly a domain with a parent of the author's. */
static const char *
related_domain(uint64_t *x, const char *author)
{
	const char	*d = author;
	unsigned	 drop = pick(x, 4);

	if (pick(x, 4) == 0)
		return random_domain(x);
	while (drop-- > 0 && without_label(d) != NULL)
		d = without_label(d);
	return pick(x, 2) == 0 ? d : arena_printf(arena, "c.%s", d);
}

static void
random_message(uint64_t *x, bool trouble, struct message *m)
{
	static const enum dns_status exists[] = { DNS_OK, DNS_NODATA,
	    DNS_NXDOMAIN, DNS_TEMPFAIL };
	static const enum result results[] = { RESULT_FAIL, RESULT_FAIL,
	    RESULT_PASS, RESULT_TEMPERROR };
	size_t i;

	m->author = random_domain(x);
	m->exists = exists[pick(x, trouble ? 4 : 3)];
	for (i = 0; i < IDENTIFIERS; i++) {
		m->id[i].domain = related_domain(x, m->author);
		m->id[i].result = results[pick(x, trouble ? 4 : 3)];
		m->id[i].is_dkim = pick(x, 2) == 0;
		m->id[i].walk = NULL;
	}
}

/* The same message after all failed lookups were repeated. */
static struct message
completed(const struct message *m, uint64_t *x)
{
	struct message	c = *m;
	size_t		i;

	if (c.exists == DNS_TEMPFAIL)
		c.exists = pick(x, 2) == 0 ? DNS_OK : DNS_NXDOMAIN;
	for (i = 0; i < IDENTIFIERS; i++)
		if (c.id[i].result == RESULT_TEMPERROR)
			c.id[i].result = pick(x, 2) == 0 ? RESULT_PASS :
			    RESULT_FAIL;
	return c;
}

static void
agrees_with_the_model(void **state)
{
	unsigned	 seen[RESULT_PERMERROR + 1] = { 0 }, i;
	struct message	 m;
	struct zone	 z = { .failing = 0 };
	struct outcome	 want;
	struct dmarc_facts f;
	uint64_t	 x;

	(void)state;
	for (i = 1; i <= CASES; i++) {
		arena_reset(arena);
		x = z.seed = mix(i);
		random_message(&x, false, &m);
		want = model(&z, &m);
		ours(&z, &m, &f);
		if (f.result != want.result ||
		    strcmp(f.org_domain, want.org) != 0 ||
		    (f.result != RESULT_NONE && (strcmp(f.record_domain,
		    want.record) != 0 ||
		    (unsigned)f.policy != want.policy - NONE)))
			fail_msg("case %u, author %s: %s, policy %d of %s, "
			    "org %s; want %s, policy %d of %s, org %s", i,
			    m.author, result_name(f.result), f.policy,
			    f.record_domain, f.org_domain,
			    result_name(want.result), want.policy - NONE,
			    want.record, want.org);
		seen[f.result]++;
	}
	/* each outcome was tried often */
	assert_true(seen[RESULT_NONE] > CASES / 20);
	assert_true(seen[RESULT_PASS] > CASES / 20);
	assert_true(seen[RESULT_FAIL] > CASES / 20);
}

/* The result must be right for this completion, too. */
static void
assert_holds(unsigned i, const struct message *m, const struct dmarc_facts *f,
    const struct outcome *o)
{
	bool ok = f->result == o->result;

	if (f->result == RESULT_TEMPERROR)
		ok = f->could_be_pass || o->result != RESULT_PASS;
	/* the policy that a pass meets does not matter */
	if (f->result == RESULT_TEMPERROR && o->result == RESULT_FAIL)
		ok = ok && (unsigned)f->policy >= o->policy - NONE;
	if (f->result == RESULT_FAIL)
		ok = ok && (unsigned)f->policy == o->policy - NONE;
	if (!ok)
		fail_msg("case %u, author %s: %s, policy %d, could be pass: "
		    "%d; but it may be %s, policy %d", i, m->author,
		    result_name(f->result), f->policy, f->could_be_pass,
		    result_name(o->result), o->policy - NONE);
}

static void
failed_lookups_claim_nothing(void **state)
{
	unsigned	 seen[RESULT_PERMERROR + 1] = { 0 }, i, k;
	struct message	 m, c;
	struct zone	 z = { .failing = 15 };
	struct outcome	 o;
	struct dmarc_facts f;
	uint64_t	 x;

	(void)state;
	for (i = 1; i <= CASES; i++) {
		arena_reset(arena);
		x = z.seed = mix(i ^ 0x5eed);
		z.completion = 0;
		random_message(&x, true, &m);
		ours(&z, &m, &f);
		seen[f.result]++;
		for (k = 0; k < COMPLETIONS; k++) {
			z.completion = mix(x + k) | 1;
			c = completed(&m, &x);
			o = model(&z, &c);
			assert_holds(i, &m, &f, &o);
		}
	}
	assert_true(seen[RESULT_TEMPERROR] > CASES / 20);
	assert_true(seen[RESULT_PASS] > CASES / 20);
	assert_true(seen[RESULT_FAIL] > CASES / 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_model),
		cmocka_unit_test(failed_lookups_claim_nothing),
	};
	int failed;

	arena = arena_new(65536);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
