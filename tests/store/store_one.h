/*
 * store_one - a reservation on one account
 */
#ifndef MILLGATE_STORE_ONE_H
#define MILLGATE_STORE_ONE_H

#include "store/store.h"

static inline struct reservation *
reservation_on(struct store *s, const char *key, struct store_limits limits)
{
	struct store_account account = { key, limits };

	return store_reservation_new(s, &account, 1);
}

#endif
