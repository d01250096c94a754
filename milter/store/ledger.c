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
	struct shard	*lock[STORE_ACCOUNTS];	/* in the order of locking */
	size_t		 nlocks;
	struct counts	 held;			/* of each account */
	struct part	 part[];
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
	struct ledger_reservation	*r;
	struct part			*p;
	uint32_t			 hash;
	size_t				 i;

	r = xcalloc(1, sizeof(*r) + n * sizeof(r->part[0]));
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

/* The shards are locked. Do so many more fit everywhere? */
static enum store_answer
ledger_judge(struct ledger_reservation *r, const struct demand *d,
    struct store_usage *usage)
{
	enum store_answer	answer = STORE_TAKEN;
	struct part		*p;
	size_t			 i;

	for (i = 0; i < r->base.n; i++) {
		p = &r->part[i];
		if (account_judge(p->account, d, &p->limits, &usage[i]) !=
		    STORE_TAKEN)
			answer = STORE_REFUSED;
	}
	return answer;
}

/* The bytes that are not reserved yet. */
static uint64_t
ledger_more_bytes(const struct ledger_reservation *r)
{
	uint64_t held = r->held.of[STORE_BYTES];

	return r->base.bytes > held ? r->base.bytes - held : 0;
}

/* The shards are locked. Reserve these, too. */
static void
ledger_hold(struct ledger_reservation *r, const struct counts *more)
{
	size_t	i;
	int	u;

	for (u = 0; u < STORE_UNITS; u++) {
		r->held.of[u] += more->of[u];
		for (i = 0; i < r->base.n; i++)
			r->part[i].account->reserved.of[u] += more->of[u];
	}
}

/* The shards are locked. */
static void
ledger_show_reserved(const struct ledger_reservation *r,
    struct store_usage *usage)
{
	size_t i;

	for (i = 0; i < r->base.n; i++)
		memcpy(usage[i].reserved, r->part[i].account->reserved.of,
		    sizeof(usage[i].reserved));
}

static enum store_answer
ledger_reserve(struct reservation *base, time_t now, struct store_usage *usage)
{
	struct ledger_reservation	*r = (struct ledger_reservation *)base;
	struct counts			 more = { .of = {
		[STORE_RECIPIENTS] = 1,
		[STORE_MESSAGES] = r->held.of[STORE_MESSAGES] == 0 ? 1 : 0,
		[STORE_BYTES] = ledger_more_bytes(r),
	} };
	struct demand			 d = { now, more, base->bytes };
	enum store_answer		 answer;

	/* of a message whose size is not known, an octet must fit */
	if (base->bytes == 0)
		d.more.of[STORE_BYTES] = d.bytes = 1;
	ledger_lock(r);
	answer = ledger_judge(r, &d, usage);
	if (answer == STORE_TAKEN) {
		ledger_hold(r, &more);
		ledger_show_reserved(r, usage);
	}
	ledger_unlock(r);
	return answer;
}

