/*
 * accounts - the ledger's table of keys and their counts
 *
 * A chained hash table that doubles and halves; the low bits of the hash
 * choose the shard, the next ones the place in it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "accounts_priv.h"

#define TABLE_FIRST	16u

/* --- windows ------------------------------------------------------------- */

#define OTHERS	(STORE_WINDOWS - 1)	/* than the hour */
/* Enough for most logins: memory that grows bit by bit leaves holes. */
#define OTHERS_FIRST	9u

/*
 * The slots of the other windows, one window after the other. One piece of
 * memory for all: three would cost as much as the slots of most logins.
 */
struct others {
	uint16_t	 n[OTHERS], size;
	uint16_t	 unsaved;	/* 1 << window: account_is_unsaved */
	struct rolling_slot slot[];
};

static size_t
others_index(enum store_window w)
{
	return w < STORE_HOUR ? w : w - 1;
}

/* The slots before window number i. */
static size_t
others_before(const struct others *o, size_t i)
{
	size_t k, n = 0;

	for (k = 0; k < i; k++)
		n += o->n[k];
	return n;
}

/* Give window number i so many slots; those after it keep their counts. */
static void
others_resize(struct account *a, size_t i, size_t n)
{
	struct others	*o = a->others;
	size_t		 begin = o == NULL ? 0 : others_before(o, i);
	size_t		 old = o == NULL ? 0 : o->n[i];
	size_t		 all = o == NULL ? 0 : others_before(o, OTHERS);
	size_t		 want = all - old + n;

	if (o == NULL || want > o->size) {
		want = want < OTHERS_FIRST ? OTHERS_FIRST : want + want / 4;
		o = xrealloc(o, sizeof(*o) + want * sizeof(o->slot[0]));
		if (a->others == NULL)
			memset(o, 0, sizeof(*o));
		o->size = (uint16_t)want;
		a->others = o;
	}
	memmove(&o->slot[begin + n], &o->slot[begin + old],
	    (all - begin - old) * sizeof(o->slot[0]));
	o->n[i] = (uint16_t)n;
}

struct rolling
account_window(const struct account *a, enum store_window w)
{
	struct rolling	 r = { NULL, 0, 0 };
	size_t		 i = others_index(w);

	if (w == STORE_HOUR)
		return a->hour;
	if (a->others == NULL)
		return r;
	r.slot = &a->others->slot[others_before(a->others, i)];
	r.n = r.size = a->others->n[i];
	return r;
}

/* A list with room for one more; it is in place, and ends with others_end. */
static struct rolling
others_begin(struct account *a, enum store_window w)
{
	struct rolling	r = account_window(a, w);
	uint16_t	n = r.n;

	others_resize(a, others_index(w), n + 1u);
	r = account_window(a, w);
	r.n = n;
	return r;
}

static void
others_end(struct account *a, enum store_window w, const struct rolling *r)
{
	others_resize(a, others_index(w), r->n);
}

uint32_t
account_slot_for(struct account *a, enum store_window w, uint32_t at)
{
	struct rolling r;

	if (w == STORE_HOUR)
		return rolling_slot_for(&a->hour, w, at);
	r = account_window(a, w);
	if (rolling_has(&r, at))
		return at;
	r = others_begin(a, w);
	at = rolling_slot_for(&r, w, at);
	others_end(a, w, &r);
	return at;
}

void
account_add(struct account *a, enum store_window w, uint32_t at,
    const struct counts *more)
{
	struct rolling r;

	if (w == STORE_HOUR) {
		rolling_add(&a->hour, w, at, more);
		return;
	}
	at = account_slot_for(a, w, at);
	r = account_window(a, w);
	rolling_add(&r, w, at, more);
}

/* Replace the slots of the window by those of a list, and free the list. */
static void
others_set(struct account *a, enum store_window w, struct rolling *from)
{
	if (from->n > 0 || a->others != NULL)
		others_resize(a, others_index(w), from->n);
	if (from->n > 0)
		memcpy(account_window(a, w).slot, from->slot,
		    from->n * sizeof(*from->slot));
	rolling_free(from);
}

bool
account_move(struct account *a, enum store_window w, int64_t slots,
    uint32_t latest)
{
	struct rolling	r = account_window(a, w), copy = r;
	bool		changed;

	if (w == STORE_HOUR)
		return rolling_move(&a->hour, w, slots, latest);
	if (r.n == 0)
		return false;
	copy.slot = xmalloc(r.n * sizeof(*r.slot));
	memcpy(copy.slot, r.slot, r.n * sizeof(*r.slot));
	changed = rolling_move(&copy, w, slots, latest);
	others_set(a, w, &copy);
	return changed;
}

static bool
account_has(const struct account *a, enum store_window w)
{
	return account_window(a, w).n > 0;
}

void
account_seed(const struct account *a, enum store_window w, struct rolling *r)
{
	struct rolling	shorter;
	int		of;

	for (of = (int)w - 1; of >= STORE_HOUR; of--) {
		shorter = account_window(a, (enum store_window)of);
		if (shorter.n == 0)
			continue;
		rolling_seed(r, w, &shorter, (enum store_window)of);
		return;
	}
}

