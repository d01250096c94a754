/*
 * store_windows: limits of a minute, an hour, a day and a month, in recipients,
 * messages and bytes, on every backend.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "store/store_settings.h"
#include "store_backends.h"

#define DAY	86400

/* Seconds of a window's slot, and how many of them it has. */
static const struct {
	time_t	seconds;
	int	slots;
} shape[STORE_WINDOWS] = { { 1, 61 }, { 60, 60 }, { 900, 97 }, { 21600, 121 } };

static struct store_limits
limit_of(enum store_unit u, enum store_window w, uint64_t n)
{
	struct store_limits l = STORE_LIMITS_NONE;

	l.of[u][w] = n;
	return l;
}

/* When a commit of this moment leaves the window. */
static time_t
leaves(enum store_window w, time_t at)
{
	return (at / shape[w].seconds + shape[w].slots) * shape[w].seconds;
}

/* One message; the answer of the step that refused it, or of its commit. */
static enum store_answer
try_message(struct store *s, struct store_limits l, time_t now,
    uint64_t bytes, struct store_usage *u)
{
	struct reservation	*r = reservation_on(s, "alice", l);
	enum store_answer	 answer = store_reserve(r, now, u);

	if (answer == STORE_TAKEN) {
		store_set_bytes(r, bytes);
		return store_commit(&r, now, u);
	}
	store_give_back(&r);
	return answer;
}

/* Ten of each unit fit, in five messages; the next one when the first leaves. */
static void
every_limit_is_exact(struct backend *b, enum store_unit u,
    enum store_window w)
{
	struct store_limits	 l = limit_of(u, w, u == STORE_BYTES ? 500 : 5);
	struct store_usage	 use;
	struct reservation	*r;
	time_t			 now = T0 + 7, fits;
	int			 i;

	for (i = 0; i < 5; i++, now += shape[w].seconds * 2)
		assert_int_equal(try_message(b->store, l, now, 100, &use),
		    STORE_TAKEN);
	reopen(b);
	now -= shape[w].seconds;
	assert_int_equal(try_message(b->store, l, now, 100, &use),
	    STORE_REFUSED);
	fits = leaves(w, T0 + 7);
	assert_true(use.refused);
	assert_int_equal(use.unit, u);
	assert_int_equal(use.window, w);
	assert_int_equal(use.next_fit, fits);
	assert_int_equal(use.fits[w], fits);
	assert_int_equal(use.counted, 1u << w | 1u << STORE_HOUR);
	assert_int_equal(use.used[STORE_RECIPIENTS][w], 5);
	assert_int_equal(use.used[STORE_MESSAGES][w], 5);
	assert_int_equal(use.used[STORE_BYTES][w], 500);
	/* not a second before, and then for one message */
	assert_int_equal(try_message(b->store, l, fits - 1, 100, &use),
	    STORE_REFUSED);
	assert_int_equal(try_message(b->store, l, fits, 100, &use),
	    STORE_TAKEN);
	assert_true(use.refused);
	assert_int_equal(use.next_fit, leaves(w, T0 + 7 +
	    2 * shape[w].seconds));
	/* what is given back never counts */
	r = reservation_on(b->store, "alice", limit_of(u, w, 99999));
	store_set_bytes(r, 50);
	assert_int_equal(store_reserve(r, use.next_fit, &use), STORE_TAKEN);
	assert_int_equal(use.reserved[u], u == STORE_BYTES ? 50 : 1);
	store_give_back(&r);
	assert_int_equal(store_usage(b->store, "alice", use.now, l, &use),
	    STORE_TAKEN);
	assert_int_equal(use.reserved[u], 0);
}

