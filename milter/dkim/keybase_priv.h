/*
 * keybase_priv - what the files of the keybase share: keybase.c is the cache,
 * keybase_load.c asks and makes rings, keybase_pending.c looks at pending keys,
 * keybase_use.c tells what is in the cache
 */
#ifndef MILLGATE_KEYBASE_PRIV_H
#define MILLGATE_KEYBASE_PRIV_H

#include <sys/queue.h>

#include <pthread.h>
#include <stdatomic.h>

#include "dkim/crypto.h"
#include "dkim/keybase.h"
#include "keyrows_priv.h"

#define KEYBASE_BUCKETS	16384u		/* a power of two */
#define KEYBASE_WHY	400

/* Octets that a key needs, measured with OpenSSL 3.0, after a signature. */
#define KEYBASE_RSA_COST(bits)	(2600u + (bits) * 3u / 2u)
#define KEYBASE_ED_COST		2500u

/*
 * A ring with the keys of one domain. The cache and each message that signs
 * with it hold a reference.
 */
struct keybase_keys {
	atomic_uint	 refs;
	const char	*domain;	/* that was asked for; in the arena */
	struct keyring	*ring;
	size_t		 cost;		/* octets */
	struct keybase_retired *retired;	/* in the ring's arena */
	size_t		 nretired;
};

enum keybase_result {
	KEYBASE_FOUND,		/* keys, perhaps all pending */
	KEYBASE_NONE,		/* no row, or retired keys only */
	KEYBASE_REFUSED,	/* no row for signing is good: why */
	KEYBASE_FAILED,		/* no answer that can be used: why */
	KEYBASE_SAME		/* as the answer with that digest */
};

/* What the database says about a domain. */
struct keybase_answer {
	enum keybase_result result;
	/* FOUND: a reference; NONE: NULL, or with retired ones only */
	struct keybase_keys *keys;
	bool		 pending;	/* FOUND: some do not sign yet */
	unsigned	 refused;	/* rows */
	/* of FOUND, NONE, REFUSED, to recognize the answer */
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	char		 why[KEYBASE_WHY];
};

struct keybase_slot {
	struct keybase_slot *chain;		/* in its bucket */
	TAILQ_ENTRY(keybase_slot) used;
	uint64_t	 until;		/* then ask again */
	uint64_t	 good;		/* when the last good answer came */
	enum keybase_result result;	/* FAILED: there was no answer */
	struct keybase_keys *keys;	/* FOUND; NONE: retired ones */
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	bool		 asking;	/* a thread asks; it stays in the cache */
	bool		 answered;	/* once, by the database */
	bool		 stale;		/* the last question failed */
	char		*why;		/* REFUSED, FAILED */
	char		 domain[];
};

struct keybase {
	/* constant */
	struct arena	*arena;
	struct keybase_place place;
	struct keyrows_source *source;	/* NULL: the key process is asked */
	size_t		 most;		/* octets */

	pthread_mutex_t	 lock;		/* all below */
	pthread_cond_t	 answered;
	unsigned	 owners;
	unsigned	 waiting;	/* threads, for `answered` */
	struct keybase_slot *bucket[KEYBASE_BUCKETS];
	TAILQ_HEAD(keybase_used, keybase_slot) used;	/* latest first */
	uint64_t	 next_log;	/* of a failure */
	bool		 has_new;
	struct keybase_counts counts;
};

/* With another answer than the directory's: for tests. */
struct keybase	*keybase_new_with(const struct keybase_place *p,
		    keyrows_ask_fn *ask, void *arg);

struct keybase_keys *keybase_hold(struct keybase_keys *k);
/* Locked: where the slot of a domain is, or would be. */
struct keybase_slot **keybase_slot_place(struct keybase *kb,
		    const char *domain);

/*
 * Ask about a domain. `old` are the keys so far or NULL, `digest` that of the
 * answer so far. Logs each row that is refused.
 */
void		 keybase_load(struct keybase *kb, const char *domain,
		    const struct keybase_slot *old, struct store *s,
		    uint64_t now, struct keybase_answer *answer);
/*
 * The keys of a domain; a reference in *keys if FOUND. REFUSED and FAILED:
 * `why`.
 */
enum keybase_result keybase_find(struct keybase *kb, const char *domain,
		    struct store *s, uint64_t now, struct keybase_keys **keys,
		    bool *stale, char why[KEYBASE_WHY]);

#endif
