/*
 * resolver: each question is sent once, waiting is bounded, callbacks run once
 * and in order. The test controls the backend and, where time matters, the
 * clock.
 */
#include "test.h"

#include <time.h>

#include "heap.h"
#include "resolver_fake.h"
#include "thread_sleep.h"

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
an_answer_without_waiters_is_kept(void **state)
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

/* --- waiting ---------------------------------------------------------- */

/*
 * A wait cannot be tested without a clock; the upper bounds are for a busy
 * machine.
 */
#define SLOWEST		10000	/* ms */
#define DEADLINE	200	/* ms */
#define TICK		20	/* ms: how old the resolver's time may be */
#define TRIES		50

/*
 * A message waits for its whole time, and then asks twice more. Returns the
 * milliseconds of these two, which must not wait.
 */
static uint64_t
wait_after_the_deadline(struct world *w)
{
	const struct lookup_limits	 brief = { DEADLINE, 20 };
	uint64_t			 begin = monotonic_ms();
	struct lookup			*p, *q;
	uint64_t			 age;

	lookups_free(&w->one);
	w->one = lookups_new(w->r, &brief);
	p = lookups_start(w->one, "a.test", DNS_TXT);
	q = lookups_start(w->one, "b.test", DNS_TXT);
	age = monotonic_ms() - begin;	/* not of the wait, but of its time */
	assert_failed(lookup_wait(p), "timeout");
	assert_in_range(monotonic_ms() - begin, DEADLINE - TICK, SLOWEST);
	assert_in_range(lookups_waited_ms(w->one) + age, DEADLINE - TICK,
	    SLOWEST);
	begin = monotonic_ms();
	assert_failed(lookup_wait(q), "timeout");
	assert_failed(lookups_ask(w->one, "c.test", DNS_TXT), "timeout");
	return monotonic_ms() - begin;
}

static void
waiting_ends_at_the_deadline(void **state)
{
	struct world		*w = *state;
	struct resolver_stats	 st;
	unsigned		 tries = 1;

	/* if they waited, each of the two would do so in each try */
	while (wait_after_the_deadline(w) >= DEADLINE - 1)
		assert_in_range(++tries, 1, TRIES);
	/* the late answer serves other messages */
	fake_txt(&w->fake, 0, 60, "x");
	assert_failed(lookups_ask(w->one, "a.test", DNS_TXT), "timeout");
	assert_txt(lookups_ask(w->two, "a.test", DNS_TXT), "x");
	resolver_stats(w->r, &st);
	assert_int_equal(st.timeouts, 3 * tries);
}

/* The time of a slow client does not count as waiting. */
static void
time_between_events_is_not_waiting(void **state)
{
	struct world	*w = *state;
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct lookup	*q = lookups_start(w->one, "b.test", DNS_TXT);

	fake_txt(&w->fake, 0, 60, "x");
	test_time += 10 * limits.timeout_ms;
	assert_txt(lookup_wait(p), "x");
	/* its timeout has passed */
	assert_failed(lookup_wait(q), "timeout");
	assert_int_equal(lookups_waited_ms(w->one), 0);
	lookups_start(w->one, "c.test", DNS_TXT);
	fake_txt(&w->fake, 2, 60, "y");
	assert_txt(lookups_ask(w->one, "c.test", DNS_TXT), "y");
}

static void
waiting_ends_with_the_answer(void **state)
{
	struct world	*w = *state;
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct later	 later;
	uint64_t	 begin = monotonic_ms();

	later_start(&later, &w->fake, 0, 30);
	assert_txt(lookup_wait(p), "late");
	assert_in_range(monotonic_ms() - begin, 30, SLOWEST);
	pthread_join(later.thread, NULL);
}

/* --- callbacks -------------------------------------------------------- */

struct trace {
	char		 seen[64];
	pthread_t	 thread;
	struct lookups	*l;
	atomic_int	 running;
	atomic_bool	 hold;		/* callbacks do not end */
	pid_t		 until_sleeps;	/* or: until this thread sleeps */
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
	unsigned	 ms;

	assert_int_equal(atomic_fetch_add(&m->trace->running, 1), 0);
	m->trace->seen[n] = a == NULL ? '-' : a->status == DNS_OK ?
	    m->letter : (char)(m->letter - 'a' + 'A');
	m->trace->thread = pthread_self();
	for (ms = 0; m->trace->hold && ms < SLOWEST; ms++)
		usleep(1000);
	if (m->trace->until_sleeps != 0)
		threads_sleep(&m->trace->until_sleeps, 1);
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
	/* already answered: called at once */
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

/* As in SPF: the answer has the name of the next question. */
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
	/* a.test is answered already, so its callback runs once more */
	assert_string_equal(t.seen, "bcabca");
	assert_int_equal(w->fake.n, 3);
	assert_int_equal(lookups_count(w->one), 3);
}