#define EXACT(unit, window) \
static void \
exact_##unit##_##window(void **state) \
{ \
	every_limit_is_exact(*state, STORE_##unit, STORE_##window); \
}
EXACT(RECIPIENTS, MINUTE)
EXACT(RECIPIENTS, HOUR)
EXACT(RECIPIENTS, DAY)
EXACT(RECIPIENTS, MONTH)
EXACT(MESSAGES, MINUTE)
EXACT(MESSAGES, HOUR)
EXACT(MESSAGES, DAY)
EXACT(MESSAGES, MONTH)
EXACT(BYTES, MINUTE)
EXACT(BYTES, HOUR)
EXACT(BYTES, DAY)
EXACT(BYTES, MONTH)

/* All limits hold at once; the answer names the one that has room last. */
static void
the_last_window_counts(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 l = STORE_LIMITS_NONE;
	struct store_usage	 u;

	l.of[STORE_RECIPIENTS][STORE_MINUTE] = 1;
	l.of[STORE_MESSAGES][STORE_HOUR] = 1;
	l.of[STORE_BYTES][STORE_DAY] = 100;
	assert_int_equal(try_message(b->store, l, T0, 100, &u), STORE_TAKEN);
	assert_true(u.refused);
	assert_int_equal(u.unit, STORE_BYTES);
	assert_int_equal(u.window, STORE_DAY);
	assert_int_equal(u.fits[STORE_MINUTE], leaves(STORE_MINUTE, T0));
	assert_int_equal(u.fits[STORE_HOUR], leaves(STORE_HOUR, T0));
	assert_int_equal(u.fits[STORE_DAY], leaves(STORE_DAY, T0));
	assert_int_equal(u.fits[STORE_MONTH], 0);
	assert_int_equal(u.next_fit, u.fits[STORE_DAY]);
	assert_int_equal(u.counted, 7);
	/* a limit that never has room is later than all */
	l.of[STORE_RECIPIENTS][STORE_MONTH] = 0;
	assert_int_equal(store_usage(b->store, "alice", T0, l, &u),
	    STORE_REFUSED);
	assert_int_equal(u.window, STORE_MONTH);
	assert_int_equal(u.next_fit, 0);
	assert_int_equal(u.fits[STORE_MONTH], 0);
	assert_int_equal(u.fits[STORE_HOUR], leaves(STORE_HOUR, T0));
}

static void
announced_bytes_are_reserved(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 l = limit_of(STORE_BYTES, STORE_DAY, 1000);
	struct reservation	*big = reservation_on(b->store, "alice", l);
	struct reservation	*other = reservation_on(b->store, "alice", l);
	struct store_usage	 u;

	store_set_bytes(big, 600);
	assert_int_equal(store_reserve(big, T0, &u), STORE_TAKEN);
	assert_int_equal(u.reserved[STORE_BYTES], 600);
	assert_int_equal(store_reserve(big, T0, &u), STORE_TAKEN);
	assert_int_equal(u.reserved[STORE_BYTES], 600);
	store_set_bytes(other, 401);
	assert_int_equal(store_reserve(other, T0, &u), STORE_REFUSED);
	assert_int_equal(u.unit, STORE_BYTES);
	assert_int_equal(u.next_fit, leaves(STORE_DAY, T0));
	store_set_bytes(other, 400);
	assert_int_equal(store_reserve(other, T0, &u), STORE_TAKEN);
	assert_int_equal(u.reserved[STORE_BYTES], 1000);
	/* larger than announced: nothing is counted, all is given back */
	store_set_bytes(other, 401);
	assert_int_equal(store_commit(&other, T0, &u), STORE_REFUSED);
	assert_null(other);
	assert_int_equal(u.unit, STORE_BYTES);
	assert_int_equal(u.window, STORE_DAY);
	/* smaller: what it is counts */
	store_set_bytes(big, 599);
	assert_int_equal(store_commit(&big, T0, &u), STORE_TAKEN);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_DAY], 2);
	assert_int_equal(u.used[STORE_MESSAGES][STORE_DAY], 1);
	assert_int_equal(u.used[STORE_BYTES][STORE_DAY], 599);
	assert_int_equal(u.used[STORE_BYTES][STORE_HOUR], 599);
	assert_int_equal(u.reserved[STORE_BYTES], 0);
	assert_int_equal(u.reserved[STORE_RECIPIENTS], 0);
}

static void
more_bytes_than_a_limit_never_fit(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 l = limit_of(STORE_BYTES, STORE_MONTH, 1000);
	struct reservation	*r = reservation_on(b->store, "alice", l);
	struct store_usage	 u;

	store_set_bytes(r, 1001);
	assert_int_equal(store_reserve(r, T0, &u), STORE_REFUSED);
	assert_int_equal(u.next_fit, 0);
	store_set_bytes(r, 1000);
	assert_int_equal(store_reserve(r, T0, &u), STORE_TAKEN);
	/* large numbers keep every octet */
	store_give_back(&r);
	l = limit_of(STORE_BYTES, STORE_MONTH, STORE_LIMIT_MAX);
	assert_int_equal(try_message(b->store, l, T0, STORE_LIMIT_MAX - 1,
	    &u), STORE_TAKEN);
	assert_false(u.refused);
	reopen(b);
	assert_int_equal(store_usage(b->store, "alice", T0, l, &u),
	    STORE_TAKEN);
	assert_int_equal(u.used[STORE_BYTES][STORE_MONTH],
	    STORE_LIMIT_MAX - 1);
	assert_int_equal(try_message(b->store, l, T0, 2, &u), STORE_REFUSED);
	assert_int_equal(try_message(b->store, l, T0, 1, &u), STORE_TAKEN);
	assert_true(u.refused);
}

