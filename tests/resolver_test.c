/*
 * resolver: a question is asked once, waits are bounded, callbacks run once
 * and in order, and the cache forgets in time. The backend here answers when
 * the test says so; the clock is the test's, too, where time matters.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "dns_wire.h"
#include "resolver_priv.h"

/* --- a backend on strings --------------------------------------------- */

struct fake {
	pthread_mutex_t	 lock;
	struct query	*query[256];
	unsigned	 n;		/* asked so far; answered ones are NULL */
	bool		 closed;
};

static void
fake_ask(void *state, struct query *q)
{
	struct fake *f = state;

	pthread_mutex_lock(&f->lock);
	assert_true(f->n < NELEM(f->query));
	f->query[f->n++] = q;
	pthread_mutex_unlock(&f->lock);
}

static void
fake_close(void *state)
{
	struct fake *f = state;

	f->closed = true;
}

static const struct resolver_backend fake_backend = {
	.ask = fake_ask, .close = fake_close
};

static void
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

static void
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

static void
fake_status(struct fake *f, unsigned i, enum dns_status status, uint32_t ttl)
{
	const struct dns_reply reply = { .status = status, .ttl = ttl };

	fake_reply(f, i, &reply);
}

/* --- what every test starts with -------------------------------------- */

static atomic_uint_fast64_t test_time = 1000000;	/* ms */

static uint64_t
test_clock(void)
{
	return test_time;
}

struct world {
	struct fake		 fake;
	struct resolver		*r;
	struct lookups		*one, *two;
};

static const struct lookup_limits limits = { 2000, 20 };

static struct world *
world_new(size_t cache_entries)
{
	struct world *w = xcalloc(1, sizeof(*w));

	pthread_mutex_init(&w->fake.lock, NULL);
	w->r = resolver_new(&fake_backend, &w->fake, cache_entries);
	w->one = lookups_new(w->r, &limits);
	w->two = lookups_new(w->r, &limits);
	return w;
}

static int
setup(void **state)
{
	struct world *w = world_new(0);

	resolver_set_clock(w->r, test_clock);
	*state = w;
	return 0;
}

static int
setup_real_clock(void **state)
{
	*state = world_new(0);
	return 0;
}

static int
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

static void
assert_txt(const struct dns_answer *a, const char *want)
{
	assert_non_null(a);
	assert_int_equal(a->status, DNS_OK);
	assert_int_equal(a->n, 1);
	assert_string_equal(a->rr[0].data, want);
}

static void
assert_failed(const struct dns_answer *a, const char *why)
{
	assert_non_null(a);
	assert_int_equal(a->status, DNS_TEMPFAIL);
	assert_string_equal(a->why, why);
	assert_int_equal(a->n, 0);
}

static void
assert_stats(struct resolver *r, unsigned queries, unsigned hits,
    unsigned shared)
{
	struct resolver_stats st;

	resolver_stats(r, &st);
	assert_int_equal(st.queries, queries);
	assert_int_equal(st.cache_hits, hits);
	assert_int_equal(st.shared, shared);
}

/* A fresh account asks: is it in the cache? */
static bool
cached(struct world *w, const char *name)
{
	lookups_free(&w->two);
	w->two = lookups_new(w->r, &limits);
	return lookup_peek(lookups_start(w->two, name, DNS_TXT)) != NULL;
}

/* --- questions -------------------------------------------------------- */

static void
one_account_asks_once(void **state)
{
	struct world	*w = *state;
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);

	assert_ptr_equal(p, lookups_start(w->one, "A.Test.", DNS_TXT));
	assert_ptr_not_equal(p, lookups_start(w->one, "a.test", DNS_A));
	assert_int_equal(w->fake.n, 2);
	assert_string_equal(query_name(w->fake.query[0]), "a.test");
	assert_int_equal(query_type(w->fake.query[1]), DNS_A);
	assert_int_equal(lookups_count(w->one), 2);
	assert_null(lookup_peek(p));
	fake_txt(&w->fake, 0, 60, "x");
	assert_txt(lookup_peek(p), "x");
	assert_ptr_equal(lookup_wait(p), lookup_peek(p));
	assert_txt(lookups_ask(w->one, "a.test", DNS_TXT), "x");
}

