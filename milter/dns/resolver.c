/*
 * resolver - the part shared by all threads: the cache and pending queries
 *
 * Both are split into shards, each with one lock; the hash of a question
 * selects its shard. Under the lock a question is answered from the cache,
 * joins the same pending query, or becomes a new query. So two messages with
 * the same question at the same time send one query. A query continues when
 * its waiters leave; its answer goes to the cache.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/metrics.h"
#include "base/monotonic.h"
#include "dns/resolver.h"
#include "resolver_priv.h"

#define SHARDS			16u
#define BUCKETS			64u
#define CACHE_ENTRIES		32768u
/* octets of answers for each allowed entry; most answers are below 300 */
#define CACHE_BYTES_EACH	1024u
/* even a small cache must hold the largest answer */
#define CACHE_BYTES_MIN		(128u * 1024)

TAILQ_HEAD(waiters, waiter);

struct query {
	struct query	*chain;
	struct shard	*shard;
	struct waiters	 waiters;
	struct question	 question;
	uint64_t	 asked;		/* monotonic_us */
	char		 name[];
};

struct shard {
	pthread_mutex_t	 lock;
	struct resolver	*resolver;
	struct dns_cache	 cache;
	struct query	*asked[BUCKETS];
	struct resolver_stats stats;	/* without timeouts */
};

struct resolver {
	struct resolver_backend	 backend;
	void			*state;
	resolver_clock		*clock;
	uint64_t		 key[2];
	atomic_uint_fast64_t	 timeouts;
	atomic_uint_fast64_t	 failing;	/* since the last answer */
	struct histogram	 latency;	/* of queries */
	struct shard		 shard[SHARDS];
};

struct resolver *
resolver_new(const struct resolver_backend *backend, void *state,
    size_t cache_entries)
{
	struct resolver	*r = xcalloc(1, sizeof(*r));
	size_t		 entries, bytes;
	unsigned	 i;

	entries = cache_entries > 0 ? cache_entries : CACHE_ENTRIES;
	entries = (entries + SHARDS - 1) / SHARDS;
	bytes = entries * CACHE_BYTES_EACH;
	if (bytes < CACHE_BYTES_MIN)
		bytes = CACHE_BYTES_MIN;
	r->backend = *backend;
	r->state = state;
	r->clock = monotonic_ms_coarse;
	if (getentropy(r->key, sizeof(r->key)) == -1)
		abort();
	for (i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&r->shard[i].lock, NULL);
		r->shard[i].resolver = r;
		dns_cache_init(&r->shard[i].cache, entries, bytes);
	}
	return r;
}

static void
shard_clear(struct shard *s)
{
	struct query	*q;
	unsigned	 i;

	for (i = 0; i < BUCKETS; i++)
		while ((q = s->asked[i]) != NULL) {
			s->asked[i] = q->chain;
			free(q);
		}
	dns_cache_clear(&s->cache);
	pthread_mutex_destroy(&s->lock);
}

void
resolver_free(struct resolver **rp)
{
	struct resolver	*r = *rp;
	unsigned	 i;

	if (r == NULL)
		return;
	r->backend.close(r->state);
	for (i = 0; i < SHARDS; i++)
		shard_clear(&r->shard[i]);
	free(r);
	*rp = NULL;
}

void
resolver_set_clock(struct resolver *r, resolver_clock *clock)
{
	r->clock = clock;
}

uint64_t
resolver_now(struct resolver *r)
{
	return r->clock();
}

void
resolver_count_timeout(struct resolver *r)
{
	atomic_fetch_add_explicit(&r->timeouts, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->failing, 1, memory_order_relaxed);
}

void
resolver_stats(struct resolver *r, struct resolver_stats *st)
{
	struct shard	*s;

	memset(st, 0, sizeof(*st));
	for (s = r->shard; s < r->shard + SHARDS; s++) {
		pthread_mutex_lock(&s->lock);
		st->queries += s->stats.queries;
		st->cache_hits += s->stats.cache_hits;
		st->shared += s->stats.shared;
		st->failures += s->stats.failures;
		pthread_mutex_unlock(&s->lock);
	}
	st->timeouts = atomic_load_explicit(&r->timeouts,
	    memory_order_relaxed);
	st->failing = atomic_load_explicit(&r->failing, memory_order_relaxed);
	if (r->backend.limit != NULL)
		st->pending_max = r->backend.limit(r->state);
}