/* A message counts on both accounts or on none, in all their windows. */
static void
a_group_and_its_member(void **state)
{
	struct backend		*b = *state;
	struct store_account	 account[] = {
		{ "alice", limit_of(STORE_BYTES, STORE_MINUTE, 1000) },
		{ "group", limit_of(STORE_MESSAGES, STORE_DAY, 1) },
	};
	struct reservation	*r;
	struct store_usage	 u[2];
	int			 i;

	for (i = 0; i < 2; i++) {
		r = store_reservation_new(b->store, account, 2);
		store_set_bytes(r, 400);
		assert_int_equal(store_reserve(r, T0 + i, u), i == 0 ?
		    STORE_TAKEN : STORE_REFUSED);
		if (i == 0)
			assert_int_equal(store_commit(&r, T0, u), STORE_TAKEN);
		store_give_back(&r);
	}
	assert_false(u[0].refused);
	assert_true(u[1].refused);
	assert_int_equal(u[1].window, STORE_DAY);
	assert_int_equal(u[0].used[STORE_BYTES][STORE_MINUTE], 400);
	assert_int_equal(u[0].reserved[STORE_BYTES], 0);
	assert_int_equal(u[0].counted, 3);
	assert_int_equal(u[1].counted, 6);
	assert_int_equal(u[1].used[STORE_MESSAGES][STORE_DAY], 1);
}

/* Day and month begin with the hour, and survive a restart. */
static void
a_limit_that_comes_later(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 day = limit_of(STORE_RECIPIENTS, STORE_DAY, 9);
	struct store_limits	 month = day;
	struct store_usage	 u;

	month.of[STORE_RECIPIENTS][STORE_MONTH] = 9;
	sent(b->store, "alice", T0, 3);
	sent(b->store, "alice", T0 + 1000, 2);
	assert_int_equal(store_usage(b->store, "alice", T0 + 1000, month, &u),
	    STORE_TAKEN);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_DAY], 5);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_MONTH], 5);
	assert_int_equal(try_message(b->store, day, T0 + 2000, 1, &u),
	    STORE_TAKEN);
	reopen(b);
	/* without the limit it is still counted */
	sent(b->store, "alice", T0 + 2 * HOUR, 1);
	reopen(b);
	assert_int_equal(store_usage(b->store, "alice", T0 + 2 * HOUR, month,
	    &u), STORE_TAKEN);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_HOUR], 1);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_DAY], 7);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_MONTH], 7);
	assert_int_equal(try_message(b->store, month, T0 + 2 * HOUR, 1, &u),
	    STORE_TAKEN);
	reopen(b);
	assert_int_equal(store_usage(b->store, "alice", leaves(STORE_DAY, T0),
	    month, &u), STORE_TAKEN);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_DAY], 5);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_MONTH], 8);
}

static bool
is_listed(struct store *s, time_t now, const char *key)
{
	struct store_rows	rows;
	char			error[STORE_ERROR];
	bool			found = false;
	size_t			i;

	assert_int_equal(store_list(s, now, &rows, error), STORE_TAKEN);
	for (i = 0; i < rows.n; i++) {
		if (strcmp(rows.row[i].key, key) != 0)
			continue;
		assert_false(found);
		found = true;
	}
	store_rows_free(&rows);
	return found;
}

