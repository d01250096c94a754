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

/* Drop what is over; true: nothing is left. */
static bool
account_prune(struct account *a, time_t now)
{
	struct rolling	*r;
	bool		 empty = true;
	int		 w;

	for (w = 0; w < STORE_WINDOWS; w++) {
		r = account_window(a, (enum store_window)w);
		if (r != NULL && !rolling_forget(r, (enum store_window)w,
		    rolling_at((enum store_window)w, now)))
			empty = false;
	}
	return empty;
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

/* --- windows ------------------------------------------------------------- */

#define OTHERS	(STORE_WINDOWS - 1)	/* than the hour */

struct rolling *
account_window(const struct account *a, enum store_window w)
{
	if (w == STORE_HOUR)
		return (struct rolling *)&a->hour;
	if (a->other == NULL)
		return NULL;
	return &a->other[w < STORE_HOUR ? w : w - 1];
}

static bool
account_has(const struct account *a, enum store_window w)
{
	const struct rolling *r = account_window(a, w);

	return r != NULL && r->n > 0;
}

/*
 * A window that begins to count now: what is known of it are the counts of the
 * longest of the shorter windows.
 */
static void
account_seed(const struct account *a, enum store_window w, struct rolling *r)
{
	int shorter;

	for (shorter = (int)w - 1; shorter >= STORE_HOUR; shorter--) {
		if (!account_has(a, (enum store_window)shorter))
			continue;
		rolling_seed(r, w, account_window(a,
		    (enum store_window)shorter), (enum store_window)shorter);
		return;
	}
}

struct rolling *
account_open(struct account *a, enum store_window w)
{
	if (w != STORE_HOUR && a->other == NULL)
		a->other = xcalloc(OTHERS, sizeof(*a->other));
	return account_window(a, w);
}

struct rolling *
account_keep(struct account *a, enum store_window w)
{
	struct rolling *r = account_open(a, w);

	if (r->n == 0)
		account_seed(a, w, r);
	return r;
}

static bool
window_is_limited(const struct store_limits *limits, enum store_window w)
{
	int u;

	for (u = 0; u < STORE_UNITS; u++)
		if (limits->of[u][w] != STORE_UNLIMITED)
			return true;
	return false;
}

bool
account_counts_in(const struct account *a, enum store_window w,
    const struct store_limits *limits)
{
	return w == STORE_HOUR || account_has(a, w) ||
	    window_is_limited(limits, w);
}

bool
account_is_empty(const struct account *a)
{
	int w;

	for (w = 0; w < STORE_WINDOWS; w++)
		if (account_has(a, (enum store_window)w))
			return false;
	return true;
}

void
account_forget(struct account *a)
{
	int i;

	rolling_free(&a->hour);
	for (i = 0; a->other != NULL && i < OTHERS; i++)
		rolling_free(&a->other[i]);
	free(a->other);
	a->other = NULL;
}

/* --- what fits ----------------------------------------------------------- */

#define NEVER	((time_t)-1)

/* One window, while it is judged. */
struct judged {
	const struct rolling *r;
	enum store_window window;
	uint32_t	 at;
};

/* By how many these exceed the limit; 0: they fit. */
static uint64_t
account_excess(uint64_t used, uint64_t more, uint64_t limit)
{
	if (limit == STORE_UNLIMITED || more == 0 || used + more <= limit)
		return 0;
	return used + more - limit;
}

/*
 * When they fit, if all reservations are committed now: once enough counts have
 * left the window, or else once the reservations have left it too.
 */
static time_t
account_next_fit(const struct judged *j, enum store_unit u, uint64_t excess)
{
	const struct rolling_shape *shape = &rolling_shapes[j->window];
	uint32_t when;

	if (!rolling_when_over(j->r, j->window, j->at, u, excess, &when) &&
	    when < j->at + shape->slots)
		when = j->at + shape->slots;
	return (time_t)when * shape->seconds;
}

/* `fits` 0: never. */
static bool
account_is_later(time_t fits, const struct store_usage *usage)
{
	if (!usage->refused)
		return true;
	return usage->next_fit != 0 && (fits == 0 || fits > usage->next_fit);
}

/* The limit has no room. The whole demand may be more than it ever has. */
static void
account_refuse(const struct judged *j, enum store_unit u, uint64_t excess,
    bool never, struct store_usage *usage)
{
	time_t fits = never ? 0 : account_next_fit(j, u, excess);
	time_t *window = &usage->fits[j->window];

	if (never)
		*window = NEVER;
	else if (*window != NEVER && fits > *window)
		*window = fits;
	if (account_is_later(fits, usage)) {
		usage->unit = u;
		usage->window = j->window;
		usage->next_fit = fits;
	}
	usage->refused = true;
}

static void
account_judge_window(const struct account *a, const struct judged *j,
    const struct demand *d, const struct store_limits *limits,
    struct store_usage *usage)
{
	struct counts	used = rolling_sum(j->r, j->window, j->at);
	uint64_t	limit, excess, whole;
	int		u;

	usage->counted |= 1u << j->window;
	for (u = 0; u < STORE_UNITS; u++) {
		limit = limits->of[u][j->window];
		usage->used[u][j->window] = used.of[u];
		excess = account_excess(used.of[u] + a->reserved.of[u],
		    d->more.of[u], limit);
		whole = u == STORE_BYTES ? d->bytes : 1;
		if (excess > 0)
			account_refuse(j, (enum store_unit)u, excess,
			    whole > limit, usage);
	}
	if (usage->fits[j->window] == NEVER)
		usage->fits[j->window] = 0;
}

enum store_answer
account_judge(const struct account *a, const struct demand *d,
    const struct store_limits *limits, struct store_usage *usage)
{
	static const struct rolling	none;
	struct rolling			known = { NULL, 0, 0 };
	struct judged			j;
	int				w;

	usage->refused = false;
	usage->counted = 0;
	usage->next_fit = 0;
	memset(usage->fits, 0, sizeof(usage->fits));
	memcpy(usage->reserved, a->reserved.of, sizeof(usage->reserved));
	for (w = 0; w < STORE_WINDOWS; w++) {
		j.window = (enum store_window)w;
		if (w != STORE_HOUR && !window_is_limited(limits, j.window))
			continue;
		j.at = rolling_at(j.window, d->now);
		j.r = account_window(a, j.window);
		if (j.r == NULL || j.r->n == 0) {
			account_seed(a, j.window, &known);
			j.r = known.n > 0 ? &known : &none;
		}
		account_judge_window(a, &j, d, limits, usage);
		rolling_free(&known);
	}
	return usage->refused ? STORE_REFUSED : STORE_TAKEN;
}
