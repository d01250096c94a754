/*
 * spf_prefetch - start the lookups of an SPF check early
 *
 * Each record that arrives is parsed, and the lookups of its terms start at
 * once, so that a check takes about as many round trips as its records are
 * nested. The known records form a tree in the order of evaluation. It is
 * walked again with each arrival, and a term is started when at most
 * limits.terms - 1 terms precede it. The answers are not evaluated here, so a
 * term may be started in vain. spf_check asks its own questions, which are
 * answered by then.
 *
 * Callbacks of one account never run at the same time (resolver.h), so there
 * is no lock. All memory is in the arena below. Each callback is called once,
 * and the last one frees the arena: when no more lookups can start, or else
 * when the account ends. Only callbacks use the memory after spf_prefetch has
 * added the first of them.
 */
#include "base/arena.h"
#include "dns/resolver.h"
#include "spf_priv.h"

/* Enough for the identity and two terms. */
#define ARENA_CHUNK	640

struct prefetch;

/* A term that asks the DNS, and the terms of the record it includes. */
struct node {
	struct prefetch	*p;
	struct node	*next;		/* the next term of the record */
	struct node	*child;		/* include, redirect: the first term */
	struct spf_term	 term;
	const char	*domain;	/* of its record */
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
	unsigned	 callbacks;	/* added, not yet run */
	bool		 names_started;
};

static bool	walk(struct prefetch *p, struct node *first, unsigned *terms);

/* NULL: the check itself may not ask more. */
static struct lookup *
start_lookup(struct prefetch *p, const char *name, enum dns_type type)
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
	struct lookup *l = start_lookup(p, name, type);

	if (l == NULL)
		return;
	p->callbacks++;
	lookup_then(l, fn, arg);
}

/* The end of each callback. */
static void
callback_done(struct prefetch *p)
{
	struct arena *a = p->arena;

	if (--p->callbacks == 0)
		arena_free(&a);
}

/* --- answers whose names are asked for next ---------------------------- */

static void
start_addresses(struct prefetch *p, const struct dns_answer *answer,
    unsigned most)
{
	size_t i;

	for (i = 0; i < answer->n && i < most; i++)
		start_lookup(p, answer->rr[i].data,
		    spf_address_type(&p->values.client));
}

static void
on_mx(void *arg, const struct dns_answer *answer)
{
	struct prefetch *p = arg;

	if (answer != NULL && answer->n <= p->limits.mx)
		start_addresses(p, answer, p->limits.mx);
	callback_done(p);
}

static void
on_ptr(void *arg, const struct dns_answer *answer)
{
	struct prefetch *p = arg;

	if (answer != NULL)
		start_addresses(p, answer, p->limits.ptr);
	callback_done(p);
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

/* The terms that may be evaluated, like generate() in spf_eval.c. */
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
			/* always a pass: the include matches */
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
take_spf_record(struct node *n, const struct dns_answer *answer)
{
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

static void
on_spf_record(void *arg, const struct dns_answer *answer)
{
	struct node *n = arg;

	if (answer != NULL)
		take_spf_record(n, answer);
	callback_done(n->p);
}

/* --- the walk --------------------------------------------------------- */

/*
 * A name with %{p} cannot be expanded without answers: only the client's names
 * are asked for, and the check asks for the name itself.
 */
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
		start_then(p, name, DNS_TXT, on_spf_record, n);
	} else if (t->kind == TERM_MX)
		start_then(p, name, DNS_MX, on_mx, p);
	else if (t->kind == TERM_EXISTS)
		start_lookup(p, name, DNS_A);
	else
		start_lookup(p, name, spf_address_type(&p->values.client));
}

/*
 * In the order of evaluation. False: later terms are not started, because the
 * limit is reached or the evaluation ends before them.
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

void
spf_prefetch(struct lookups *l, const struct spf_question *q,
    const struct spf_limits *limits)
{
	struct arena		*a = arena_new(ARENA_CHUNK);
	struct prefetch		*p = arena_alloc(a, sizeof(*p));
	struct spf_identity	 id;
	struct lookup		*first = NULL;

	p->lookups = l;
	p->arena = a;
	p->limits = *limits;
	if (p->limits.terms > SPF_TERMS_MAX)
		p->limits.terms = SPF_TERMS_MAX;
	if (spf_identity_init(p->arena, q, &id))
		first = start_lookup(p, id.domain, DNS_TXT);
	if (first == NULL) {
		arena_free(&a);
		return;
	}
	p->values = id.values;
	p->top.p = p;
	p->top.target = id.domain;
	p->callbacks = 1;
	lookup_then(first, on_spf_record, &p->top);
}
