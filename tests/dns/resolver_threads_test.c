/*
 * resolver: many threads start and end sessions while another one answers; for
 * the sanitizers
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/arena.h"
#include "dns/resolver_priv.h"
#include "dns/resolver.h"

#define SESSIONS	6
#define MESSAGES	400

/* A backend with its own thread, which answers in the order of questions. */
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
	unsigned	 ended;
};

static void
chain_on(void *arg, const struct dns_answer *a)
{
	struct chain	*c = arg;
	char		 name[32];

	atomic_fetch_add(&c->k->calls, 1);
	if (a == NULL || ++c->link > 5) {
		c->ended++;
		return;
	}
	snprintf(name, sizeof(name), "n%u.test", (c->name + c->link) % 8);
	lookup_then(lookups_start(c->l, name, DNS_TXT), chain_on, c);
}

static void
session_message(struct worker *k, unsigned i)
{
	/* some time out, some end without waiting */
	const struct lookup_limits	 brief = { i % 5 == 0 ? 0 : 500, 10 };
	struct lookups			*l = lookups_new(k->r, &brief);
	struct chain			 c = { k, l, 0, i, 0 };
	struct chain			 d = { k, l, 2, i, 0 };
	struct lookup			*p = lookups_start(l, "a.test", DNS_A);

	lookup_then(lookups_start(l, "b.test", DNS_TXT), chain_on, &c);
	lookup_then(p, chain_on, &d);
	if (i % 3 != 0) {
		lookup_wait(p);
		lookups_ask(l, "n1.test", DNS_TXT);
	}
	lookups_free(&l);
	/* each chain has ended, in its last link or without an answer */
	assert_int_equal(c.ended, 1);
	assert_int_equal(d.ended, 1);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
