/*
 * ledger_all - the calls that walk over all slots of an account, or over all
 * accounts of the ledger
 *
 * One shard after the other is locked; commits in the others go on meanwhile.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ledger_priv.h"

/* --- rows ---------------------------------------------------------------- */

struct ledger_row *
ledger_rows_push(struct ledger_row *rows, const char *key, enum store_window w,
    const struct rolling *r)
{
	size_t			 size = strlen(key) + 1;
	struct ledger_row	*row;
	uint16_t		 i;

	for (i = 0; i < r->n; i++) {
		row = xcalloc(1, sizeof(*row) + size);
		row->next = rows;
		row->key = memcpy(row + 1, key, size);
		row->window = w;
		row->at = r->slot[i].at;
		row->counts = rolling_counts(&r->slot[i]);
		rows = row;
	}
	return rows;
}

void
ledger_rows_free(struct ledger_row *rows, const struct ledger_row *end)
{
	struct ledger_row *next;

	for (; rows != end; rows = next) {
		next = (struct ledger_row *)rows->next;
		free(rows);
	}
}

/* --- all accounts -------------------------------------------------------- */

static bool
account_counts_now(const struct account *a, time_t now)
{
	struct rolling		 r;
	struct counts		 c;
	enum store_window	 window;
	int			 w;

	for (w = STORE_WINDOWS - 1; w >= 0; w--) {
		window = (enum store_window)w;
		r = account_window(a, window);
		c = rolling_sum(&r, window, rolling_at(window, now));
		if (c.of[STORE_RECIPIENTS] > 0 || c.of[STORE_MESSAGES] > 0)
			return true;
	}
	return false;
}

static void
ledger_list_shard(struct shard *s, time_t now, struct store_rows *rows)
{
	const struct account	*a;
	struct counts		 sum;
	size_t			 i;

	for (i = 0; i < s->size; i++) {
		for (a = s->table[i]; a != NULL; a = a->next) {
			sum = rolling_sum(&a->hour, STORE_HOUR,
			    rolling_at(STORE_HOUR, now));
			if (sum.of[STORE_RECIPIENTS] == 0 &&
			    sum.of[STORE_MESSAGES] == 0 &&
			    (rows->top != NULL || !account_counts_now(a, now)))
				continue;
			store_rows_add(rows, a->key, sum.of[STORE_RECIPIENTS],
			    sum.of[STORE_MESSAGES]);
		}
	}
}

enum store_answer
ledger_list(struct store *base, time_t now, struct store_rows *rows,
    char error[STORE_ERROR])
{
	struct ledger	*l = (struct ledger *)base;
	size_t		 i;

	(void)error;
	for (i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&l->shard[i].lock);
		ledger_list_shard(&l->shard[i], now, rows);
		pthread_mutex_unlock(&l->shard[i].lock);
	}
	return STORE_TAKEN;
}

enum store_answer
ledger_prune(struct store *base, time_t now, char error[STORE_ERROR])
{
	struct ledger		*l = (struct ledger *)base;
	enum store_window	 window;
	size_t			 i;
	int			 w;

	for (i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&l->shard[i].lock);
		shard_prune(&l->shard[i], now);
		pthread_mutex_unlock(&l->shard[i].lock);
	}
	if (!ledger_settings_prune(l, now, error))
		return STORE_UNKNOWN;
	for (w = 0; w < STORE_WINDOWS; w++) {
		window = (enum store_window)w;
		if (!disk_queue_forget(&l->queue, window, rolling_begin(window,
		    rolling_at(window, now)), error))
			return STORE_UNKNOWN;
	}
	return disk_queue_sync(&l->queue, error) ? STORE_TAKEN :
	    STORE_UNKNOWN;
}
