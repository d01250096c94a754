/*
 * accounts - the ledger's table of keys and their counts; pure
 *
 * A shard is one part of the table with its own lock. The caller holds the
 * lock around every call except shard_init and shard_free. An account keeps
 * its address while `open` is not 0.
 *
 * Memory: about 120 octets and the key for each account that sent in one
 * minute of the hour, and 12 octets for each further minute.
 */
#ifndef MILLGATE_ACCOUNTS_H
#define MILLGATE_ACCOUNTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/usage.h"
#include "hour_priv.h"

/* The low bits of a hash choose the shard. */
#define SHARD_BITS	6u

struct account {
	struct account	*next;
	uint32_t	 hash;
	uint32_t	 open;		/* reservations that refer to it */
	uint32_t	 reserved_recipients, reserved_messages;
	struct hour	 hour;		/* committed counts */
	char		 key[];
};

struct shard {
	pthread_mutex_t	 lock;
	struct account	**table;
	size_t		 size, n;	/* size: a power of two */
};

uint32_t	 account_hash(const char *key);

void		 shard_init(struct shard *s);
void		 shard_free(struct shard *s);
/* NULL: not found. */
struct account	*shard_find(const struct shard *s, uint32_t hash,
		    const char *key);
/* Find the account, or create it. */
struct account	*shard_get(struct shard *s, uint32_t hash, const char *key);
void		 shard_remove(struct shard *s, struct account *a);
/* Forget minutes before the hour, and accounts that are empty then. */
void		 shard_prune(struct shard *s, uint32_t minute);

/*
 * Does one more recipient fit, together with `messages` more messages? Fills
 * *usage. STORE_TAKEN: it fits; nothing is reserved yet.
 */
enum store_answer account_judge(const struct account *a, uint32_t minute,
		    struct store_limits limits, uint32_t messages,
		    struct store_usage *usage);

#endif
