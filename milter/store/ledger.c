/*
 * ledger - exact accounting in memory, with a disk behind it
 *
 * Locks: a shard's mutex guards its table and all accounts in it; it is never
 * held during I/O. A reservation on several accounts takes the mutexes of
 * their shards in the order of their addresses. disk_queue.c has its own.
 * An account keeps its address while a reservation refers to it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ledger_priv.h"

struct part {
	struct shard	*shard;
	struct account	*account;
	struct store_limits limits;
};

struct ledger_reservation {
	struct reservation base;
	struct part	 part[STORE_ACCOUNTS];
	struct shard	*lock[STORE_ACCOUNTS];	/* in the order of locking */
	size_t		 nlocks;
	uint32_t	 recipients, messages;	/* of each account */
};

/* --- reservations -------------------------------------------------------- */

/* Each shard once, the lowest address first. */
static void
ledger_add_lock(struct ledger_reservation *r, struct shard *s)
{
	size_t i = 0, k;

	while (i < r->nlocks && r->lock[i] < s)
		i++;
	if (i < r->nlocks && r->lock[i] == s)
		return;
	for (k = r->nlocks++; k > i; k--)
		r->lock[k] = r->lock[k - 1];
	r->lock[i] = s;
}

static void
ledger_lock(struct ledger_reservation *r)
{
	size_t i;

	for (i = 0; i < r->nlocks; i++)
		pthread_mutex_lock(&r->lock[i]->lock);
}

static void
ledger_unlock(struct ledger_reservation *r)
{
	size_t i;

	for (i = r->nlocks; i > 0; i--)
		pthread_mutex_unlock(&r->lock[i - 1]->lock);
}

static struct reservation *
ledger_reservation_new(struct store *s, const struct store_account *account,
    size_t n)
{
	struct ledger			*l = (struct ledger *)s;
	struct ledger_reservation	*r = xcalloc(1, sizeof(*r));
	struct part			*p;
	uint32_t			 hash;
	size_t				 i;

	for (i = 0; i < n; i++) {
		p = &r->part[i];
		hash = account_hash(account[i].key);
		p->limits = account[i].limits;
		p->shard = shard_of(l, hash);
		ledger_add_lock(r, p->shard);
		pthread_mutex_lock(&p->shard->lock);
		p->account = shard_get(p->shard, hash, account[i].key);
		p->account->open++;
		pthread_mutex_unlock(&p->shard->lock);
	}
	return &r->base;
}

/* The shards are locked. Does one more fit everywhere? */
static enum store_answer
ledger_judge(struct ledger_reservation *r, uint32_t minute, uint32_t messages,
    struct store_usage *usage)
{
	enum store_answer	answer = STORE_TAKEN;
	struct part		*p;
	size_t			 i;

	for (i = 0; i < r->base.n; i++) {
		p = &r->part[i];
		if (account_judge(p->account, minute, p->limits, messages,
		    &usage[i]) != STORE_TAKEN)
			answer = STORE_REFUSED;
	}
	return answer;
}

/* The shards are locked. */
static void
ledger_take(struct ledger_reservation *r, uint32_t messages,
    struct store_usage *usage)
{
	struct account	*a;
	size_t		 i;

	r->recipients++;
	r->messages += messages;
	for (i = 0; i < r->base.n; i++) {
		a = r->part[i].account;
		a->reserved_recipients++;
		a->reserved_messages += messages;
		usage[i].reserved[STORE_RECIPIENTS] = a->reserved_recipients;
		usage[i].reserved[STORE_MESSAGES] = a->reserved_messages;
	}
}

static enum store_answer
ledger_reserve(struct reservation *base, time_t now, struct store_usage *usage)
{
	struct ledger_reservation	*r = (struct ledger_reservation *)base;
	uint32_t			 messages = r->messages == 0 ? 1 : 0;
	enum store_answer		 answer;

	ledger_lock(r);
	answer = ledger_judge(r, hour_minute(now), messages, usage);
	if (answer == STORE_TAKEN)
		ledger_take(r, messages, usage);
	ledger_unlock(r);
	return answer;
}

/* The shards are locked. Give back all that is reserved. */
static void
ledger_unreserve(struct ledger_reservation *r)
{
	struct account	*a;
	size_t		 i;

	for (i = 0; i < r->base.n; i++) {
		a = r->part[i].account;
		a->reserved_recipients -= r->recipients;
		a->reserved_messages -= r->messages;
	}
	r->recipients = r->messages = 0;
}

/* The shards are locked. Accounts that are empty now are removed. */
static void
ledger_release(struct ledger_reservation *r)
{
	struct part	*p;
	size_t		 i;

	ledger_unreserve(r);
	for (i = 0; i < r->base.n; i++) {
		p = &r->part[i];
		if (--p->account->open == 0 && p->account->hour.n == 0)
			shard_remove(p->shard, p->account);
	}
}

static void
ledger_give_back(struct reservation *base)
{
	struct ledger_reservation *r = (struct ledger_reservation *)base;

	ledger_lock(r);
	ledger_release(r);
	ledger_unlock(r);
	free(r);
}

/*
 * Write the reservation to the disk; it stays reserved meanwhile. The rows
 * get the minutes in which it will count.
 */
static bool
ledger_write_down(struct ledger *l, struct ledger_reservation *r,
    uint32_t minute, struct ledger_row *row, char error[STORE_ERROR])
{
	size_t i;

	if (r->recipients == 0)
		return true;
	ledger_lock(r);
	for (i = 0; i < r->base.n; i++) {
		row[i].key = r->part[i].account->key;
		row[i].recipients = r->recipients;
		row[i].messages = r->messages;
		row[i].minute = hour_slot(&r->part[i].account->hour, minute);
	}
	ledger_unlock(r);
	return disk_queue_write(&l->queue, row, r->base.n, error);
}