static void
two_accounts_share_a_query(void **state)
{
	struct world	*w = *state;
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct lookup	*q = lookups_start(w->two, "A.test", DNS_TXT);

	assert_int_equal(w->fake.n, 1);
	fake_txt(&w->fake, 0, 60, "x");
	assert_txt(lookup_wait(p), "x");
	assert_txt(lookup_wait(q), "x");
	assert_stats(w->r, 1, 0, 1);
	assert_true(cached(w, "a.test"));
	assert_stats(w->r, 1, 1, 1);
}

static void
who_leaves_cancels_no_other(void **state)
{
	struct world	*w = *state;
	struct lookup	*q;

	lookups_start(w->one, "a.test", DNS_TXT);
	q = lookups_start(w->two, "a.test", DNS_TXT);
	lookups_free(&w->one);
	fake_txt(&w->fake, 0, 60, "x");
	assert_txt(lookup_wait(q), "x");
}

static void
an_answer_nobody_waits_for_is_kept(void **state)
{
	struct world *w = *state;

	lookups_start(w->one, "a.test", DNS_TXT);
	lookups_free(&w->one);
	fake_txt(&w->fake, 0, 60, "x");
	assert_true(cached(w, "a.test"));
	assert_int_equal(w->fake.n, 1);
}

static void
a_question_without_answer_is_asked_again(void **state)
{
	struct world *w = *state;

	lookups_start(w->one, "a.test", DNS_TXT);
	fake_status(&w->fake, 0, DNS_TEMPFAIL, 60);
	assert_false(cached(w, "a.test"));
	assert_int_equal(w->fake.n, 2);
}

static void
the_budget_is_of_different_questions(void **state)
{
	struct world	*w = *state;
	char		 name[32];
	unsigned	 i;

	for (i = 0; i < limits.max_queries; i++) {
		snprintf(name, sizeof(name), "n%u.test", i);
		assert_null(lookup_peek(lookups_start(w->one, name, DNS_A)));
	}
	assert_failed(lookups_ask(w->one, "more.test", DNS_A), "budget");
	assert_failed(lookups_ask(w->one, "n1.test", DNS_AAAA), "budget");
	assert_null(lookup_peek(lookups_start(w->one, "n1.test", DNS_A)));
	assert_int_equal(lookups_count(w->one), limits.max_queries);
	assert_int_equal(w->fake.n, limits.max_queries);
}

static void
no_legal_name_is_no_question(void **state)
{
	struct world	*w = *state;
	const struct dns_answer *a = lookups_ask(w->one, "a..test", DNS_A);

	assert_int_equal(a->status, DNS_BADNAME);
	assert_string_equal(a->why, "badname");
	assert_int_equal(lookups_count(w->one), 0);
	assert_int_equal(w->fake.n, 0);
}

/* --- the cache -------------------------------------------------------- */

static const struct {
	const char	*name;
	enum dns_status	 status;
	uint32_t	 ttl;
	unsigned	 kept, gone;		/* seconds; 0, 0: never kept */
} lives[] = {
	{ "as long as the owner says", DNS_OK, 300, 299, 300 },
	{ "not at all", DNS_OK, 0, 0, 0 },
	{ "a day at most", DNS_OK, 604800, 86399, 86400 },
	{ "denied with SOA", DNS_NXDOMAIN, 600, 599, 600 },
	{ "denied for an hour at most", DNS_NODATA, 86400, 3599, 3600 },
	{ "denied without SOA", DNS_NODATA, DNS_TTL_UNKNOWN, 59, 60 },
	{ "failed", DNS_TEMPFAIL, 300, 0, 0 },
};

static void
answers_live_as_long_as_they_may(void **state)
{
	struct world	*w = *state;
	char		 name[32];
	unsigned	 i;
	bool		 kept;

	for (i = 0; i < NELEM(lives); i++) {
		w->fake.n = 0;
		snprintf(name, sizeof(name), "n%u.test", i);
		lookups_start(w->one, name, DNS_TXT);
		if (lives[i].status == DNS_OK)
			fake_txt(&w->fake, 0, lives[i].ttl, "x");
		else
			fake_status(&w->fake, 0, lives[i].status,
			    lives[i].ttl);
		test_time += 1000 * lives[i].kept;
		kept = cached(w, name);
		if (kept != (lives[i].gone > 0))
			row_fail(lives[i].name, "kept: %d", kept);
		test_time += 1000 * (lives[i].gone - lives[i].kept);
		if (cached(w, name))
			row_fail(lives[i].name, "not forgotten");
	}
}