struct histogram *
resolver_latency(struct resolver *r)
{
	return &r->latency;
}

/* --- pending queries --------------------------------------------------- */

const char *
query_name(const struct query *q)
{
	return q->name;
}

enum dns_type
query_type(const struct query *q)
{
	return q->question.type;
}

/* The low bits select the cache's bucket, the high bits the shard. */
static struct shard *
shard_of(struct resolver *r, const struct question *qn)
{
	return &r->shard[(qn->hash >> 60) % SHARDS];
}

static struct query **
query_link(struct shard *s, const struct question *qn)
{
	struct query **at = &s->asked[(qn->hash >> 32) % BUCKETS];

	while (*at != NULL && !question_same(&(*at)->question, qn))
		at = &(*at)->chain;
	return at;
}

static struct query *
query_new(struct shard *s, const struct question *qn)
{
	struct query *q = xmalloc(sizeof(*q) + qn->len + 1);

	q->chain = NULL;
	q->shard = s;
	q->asked = monotonic_us();
	TAILQ_INIT(&q->waiters);
	q->question = *qn;
	q->question.name = memcpy(q->name, qn->name, qn->len + 1);
	return q;
}

void
resolver_question(struct resolver *r, struct question *qn)
{
	qn->hash = question_hash(r->key, qn->name, qn->len, qn->type);
}

/* Under the shard's lock. Returns the query if it is new and must be asked. */
static struct query *
query_join(struct shard *s, const struct question *qn, struct waiter *w)
{
	struct query **link = query_link(s, qn), *fresh = NULL;

	if (*link == NULL) {
		*link = fresh = query_new(s, qn);
		s->stats.queries++;
	} else
		s->stats.shared++;
	w->query = *link;
	TAILQ_INSERT_TAIL(&w->query->waiters, w, link);
	return fresh;
}

struct answer *
resolver_join(struct resolver *r, const struct question *qn, struct waiter *w)
{
	struct shard	*s = shard_of(r, qn);
	struct query	*fresh = NULL;
	struct answer	*a;

	pthread_mutex_lock(&s->lock);
	w->shard = s;
	a = dns_cache_find(&s->cache, qn, r->clock());
	if (a != NULL)
		s->stats.cache_hits++;
	else
		fresh = query_join(s, qn, w);
	pthread_mutex_unlock(&s->lock);
	if (fresh != NULL)
		r->backend.ask(r->state, fresh);
	return a;
}

void
resolver_leave(struct waiter *w)
{
	pthread_mutex_lock(&w->shard->lock);
	if (w->query != NULL)
		TAILQ_REMOVE(&w->query->waiters, w, link);
	w->query = NULL;
	pthread_mutex_unlock(&w->shard->lock);
}

/* Written rarely, so that good answers do not contend for it. */
static void
note_answered(struct resolver *r, bool failed)
{
	if (failed)
		atomic_fetch_add_explicit(&r->failing, 1,
		    memory_order_relaxed);
	else if (atomic_load_explicit(&r->failing, memory_order_relaxed) > 0)
		atomic_store_explicit(&r->failing, 0, memory_order_relaxed);
}

void
resolver_answered(struct query *q, const struct dns_reply *reply)
{
	struct shard	*s = q->shard;
	struct answer	*a;
	struct waiter	*w, *next;

	a = answer_new(&q->question, reply, s->resolver->clock());
	note_answered(s->resolver, a->dns.status == DNS_TEMPFAIL);
	histogram_add(&s->resolver->latency, monotonic_us() - q->asked);
	pthread_mutex_lock(&s->lock);
	*query_link(s, &q->question) = q->chain;
	s->stats.failures += a->dns.status == DNS_TEMPFAIL;
	dns_cache_insert(&s->cache, a);
	TAILQ_FOREACH(w, &q->waiters, link) {
		w->query = NULL;
		w->deliver(w, a);
	}
	pthread_mutex_unlock(&s->lock);
	/* no waiter can join or leave now; each lives until its own run */
	for (w = TAILQ_FIRST(&q->waiters); w != NULL; w = next) {
		next = TAILQ_NEXT(w, link);
		w->run(w);
	}
	answer_unref(a);
	free(q);
}
