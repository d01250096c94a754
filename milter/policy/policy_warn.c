/*
 * policy_warn - does this message take an account to a share of its limit
 * that the site wants a warning for?
 *
 * The table is set-associative: the hash of a key chooses the set, and a full
 * set drops its oldest warning. A key is stored as 64 bits of hash; two keys
 * with the same hash would share their warnings.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "policy/policy_limit.h"
#include "policy/policy_warn.h"

#define WAYS		8
#define SETS		(WARNED_ACCOUNTS / WAYS)
#define SHORTEST	3600	/* seconds between two warnings */

struct warned_account {
	uint64_t	 key;
	int64_t		 when;		/* time of the warning */
	unsigned	 share;		/* 0: unused */
};

struct warned {
	struct warned_account set[SETS][WAYS];
};

struct warned *
warned_new(void)
{
	return xcalloc(1, sizeof(struct warned));
}

void
warned_free(struct warned **wp)
{
	free(*wp);
	*wp = NULL;
}

/* The account's place: its own, an unused one, or the oldest. */
static struct warned_account *
warned_place(struct warned *w, uint64_t key)
{
	struct warned_account	*set = w->set[key % SETS], *best = &set[0];
	size_t			 i;

	for (i = 0; i < WAYS; i++)
		if (set[i].share != 0 && set[i].key == key)
			return &set[i];
	for (i = 0; i < WAYS && best->share != 0; i++)
		if (set[i].share == 0 || set[i].when < best->when)
			best = &set[i];
	return best;
}

/* The least number that is this share, without an overflow. */
static uint64_t
share_of(uint64_t limit, unsigned share)
{
	return limit / 100 * share + (limit % 100 * share + 99) / 100;
}

/* The highest share that is reached; 0: none. */
static unsigned
share_reached(const struct warn_rules *r, const struct warn_use *use)
{
	unsigned	share = 0;
	size_t		i;

	for (i = 0; i < r->n; i++)
		if (use->used >= share_of(use->limit, r->share[i]))
			share = r->share[i];
	return share;
}

/* The share that needs no new warning; a clock that was set ends it, too. */
static unsigned
warned_share(const struct warned_account *a, uint64_t key,
    enum store_window window, time_t now)
{
	time_t pause = (time_t)policy_limit_seconds(window);

	if (pause < SHORTEST)
		pause = SHORTEST;
	if (a->key != key || now - a->when >= pause || a->when - now >= pause)
		return 0;
	return a->share;
}

/* The hash of an account and its window. */
static uint64_t
warned_key(const struct warn_use *use)
{
	char window = (char)use->window;

	return fnv_add(fnv_add(FNV_START, use->key, strlen(use->key) + 1),
	    &window, 1);
}

unsigned
policy_warn(const struct warn_rules *r, struct warned *w,
    const struct warn_use *use, time_t now)
{
	uint64_t		 key = warned_key(use);
	struct warned_account	*a;
	unsigned		 share;

	if (r->n == 0 || use->limit == 0 || use->limit == STORE_UNLIMITED)
		return 0;
	share = share_reached(r, use);
	if (share == 0)
		return 0;
	a = warned_place(w, key);
	if (share <= warned_share(a, key, use->window, now))
		return 0;
	a->key = key;
	a->share = share;
	a->when = now;
	return share;
}