static void
the_ttl_is_what_is_left(void **state)
{
	struct world *w = *state;

	lookups_start(w->one, "a.test", DNS_TXT);
	fake_txt(&w->fake, 0, 300, "x");
	assert_int_equal(lookups_ask(w->one, "a.test", DNS_TXT)->ttl, 300);
	test_time += 100000;
	assert_int_equal(lookups_ask(w->two, "a.test", DNS_TXT)->ttl, 200);
	/* an account's answers stay as they were */
	assert_int_equal(lookups_ask(w->one, "a.test", DNS_TXT)->ttl, 300);
}

/* An answer in use outlives its place in the cache. */
static void
a_forgotten_answer_stays_readable(void **state)
{
	struct world	*w = *state;
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);

	fake_txt(&w->fake, 0, 10, "old");
	test_time += 20000;
	assert_false(cached(w, "a.test"));
	fake_txt(&w->fake, 1, 10, "new");
	assert_txt(lookup_peek(p), "old");
	assert_txt(lookups_ask(w->two, "a.test", DNS_TXT), "new");
}

static struct answer *
an_answer(const char *name, size_t octets, uint64_t now)
{
	static const uint64_t	 key[2] = { 1, 2 };
	char			*rdata = xcalloc(1, octets);
	char			*const list[] = { rdata };
	const int		 len[] = { (int)octets };
	const struct dns_reply	 reply = {
		.status = DNS_OK, .ttl = 10, .n = 1, .rdata = list, .len = len
	};
	struct question		 qn = { .type = DNS_TXT, .name = name };
	struct answer		*a;

	qn.len = strlen(name);
	qn.hash = question_hash(key, name, qn.len, qn.type);
	a = answer_new(&qn, &reply, now);
	free(rdata);
	return a;
}

static void
cache_add(struct cache *c, const char *name, size_t octets, uint64_t now)
{
	struct answer *a = an_answer(name, octets, now);

	cache_insert(c, a);
	answer_unref(a);
}

static bool
cache_has(struct cache *c, const char *name, uint64_t now)
{
	struct answer *want = an_answer(name, 1, now);
	struct answer *a = cache_find(c, &want->question, now);

	answer_unref(want);
	if (a == NULL)
		return false;
	answer_unref(a);
	return true;
}

static void
the_cache_is_bounded_in_entries(void **state)
{
	struct cache	c;
	char		name[32];
	int		i;

	(void)state;
	cache_init(&c, 10, 1 << 20);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		cache_add(&c, name, 10, 0);
		assert_true(cache_has(&c, "n0.test", 1));
	}
	assert_int_equal(c.entries, 10);
	/* the one in use and the nine latest */
	assert_false(cache_has(&c, "n90.test", 1));
	for (i = 91; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		assert_true(cache_has(&c, name, 1));
	}
	cache_clear(&c);
}

static void
the_cache_is_bounded_in_octets(void **state)
{
	struct cache	c;
	char		name[32];
	int		i;

	(void)state;
	cache_init(&c, 1000, 200000);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		cache_add(&c, name, 60000, 0);
		assert_true(c.bytes <= 200000);
	}
	assert_int_equal(c.entries, 3);
	assert_true(cache_has(&c, "n19.test", 1));
	cache_add(&c, "small.test", 10, 0);
	assert_int_equal(c.entries, 4);
	/* the same name again takes the place of the old answer */
	cache_add(&c, "small.test", 20, 0);
	assert_int_equal(c.entries, 4);
	assert_false(cache_has(&c, "small.test", 10000));
	assert_int_equal(c.entries, 3);
	cache_clear(&c);
}

