/*
 * keywatch_priv - the table of the keys that are watched
 */
#ifndef MILLGATE_KEYWATCH_PRIV_H
#define MILLGATE_KEYWATCH_PRIV_H

#include <sys/queue.h>

#include <pthread.h>

#include "dkim/crypto.h"
#include "dkim/keywatch.h"

#define WATCH_BUCKETS	16384u		/* a power of two */

/* A key; one with another public key is another one. */
struct watched {
	struct watched	*chain;		/* in its bucket */
	TAILQ_ENTRY(watched) order;
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	unsigned	 round;		/* in which it was met last */
	bool		 pending;
	bool		 told_pending;
	bool		 bad;		/* in the list of bad ones */
	unsigned	 answers;	/* bad ones in a row */
	time_t		 due;		/* of the next lookup */
	struct keywatch_seen seen;
	const char	*domain, *selector;	/* behind the struct */
	/* the domain that the database was asked for; NULL: in a file */
	const char	*asked;
};

TAILQ_HEAD(watched_list, watched);

struct keywatch {
	/* of the thread that looks */
	unsigned	 round;
	size_t		 next_file, next_base;
	bool		 in_base;	/* the walk is in the database */
	time_t		 resume;	/* no lookup before: no server answers */

	pthread_mutex_t	 lock;		/* all below */
	struct watched	*bucket[WATCH_BUCKETS];
	/* those not looked up for the longest time first */
	struct watched_list good, bad;
	size_t		 n;
	uint64_t	 count[KEYRECORD_UNKNOWN + 1];
};

/* A key that was met. */
struct meeting {
	const struct signing_key *key;
	bool		 pending;
	const char	*asked;		/* as above */
};

/* False when OpenSSL fails. */
bool		 watched_digest(const struct signing_key *key,
		    unsigned char digest[CRYPTO_SHA256_LEN]);
/* The next four: locked. NULL: it was not met yet. */
struct watched	*watched_find(struct keywatch *w,
		    const unsigned char digest[CRYPTO_SHA256_LEN]);
/* NULL: there are KEYWATCH_KEPT already. */
struct watched	*watched_add(struct keywatch *w, const struct meeting *m,
		    const unsigned char digest[CRYPTO_SHA256_LEN]);
void		 watched_drop(struct keywatch *w, struct watched *e);
/* Note an answer; the entry goes to the end of its list. */
void		 watched_settle(struct keywatch *w, struct watched *e,
		    enum keyrecord_state state, time_t now);

#endif
