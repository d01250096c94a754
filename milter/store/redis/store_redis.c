/*
 * store_redis - counts that several hosts share, on a Redis server
 *
 * Every decision is one run of the script on the server (ledger.lua): one round
 * trip for a recipient, one for a commit. The server knows a reservation by a
 * unique id; each step sends the number of recipients that it holds.
 *
 * A reservation that cannot be given back, because the server does not answer,
 * is owed: about once a second it is tried again, until its lease ends.
 */
#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "redis_link_priv.h"
#include "redis_pool_priv.h"
#include "redis_scripts_priv.h"
#include "store_redis_priv.h"

#define OWED_MAX	10000u
#define PAY_MS		1000u
#define ANSWER		2u	/* numbers before those of the accounts */

struct redis_reservation {
	struct reservation base;
	struct store_account account[STORE_ACCOUNTS];	/* keys are ours */
	char		 id[48];
	uint32_t	 held;		/* recipients */
	time_t		 now;		/* of the last one */
	bool		 known;		/* the server may hold it */
	struct redis_reservation *next;	/* in the list of owed ones */
	uint64_t	 over;		/* end of its lease, monotonic_ms */
};

/* --- reservations -------------------------------------------------------- */

static struct reservation *
redis_reservation_new(struct store *base, const struct store_account *account,
    size_t n)
{
	struct redis_store		*s = (struct redis_store *)base;
	struct redis_reservation	*r = xcalloc(1, sizeof(*r));
	size_t				 i;

	for (i = 0; i < n; i++) {
		r->account[i] = account[i];
		r->account[i].key = xstrdup(account[i].key);
	}
	snprintf(r->id, sizeof(r->id), "%s.%llu", s->instance,
	    atomic_fetch_add(&s->number, 1));
	return &r->base;
}

static void
reservation_free(struct redis_reservation *r)
{
	size_t i;

	for (i = 0; i < r->base.n; i++)
		free((char *)r->account[i].key);
	free(r);
}

static enum store_answer
reservation_step(struct redis_reservation *r, const char *operation, time_t now,
    struct store_usage *usage)
{
	struct redis_question q = {
		.operation = operation,
		.id = r->id,
		.held = r->held,
		.bytes = r->base.bytes,
		.now = now,
		.account = r->account,
		.n = r->base.n,
		.counts = strcmp(operation, "commit") == 0,
	};

	return redis_ask((struct redis_store *)r->base.store, &q, usage);
}

static enum store_answer
redis_reserve(struct reservation *base, time_t now, struct store_usage *usage)
{
	struct redis_reservation	*r = (struct redis_reservation *)base;
	enum store_answer		 answer;

	r->now = now;
	answer = reservation_step(r, "take", now, usage);
	if (answer == STORE_TAKEN)
		r->held++;
	if (answer != STORE_REFUSED)
		r->known = true;
	return answer;
}

/* Tell the server how many recipients are held. */
static bool
reservation_tell(struct redis_reservation *r)
{
	struct store_usage usage[STORE_ACCOUNTS];

	return reservation_step(r, "hold", r->now, usage) != STORE_UNKNOWN;
}

/* --- owed reservations --------------------------------------------------- */

static void
owe(struct redis_reservation *r)
{
	struct redis_store	*s = (struct redis_store *)r->base.store;
	bool			 full;

	pthread_mutex_lock(&s->owed_lock);
	full = s->nowed >= OWED_MAX;
	if (!full) {
		r->next = s->owed;
		s->owed = r;
		s->nowed++;
	}
	pthread_mutex_unlock(&s->owed_lock);
	if (full)
		reservation_free(r);
}

static struct redis_reservation *
next_owed(struct redis_store *s)
{
	struct redis_reservation *r;

	pthread_mutex_lock(&s->owed_lock);
	r = s->owed;
	if (r != NULL) {
		s->owed = r->next;
		s->nowed--;
	}
	pthread_mutex_unlock(&s->owed_lock);
	return r;
}

/* End the reservation on the server now, or owe it. Frees it, or queues it. */
static void
reservation_settle(struct redis_reservation *r)
{
	r->held = 0;
	if (reservation_tell(r)) {
		reservation_free(r);
		return;
	}
	r->over = monotonic_ms() +
	    strtoull(((struct redis_store *)r->base.store)->lease, NULL, 10);
	owe(r);
}

/*
 * For a second at most: a slow server must not keep the caller from its other
 * work. Other calls report that the server is away.
 */
static enum store_answer
redis_pay(struct store *base, char error[STORE_ERROR])
{
	struct redis_store		*s = (struct redis_store *)base;
	struct redis_reservation	*r;
	uint64_t			 until = monotonic_ms() + PAY_MS;

	(void)error;
	while (monotonic_ms() < until && (r = next_owed(s)) != NULL) {
		if (monotonic_ms() < r->over && !reservation_tell(r)) {
			owe(r);
			break;
		}
		reservation_free(r);
	}
	return STORE_TAKEN;
}