static void
what_is_larger_than_the_cache_is_not_kept(void **state)
{
	struct cache c;

	(void)state;
	cache_init(&c, 1000, 10000);
	cache_add(&c, "small.test", 10, 0);
	cache_add(&c, "large.test", 60000, 0);
	assert_false(cache_has(&c, "large.test", 1));
	assert_true(cache_has(&c, "small.test", 1));
	/* nor may it leave an old answer behind that is wrong now */
	cache_add(&c, "small.test", 60000, 0);
	assert_false(cache_has(&c, "small.test", 1));
	assert_int_equal(c.entries, 0);
	assert_int_equal(c.bytes, 0);
	cache_clear(&c);
}

static void
the_hash_depends_on_all_of_it(void **state)
{
	static const uint64_t	key[2] = { 1, 2 }, other[2] = { 1, 3 };
	uint64_t		h = question_hash(key, "abcdefgh.test", 13,
				    DNS_TXT);

	(void)state;
	assert_true(h == question_hash(key, "abcdefgh.test", 13, DNS_TXT));
	assert_true(h != question_hash(other, "abcdefgh.test", 13, DNS_TXT));
	assert_true(h != question_hash(key, "abcdefgh.test", 13, DNS_A));
	assert_true(h != question_hash(key, "abcdefgh.test", 12, DNS_TXT));
	assert_true(h != question_hash(key, "abcdefgh.tesu", 13, DNS_TXT));
	assert_true(h != question_hash(key, "bbcdefgh.test", 13, DNS_TXT));
}

/* Records beyond our bounds are left out, the others are kept. */
static void
an_answer_is_bounded(void **state)
{
	static char	 big[40000];
	char		*list[RESOLVER_MAX_RR + 10];
	int		 len[NELEM(list)];
	struct dns_reply reply = {
		.status = DNS_OK, .ttl = 1, .rdata = list, .len = len
	};
	struct question	 qn = { .type = DNS_TXT, .len = 1, .name = "a" };
	struct answer	*a;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(list); i++) {
		list[i] = big;
		len[i] = 1;
	}
	reply.n = NELEM(list);
	a = answer_new(&qn, &reply, 0);
	assert_int_equal(a->dns.n, RESOLVER_MAX_RR);
	answer_unref(a);
	len[1] = len[2] = sizeof(big);
	a = answer_new(&qn, &reply, 0);
	assert_int_equal(a->dns.n, 2);
	answer_unref(a);
	len[0] = -1;
	a = answer_new(&qn, &reply, 0);
	assert_int_equal(a->dns.status, DNS_NODATA);
	answer_unref(a);
}

/* --- waiting ---------------------------------------------------------- */

static uint64_t
real_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
waiting_ends_at_the_deadline(void **state)
{
	const struct lookup_limits	 brief = { 60, 20 };
	struct world			*w = *state;
	struct lookup			*p, *q;
	struct resolver_stats		 st;
	uint64_t			 begin = real_ms(), took;

	lookups_free(&w->one);
	w->one = lookups_new(w->r, &brief);
	p = lookups_start(w->one, "a.test", DNS_TXT);
	q = lookups_start(w->one, "b.test", DNS_TXT);
	assert_failed(lookup_wait(p), "timeout");
	took = real_ms() - begin;
	assert_in_range(took, 45, 1500);
	assert_in_range(lookups_waited_ms(w->one), 45, 1500);
	/* the message's time is used up: no more waiting, not even for new */
	begin = real_ms();
	assert_failed(lookup_wait(q), "timeout");
	assert_failed(lookups_ask(w->one, "c.test", DNS_TXT), "timeout");
	assert_in_range(real_ms() - begin, 0, 40);
	/* the late answer is for others */
	fake_txt(&w->fake, 0, 60, "x");
	assert_failed(lookup_peek(p), "timeout");
	assert_failed(lookups_ask(w->one, "a.test", DNS_TXT), "timeout");
	assert_txt(lookups_ask(w->two, "a.test", DNS_TXT), "x");
	resolver_stats(w->r, &st);
	assert_int_equal(st.timeouts, 3);
}

/* A slow client is no slow server: what it costs is not waiting. */
static void
time_between_events_is_not_waiting(void **state)
{
	struct world	*w = *state;
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct lookup	*q = lookups_start(w->one, "b.test", DNS_TXT);

	fake_txt(&w->fake, 0, 60, "x");
	test_time += 10 * limits.timeout_ms;
	assert_txt(lookup_wait(p), "x");
	/* it had its time */
	assert_failed(lookup_wait(q), "timeout");
	assert_int_equal(lookups_waited_ms(w->one), 0);
	lookups_start(w->one, "c.test", DNS_TXT);
	fake_txt(&w->fake, 2, 60, "y");
	assert_txt(lookups_ask(w->one, "c.test", DNS_TXT), "y");
}