static void
listed_and_forgotten(void **state)
{
	struct backend		*b = *state;
	struct store_limits	 l = limit_of(STORE_MESSAGES, STORE_DAY, 9);
	struct store_usage	 u;
	char			 error[STORE_ERROR];

	assert_int_equal(try_message(b->store, l, T0, 1, &u), STORE_TAKEN);
	sent(b->store, "bob", T0, 1);
	assert_true(is_listed(b->store, T0, "alice"));
	assert_true(is_listed(b->store, T0, "bob"));
	assert_true(is_listed(b->store, T0 + 2 * HOUR, "alice"));
	if (!b->shared)
		assert_false(is_listed(b->store, T0 + 2 * HOUR, "bob"));
	assert_int_equal(store_prune(b->store, T0 + 2 * HOUR, error),
	    STORE_TAKEN);
	reopen(b);
	assert_true(is_listed(b->store, T0 + 2 * HOUR, "alice"));
	if (!b->shared) {
		assert_false(is_listed(b->store, T0 + 2 * DAY, "alice"));
		assert_int_equal(store_prune(b->store, T0 + 2 * DAY, error),
		    STORE_TAKEN);
	}
	assert_int_equal(try_message(b->store, l, T0, 1, &u), STORE_TAKEN);
	assert_int_equal(store_reset(b->store, "alice", T0, error),
	    STORE_TAKEN);
	reopen(b);
	assert_false(is_listed(b->store, T0, "alice"));
	assert_int_equal(store_usage(b->store, "alice", T0, l, &u),
	    STORE_TAKEN);
	assert_int_equal(u.used[STORE_MESSAGES][STORE_DAY], 0);
	assert_int_equal(u.used[STORE_MESSAGES][STORE_HOUR], 0);
}

/* --- parallel sessions --------------------------------------------------- */

#define CROWD	100

struct crowd {
	struct store	*store;
	struct store_limits limits;
	pthread_barrier_t begin;
	atomic_uint	 taken, messages;
	atomic_ullong	 bytes;
};

/* Sizes from 1 to 13, announced by every other session. */
static void *
one_of_many(void *arg)
{
	static atomic_uint	 number;
	struct crowd		*c = arg;
	unsigned		 n = atomic_fetch_add(&number, 1), i;
	struct reservation	*r = reservation_on(c->store, "alice",
				    c->limits);
	struct store_usage	 u;
	unsigned		 held = 0;

	if (n % 2 == 0)
		store_set_bytes(r, n % 13 + 1);
	pthread_barrier_wait(&c->begin);
	for (i = 0; i < 3; i++)
		held += store_reserve(r, T0, &u) == STORE_TAKEN;
	store_set_bytes(r, n % 13 + 1);
	if (n % 7 == 0 || held == 0)
		store_give_back(&r);
	else if (store_commit(&r, T0, &u) == STORE_TAKEN) {
		atomic_fetch_add(&c->taken, held);
		atomic_fetch_add(&c->messages, 1);
		atomic_fetch_add(&c->bytes, n % 13 + 1);
	}
	return NULL;
}

static void
a_crowd_never_exceeds(struct backend *b, enum store_unit unit,
    enum store_window w, uint64_t limit)
{
	struct crowd		c = { .store = b->store };
	struct store_usage	u;
	pthread_t		thread[CROWD];
	char			error[STORE_ERROR];
	size_t			i;

	c.limits = limit_of(unit, w, limit);
	pthread_barrier_init(&c.begin, NULL, CROWD);
	for (i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
		    one_of_many, &c), 0);
	for (i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&c.begin);
	assert_int_not_equal(store_usage(b->store, "alice", T0, c.limits,
	    &u), STORE_UNKNOWN);
	assert_int_equal(u.used[STORE_RECIPIENTS][w], atomic_load(&c.taken));
	assert_int_equal(u.used[STORE_MESSAGES][w],
	    atomic_load(&c.messages));
	assert_int_equal(u.used[STORE_BYTES][w], atomic_load(&c.bytes));
	assert_int_equal(u.reserved[unit], 0);
	assert_true(u.used[unit][w] <= limit);
	/* the limit is what kept the rest out */
	assert_true(u.used[unit][w] > limit / 3);
	assert_int_equal(store_reset(b->store, "alice", T0, error),
	    STORE_TAKEN);
}

static void
one_hundred_sessions(void **state)
{
	int w;

	for (w = 0; w < STORE_WINDOWS; w++) {
		a_crowd_never_exceeds(*state, STORE_RECIPIENTS,
		    (enum store_window)w, 60);
		a_crowd_never_exceeds(*state, STORE_MESSAGES,
		    (enum store_window)w, 20);
		a_crowd_never_exceeds(*state, STORE_BYTES,
		    (enum store_window)w, 300);
	}
}

