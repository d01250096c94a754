/*
 * resolver_lookups - the account of one message: deadline, budget, callbacks
 *
 * The account's lock protects the list of lookups, the callbacks that are
 * ready, and the arena of both. Callbacks of one account never run at the
 * same time: the first thread that finds some ready runs them all, one after
 * the other, without the lock. A lookup is answered once, by the resolver or
 * by its deadline; after that its answer does not change.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "dns/resolver.h"
#include "dns_wire_priv.h"
#include "resolver_priv.h"

/* Enough for the lookups that MAIL starts. */
#define ARENA_CHUNK	1792

struct callback {
	STAILQ_ENTRY(callback)	 link;
	struct lookup		*lookup;
	lookup_fn		*fn;
	void			*arg;
};
STAILQ_HEAD(callbacks, callback);

struct lookup {
	struct waiter		 waiter;	/* first, for the casts */
	SLIST_ENTRY(lookup)	 link;
	struct lookups		*account;
	struct question		 question;
	uint64_t		 started;	/* ms */
	atomic_bool		 answered;	/* answer, dns are fixed */
	struct answer		*answer;	/* owner of dns.rr; or NULL */
	struct dns_answer	 dns;
	struct callbacks	 callbacks;
};

struct last_call {
	SLIST_ENTRY(last_call)	 link;
	void			(*fn)(void *);
	void			*arg;
};

struct lookups {
	struct resolver		*resolver;
	struct lookup_limits	 limits;
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	struct arena		*arena;
	SLIST_HEAD(, lookup)	 list;
	SLIST_HEAD(, last_call)	 last_calls;
	unsigned		 n;
	uint64_t		 waited;	/* ms */
	struct callbacks	 ready;
	bool			 running;	/* a thread runs callbacks */
	bool			 closed;	/* start no more callbacks */
	unsigned		 pins;		/* deliveries not finished */
	/* made when first needed */
	struct lookup		*bad_name, *over_budget;
};

/* --- create and free -------------------------------------------------- */

static void
lookup_init(struct lookup *p, struct lookups *l)
{
	p->account = l;
	atomic_init(&p->answered, false);
	STAILQ_INIT(&p->callbacks);
}

/* Under the lock: a lookup that failed before a question was sent. */
static struct lookup *
lookup_failed(struct lookup **pp, struct lookups *l, enum dns_status status,
    const char *why)
{
	struct lookup *p = *pp;

	if (p != NULL)
		return p;
	p = *pp = arena_alloc(l->arena, sizeof(*p));
	lookup_init(p, l);
	p->dns.status = status;
	p->dns.why = why;
	atomic_init(&p->answered, true);
	return p;
}

static struct lookup *
lookups_bad_name(struct lookups *l)
{
	struct lookup *p;

	pthread_mutex_lock(&l->lock);
	p = lookup_failed(&l->bad_name, l, DNS_BADNAME, "badname");
	pthread_mutex_unlock(&l->lock);
	return p;
}

struct lookups *
lookups_new(struct resolver *r, const struct lookup_limits *limits)
{
	struct arena	*a = arena_new(ARENA_CHUNK);
	struct lookups	*l = arena_alloc(a, sizeof(*l));

	l->resolver = r;
	l->limits = *limits;
	pthread_mutex_init(&l->lock, NULL);
	monotonic_cond_init(&l->changed);
	l->arena = a;
	SLIST_INIT(&l->list);
	SLIST_INIT(&l->last_calls);
	STAILQ_INIT(&l->ready);
	return l;
}