struct later {
	struct fake	*fake;
	unsigned	 ms, i;
	pthread_t	 thread;
};

static void *
later_run(void *arg)
{
	struct later *later = arg;

	usleep(later->ms * 1000);
	fake_txt(later->fake, later->i, 60, "late");
	return NULL;
}

static void
later_start(struct later *later, struct fake *f, unsigned i, unsigned ms)
{
	later->fake = f;
	later->i = i;
	later->ms = ms;
	assert_int_equal(pthread_create(&later->thread, NULL, later_run,
	    later), 0);
}

static void
waiting_ends_with_the_answer(void **state)
{
	struct world	*w = *state;
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct later	 later;
	uint64_t	 begin = real_ms();

	later_start(&later, &w->fake, 0, 30);
	assert_txt(lookup_wait(p), "late");
	assert_in_range(real_ms() - begin, 25, 1500);
	pthread_join(later.thread, NULL);
}

/* --- callbacks -------------------------------------------------------- */

struct trace {
	char		 seen[64];
	pthread_t	 thread;
	struct lookups	*l;
	atomic_int	 running;
	unsigned	 sleep_ms;
};

struct mark {
	struct trace	*trace;
	char		 letter;
};

static void
mark_it(void *arg, const struct dns_answer *a)
{
	struct mark	*m = arg;
	size_t		 n = strlen(m->trace->seen);

	assert_int_equal(atomic_fetch_add(&m->trace->running, 1), 0);
	m->trace->seen[n] = a->status == DNS_OK ? m->letter :
	    (char)(m->letter - 'a' + 'A');
	m->trace->thread = pthread_self();
	if (m->trace->sleep_ms > 0)
		usleep(m->trace->sleep_ms * 1000);
	atomic_fetch_sub(&m->trace->running, 1);
}

static void
callbacks_run_in_order_of_adding(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "" };
	struct mark	 a = { &t, 'a' }, b = { &t, 'b' }, c = { &t, 'c' };
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);

	lookup_then(p, mark_it, &a);
	lookup_then(p, mark_it, &b);
	assert_string_equal(t.seen, "");
	fake_txt(&w->fake, 0, 60, "x");
	assert_string_equal(t.seen, "ab");
	/* it is there: at once */
	lookup_then(p, mark_it, &c);
	assert_string_equal(t.seen, "abc");
	lookup_then(lookups_start(w->one, "a..b", DNS_TXT), mark_it, &c);
	assert_string_equal(t.seen, "abcC");
}

static void
callbacks_run_where_the_answer_comes(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "" };
	struct mark	 a = { &t, 'a' };
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct later	 later;

	lookup_then(p, mark_it, &a);
	later_start(&later, &w->fake, 0, 10);
	pthread_join(later.thread, NULL);
	assert_string_equal(t.seen, "a");
	assert_true(pthread_equal(t.thread, later.thread));
}

static void
callbacks_hear_of_the_deadline_once(void **state)
{
	const struct lookup_limits	 brief = { 20, 20 };
	struct world			*w = *state;
	struct trace			 t = { .seen = "" };
	struct mark			 a = { &t, 'a' };
	struct lookup			*p;

	lookups_free(&w->one);
	w->one = lookups_new(w->r, &brief);
	p = lookups_start(w->one, "a.test", DNS_TXT);
	lookup_then(p, mark_it, &a);
	lookup_wait(p);
	assert_string_equal(t.seen, "A");
	fake_txt(&w->fake, 0, 60, "x");
	assert_string_equal(t.seen, "A");
}

/* As SPF does: the answer names what to ask next. */
static void
follow(void *arg, const struct dns_answer *a)
{
	struct trace	*t = arg;

	if (a->status != DNS_OK || strlen(t->seen) == 6)
		return;
	strncat(t->seen, a->rr[0].data, 1);
	lookup_then(lookups_start(t->l, a->rr[0].data, DNS_TXT), follow, t);
}

