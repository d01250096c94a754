/*
 * store_one - a store at one place, and a reservation on one account
 */
#ifndef MILLGATE_STORE_ONE_H
#define MILLGATE_STORE_ONE_H

#include "store/store.h"

/* Of a struct store_usage: counts of the hour, and reservations. */
#define RCPTS(u)	((u).used[STORE_RECIPIENTS][STORE_HOUR])
#define MSGS(u)		((u).used[STORE_MESSAGES][STORE_HOUR])
#define RCPTS_HELD(u)	((u).reserved[STORE_RECIPIENTS])
#define MSGS_HELD(u)	((u).reserved[STORE_MESSAGES])
/* Of a struct store_setting or store_limits: the limits an hour. */
#define RCPTS_SET(t)	((t).until[STORE_RECIPIENTS][STORE_HOUR] != 0)
#define MSGS_SET(t)	((t).until[STORE_MESSAGES][STORE_HOUR] != 0)
#define RCPTS_MAX(l)	((l).of[STORE_RECIPIENTS][STORE_HOUR])
#define MSGS_MAX(l)	((l).of[STORE_MESSAGES][STORE_HOUR])

static inline struct store *
store_open(const char *spec, char **why)
{
	struct store_place place = { .spec = spec };

	return store_open_at(&place, STORE_KEEP, why);
}

static inline struct store *
store_open_readonly(const char *spec, char **why)
{
	struct store_place place = { .spec = spec };

	return store_open_at(&place, STORE_READ, why);
}

static inline struct store *
store_open_tool(const char *spec, char **why)
{
	struct store_place place = { .spec = spec };

	return store_open_at(&place, STORE_CHANGE, why);
}

/* So high that nothing is refused, but all windows count. */
static inline struct store_limits
limits_everywhere(void)
{
	struct store_limits	l;
	int			u, w;

	for (u = 0; u < STORE_UNITS; u++)
		for (w = 0; w < STORE_WINDOWS; w++)
			l.of[u][w] = UINT64_C(1) << 40;
	return l;
}

/* All windows have counted the same; false: they have not. */
static inline bool
windows_agree(const struct store_usage *use)
{
	int u, w;

	for (u = 0; u < STORE_UNITS; u++)
		for (w = 0; w < STORE_WINDOWS; w++)
			if (use->used[u][w] != use->used[u][STORE_HOUR])
				return false;
	return use->counted == (1u << STORE_WINDOWS) - 1;
}

static inline struct reservation *
reservation_on(struct store *s, const char *key, struct store_limits limits)
{
	struct store_account account = { key, limits };

	return store_reservation_new(s, &account, 1);
}

#endif
