/*
 * ledger - exact accounting in memory, with a disk behind it
 *
 * Locks: a shard's mutex guards its table and all accounts in it, and is
 * held for no I/O; the queue's mutex guards the rows that wait for the disk.
 * Neither is taken inside the other. An account stays where it is while a
 * reservation refers to it.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "accounts.h"
#include "arena.h"
#include "ledger.h"
#include "store_priv.h"

#define SHARDS	(1u << SHARD_BITS)

/* Rows that wait for the disk; one thread writes for all who wait. */
struct waiting {
	struct ledger_row row;
	bool		 done, written;
	char		 error[STORE_ERROR];
};

struct queue {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	bool		 busy;		/* somebody uses the disk */
	const struct ledger_row *rows;
};

struct ledger {
	struct store	 store;
	const struct ledger_disk *ops;
	void		*disk;
	struct queue	 queue;
	struct shard	 shard[SHARDS];
};

struct ledger_reservation {
	struct reservation base;
	struct shard	*shard;
	struct account	*account;
	struct store_limits limits;
	uint32_t	 recipients, messages;
};

static struct shard *
shard_of(struct ledger *l, uint32_t hash)
{
	return &l->shard[hash % SHARDS];
}

/* --- reservations -------------------------------------------------------- */

static struct reservation *
ledger_reservation_new(struct store *s, const char *key,
    struct store_limits limits)
{
	struct ledger			*l = (struct ledger *)s;
	struct ledger_reservation	*r = xcalloc(1, sizeof(*r));
	uint32_t			 hash = account_hash(key);

	r->base.store = s;
	r->limits = limits;
	r->shard = shard_of(l, hash);
	pthread_mutex_lock(&r->shard->lock);
	r->account = shard_get(r->shard, hash, key);
	r->account->open++;
	pthread_mutex_unlock(&r->shard->lock);
	return &r->base;
}

static enum store_answer
ledger_reserve(struct reservation *base, time_t now, struct store_usage *usage)
{
	struct ledger_reservation	*r = (struct ledger_reservation *)base;
	struct account			*a = r->account;
	uint32_t			 messages = r->messages == 0 ? 1 : 0;
	enum store_answer		 answer;

	pthread_mutex_lock(&r->shard->lock);
	answer = account_judge(a, hour_minute(now), r->limits, messages, usage);
	if (answer == STORE_TAKEN) {
		r->recipients++;
		r->messages += messages;
		a->reserved_recipients++;
		a->reserved_messages += messages;
		usage->reserved_recipients = a->reserved_recipients;
		usage->reserved_messages = a->reserved_messages;
	}
	pthread_mutex_unlock(&r->shard->lock);
	return answer;
}

static void
ledger_unreserve(struct reservation *base)
{
	struct ledger_reservation *r = (struct ledger_reservation *)base;

	if (r->recipients == 0)
		return;
	pthread_mutex_lock(&r->shard->lock);
	r->recipients--;
	r->account->reserved_recipients--;
	if (r->recipients == 0) {
		/* the message is gone with its last recipient */
		r->account->reserved_messages -= r->messages;
		r->messages = 0;
	}
	pthread_mutex_unlock(&r->shard->lock);
}

/* The shard is locked: nothing is reserved any more, nobody refers to it. */
static void
release(struct ledger_reservation *r)
{
	struct account *a = r->account;

	a->reserved_recipients -= r->recipients;
	a->reserved_messages -= r->messages;
	if (--a->open == 0 && a->hour.n == 0)
		shard_remove(r->shard, a);
}

static void
ledger_give_back(struct reservation *base)
{
	struct ledger_reservation	*r = (struct ledger_reservation *)base;
	struct shard			*s = r->shard;

	pthread_mutex_lock(&s->lock);
	release(r);
	pthread_mutex_unlock(&s->lock);
	free(r);
}

/* --- the disk ------------------------------------------------------------ */

/* The disk for this thread alone; the queue is locked before and after. */
static void
disk_take(struct queue *q)
{
	while (q->busy)
		pthread_cond_wait(&q->changed, &q->lock);
	q->busy = true;
}

static void
disk_release(struct queue *q)
{
	q->busy = false;
	pthread_cond_broadcast(&q->changed);
}

static void
tell_all(const struct ledger_row *rows, bool written,
    const char error[STORE_ERROR])
{
	struct waiting *w;

	while (rows != NULL) {
		w = (struct waiting *)((char *)rows -
		    offsetof(struct waiting, row));
		rows = w->row.next;
		w->written = written;
		memcpy(w->error, error, STORE_ERROR);
		w->done = true;
	}
}

/* Write all rows that wait. The queue is locked before and after. */
static void
write_batch(struct ledger *l)
{
	const struct ledger_row	*rows;
	char			 error[STORE_ERROR] = "";
	bool			 written;

	disk_take(&l->queue);
	rows = l->queue.rows;
	l->queue.rows = NULL;
	if (rows != NULL) {
		pthread_mutex_unlock(&l->queue.lock);
		written = l->ops->write(l->disk, rows, error);
		pthread_mutex_lock(&l->queue.lock);
		tell_all(rows, written, error);
	}
	disk_release(&l->queue);
}

