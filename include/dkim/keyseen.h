/*
 * keyseen - pending keys whose record was seen, beyond the life of a ring
 *
 * A key that was seen published once signs from then on: after a restart,
 * after a reload, on all hosts that share the store, and even if its record
 * disappears later. The store knows it as "DOMAIN/SELECTOR sha256:HEX" with
 * the digest of the record's p=, so another key in the same file is new.
 */
#ifndef MILLGATE_KEYSEEN_H
#define MILLGATE_KEYSEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "store/usage.h"

struct arena;
struct crypto_key;
struct keyring;
struct store;

/* The store's name of a key; NULL when OpenSSL fails. */
const char	*keyseen_name(struct arena *a, const char *domain,
		    const char *selector, const struct crypto_key *key);
/* Activate those pending keys of `k` that were activated in `old`. */
void		 keyseen_inherit(struct keyring *k, const struct keyring *old);
/*
 * Activate the pending keys that the store knows, and add their number to *n.
 * False with `error`: the store failed.
 */
bool		 keyseen_recall(struct keyring *k, struct store *s, size_t *n,
		    char error[STORE_ERROR]);
/*
 * Tell the store which pending keys were activated since the last call. False
 * with `error`: some remain for the next call.
 */
bool		 keyseen_note(struct keyring *k, struct store *s, time_t now,
		    char error[STORE_ERROR]);

#endif