/* The shards are locked. Give back all that is reserved. */
static void
ledger_unreserve(struct ledger_reservation *r)
{
	size_t	i;
	int	u;

	for (u = 0; u < STORE_UNITS; u++)
		for (i = 0; i < r->base.n; i++)
			r->part[i].account->reserved.of[u] -= r->held.of[u];
	memset(&r->held, 0, sizeof(r->held));
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
		if (--p->account->open == 0 && account_is_empty(p->account))
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

/* --- commits ------------------------------------------------------------- */

#define ROWS	(STORE_ACCOUNTS * STORE_WINDOWS)

/* A row for each account and window. */
struct commit_rows {
	struct ledger_row row[ROWS];
	struct account	*account[ROWS];
	size_t		 n;
	/*
	 * row, and before it what is known of windows that begin to count. It
	 * is written with each commit until one has succeeded, and before the
	 * counts of that commit, which are added to it.
	 */
	struct ledger_row *first;
};

static void
commit_rows_init(struct commit_rows *rows)
{
	rows->n = 0;
	rows->first = rows->row;
}

static void
commit_know(struct commit_rows *rows, const char *key, enum store_window w,
    const struct rolling *r)
{
	struct ledger_row *end = rows->first, *row;

	rows->first = ledger_rows_push(end, key, w, r);
	for (row = rows->first; row != end;
	    row = (struct ledger_row *)row->next)
		row->known = true;
}

/* The shards are locked. The row gets the slot in which it will count. */
static void
commit_add(struct commit_rows *rows, struct account *a, enum store_window w,
    time_t now)
{
	struct rolling		 r = account_window(a, w);
	struct ledger_row	*row = &rows->row[rows->n];

	if (r.n == 0) {
		account_begin(a, w);
		r = account_window(a, w);
	}
	if (account_is_unsaved(a, w))
		commit_know(rows, a->key, w, &r);
	rows->account[rows->n] = a;
	row->next = NULL;
	row->key = a->key;
	row->window = w;
	row->known = false;
	row->at = account_slot_for(a, w, rolling_at(w, now));
	if (rows->n++ > 0)
		row[-1].next = row;
}

/*
 * Write the reservation to the disk; it stays reserved meanwhile.
 */
static bool
ledger_write_down(struct ledger *l, struct ledger_reservation *r, time_t now,
    struct commit_rows *rows, char error[STORE_ERROR])
{
	struct part	*p;
	struct counts	 all = r->held;
	size_t		 i;
	int		 w;

	if (r->held.of[STORE_RECIPIENTS] == 0)
		return true;
	all.of[STORE_BYTES] = r->base.bytes;
	ledger_lock(r);
	for (i = 0; i < r->base.n; i++) {
		p = &r->part[i];
		for (w = 0; w < STORE_WINDOWS; w++)
			if (account_counts_in(p->account, (enum store_window)w,
			    &p->limits))
				commit_add(rows, p->account,
				    (enum store_window)w, now);
	}
	ledger_unlock(r);
	for (i = 0; i < rows->n; i++)
		rows->row[i].counts = all;
	return disk_queue_write(&l->queue, rows->first, error);
}

/* The shards are locked. */
static void
ledger_count(const struct commit_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		account_saved(rows->account[i], rows->row[i].window);
		account_add(rows->account[i], rows->row[i].window,
		    rows->row[i].at, &rows->row[i].counts);
	}
}

/* Reserve what is missing of the message's bytes. */
static enum store_answer
ledger_hold_bytes(struct ledger_reservation *r, time_t now,
    struct store_usage *usage)
{
	struct demand		d = { .now = now, .bytes = r->base.bytes };
	enum store_answer	answer;

	d.more.of[STORE_BYTES] = ledger_more_bytes(r);
	if (d.more.of[STORE_BYTES] == 0 || r->held.of[STORE_RECIPIENTS] == 0)
		return STORE_TAKEN;
	ledger_lock(r);
	answer = ledger_judge(r, &d, usage);
	if (answer == STORE_TAKEN)
		ledger_hold(r, &d.more);
	ledger_unlock(r);
	return answer;
}

static enum store_answer
ledger_commit(struct reservation *base, time_t now, struct store_usage *usage)
{
	static const struct counts	 one = { .of = { 1, 1, 1 } };
	struct ledger_reservation	*r = (struct ledger_reservation *)base;
	struct ledger			*l = (struct ledger *)base->store;
	struct demand			 next = { now, one, 1 };
	struct commit_rows		 rows;
	bool				 written;

	if (ledger_hold_bytes(r, now, usage) == STORE_REFUSED) {
		ledger_give_back(base);
		return STORE_REFUSED;
	}
	commit_rows_init(&rows);
	disk_queue_enter(&l->queue);
	written = ledger_write_down(l, r, now, &rows, usage[0].error);
	ledger_lock(r);
	if (written)
		ledger_count(&rows);
	ledger_unreserve(r);
	ledger_judge(r, &next, usage);
	ledger_release(r);
	ledger_unlock(r);
	disk_queue_leave(&l->queue);
	ledger_rows_free(rows.first, rows.row);
	free(r);
	return written ? STORE_TAKEN : STORE_UNKNOWN;
}

/* --- the whole ----------------------------------------------------------- */

static enum store_answer
ledger_usage(struct store *base, const char *key, time_t now,
    struct store_limits limits, struct store_usage *usage)
{
	static const struct account	 nothing;
	const struct demand		 one = { now, { { 1, 1, 1 } }, 1 };
	struct ledger			*l = (struct ledger *)base;
	uint32_t			 hash = account_hash(key);
	struct shard			*s = shard_of(l, hash);
	const struct account		*a;
	enum store_answer		 answer;

	pthread_mutex_lock(&s->lock);
	a = shard_find(s, hash, key);
	answer = account_judge(a != NULL ? a : &nothing, &one, &limits, usage);
	pthread_mutex_unlock(&s->lock);
	return answer;
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
	account_add(a, row->window, row->at, &row->counts);
	pthread_mutex_unlock(&shard->lock);
}
