/*
 * ledger_clock - moves all counts when the machine's clock was set
 *
 * Commits wait at the gate of the queue until the file has the new slots.
 */
#include "ledger_priv.h"

/* The change of each account, in slots of each window. */
struct change {
	int64_t		 slots[STORE_WINDOWS];	/* move by these */
	uint32_t	 latest[STORE_WINDOWS];	/* the last that may remain */
	bool		 changed;
};

/* Rounded up: moved counts leave a window a little later, never earlier. */
static int64_t
clock_slots(int64_t seconds, enum store_window w)
{
	int64_t slot = rolling_shapes[w].seconds;

	return seconds > 0 ? (seconds + slot - 1) / slot : seconds / slot;
}

/* Change all windows of an account, and add their slots to the rows. */
static struct ledger_row *
clock_change_account(struct account *a, struct change *c,
    struct ledger_row *rows)
{
	struct rolling		 r;
	enum store_window	 window;
	int			 w;

	for (w = 0; w < STORE_WINDOWS; w++) {
		window = (enum store_window)w;
		if (account_move(a, window, c->slots[w], c->latest[w]))
			c->changed = true;
		r = account_window(a, window);
		rows = ledger_rows_push(rows, a->key, window, &r);
	}
	return rows;
}

static struct ledger_row *
clock_change_shard(struct shard *s, struct change *c, struct ledger_row *rows)
{
	struct account	*a;
	size_t		 i;

	for (i = 0; i < s->size; i++)
		for (a = s->table[i]; a != NULL; a = a->next)
			rows = clock_change_account(a, c, rows);
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
	ledger_rows_free(rows, NULL);
	return ok ? STORE_TAKEN : STORE_UNKNOWN;
}

enum store_answer
ledger_clock_moved(struct store *base, int64_t seconds,
    char error[STORE_ERROR])
{
	struct change	c = { .changed = false };
	int		w;

	for (w = 0; w < STORE_WINDOWS; w++) {
		c.slots[w] = clock_slots(seconds, (enum store_window)w);
		c.latest[w] = ROLLING_AT_MAX;
	}
	return clock_change_all((struct ledger *)base, &c, error);
}

enum store_answer
ledger_clock_known(struct store *base, time_t now, char error[STORE_ERROR])
{
	struct change	c = { .changed = false };
	int		w;

	for (w = 0; w < STORE_WINDOWS; w++)
		c.latest[w] = rolling_at((enum store_window)w, now);
	return clock_change_all((struct ledger *)base, &c, error);
}
