/*
 * store_keys - signing keys whose DNS record was seen
 *
 * A key that was seen once is known for ever, beyond a restart of the daemon.
 * The store keeps at most STORE_KEYS of them, those that were seen last.
 * Nothing is kept by a store in memory.
 *
 * Thread-safe. No call is made for a message.
 */
#ifndef MILLGATE_STORE_KEYS_H
#define MILLGATE_STORE_KEYS_H

#include <stddef.h>
#include <time.h>

#include "store/usage.h"

struct store;

#define STORE_KEYS	200000

struct store_key {
	const char	*name;		/* any text; keyseen.h defines it */
	time_t		 seen;		/* when first; 0: not known */
};

/* Find out when these keys were seen; `seen` is filled. */
enum store_answer store_keys_find(struct store *s, struct store_key *key,
		    size_t n, char error[STORE_ERROR]);
/*
 * These keys are seen at `now`. The time of a key that is known stays. Safe
 * from kill -9 on return.
 */
enum store_answer store_keys_note(struct store *s, const struct store_key *key,
		    size_t n, time_t now, char error[STORE_ERROR]);

#endif