/* The shards are locked. */
static void
ledger_count(struct ledger_reservation *r, const struct ledger_row *row)
{
	size_t i;

	for (i = 0; r->recipients > 0 && i < r->base.n; i++)
		hour_add(&r->part[i].account->hour, row[i].minute,
		    row[i].recipients, row[i].messages);
}

static enum store_answer
ledger_commit(struct reservation *base, time_t now, struct store_usage *usage)
{
	struct ledger_reservation	*r = (struct ledger_reservation *)base;
	struct ledger			*l = (struct ledger *)base->store;
	struct ledger_row		 row[STORE_ACCOUNTS];
	uint32_t			 minute = hour_minute(now);
	bool				 written;

	disk_queue_enter(&l->queue);
	written = ledger_write_down(l, r, minute, row, usage[0].error);
	ledger_lock(r);
	if (written)
		ledger_count(r, row);
	ledger_unreserve(r);
	ledger_judge(r, minute, 1, usage);
	ledger_release(r);
	ledger_unlock(r);
	disk_queue_leave(&l->queue);
	free(r);
	return written ? STORE_TAKEN : STORE_UNKNOWN;
}

/* --- the whole ----------------------------------------------------------- */

static enum store_answer
ledger_usage(struct store *base, const char *key, time_t now,
    struct store_limits limits, struct store_usage *usage)
{
	static const struct account	 nothing;
	struct ledger			*l = (struct ledger *)base;
	uint32_t			 hash = account_hash(key);
	struct shard			*s = shard_of(l, hash);
	const struct account		*a;
	enum store_answer		 answer;

	pthread_mutex_lock(&s->lock);
	a = shard_find(s, hash, key);
	answer = account_judge(a != NULL ? a : &nothing, hour_minute(now),
	    limits, 1, usage);
	pthread_mutex_unlock(&s->lock);
	return answer;
}

static void
ledger_list_shard(struct shard *s, uint32_t minute, struct store_rows *rows)
{
	const struct account	*a;
	struct hour_sum		 sum;
	size_t			 i;

	for (i = 0; i < s->size; i++) {
		for (a = s->table[i]; a != NULL; a = a->next) {
			sum = hour_sum(&a->hour, minute);
			if (sum.recipients > 0 || sum.messages > 0)
				store_rows_add(rows, a->key,
				    hour_cap(sum.recipients),
				    hour_cap(sum.messages));
		}
	}
}

static enum store_answer
ledger_list(struct store *base, time_t now, struct store_rows *rows,
    char error[STORE_ERROR])
{
	struct ledger	*l = (struct ledger *)base;
	size_t		 i;

	(void)error;
	for (i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&l->shard[i].lock);
		ledger_list_shard(&l->shard[i], hour_minute(now), rows);
		pthread_mutex_unlock(&l->shard[i].lock);
	}
	return STORE_TAKEN;
}

static enum store_answer
ledger_prune(struct store *base, time_t now, char error[STORE_ERROR])
{
	struct ledger	*l = (struct ledger *)base;
	uint32_t	 minute = hour_minute(now);
	size_t		 i;

	for (i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&l->shard[i].lock);
		shard_prune(&l->shard[i], minute);
		pthread_mutex_unlock(&l->shard[i].lock);
	}
	if (!ledger_settings_prune(l, now, error))
		return STORE_UNKNOWN;
	if (minute >= HOUR_MINUTES && !disk_queue_forget(&l->queue,
	    minute - (HOUR_MINUTES - 1), error))
		return STORE_UNKNOWN;
	return disk_queue_sync(&l->queue, error) ? STORE_TAKEN :
	    STORE_UNKNOWN;
}

static void
ledger_close(struct store *base)
{
	struct ledger	*l = (struct ledger *)base;
	size_t		 i;

	disk_queue_free(&l->queue);
	for (i = 0; i < SHARDS; i++)
		shard_free(&l->shard[i]);
	settings_free(&l->settings);
	pthread_mutex_destroy(&l->change);
	free(l);
}

static const struct store_ops ledger_ops = {
	.reservation_new = ledger_reservation_new,
	.reserve = ledger_reserve,
	.commit = ledger_commit,
	.give_back = ledger_give_back,
	.usage = ledger_usage,
	.list = ledger_list,
	.prune = ledger_prune,
	.clock_moved = ledger_clock_moved,
	.clock_known = ledger_clock_known,
	.settings_get = ledger_settings_get,
	.setting_put = ledger_setting_put,
	.settings_list = ledger_settings_list,
	.reset = ledger_reset,
	.take_requests = ledger_take_requests,
	.close = ledger_close,
};

struct store *
ledger_new(const struct ledger_disk *ops, void *disk)
{
	struct ledger	*l = xcalloc(1, sizeof(*l));
	size_t		 i;

	l->store.ops = &ledger_ops;
	disk_queue_init(&l->queue, ops, disk);
	for (i = 0; i < SHARDS; i++)
		shard_init(&l->shard[i]);
	settings_init(&l->settings);
	pthread_mutex_init(&l->change, NULL);
	return &l->store;
}

void
ledger_load(struct store *s, const struct ledger_row *row)
{
	struct ledger	*l = (struct ledger *)s;
	uint32_t	 hash = account_hash(row->key);
	struct shard	*shard = shard_of(l, hash);
	struct account	*a;

	pthread_mutex_lock(&shard->lock);
	a = shard_get(shard, hash, row->key);
	hour_add(&a->hour, row->minute, row->recipients, row->messages);
	pthread_mutex_unlock(&shard->lock);
}