static void
redis_give_back(struct reservation *base)
{
	struct redis_reservation *r = (struct redis_reservation *)base;

	if (r->known)
		reservation_settle(r);
	else
		reservation_free(r);
}

static enum store_answer
redis_commit(struct reservation *base, time_t now, struct store_usage *usage)
{
	struct redis_reservation	*r = (struct redis_reservation *)base;
	enum store_answer		 answer;

	answer = reservation_step(r, "commit", now, usage);
	/* the server may still hold it, and the message will come again */
	if (answer == STORE_UNKNOWN)
		reservation_settle(r);
	else
		reservation_free(r);
	return answer;
}

/* --- the whole ----------------------------------------------------------- */

static enum store_answer
redis_usage(struct store *base, const char *key, time_t now,
    struct store_limits limits, struct store_usage *usage)
{
	struct store_account	account = { key, limits };
	struct redis_question		q = {
		.operation = "usage",
		.id = "",
		.now = now,
		.account = &account,
		.n = 1,
		.counts = true,
	};

	return redis_ask((struct redis_store *)base, &q, usage);
}

/*
 * The server removes old counts by itself. But once a minute this call checks
 * that it works, and that it still has our counts.
 */
static enum store_answer
redis_prune(struct store *base, time_t now, char error[STORE_ERROR])
{
	struct redis_store	*s = (struct redis_store *)base;
	struct redis_word	 w[] = {
		redis_word(REDIS_SINCE), redis_word("since"),
		redis_word("-1"), redis_word(s->lease), redis_word(""),
		redis_word("0")
	};
	struct redis_reply	*r;
	long long		 since, before;

	(void)now;
	r = redis_pool_run(s->pool, w, 6, 1, ANSWER + 1, error);
	if (r == NULL)
		return STORE_UNKNOWN;
	since = r->item[ANSWER].number;
	redis_reply_free(&r);
	before = atomic_exchange(&s->since, since);
	if (before == 0 || before == since)
		return STORE_TAKEN;
	snprintf(error, STORE_ERROR, "%.100s: it has lost its counts and "
	    "settings, and counts from zero; enable its appendonly",
	    s->name);
	return STORE_UNKNOWN;
}

static enum store_answer
redis_reset(struct store *base, const char *key, time_t now,
    char error[STORE_ERROR])
{
	struct store_account	account = { key, STORE_LIMITS_NONE };
	struct redis_question		q = {
		.operation = "reset",
		.id = "",
		.now = now,
		.account = &account,
		.n = 1,
		.counts = true,
	};
	struct store_usage	usage = { .now = 0 };
	enum store_answer	answer;

	answer = redis_ask((struct redis_store *)base, &q, &usage);
	memcpy(error, usage.error, STORE_ERROR);
	return answer;
}

/* Nothing to do: time is that of the server's clock. */
static enum store_answer
redis_clock_moved(struct store *base, int64_t seconds,
    char error[STORE_ERROR])
{
	(void)base;
	(void)seconds;
	(void)error;
	return STORE_TAKEN;
}

static void
redis_close(struct store *base)
{
	struct redis_store		*s = (struct redis_store *)base;
	struct redis_reservation	*r;

	while ((r = next_owed(s)) != NULL)
		reservation_free(r);
	pthread_mutex_destroy(&s->owed_lock);
	redis_pool_free(&s->pool);
	free(s->name);
	free(s);
}

static const struct store_ops redis_ops = {
	.reservation_new = redis_reservation_new,
	.reserve = redis_reserve,
	.commit = redis_commit,
	.give_back = redis_give_back,
	.usage = redis_usage,
	.list = redis_list,
	.prune = redis_prune,
	.clock_moved = redis_clock_moved,
	.settings_get = redis_settings_get,
	.setting_put = redis_setting_put,
	.settings_list = redis_settings_list,
	.reset = redis_reset,
	.take_requests = redis_pay,
	.keys_find = redis_keys_find,
	.keys_note = redis_keys_note,
	.close = redis_close,
};

struct store *
store_redis_open(const struct store_place *place, char **why)
{
	struct redis_store	*s;
	struct redis_pool	*pool;
	uint64_t		 instance;

	pool = redis_pool_new(place, redis_ledger_script, why);
	if (pool == NULL)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->store.ops = &redis_ops;
	s->pool = pool;
	s->callers_clock = place->callers_clock;
	snprintf(s->lease, sizeof(s->lease), "%llu",
	    (unsigned long long)place->lease * 1000);
	/* up to 256 octets are always complete (getrandom(2)) */
	if (getrandom(&instance, sizeof(instance), 0) != sizeof(instance))
		abort();
	snprintf(s->instance, sizeof(s->instance), "%016llx",
	    (unsigned long long)instance);
	atomic_init(&s->number, 0);
	atomic_init(&s->since, 0);
	pthread_mutex_init(&s->owed_lock, NULL);
	s->name = xstrdup(place->spec);
	return &s->store;
}