struct beginner {
	struct store	*store;
	pthread_barrier_t *begin;
	char		 key[16];
};

static void *
begin_to_count(void *arg)
{
	struct beginner		*c = arg;
	struct store_usage	 u;
	struct reservation	*r;

	r = reservation_on(c->store, c->key, limits_everywhere());
	pthread_barrier_wait(c->begin);
	if (store_reserve(r, T0 + 60, &u) != STORE_TAKEN)
		store_give_back(&r);
	else
		store_commit(&r, T0 + 60, &u);
	return NULL;
}

/* Each writes what its hour knows beside its own rows, in one transaction. */
static void
windows_begin_at_once(struct backend *b, size_t keys)
{
	const size_t		 each = CROWD / keys;
	pthread_barrier_t	 begin;
	struct beginner		 c[CROWD];
	pthread_t		 thread[CROWD];
	struct store_usage	 u;
	size_t			 i;

	pthread_barrier_init(&begin, NULL, CROWD);
	for (i = 0; i < CROWD; i++) {
		c[i].store = b->store;
		c[i].begin = &begin;
		snprintf(c[i].key, sizeof(c[i].key), "%zu of %zu", i % keys,
		    keys);
		if (i < keys)
			sent(b->store, c[i].key, T0, 3);
	}
	for (i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
		    begin_to_count, &c[i]), 0);
	for (i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&begin);
	reopen(b);
	for (i = 0; i < keys; i++) {
		assert_int_equal(store_usage(b->store, c[i].key, T0 + 60,
		    limits_everywhere(), &u), STORE_TAKEN);
		assert_int_equal(RCPTS(u), 3 + each);
		assert_int_equal(u.used[STORE_RECIPIENTS][STORE_DAY],
		    3 + each);
		assert_int_equal(u.used[STORE_RECIPIENTS][STORE_MONTH],
		    3 + each);
		assert_int_equal(u.used[STORE_RECIPIENTS][STORE_MINUTE], each);
	}
}

static void
many_windows_begin_at_once(void **state)
{
	windows_begin_at_once(*state, CROWD);
}

/* All of a key write what is known: it counts once. */
static void
one_window_begins_for_many_at_once(void **state)
{
	size_t keys;

	for (keys = 1; keys < CROWD; keys++)
		if (CROWD % keys == 0)
			windows_begin_at_once(*state, keys);
}

/* --- settings ------------------------------------------------------------ */

static void
put(struct backend *b, const char *key, unsigned parts,
    const struct store_setting *t)
{
	char error[STORE_ERROR];

	if (store_setting_put(b->store, key, parts, t, error) != STORE_TAKEN)
		fail_msg("%s", error);
}

static struct store_setting
setting_of(struct backend *b, const char *key, time_t now)
{
	struct store_setting	t;
	char			error[STORE_ERROR];

	if (store_setting_get(b->store, key, now, &t, error) != STORE_TAKEN)
		fail_msg("%s", error);
	return t;
}

/* Every limit, some until a time, through a restart, and one by one. */
static void
settings_of_all_windows(void **state)
{
	struct backend		*b = *state;
	struct store_setting	 all, t, none = { .changed = T0 + 9 };
	unsigned		 part, parts = 0;
	int			 u, w, i = 0;

	memset(&all, 0, sizeof(all));
	all.changed = T0;
	for (u = 0; u < STORE_UNITS; u++) {
		for (w = 0; w < STORE_WINDOWS; w++, i++) {
			part = store_part((enum store_unit)u,
			    (enum store_window)w);
			assert_int_equal(parts & part, 0);
			parts |= part;
			all.limits.of[u][w] = i % 4 == 0 ? STORE_UNLIMITED :
			    i % 4 == 1 ? STORE_LIMIT_MAX : (uint64_t)i;
			all.until[u][w] = i % 3 == 0 ? STORE_FOREVER :
			    T0 + 100 * (i + 1);
		}
	}
	assert_int_equal(parts | STORE_PART_BLOCK, STORE_PART_ALL);
	put(b, "alice", STORE_PART_ALL, &all);
	reopen(b);
	t = setting_of(b, "alice", T0);
	assert_memory_equal(&t, &all, sizeof(t));
	/* those that are over are gone, the others stay */
	t = setting_of(b, "alice", T0 + 600);
	assert_int_equal(t.until[STORE_RECIPIENTS][STORE_HOUR], 0);
	assert_int_equal(t.limits.of[STORE_RECIPIENTS][STORE_HOUR], 0);
	assert_int_equal(t.until[STORE_MESSAGES][STORE_HOUR], 0);
	assert_true(t.until[STORE_RECIPIENTS][STORE_MINUTE] ==
	    STORE_FOREVER);
	assert_int_equal(t.until[STORE_BYTES][STORE_MONTH], T0 + 1200);
	for (u = 0; u < STORE_UNITS; u++) {
		for (w = 0; w < STORE_WINDOWS; w++) {
			put(b, "alice", store_part((enum store_unit)u,
			    (enum store_window)w), &none);
			reopen(b);
			t = setting_of(b, "alice", T0);
			assert_int_equal(t.until[u][w], 0);
			if (u + 1 < STORE_UNITS)
				assert_int_equal(t.until[u + 1][w],
				    all.until[u + 1][w]);
		}
	}
	t = setting_of(b, "alice", T0);
	memset(&none, 0, sizeof(none));
	assert_memory_equal(&t, &none, sizeof(t));
}