static bool
write_row(struct ledger *l, struct ledger_row row, char error[STORE_ERROR])
{
	struct waiting	 w = { .row = row };
	struct queue	*q = &l->queue;

	if (l->ops == NULL)
		return true;
	pthread_mutex_lock(&q->lock);
	w.row.next = q->rows;
	q->rows = &w.row;
	while (!w.done) {
		if (q->busy)
			pthread_cond_wait(&q->changed, &q->lock);
		else
			write_batch(l);
	}
	pthread_mutex_unlock(&q->lock);
	memcpy(error, w.error, STORE_ERROR);
	return w.written;
}

static enum store_answer
ledger_commit(struct reservation *base, time_t now, struct store_usage *usage)
{
	struct ledger_reservation	*r = (struct ledger_reservation *)base;
	struct ledger			*l = (struct ledger *)base->store;
	struct shard			*s = r->shard;
	struct ledger_row		 row = { .key = r->account->key };
	bool				 written = true;

	row.recipients = r->recipients;
	row.messages = r->messages;
	if (r->recipients > 0) {
		pthread_mutex_lock(&s->lock);
		row.minute = hour_slot(&r->account->hour, hour_minute(now));
		pthread_mutex_unlock(&s->lock);
		written = write_row(l, row, usage->error);
	}
	pthread_mutex_lock(&s->lock);
	if (written && r->recipients > 0)
		hour_add(&r->account->hour, row.minute, row.recipients,
		    row.messages);
	r->account->reserved_recipients -= r->recipients;
	r->account->reserved_messages -= r->messages;
	r->recipients = r->messages = 0;
	account_judge(r->account, hour_minute(now), r->limits, 1, usage);
	release(r);
	pthread_mutex_unlock(&s->lock);
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
rows_add(struct store_rows *rows, const char *key, struct hour_sum sum)
{
	struct store_row *row;

	/* a power of two of rows fills the memory: twice as much */
	if ((rows->n & (rows->n - 1)) == 0)
		rows->row = xrealloc(rows->row,
		    (rows->n == 0 ? 1 : rows->n * 2) * sizeof(*rows->row));
	row = &rows->row[rows->n++];
	row->key = xstrdup(key);
	row->recipients = hour_cap(sum.recipients);
	row->messages = hour_cap(sum.messages);
}

static void
list_shard(struct shard *s, uint32_t minute, struct store_rows *rows)
{
	const struct account	*a;
	struct hour_sum		 sum;
	size_t			 i;

	for (i = 0; i < s->size; i++) {
		for (a = s->table[i]; a != NULL; a = a->next) {
			sum = hour_sum(&a->hour, minute);
			if (sum.recipients > 0 || sum.messages > 0)
				rows_add(rows, a->key, sum);
		}
	}
}

static int
row_cmp(const void *va, const void *vb)
{
	const struct store_row *a = va, *b = vb;

	if (a->recipients != b->recipients)
		return a->recipients > b->recipients ? -1 : 1;
	return strcmp(a->key, b->key);
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
		list_shard(&l->shard[i], hour_minute(now), rows);
		pthread_mutex_unlock(&l->shard[i].lock);
	}
	if (rows->n > 1)
		qsort(rows->row, rows->n, sizeof(*rows->row), row_cmp);
	return STORE_TAKEN;
}

static enum store_answer
ledger_prune(struct store *base, time_t now, char error[STORE_ERROR])
{
	struct ledger	*l = (struct ledger *)base;
	uint32_t	 minute = hour_minute(now);
	bool		 ok = true, more = true;
	size_t		 i;

	for (i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&l->shard[i].lock);
		shard_prune(&l->shard[i], minute);
		pthread_mutex_unlock(&l->shard[i].lock);
	}
	if (l->ops == NULL || minute < HOUR_MINUTES)
		return STORE_TAKEN;
	/* in steps: commits that wait meanwhile get their turn in between */
	pthread_mutex_lock(&l->queue.lock);
	while (ok && more) {
		disk_take(&l->queue);
		pthread_mutex_unlock(&l->queue.lock);
		ok = l->ops->forget(l->disk, minute - (HOUR_MINUTES - 1),
		    &more, error);
		pthread_mutex_lock(&l->queue.lock);
		disk_release(&l->queue);
		write_batch(l);
	}
	pthread_mutex_unlock(&l->queue.lock);
	return ok ? STORE_TAKEN : STORE_UNKNOWN;
}

static void
ledger_close(struct store *base)
{
	struct ledger	*l = (struct ledger *)base;
	size_t		 i;

	if (l->ops != NULL)
		l->ops->close(l->disk);
	for (i = 0; i < SHARDS; i++)
		shard_free(&l->shard[i]);
	pthread_cond_destroy(&l->queue.changed);
	pthread_mutex_destroy(&l->queue.lock);
	free(l);
}

static const struct store_ops ledger_ops = {
	.reservation_new = ledger_reservation_new,
	.reserve = ledger_reserve,
	.unreserve = ledger_unreserve,
	.commit = ledger_commit,
	.give_back = ledger_give_back,
	.usage = ledger_usage,
	.list = ledger_list,
	.prune = ledger_prune,
	.close = ledger_close,
};

struct store *
ledger_new(const struct ledger_disk *ops, void *disk)
{
	struct ledger	*l = xcalloc(1, sizeof(*l));
	size_t		 i;

	l->store.ops = &ledger_ops;
	l->ops = ops;
	l->disk = disk;
	pthread_mutex_init(&l->queue.lock, NULL);
	pthread_cond_init(&l->queue.changed, NULL);
	for (i = 0; i < SHARDS; i++)
		shard_init(&l->shard[i]);
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
