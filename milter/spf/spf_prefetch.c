/*
 * spf_prefetch - start early what an SPF check will ask
 *
 * Each record that arrives is parsed, and the lookups of its terms start at
 * once, so that a check takes about as many round trips as its records are
 * deep. What is known of the records forms a tree in the order of evaluation;
 * it is walked anew with each arrival, and a term is started when at most
 * limits.terms - 1 stand before it. Not known is only what answers will say,
 * so a term may be started in vain; spf_check asks its own questions and finds
 * these answered.
 *
 * Callbacks of one account never run at the same time (resolver.h), so there
 * is no lock. All memory is the arena here, freed with the account.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "dns/resolver.h"
#include "spf_priv.h"

#define ARENA_CHUNK	4096

struct prefetch;

/* A term that asks the DNS, and what its record has when it has one. */
struct node {
	struct prefetch	*p;
	struct node	*next;		/* the term behind it */
	struct node	*child;		/* include, redirect: the first term */
	struct spf_term	 term;
	const char	*domain;	/* of the record in which it stands */
	const char	*target;	/* include, redirect: expanded */
	bool		 started;
	bool		 final;		/* evaluation ends in this record */
};

struct prefetch {
	struct lookups	*lookups;
	struct arena	*arena;
	struct spf_limits limits;
	struct spf_macro_values values;
	struct node	 top;
	unsigned	 queries;
	bool		 names_started;
};

static bool	walk(struct prefetch *p, struct node *first, unsigned *terms);

/* Never more than the check itself may ask. */
static struct lookup *
start(struct prefetch *p, const char *name, enum dns_type type)
{
	if (p->queries >= p->limits.queries)
		return NULL;
	p->queries++;
	return lookups_start(p->lookups, name, type);
}

static void
start_then(struct prefetch *p, const char *name, enum dns_type type,
    lookup_fn *fn, void *arg)
{
	struct lookup *l = start(p, name, type);

	if (l != NULL)
		lookup_then(l, fn, arg);
}

/* --- answers that name what to ask next -------------------------------- */

static void
start_addresses(struct prefetch *p, const struct dns_answer *answer,
    unsigned most)
{
	size_t i;

	for (i = 0; i < answer->n && i < most; i++)
		start(p, answer->rr[i].data,
		    spf_address_type(&p->values.client));
}

static void
on_mx(void *arg, const struct dns_answer *answer)
{
	struct prefetch *p = arg;

	if (answer->n <= p->limits.mx)
		start_addresses(p, answer, p->limits.mx);
}

static void
on_ptr(void *arg, const struct dns_answer *answer)
{
	struct prefetch *p = arg;

	start_addresses(p, answer, p->limits.ptr);
}

static void
start_names(struct prefetch *p)
{
	char reverse[80];

	if (p->names_started)
		return;
	p->names_started = true;
	netaddr_reverse_name(&p->values.client, reverse);
	start_then(p, reverse, DNS_PTR, on_ptr, p);
}

/* --- records ---------------------------------------------------------- */

static struct node **
add_node(struct node **link, struct node *record, const struct spf_term *t)
{
	struct prefetch	*p = record->p;
	struct node	*n = arena_alloc(p->arena, sizeof(*n));

	n->p = p;
	n->term = *t;
	n->domain = record->target;
	*link = n;
	return &n->next;
}

/* The terms that may be evaluated, as generate() in spf_eval.c has them. */
static bool
add_terms(struct node *record, struct spf_record *rec)
{
	struct node	**link = &record->child;
	unsigned	  room = record->p->limits.terms;
	struct spf_term	  t;

	while (spf_record_next(rec, &t)) {
		if (room == 0)
			continue;
		if (spf_term_ends(&t, &record->p->values.client)) {
			/* a pass for sure: the include matches */
			record->final = record->child == NULL &&
			    t.qualifier == '+';
			room = 0;
		} else if (spf_term_asks_dns(&t) && t.kind != TERM_REDIRECT) {
			link = add_node(link, record, &t);
			room--;
		}
	}
	if (rec->error == NULL && room > 0 && rec->has_redirect)
		add_node(link, record, &rec->redirect);
	return rec->error == NULL;
}

static void
on_record(void *arg, const struct dns_answer *answer)
{
	struct node		*n = arg;
	const struct dns_rr	*rr = NULL;
	struct spf_record	 rec;
	unsigned		 terms = 0;

	n->final = true;
	if (spf_select_record(answer, &rr) == 1) {
		n->final = false;
		spf_record_begin(&rec, rr->data, rr->len);
		if (!add_terms(n, &rec)) {
			n->child = NULL;
			n->final = true;
		}
	}
	walk(n->p, n->p->top.child, &terms);
}

/* --- the walk --------------------------------------------------------- */

/* %{p} needs answers first; then the name itself waits for the check. */
static void
start_term(struct node *n)
{
	struct prefetch		*p = n->p;
	const struct spf_term	*t = &n->term;
	const char		*name = n->domain;

	n->started = true;
	if (t->spec != NULL && spf_macro_uses_p(t->spec, t->spec_len)) {
		start_names(p);
		return;
	}
	if (t->kind == TERM_PTR) {
		start_names(p);
		return;
	}
	p->values.domain = n->domain;
	if (t->spec != NULL)
		name = spf_macro_name(p->arena, &p->values, t->spec,
		    t->spec_len);
	if (t->kind == TERM_INCLUDE || t->kind == TERM_REDIRECT) {
		n->target = name;
		start_then(p, name, DNS_TXT, on_record, n);
	} else if (t->kind == TERM_MX)
		start_then(p, name, DNS_MX, on_mx, p);
	else if (t->kind == TERM_EXISTS)
		start(p, name, DNS_A);
	else
		start(p, name, spf_address_type(&p->values.client));
}

/*
 * In the order of evaluation. False: what stands behind need not be known
 * yet, because the limit is reached or the evaluation ends before.
 */
static bool
walk(struct prefetch *p, struct node *n, unsigned *terms)
{
	for (; n != NULL; n = n->next) {
		if (++*terms > p->limits.terms)
			return false;
		if (!n->started)
			start_term(n);
		if (!walk(p, n->child, terms) || n->final)
			return false;
	}
	return true;
}

static void
prefetch_free(void *arg)
{
	struct prefetch *p = arg;

	arena_free(&p->arena);
	free(p);
}

void
spf_prefetch(struct lookups *l, const struct spf_question *q,
    const struct spf_limits *limits)
{
	struct prefetch		*p = xcalloc(1, sizeof(*p));
	struct spf_identity	 id;

	p->lookups = l;
	p->arena = arena_new(ARENA_CHUNK);
	p->limits = *limits;
	if (p->limits.terms > SPF_TERMS_MAX)
		p->limits.terms = SPF_TERMS_MAX;
	lookups_atexit(l, prefetch_free, p);
	if (!spf_identity_init(p->arena, q, &id))
		return;
	p->values = id.values;
	p->top.p = p;
	p->top.target = id.domain;
	start_then(p, id.domain, DNS_TXT, on_record, &p->top);
}
