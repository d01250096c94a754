/*
 * store_one - a store at one place, and a reservation on one account
 */
#ifndef MILLGATE_STORE_ONE_H
#define MILLGATE_STORE_ONE_H

#include "store/store.h"

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

static inline struct reservation *
reservation_on(struct store *s, const char *key, struct store_limits limits)
{
	struct store_account account = { key, limits };

	return store_reservation_new(s, &account, 1);
}

#endif