static void
settings_are_listed_and_pruned(void **state)
{
	struct backend		*b = *state;
	struct store_setting	 t = { .changed = T0 };
	struct store_setting_rows rows;
	char			 error[STORE_ERROR];

	t.until[STORE_BYTES][STORE_DAY] = T0 + 60;
	t.limits.of[STORE_BYTES][STORE_DAY] = 7;
	put(b, "bob", store_part(STORE_BYTES, STORE_DAY), &t);
	t.until[STORE_RECIPIENTS][STORE_HOUR] = STORE_FOREVER;
	t.limits.of[STORE_RECIPIENTS][STORE_HOUR] = 8;
	t.blocked_until = T0 + 90;
	put(b, "alice", STORE_PART_ALL, &t);
	assert_int_equal(store_settings_list(b->store, T0, &rows, error),
	    STORE_TAKEN);
	assert_int_equal(rows.n, 2);
	assert_string_equal(rows.row[0].key, "alice");
	assert_memory_equal(&rows.row[0].setting, &t, sizeof(t));
	assert_string_equal(rows.row[1].key, "bob");
	assert_int_equal(rows.row[1].setting.limits.of[STORE_BYTES][STORE_DAY],
	    7);
	store_setting_rows_free(&rows);
	assert_int_equal(store_prune(b->store, T0 + 60, error), STORE_TAKEN);
	reopen(b);
	assert_int_equal(store_settings_list(b->store, T0 + 60, &rows, error),
	    STORE_TAKEN);
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.row[0].setting.until[STORE_BYTES][STORE_DAY], 0);
	assert_int_equal(RCPTS_MAX(rows.row[0].setting.limits), 8);
	assert_int_equal(rows.row[0].setting.blocked_until, T0 + 90);
	store_setting_rows_free(&rows);
}

int
main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_RECIPIENTS_MINUTE),
		cmocka_unit_test(exact_RECIPIENTS_HOUR),
		cmocka_unit_test(exact_RECIPIENTS_DAY),
		cmocka_unit_test(exact_RECIPIENTS_MONTH),
		cmocka_unit_test(exact_MESSAGES_MINUTE),
		cmocka_unit_test(exact_MESSAGES_HOUR),
		cmocka_unit_test(exact_MESSAGES_DAY),
		cmocka_unit_test(exact_MESSAGES_MONTH),
		cmocka_unit_test(exact_BYTES_MINUTE),
		cmocka_unit_test(exact_BYTES_HOUR),
		cmocka_unit_test(exact_BYTES_DAY),
		cmocka_unit_test(exact_BYTES_MONTH),
		cmocka_unit_test(the_last_window_counts),
		cmocka_unit_test(announced_bytes_are_reserved),
		cmocka_unit_test(more_bytes_than_a_limit_never_fit),
		cmocka_unit_test(a_group_and_its_member),
		cmocka_unit_test(a_limit_that_comes_later),
		cmocka_unit_test(listed_and_forgotten),
		cmocka_unit_test(one_hundred_sessions),
		cmocka_unit_test(many_windows_begin_at_once),
		cmocka_unit_test(one_window_begins_for_many_at_once),
		cmocka_unit_test(settings_of_all_windows),
		cmocka_unit_test(settings_are_listed_and_pruned),
	};

	return run_on_all(tests, NELEM(tests));
}