void
account_begin(struct account *a, enum store_window w)
{
	struct rolling seed = { NULL, 0, 0 };

	if (w == STORE_HOUR || account_has(a, w))
		return;
	account_seed(a, w, &seed);
	others_set(a, w, &seed);
	if (account_has(a, w))
		a->others->unsaved |= (uint16_t)(1u << w);
}

bool
account_is_unsaved(const struct account *a, enum store_window w)
{
	return a->others != NULL && (a->others->unsaved & 1u << w) != 0;
}

void
account_saved(struct account *a, enum store_window w)
{
	if (a->others != NULL)
		a->others->unsaved &= (uint16_t)~(1u << w);
}

/* Drop what is over; true: nothing is left. */
static bool
account_prune(struct account *a, time_t now)
{
	struct rolling		 r;
	enum store_window	 window;
	int			 w;

	rolling_forget(&a->hour, STORE_HOUR, rolling_at(STORE_HOUR, now));
	for (w = 0; w < STORE_WINDOWS && a->others != NULL; w++) {
		window = (enum store_window)w;
		if (window == STORE_HOUR || !account_has(a, window))
			continue;
		r = account_window(a, window);
		rolling_drop_over(&r, window, rolling_at(window, now));
		others_end(a, window, &r);
	}
	if (a->others != NULL && others_before(a->others, OTHERS) == 0) {
		free(a->others);
		a->others = NULL;
	}
	return a->hour.n == 0 && a->others == NULL;
}

void
account_forget(struct account *a)
{
	rolling_free(&a->hour);
	free(a->others);
	a->others = NULL;
}

bool
account_is_empty(const struct account *a)
{
	return a->hour.n == 0 && (a->others == NULL ||
	    others_before(a->others, OTHERS) == 0);
}

/* --- the table ----------------------------------------------------------- */

uint32_t
account_hash(const char *key)
{
	return fnv_fold(fnv_add(FNV_START, key, strlen(key)));
}

static struct account **
shard_place(const struct shard *s, uint32_t hash)
{
	return &s->table[(hash >> SHARD_BITS) & (s->size - 1)];
}

struct account *
shard_find(const struct shard *s, uint32_t hash, const char *key)
{
	struct account *a;

	for (a = *shard_place(s, hash); a != NULL; a = a->next)
		if (a->hash == hash && strcmp(a->key, key) == 0)
			break;
	return a;
}

/* Give the table another size; accounts keep their addresses. */
static void
shard_resize(struct shard *s, size_t size)
{
	struct account	**old = s->table, *a, *next;
	size_t		  i, old_size = s->size;

	s->table = xcalloc(size, sizeof(struct account *));
	s->size = size;
	for (i = 0; i < old_size; i++) {
		for (a = old[i]; a != NULL; a = next) {
			next = a->next;
			a->next = *shard_place(s, a->hash);
			*shard_place(s, a->hash) = a;
		}
	}
	free(old);
}

struct account *
shard_get(struct shard *s, uint32_t hash, const char *key)
{
	struct account	*a = shard_find(s, hash, key);
	size_t		 len = strlen(key);

	if (a != NULL)
		return a;
	if (s->n >= s->size)
		shard_resize(s, s->size * 2);
	a = xcalloc(1, offsetof(struct account, key) + len + 1);
	a->hash = hash;
	memcpy(a->key, key, len + 1);
	a->next = *shard_place(s, hash);
	*shard_place(s, hash) = a;
	s->n++;
	return a;
}

static void
account_free(struct account *a)
{
	account_forget(a);
	free(a);
}

void
shard_remove(struct shard *s, struct account *a)
{
	struct account **ap = shard_place(s, a->hash);

	while (*ap != a)
		ap = &(*ap)->next;
	*ap = a->next;
	s->n--;
	account_free(a);
}

void
shard_prune(struct shard *s, time_t now)
{
	struct account	**ap, *a;
	size_t		  i;

	for (i = 0; i < s->size; i++) {
		for (ap = &s->table[i]; (a = *ap) != NULL; ) {
			if (!account_prune(a, now) || a->open > 0) {
				ap = &a->next;
				continue;
			}
			*ap = a->next;
			s->n--;
			account_free(a);
		}
	}
	while (s->size > TABLE_FIRST && s->n < s->size / 4)
		shard_resize(s, s->size / 2);
}

void
shard_init(struct shard *s)
{
	pthread_mutex_init(&s->lock, NULL);
	s->table = NULL;
	s->size = s->n = 0;
	shard_resize(s, TABLE_FIRST);
}

void
shard_free(struct shard *s)
{
	struct account	*a, *next;
	size_t		 i;

	for (i = 0; i < s->size; i++) {
		for (a = s->table[i]; a != NULL; a = next) {
			next = a->next;
			account_free(a);
		}
	}
	free(s->table);
	pthread_mutex_destroy(&s->lock);
}
