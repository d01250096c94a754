/*
 * resolver_fake - shared by the tests of the resolver: a backend that the test
 * controls, two accounts, and a clock of the test
 */
#ifndef MILLGATE_RESOLVER_FAKE_H
#define MILLGATE_RESOLVER_FAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "dns/resolver.h"
#include "dns/resolver_priv.h"

/* --- a backend on strings --------------------------------------------- */

struct fake {
	pthread_mutex_t	 lock;
	struct query	*query[256];
	unsigned	 n;		/* so far; answered ones are NULL */
	bool		 closed;
};

static inline void
fake_ask(void *state, struct query *q)
{
	struct fake *f = state;

	pthread_mutex_lock(&f->lock);
	assert_true(f->n < NELEM(f->query));
	f->query[f->n++] = q;
	pthread_mutex_unlock(&f->lock);
}

static inline void
fake_close(void *state)
{
	struct fake *f = state;

	f->closed = true;
}

static const struct resolver_backend fake_backend = {
	.ask = fake_ask, .close = fake_close
};

static inline void
fake_reply(struct fake *f, unsigned i, const struct dns_reply *reply)
{
	struct query *q;

	pthread_mutex_lock(&f->lock);
	assert_true(i < f->n);
	q = f->query[i];
	f->query[i] = NULL;
	pthread_mutex_unlock(&f->lock);
	assert_non_null(q);
	resolver_answered(q, reply);
}

static inline void
fake_txt(struct fake *f, unsigned i, uint32_t ttl, const char *text)
{
	char			 rdata[256], *const list[] = { rdata };
	const int		 len[] = { (int)strlen(text) + 1 };
	const struct dns_reply	 reply = {
		.status = DNS_OK, .ttl = ttl, .n = 1, .rdata = list, .len = len
	};

	rdata[0] = (char)strlen(text);
	memcpy(rdata + 1, text, strlen(text));
	fake_reply(f, i, &reply);
}

static inline void
fake_status(struct fake *f, unsigned i, enum dns_status status, uint32_t ttl)
{
	const struct dns_reply reply = { .status = status, .ttl = ttl };

	fake_reply(f, i, &reply);
}

/* --- setup and assertions ---------------------------------------------- */

static atomic_uint_fast64_t test_time = 1000000;	/* ms */

static inline uint64_t
test_clock(void)
{
	return test_time;
}

struct world {
	struct fake		 fake;
	struct resolver		*r;
	struct lookups		*one, *two;
};

/* A minute: a busy machine must not reach it. */
static const struct lookup_limits limits = { 60000, 20 };

static inline struct world *
world_new(size_t cache_entries)
{
	struct world *w = xcalloc(1, sizeof(*w));

	pthread_mutex_init(&w->fake.lock, NULL);
	w->r = resolver_new(&fake_backend, &w->fake, cache_entries);
	w->one = lookups_new(w->r, &limits);
	w->two = lookups_new(w->r, &limits);
	return w;
}

static inline int
setup(void **state)
{
	struct world *w = world_new(0);

	resolver_set_clock(w->r, test_clock);
	*state = w;
	return 0;
}

static inline int
setup_real_clock(void **state)
{
	struct world *w = world_new(0);

	/* the usual clock advances in ticks, which may come late */
	resolver_set_clock(w->r, monotonic_ms);
	*state = w;
	return 0;
}

static inline int
teardown(void **state)
{
	struct world *w = *state;

	lookups_free(&w->one);
	lookups_free(&w->two);
	resolver_free(&w->r);
	assert_true(w->fake.closed);
	pthread_mutex_destroy(&w->fake.lock);
	free(w);
	return 0;
}

static inline void
assert_txt(const struct dns_answer *a, const char *want)
{
	assert_non_null(a);
	assert_int_equal(a->status, DNS_OK);
	assert_int_equal(a->n, 1);
	assert_string_equal(a->rr[0].data, want);
}

static inline void
assert_failed(const struct dns_answer *a, const char *why)
{
	assert_non_null(a);
	assert_int_equal(a->status, DNS_TEMPFAIL);
	assert_string_equal(a->why, why);
	assert_int_equal(a->n, 0);
}

static inline void
assert_stats(struct resolver *r, unsigned queries, unsigned hits,
    unsigned shared)
{
	struct resolver_stats st;

	resolver_stats(r, &st);
	assert_int_equal(st.queries, queries);
	assert_int_equal(st.cache_hits, hits);
	assert_int_equal(st.shared, shared);
}

/* Ask with a new account, to see whether the cache has the name. */
static inline bool
cached(struct world *w, const char *name)
{
	lookups_free(&w->two);
	w->two = lookups_new(w->r, &limits);
	return lookup_peek(lookups_start(w->two, name, DNS_TXT)) != NULL;
}

/* --- an answer from another thread ------------------------------------ */

struct later {
	struct fake	*fake;
	unsigned	 ms, i;
	pthread_t	 thread;
};

static inline void *
later_run(void *arg)
{
	struct later *later = arg;

	usleep(later->ms * 1000);
	fake_txt(later->fake, later->i, 60, "late");
	return NULL;
}

static inline void
later_start(struct later *later, struct fake *f, unsigned i, unsigned ms)
{
	later->fake = f;
	later->i = i;
	later->ms = ms;
	assert_int_equal(pthread_create(&later->thread, NULL, later_run,
	    later), 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TIMED(name)	cmocka_unit_test_setup_teardown(name,	\
			    setup_real_clock, teardown)

#endif
