/*
 * accounts - the ledger's table of keys and their counts; pure
 *
 * A shard is one part of the table with its own lock. The caller holds the
 * lock around every call except shard_init and shard_free. An account keeps
 * its address while `open` is not 0.
 *
 * Memory: about 130 octets and the key for each account that sent in one minute
 * of the hour, and 20 octets for each further minute. Other windows are kept
 * once a limit needs them: about 210 octets for up to nine slots together, and
 * 25 for each further one.
 */
#ifndef MILLGATE_ACCOUNTS_H
#define MILLGATE_ACCOUNTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/usage.h"
#include "rolling_priv.h"

/* The low bits of a hash choose the shard. */
#define SHARD_BITS	6u

struct others;

struct account {
	struct account	*next;
	uint32_t	 hash;
	uint32_t	 open;		/* reservations that refer to it */
	struct counts	 reserved;
	/* committed counts; `others` is malloced once a limit needs one */
	struct rolling	 hour;
	struct others	*others;
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
/* Forget slots that are over, and accounts that are empty then. */
void		 shard_prune(struct shard *s, time_t now);

/* The counts of a window, to be read until the account's next change. */
struct rolling	 account_window(const struct account *a, enum store_window w);
/* rolling_slot_for, rolling_add and rolling_move with one of its windows. */
uint32_t	 account_slot_for(struct account *a, enum store_window w,
		    uint32_t at);
void		 account_add(struct account *a, enum store_window w,
		    uint32_t at, const struct counts *more);
bool		 account_move(struct account *a, enum store_window w,
		    int64_t slots, uint32_t latest);
/*
 * What is known of a window that begins to count now: add the counts of the
 * longest of the shorter windows to a list.
 */
void		 account_seed(const struct account *a, enum store_window w,
		    struct rolling *r);
/* Fill an empty window with them. Until account_saved they are unsaved. */
void		 account_begin(struct account *a, enum store_window w);
/* The disk may not have the counts with which the window began. */
bool		 account_is_unsaved(const struct account *a,
		    enum store_window w);
void		 account_saved(struct account *a, enum store_window w);
/* Nothing was committed in any window. */
bool		 account_is_empty(const struct account *a);
void		 account_forget(struct account *a);

/* --- accounts_judge.c ---------------------------------------------------- */

/* Commits count in this window: it has counts, or one of the limits. */
bool		 account_counts_in(const struct account *a,
		    enum store_window w, const struct store_limits *limits);
/* Do so many more fit? */
struct demand {
	time_t		 now;
	struct counts	 more;		/* 0: not more of this unit */
	uint64_t	 bytes;		/* of the whole message */
};
/*
 * Fills *usage; its unit and window say which limit has room last. STORE_TAKEN:
 * it fits; nothing is reserved yet.
 */
enum store_answer account_judge(const struct account *a,
		    const struct demand *d, const struct store_limits *limits,
		    struct store_usage *usage);

#endif
