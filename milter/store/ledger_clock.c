/*
 * ledger_clock - moves all counts when the machine's clock was set
 *
 * Commits wait at the gate of the queue until the file has the new minutes.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "ledger_priv.h"

/* The change of each account. */
struct change {
	int64_t		 minutes;	/* move by these */
	uint32_t	 latest;	/* the last minute that may remain */
	bool		 changed;
};

/* Rounded up: moved counts leave the hour a little later, never earlier. */
static int64_t
clock_minutes(int64_t seconds)
{
	return seconds > 0 ? (seconds + 59) / 60 : seconds / 60;
}

static struct ledger_row *
clock_row_push(struct ledger_row *rows, const struct account *a,
    const struct hour_bucket *b)
{
	struct ledger_row *row = xmalloc(sizeof(*row));

	row->next = rows;
	row->key = xstrdup(a->key);
	row->minute = b->minute;
	row->recipients = b->recipients;
	row->messages = b->messages;
	return row;
}

static void
clock_rows_free(struct ledger_row *row)
{
	struct ledger_row *next;

	for (; row != NULL; row = next) {
		next = (struct ledger_row *)row->next;
		free((char *)row->key);
		free(row);
	}
}

/* Change all accounts of a shard, and add their buckets to the rows. */
static struct ledger_row *
clock_change_shard(struct shard *s, struct change *c, struct ledger_row *rows)
{
	struct account	*a;
	size_t		 i;
	uint16_t	 b;

	for (i = 0; i < s->size; i++) {
		for (a = s->table[i]; a != NULL; a = a->next) {
			if (hour_move(&a->hour, c->minutes, c->latest))
				c->changed = true;
			for (b = 0; b < a->hour.n; b++)
				rows = clock_row_push(rows, a,
				    &a->hour.bucket[b]);
		}
	}
	return rows;
}

static enum store_answer
clock_change_all(struct ledger *l, struct change *c, char error[STORE_ERROR])
{
	struct ledger_row	*rows = NULL;
	bool			 ok;
	size_t			 i;

	disk_queue_stop(&l->queue);
	for (i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&l->shard[i].lock);
		rows = clock_change_shard(&l->shard[i], c, rows);
		pthread_mutex_unlock(&l->shard[i].lock);
	}
	ok = !c->changed || disk_queue_replace(&l->queue, rows, error);
	disk_queue_go(&l->queue);
	clock_rows_free(rows);
	return ok ? STORE_TAKEN : STORE_UNKNOWN;
}

enum store_answer
ledger_clock_moved(struct store *base, int64_t seconds,
    char error[STORE_ERROR])
{
	struct change c = { clock_minutes(seconds), HOUR_MINUTE_MAX, false };

	return clock_change_all((struct ledger *)base, &c, error);
}

enum store_answer
ledger_clock_known(struct store *base, time_t now, char error[STORE_ERROR])
{
	struct change c = { 0, hour_minute(now), false };

	return clock_change_all((struct ledger *)base, &c, error);
}