static void
callbacks_may_ask_further(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "", .l = w->one };

	lookup_then(lookups_start(w->one, "a.test", DNS_TXT), follow, &t);
	fake_txt(&w->fake, 0, 60, "b.test");
	assert_int_equal(w->fake.n, 2);
	fake_txt(&w->fake, 1, 60, "c.test");
	fake_txt(&w->fake, 2, 60, "a.test");
	/* a.test is answered already, so it goes round once more */
	assert_string_equal(t.seen, "bcabca");
	assert_int_equal(w->fake.n, 3);
	assert_int_equal(lookups_count(w->one), 3);
}

static void
freeing_waits_for_running_callbacks(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "", .sleep_ms = 50 };
	struct mark	 a = { &t, 'a' }, b = { &t, 'b' };
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct later	 later;
	int		 running;

	lookup_then(p, mark_it, &a);
	lookup_then(p, mark_it, &b);
	later_start(&later, &w->fake, 0, 0);
	while ((running = t.running) == 0)
		usleep(500);
	lookups_free(&w->one);
	/* the first was let finish, the second never started */
	assert_int_equal(t.running, 0);
	assert_string_equal(t.seen, "a");
	pthread_join(later.thread, NULL);
	assert_string_equal(t.seen, "a");
}

/* What gets ready meanwhile is left to the thread that is at it. */
static void
callbacks_never_overlap(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "", .sleep_ms = 50 };
	struct mark	 a = { &t, 'a' }, b = { &t, 'b' };
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct lookup	*q = lookups_start(w->one, "b.test", DNS_TXT);
	struct later	 later;

	fake_txt(&w->fake, 1, 60, "x");
	lookup_then(p, mark_it, &a);
	later_start(&later, &w->fake, 0, 0);
	while (t.running == 0)
		usleep(500);
	lookup_then(q, mark_it, &b);
	pthread_join(later.thread, NULL);
	assert_string_equal(t.seen, "ab");
	assert_true(pthread_equal(t.thread, later.thread));
}

static void
no_callback_after_freeing(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "" };
	struct mark	 a = { &t, 'a' };

	lookup_then(lookups_start(w->one, "a.test", DNS_TXT), mark_it, &a);
	lookups_free(&w->one);
	fake_txt(&w->fake, 0, 60, "x");
	assert_string_equal(t.seen, "");
}

static void
note_end(void *arg)
{
	struct mark *m = arg;

	strncat(m->trace->seen, &m->letter, 1);
}

static void
freeing_calls_those_who_asked_for_it(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "" };
	struct mark	 a = { &t, 'a' }, b = { &t, 'b' };

	lookups_atexit(w->one, note_end, &a);
	lookups_atexit(w->one, note_end, &b);
	assert_string_equal(t.seen, "");
	lookups_free(&w->one);
	assert_string_equal(t.seen, "ba");
}

/* --- many threads ----------------------------------------------------- */

#define SESSIONS	6
#define MESSAGES	400

/* A backend with a thread of its own that answers in the order of asking. */
struct worker {
	pthread_mutex_t	 lock;
	pthread_cond_t	 asked;
	struct query	*query[4096];
	unsigned	 head, tail;
	bool		 stop;
	pthread_t	 thread;
	struct resolver	*r;
	atomic_uint	 calls;
};

static void
worker_ask(void *state, struct query *q)
{
	struct worker *k = state;

	pthread_mutex_lock(&k->lock);
	assert_true(k->head - k->tail < NELEM(k->query));
	k->query[k->head++ % NELEM(k->query)] = q;
	pthread_cond_signal(&k->asked);
	pthread_mutex_unlock(&k->lock);
}