/* Wait for a running callback, and let no other start. */
static void
account_close(struct lookups *l)
{
	pthread_mutex_lock(&l->lock);
	l->closed = true;
	while (l->running)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

/* Leave the resolver's queries, and wait for deliveries in progress. */
static void
account_leave(struct lookups *l)
{
	struct lookup *p;

	SLIST_FOREACH(p, &l->list, link)
		resolver_leave(&p->waiter);
	pthread_mutex_lock(&l->lock);
	while (l->pins > 0)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

void
lookups_free(struct lookups **lp)
{
	struct lookups		*l = *lp;
	struct lookup		*p;
	struct last_call	*c;
	struct arena		*a;

	if (l == NULL)
		return;
	account_close(l);
	account_leave(l);
	SLIST_FOREACH(c, &l->last_calls, link)
		c->fn(c->arg);
	SLIST_FOREACH(p, &l->list, link)
		if (p->answer != NULL)
			answer_unref(p->answer);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	a = l->arena;
	arena_free(&a);
	*lp = NULL;
}

void
lookups_atexit(struct lookups *l, void (*fn)(void *), void *arg)
{
	struct last_call *c;

	pthread_mutex_lock(&l->lock);
	c = arena_alloc(l->arena, sizeof(*c));
	c->fn = fn;
	c->arg = arg;
	SLIST_INSERT_HEAD(&l->last_calls, c, link);
	pthread_mutex_unlock(&l->lock);
}

/* --- callbacks -------------------------------------------------------- */

/* Run the callbacks that are ready, unless another thread is doing so. */
static void
callbacks_run(struct lookups *l)
{
	struct callback *c;

	pthread_mutex_lock(&l->lock);
	if (l->running || STAILQ_EMPTY(&l->ready)) {
		pthread_mutex_unlock(&l->lock);
		return;
	}
	l->running = true;
	while (!l->closed && (c = STAILQ_FIRST(&l->ready)) != NULL) {
		STAILQ_REMOVE_HEAD(&l->ready, link);
		pthread_mutex_unlock(&l->lock);
		c->fn(c->arg, &c->lookup->dns);
		pthread_mutex_lock(&l->lock);
	}
	l->running = false;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/* Under the lock. Takes over the reference to `a`, which may be NULL. */
static void
lookup_settle(struct lookup *p, struct answer *a, const struct dns_answer *dns)
{
	p->answer = a;
	p->dns = *dns;
	STAILQ_CONCAT(&p->account->ready, &p->callbacks);
	atomic_store_explicit(&p->answered, true, memory_order_release);
	pthread_cond_broadcast(&p->account->changed);
}

static bool
is_answered(struct lookup *p)
{
	return atomic_load_explicit(&p->answered, memory_order_acquire);
}

/*
 * Under the lock: store an answer from the cache or the network, unless the
 * deadline came first. Takes over the reference to `a`.
 */
static void
lookup_settle_answer(struct lookup *p, struct answer *a, uint64_t now)
{
	struct dns_answer dns = a->dns;

	if (is_answered(p)) {
		answer_unref(a);
		return;
	}
	if (a->expires > 0)
		dns.ttl = a->expires > now ?
		    (uint32_t)((a->expires - now) / 1000) : 0;
	lookup_settle(p, a, &dns);
}

/* Pins the account, and so the lookup, until lookup_run. */
static void
lookup_deliver(struct waiter *w, struct answer *a)
{
	struct lookup	*p = (struct lookup *)w;
	struct lookups	*l = p->account;

	answer_ref(a);
	pthread_mutex_lock(&l->lock);
	l->pins++;
	lookup_settle_answer(p, a, resolver_now(l->resolver));
	pthread_mutex_unlock(&l->lock);
}

static void
lookup_run(struct waiter *w)
{
	struct lookups *l = ((struct lookup *)w)->account;

	callbacks_run(l);
	pthread_mutex_lock(&l->lock);
	if (--l->pins == 0)
		pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

void
lookup_then(struct lookup *p, lookup_fn *fn, void *arg)
{
	struct lookups	*l = p->account;
	struct callback	*c;

	pthread_mutex_lock(&l->lock);
	c = arena_alloc(l->arena, sizeof(*c));
	c->lookup = p;
	c->fn = fn;
	c->arg = arg;
	if (is_answered(p))
		STAILQ_INSERT_TAIL(&l->ready, c, link);
	else
		STAILQ_INSERT_TAIL(&p->callbacks, c, link);
	pthread_mutex_unlock(&l->lock);
	callbacks_run(l);
}

/* --- asking ----------------------------------------------------------- */

static struct lookup *
lookup_find(struct lookups *l, const struct question *qn)
{
	struct lookup *p;

	SLIST_FOREACH(p, &l->list, link)
		if (question_same(&p->question, qn))
			break;
	return p;
}

static struct lookup *
lookup_add(struct lookups *l, const struct question *qn, uint64_t now)
{
	struct lookup *p = arena_alloc(l->arena, sizeof(*p));

	lookup_init(p, l);
	p->waiter.deliver = lookup_deliver;
	p->waiter.run = lookup_run;
	p->question = *qn;
	p->question.name = arena_memdup(l->arena, qn->name, qn->len);
	p->started = now;
	SLIST_INSERT_HEAD(&l->list, p, link);
	l->n++;
	return p;
}

/* *fresh: the lookup is new, and the caller must ask its question. */
static struct lookup *
lookup_find_or_add(struct lookups *l, const struct question *qn, bool *fresh)
{
	struct lookup *p;

	*fresh = false;
	pthread_mutex_lock(&l->lock);
	p = lookup_find(l, qn);
	if (p == NULL && l->n >= l->limits.max_queries)
		p = lookup_failed(&l->over_budget, l, DNS_TEMPFAIL, "budget");
	if (p == NULL) {
		p = lookup_add(l, qn, resolver_now(l->resolver));
		*fresh = true;
	}
	pthread_mutex_unlock(&l->lock);
	return p;
}

struct lookup *
lookups_start(struct lookups *l, const char *name, enum dns_type type)
{
	char		 folded[DNS_NAME_MAX + 1];
	struct question	 qn = { .type = type, .name = folded };
	struct lookup	*p;
	struct answer	*a;
	bool		 fresh;

	qn.len = dns_name_fold(name, folded);
	if (qn.len == 0)
		return lookups_bad_name(l);
	resolver_question(l->resolver, &qn);
	p = lookup_find_or_add(l, &qn, &fresh);
	if (!fresh)
		return p;
	a = resolver_join(l->resolver, &p->question, &p->waiter);
	if (a == NULL)
		return p;
	pthread_mutex_lock(&l->lock);
	lookup_settle_answer(p, a, p->started);
	pthread_mutex_unlock(&l->lock);
	/* another thread may have added a callback in the meantime */
	callbacks_run(l);
	return p;
}

/* --- waiting ---------------------------------------------------------- */

/*
 * The milliseconds left to wait. Each lookup may take the whole timeout from
 * its start, and all waiting of the message may take it once. So a slow
 * client loses no answer, and silent servers hold a message for one timeout.
 */
static uint64_t
lookup_patience(const struct lookup *p, uint64_t now)
{
	const struct lookups	*l = p->account;
	uint64_t		 total = l->limits.timeout_ms;
	uint64_t		 age = now - p->started;

	if (age >= total || l->waited >= total)
		return 0;
	return age > l->waited ? total - age : total - l->waited;
}

/* Under the lock. */
static void
lookup_wait_locked(struct lookup *p)
{
	static const struct dns_answer late = {
		.status = DNS_TEMPFAIL, .why = "timeout"
	};
	struct lookups	*l = p->account;
	uint64_t	 begin = resolver_now(l->resolver);
	uint64_t	 patience = lookup_patience(p, begin);
	struct timespec	 end = monotonic_in(patience);
	int		 rc = patience > 0 ? 0 : ETIMEDOUT;

	while (!is_answered(p) && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&l->changed, &l->lock, &end);
	l->waited += resolver_now(l->resolver) - begin;
	if (is_answered(p))
		return;
	lookup_settle(p, NULL, &late);
	resolver_count_timeout(l->resolver);
}

const struct dns_answer *
lookup_wait(struct lookup *p)
{
	if (is_answered(p))
		return &p->dns;
	pthread_mutex_lock(&p->account->lock);
	if (!is_answered(p))
		lookup_wait_locked(p);
	pthread_mutex_unlock(&p->account->lock);
	callbacks_run(p->account);
	return &p->dns;
}

const struct dns_answer *
lookup_peek(struct lookup *p)
{
	return is_answered(p) ? &p->dns : NULL;
}

const struct dns_answer *
lookups_ask(struct lookups *l, const char *name, enum dns_type type)
{
	return lookup_wait(lookups_start(l, name, type));
}

unsigned
lookups_count(struct lookups *l)
{
	unsigned n;

	pthread_mutex_lock(&l->lock);
	n = l->n;
	pthread_mutex_unlock(&l->lock);
	return n;
}

unsigned
lookups_waited_ms(struct lookups *l)
{
	uint64_t waited;

	pthread_mutex_lock(&l->lock);
	waited = l->waited;
	pthread_mutex_unlock(&l->lock);
	return waited < UINT32_MAX ? (unsigned)waited : UINT32_MAX;
}
