/*
 * resolver_lookups - the account of one message: deadline, budget, callbacks
 *
 * The account's lock protects the list of lookups, their arena, and the
 * callbacks that are ready. Callbacks of one account never run at the same
 * time: the first thread that finds some ready runs them all, one after the
 * other, without the lock. A lookup is answered once, by the resolver or by
 * its deadline; after that its answer does not change.
 *
 * Thousands of messages wait for their clients with all their answers. So a
 * lookup is small. What it needs only until its answer is in a block of its
 * own (struct pending), which is freed under the account's lock:
 *	answered by the cache		in lookups_start
 *	answered by a query		in lookup_run, in the resolver's thread
 *	late, or the account is closed	in lookups_free
 * The last line also says that lookups_free may use the blocks without the
 * lock: from account_close on, no other thread frees one.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "dns/resolver.h"
#include "dns_wire_priv.h"
#include "resolver_priv.h"

/* Enough for the lookups of most messages at MAIL, then for eight more. */
#define ARENA_CHUNK	480
#define ARENA_GROWTH	288

struct callback {
	STAILQ_ENTRY(callback)	 link;
	struct lookup		*lookup;
	lookup_fn		*fn;
	void			*arg;
};
STAILQ_HEAD(callbacks, callback);

/* What a lookup needs until it has an answer that names its question. */
struct pending {
	struct waiter		 waiter;	/* first, for the casts */
	struct lookup		*lookup;
	struct question		 question;
	uint64_t		 started;	/* ms */
	struct callbacks	 callbacks;
	char			 name[];
};

struct lookup {
	SLIST_ENTRY(lookup)	 link;
	struct lookups		*account;
	struct pending		*pending;	/* NULL: not needed */
	_Atomic(struct answer *) answer;	/* NULL: none yet; then fixed */
};
_Static_assert(sizeof(struct lookup) <= 4 * sizeof(void *),
    "a message has a dozen lookups, and there are thousands of messages");

struct lookups {
	struct resolver		*resolver;
	struct lookup_limits	 limits;
	pthread_mutex_t		 lock;
	pthread_cond_t		 changed;
	struct arena		*arena;
	SLIST_HEAD(, lookup)	 list;
	unsigned		 n;
	uint64_t		 waited;	/* ms */
	struct callbacks	 ready;
	bool			 running;	/* a thread runs callbacks */
	bool			 closed;	/* start no more callbacks */
	unsigned		 pins;		/* deliveries not finished */
	/* made when first needed; not in the list */
	struct lookup		*bad_name, *over_budget;
};

/* Answers without a question; their owner is the process. */
static struct answer late = {
	.refs = 1, .dns = { .status = DNS_TEMPFAIL, .why = "timeout" }
};
static struct answer bad_name = {
	.refs = 1, .dns = { .status = DNS_BADNAME, .why = "badname" }
};
static struct answer over_budget = {
	.refs = 1, .dns = { .status = DNS_TEMPFAIL, .why = "budget" }
};

/* --- one lookup -------------------------------------------------------- */

static struct answer *
answer_of(struct lookup *p)
{
	return atomic_load_explicit(&p->answer, memory_order_acquire);
}

static bool
is_answered(struct lookup *p)
{
	return answer_of(p) != NULL;
}

/* Under the lock. */
static const struct question *
question_of(struct lookup *p)
{
	return p->pending != NULL ? &p->pending->question :
	    &answer_of(p)->question;
}

/* Under the lock. A late lookup keeps it: its question is nowhere else. */
static void
pending_free(struct lookup *p)
{
	if (answer_of(p) == &late)
		return;
	free(p->pending);
	p->pending = NULL;
}

/* Under the lock. */
static struct lookup *
lookup_add(struct lookups *l, struct answer *a)
{
	struct lookup *p = arena_alloc(l->arena, sizeof(*p));

	p->account = l;
	atomic_init(&p->answer, a);
	return p;
}

/* Under the lock: a lookup that failed before a question was sent. */
static struct lookup *
lookup_failed(struct lookup **pp, struct lookups *l, struct answer *a)
{
	if (*pp == NULL)
		*pp = lookup_add(l, a);
	return *pp;
}

static struct lookup *
lookups_bad_name(struct lookups *l)
{
	struct lookup *p;

	pthread_mutex_lock(&l->lock);
	p = lookup_failed(&l->bad_name, l, &bad_name);
	pthread_mutex_unlock(&l->lock);
	return p;
}

/* --- create and free -------------------------------------------------- */