static void *
worker_run(void *arg)
{
	char			 rdata[] = "\1x", *const list[] = { rdata };
	const int		 len[] = { 2 };
	const struct dns_reply	 reply = {
		.status = DNS_OK, .ttl = 0, .n = 1, .rdata = list, .len = len
	};
	struct worker		*k = arg;
	struct query		*q;

	pthread_mutex_lock(&k->lock);
	while (!k->stop) {
		if (k->head == k->tail) {
			pthread_cond_wait(&k->asked, &k->lock);
			continue;
		}
		q = k->query[k->tail++ % NELEM(k->query)];
		pthread_mutex_unlock(&k->lock);
		if (k->tail % 16 == 0)
			usleep(300);
		resolver_answered(q, &reply);
		pthread_mutex_lock(&k->lock);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

static void
worker_close(void *state)
{
	struct worker *k = state;

	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->asked);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
}

/* One of a message's chains of lookups, of five links at most. */
struct chain {
	struct worker	*k;
	struct lookups	*l;
	unsigned	 link, name;
};

static void
chain_on(void *arg, const struct dns_answer *a)
{
	struct chain	*c = arg;
	char		 name[32];

	(void)a;
	atomic_fetch_add(&c->k->calls, 1);
	if (++c->link > 5)
		return;
	snprintf(name, sizeof(name), "n%u.test", (c->name + c->link) % 8);
	lookup_then(lookups_start(c->l, name, DNS_TXT), chain_on, c);
}

static void
session_message(struct worker *k, unsigned i)
{
	/* some run out of time, some leave without waiting */
	const struct lookup_limits	 brief = { i % 5 == 0 ? 0 : 500, 10 };
	struct lookups			*l = lookups_new(k->r, &brief);
	struct chain			 c = { k, l, 0, i }, d = { k, l, 2, i };
	struct lookup			*p = lookups_start(l, "a.test", DNS_A);

	lookup_then(lookups_start(l, "b.test", DNS_TXT), chain_on, &c);
	lookup_then(p, chain_on, &d);
	if (i % 3 != 0) {
		lookup_wait(p);
		lookups_ask(l, "n1.test", DNS_TXT);
	}
	lookups_free(&l);
}

static void *
session_run(void *arg)
{
	unsigned i;

	for (i = 0; i < MESSAGES; i++)
		session_message(arg, i);
	return NULL;
}

static void
sessions_come_and_go(void **state)
{
	static const struct resolver_backend backend = {
		.ask = worker_ask, .close = worker_close
	};
	struct worker	*k = xcalloc(1, sizeof(*k));
	pthread_t	 session[SESSIONS];
	size_t		 i;

	(void)state;
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->asked, NULL);
	k->r = resolver_new(&backend, k, 0);
	assert_int_equal(pthread_create(&k->thread, NULL, worker_run, k), 0);
	for (i = 0; i < SESSIONS; i++)
		assert_int_equal(pthread_create(&session[i], NULL,
		    session_run, k), 0);
	for (i = 0; i < SESSIONS; i++)
		pthread_join(session[i], NULL);
	resolver_free(&k->r);
	assert_true(k->calls > SESSIONS * MESSAGES / 2);
	pthread_cond_destroy(&k->asked);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TIMED(name)	cmocka_unit_test_setup_teardown(name,	\
			    setup_real_clock, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_account_asks_once),
		TEST(two_accounts_share_a_query),
		TEST(who_leaves_cancels_no_other),
		TEST(an_answer_nobody_waits_for_is_kept),
		TEST(a_question_without_answer_is_asked_again),
		TEST(the_budget_is_of_different_questions),
		TEST(no_legal_name_is_no_question),
		TEST(answers_live_as_long_as_they_may),
		TEST(the_ttl_is_what_is_left),
		TEST(a_forgotten_answer_stays_readable),
		cmocka_unit_test(the_cache_is_bounded_in_entries),
		cmocka_unit_test(the_cache_is_bounded_in_octets),
		cmocka_unit_test(what_is_larger_than_the_cache_is_not_kept),
		cmocka_unit_test(the_hash_depends_on_all_of_it),
		cmocka_unit_test(an_answer_is_bounded),
		TIMED(waiting_ends_at_the_deadline),
		TEST(time_between_events_is_not_waiting),
		TIMED(waiting_ends_with_the_answer),
		TEST(callbacks_run_in_order_of_adding),
		TEST(callbacks_run_where_the_answer_comes),
		TIMED(callbacks_hear_of_the_deadline_once),
		TEST(callbacks_may_ask_further),
		TEST(callbacks_never_overlap),
		TEST(freeing_waits_for_running_callbacks),
		TEST(no_callback_after_freeing),
		cmocka_unit_test(sessions_come_and_go),
		TEST(freeing_calls_those_who_asked_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
