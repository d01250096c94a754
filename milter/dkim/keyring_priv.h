/*
 * keyring_priv - what the two ways to fill a ring share: keyring.c walks a
 * key directory, keytable.c reads OpenDKIM's tables
 */
#ifndef MILLGATE_KEYRING_PRIV_H
#define MILLGATE_KEYRING_PRIV_H

#include <stdatomic.h>

#include "base/buf.h"
#include "dkim/keyring.h"

struct keytable;

/*
 * A key that waits for its record. `now`, of the domain's first one, is what
 * signs for the domain since one of them need not wait any more; it is replaced
 * as a whole, and the older answers stay in the arena for who still reads them.
 */
struct ring_fresh {
	const struct signing_key *key;
	bool		 signs;
	_Atomic(const struct signing_keys *) now;
};

struct keyring {
	struct arena	*arena;
	size_t		 n;
	struct signing_key *key;	/* in the order of adding */
	const struct signing_key **sorted;	/* those that signed at load */
	size_t		 nsorted;
	struct ring_fresh *fresh;	/* those that were pending then */
	size_t		 nfresh;
	const struct keytable *table;	/* NULL: filled from a directory */
};

/* A ring that is being filled, and what was wrong so far. */
struct ring_build {
	struct keyring	*ring;
	size_t		 size;
	struct buf	 why;
	size_t		 problems;
};

void	ring_start(struct ring_build *b);
/* One line of *why. The first ten are told, more are counted. */
void	ring_problem(struct ring_build *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/*
 * One key, to be loaded from its file by ring_finish; its index. The strings
 * are in the ring's arena.
 */
size_t	ring_add(struct ring_build *b, const char *domain,
	    const char *selector, const char *path);
/* Load the keys that have a path and no pkey yet. NULL with *why if there
 * was any problem. */
struct keyring *ring_finish(struct ring_build *b, char **why);

/* Among keys of one author: RSA before Ed25519, then by selector. */
int	ring_compare(const struct signing_key *a, const struct signing_key *b);

#endif