static void
freeing_waits_for_running_callbacks(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "", .hold = true,
			    .until_sleeps = thread_self() };
	struct mark	 a = { &t, 'a' }, b = { &t, 'b' };
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);
	struct later	 later;

	lookup_then(p, mark_it, &a);
	lookup_then(p, mark_it, &b);
	later_start(&later, &w->fake, 0, 0);
	while (t.running == 0)
		usleep(500);
	/* the callback ends when this thread waits for it */
	t.hold = false;
	lookups_free(&w->one);
	/* the first one was finished, the second one got no answer */
	assert_int_equal(t.running, 0);
	assert_string_equal(t.seen, "a-");
	pthread_join(later.thread, NULL);
	assert_string_equal(t.seen, "a-");
}

/* The thread that runs callbacks also runs those that become ready then. */
static void
callbacks_never_overlap(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "", .hold = true };
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
	t.hold = false;
	pthread_join(later.thread, NULL);
	assert_string_equal(t.seen, "ab");
	assert_true(pthread_equal(t.thread, later.thread));
}

/* In freeing, each callback without an answer is called with NULL. */
static void
freeing_calls_the_callbacks_that_wait(void **state)
{
	struct world	*w = *state;
	struct trace	 t = { .seen = "" };
	struct mark	 a = { &t, 'a' };
	struct lookup	*p = lookups_start(w->one, "a.test", DNS_TXT);

	lookup_then(p, mark_it, &a);
	lookup_then(p, mark_it, &a);
	lookup_then(lookups_start(w->one, "b.test", DNS_TXT), mark_it, &a);
	fake_txt(&w->fake, 1, 60, "x");
	assert_string_equal(t.seen, "a");
	lookups_free(&w->one);
	assert_string_equal(t.seen, "a--");
	fake_txt(&w->fake, 0, 60, "x");
	assert_string_equal(t.seen, "a--");
}

/* --- memory ------------------------------------------------------------- */

static void
count_it(void *arg, const struct dns_answer *a)
{
	(void)a;
	(*(unsigned *)arg)++;
}

static void
name_of(unsigned i, char name[40])
{
	snprintf(name, 40, "n%u.a-name-of-usual-length.test", i);
}

/*
 * What an account holds after n answers. The answers themselves stay in the
 * cache.
 */
static size_t
held_after_answers(struct world *w, unsigned n, bool from_cache)
{
	struct lookups	*l = lookups_new(w->r, &limits);
	unsigned	 i, calls = 0, first = w->fake.n;
	char		 name[40];
	size_t		 before;

	for (i = 0; i < n; i++) {
		name_of(i, name);
		lookup_then(lookups_start(l, name, DNS_TXT), count_it, &calls);
	}
	assert_int_equal(w->fake.n - first, from_cache ? 0 : n);
	for (i = first; i < w->fake.n; i++)
		fake_txt(&w->fake, i, 60, "x");
	assert_int_equal(calls, n);
	before = heap_used;
	lookups_free(&l);
	return before - heap_used;
}

/* A message holds its lookups until its end: 32 octets for each. */
static void
an_answered_lookup_is_small(void **state)
{
	struct world	*w = *state;

	assert_in_range(held_after_answers(w, 7, false), 1, 500);
	assert_in_range(held_after_answers(w, 7, true), 1, 500);
	test_time += 100000;
	assert_in_range(held_after_answers(w, 15, false), 1, 800);
	assert_in_range(held_after_answers(w, 15, true), 1, 800);
}

/* A late lookup is found again under its name, and nothing is left of it. */
static void
nothing_is_left_of_late_lookups(void **state)
{
	const struct lookup_limits	 none = { 0, 20 };
	struct world			*w = *state;
	struct lookups			*l;
	struct lookup			*p;
	unsigned			 calls = 0;
	size_t				 before = heap_used;

	l = lookups_new(w->r, &none);
	p = lookups_start(l, "a.test", DNS_TXT);
	lookup_then(p, count_it, &calls);
	assert_failed(lookup_wait(p), "timeout");
	assert_int_equal(calls, 1);
	fake_txt(&w->fake, 0, 0, "x");
	assert_ptr_equal(lookups_start(l, "A.test", DNS_TXT), p);
	assert_failed(lookup_wait(p), "timeout");
	lookups_free(&l);
	assert_int_equal(heap_used, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_account_asks_once),
		TEST(two_accounts_share_a_query),
		TEST(who_leaves_cancels_no_other),
		TEST(an_answer_without_waiters_is_kept),
		TEST(a_question_without_answer_is_asked_again),
		TEST(the_budget_is_of_different_questions),
		TEST(no_legal_name_is_no_question),
		TIMED(waiting_ends_at_the_deadline),
		TEST(time_between_events_is_not_waiting),
		TIMED(waiting_ends_with_the_answer),
		TEST(callbacks_run_in_order_of_adding),
		TEST(callbacks_run_where_the_answer_comes),
		TIMED(callbacks_hear_of_the_deadline_once),
		TEST(callbacks_may_ask_further),
		TEST(callbacks_never_overlap),
		TEST(freeing_waits_for_running_callbacks),
		TEST(freeing_calls_the_callbacks_that_wait),
		TEST(an_answered_lookup_is_small),
		TEST(nothing_is_left_of_late_lookups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