struct lookups *
lookups_new(struct resolver *r, const struct lookup_limits *limits)
{
	struct arena	*a = arena_new(ARENA_CHUNK);
	struct lookups	*l = arena_alloc(a, sizeof(*l));

	arena_grow_by(a, ARENA_GROWTH);
	l->resolver = r;
	l->limits = *limits;
	pthread_mutex_init(&l->lock, NULL);
	monotonic_cond_init(&l->changed);
	l->arena = a;
	SLIST_INIT(&l->list);
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
		if (p->pending != NULL)
			resolver_leave(&p->pending->waiter);
	pthread_mutex_lock(&l->lock);
	while (l->pins > 0)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

/* Each callback is called once, also without an answer. */
static void
callbacks_end(struct callbacks *list)
{
	struct callback *c;

	while ((c = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		c->fn(c->arg, NULL);
		free(c);
	}
}

void
lookups_free(struct lookups **lp)
{
	struct lookups	*l = *lp;
	struct lookup	*p;
	struct arena	*a;

	if (l == NULL)
		return;
	account_close(l);
	account_leave(l);
	callbacks_end(&l->ready);
	SLIST_FOREACH(p, &l->list, link) {
		if (p->pending != NULL)
			callbacks_end(&p->pending->callbacks);
		free(p->pending);
		if (is_answered(p))
			answer_unref(answer_of(p));
	}
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	a = l->arena;
	arena_free(&a);
	*lp = NULL;
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
		c->fn(c->arg, &answer_of(c->lookup)->dns);
		free(c);
		pthread_mutex_lock(&l->lock);
	}
	l->running = false;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/*
 * Under the lock. Takes over the reference to `a`, whichever came first: this
 * answer or the deadline.
 */
static void
lookup_settle(struct lookup *p, struct answer *a)
{
	if (is_answered(p)) {
		answer_unref(a);
		return;
	}
	STAILQ_CONCAT(&p->account->ready, &p->pending->callbacks);
	atomic_store_explicit(&p->answer, a, memory_order_release);
	pthread_cond_broadcast(&p->account->changed);
}

/* Pins the account, and so the lookup and its waiter, until lookup_run. */
static void
lookup_deliver(struct waiter *w, struct answer *a)
{
	struct lookup	*p = ((struct pending *)w)->lookup;
	struct lookups	*l = p->account;

	answer_ref(a);
	pthread_mutex_lock(&l->lock);
	l->pins++;
	lookup_settle(p, a);
	pthread_mutex_unlock(&l->lock);
}

static void
lookup_run(struct waiter *w)
{
	struct lookup	*p = ((struct pending *)w)->lookup;
	struct lookups	*l = p->account;

	callbacks_run(l);
	pthread_mutex_lock(&l->lock);
	if (!l->closed)
		pending_free(p);
	if (--l->pins == 0)
		pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

void
lookup_then(struct lookup *p, lookup_fn *fn, void *arg)
{
	struct lookups	*l = p->account;
	struct callback	*c = xmalloc(sizeof(*c));

	c->lookup = p;
	c->fn = fn;
	c->arg = arg;
	pthread_mutex_lock(&l->lock);
	if (is_answered(p))
		STAILQ_INSERT_TAIL(&l->ready, c, link);
	else
		STAILQ_INSERT_TAIL(&p->pending->callbacks, c, link);
	pthread_mutex_unlock(&l->lock);
	callbacks_run(l);
}

/* --- asking ----------------------------------------------------------- */

static struct lookup *
lookup_find(struct lookups *l, const struct question *qn)
{
	struct lookup *p;

	SLIST_FOREACH(p, &l->list, link)
		if (question_same(question_of(p), qn))
			break;
	return p;
}

static struct pending *
pending_new(struct lookup *p, const struct question *qn, uint64_t now)
{
	struct pending *w = xcalloc(1, sizeof(*w) + qn->len + 1);

	w->waiter.deliver = lookup_deliver;
	w->waiter.run = lookup_run;
	w->lookup = p;
	w->question = *qn;
	w->question.name = memcpy(w->name, qn->name, qn->len);
	w->started = now;
	STAILQ_INIT(&w->callbacks);
	return w;
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
		p = lookup_failed(&l->over_budget, l, &over_budget);
	if (p == NULL) {
		p = lookup_add(l, NULL);
		p->pending = pending_new(p, qn, resolver_now(l->resolver));
		SLIST_INSERT_HEAD(&l->list, p, link);
		l->n++;
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
	/* if this gives no answer, `pending` may be freed at any time */
	a = resolver_join(l->resolver, &qn, &p->pending->waiter);
	if (a == NULL)
		return p;
	pthread_mutex_lock(&l->lock);
	lookup_settle(p, a);
	pending_free(p);
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
	uint64_t		 age = now - p->pending->started;

	if (age >= total || l->waited >= total)
		return 0;
	return age > l->waited ? total - age : total - l->waited;
}

/* Under the lock. */
static void
lookup_wait_locked(struct lookup *p)
{
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
	answer_ref(&late);
	lookup_settle(p, &late);
	resolver_count_timeout(l->resolver);
}

const struct dns_answer *
lookup_wait(struct lookup *p)
{
	if (is_answered(p))
		return &answer_of(p)->dns;
	pthread_mutex_lock(&p->account->lock);
	if (!is_answered(p))
		lookup_wait_locked(p);
	pthread_mutex_unlock(&p->account->lock);
	callbacks_run(p->account);
	return &answer_of(p)->dns;
}

const struct dns_answer *
lookup_peek(struct lookup *p)
{
	struct answer *a = answer_of(p);

	return a != NULL ? &a->dns : NULL;
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
