/*
 * keyring_priv - a ring from the inside, for the two ways to fill it:
 * keyring.c reads a key directory, keytable_load.c OpenDKIM's tables
 */
#ifndef MILLGATE_KEYRING_PRIV_H
#define MILLGATE_KEYRING_PRIV_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "dkim/keyring.h"

struct keytable;

/*
 * A key that was pending at load. `now` is used in the first entry of each
 * domain: the keys that sign for the domain since one of its pending keys was
 * activated, or NULL. It is replaced as a whole. Older answers remain in the
 * arena, since other threads may still read them. `warned` may be set by any
 * thread, all others by the one that activates; `signs` is read by any.
 */
struct ring_fresh {
	const struct signing_key *key;
	atomic_bool	 signs;
	bool		 noted;		/* in the store, see keyseen.h */
	_Atomic(uint64_t) warned;	/* ticks (ms); 0: never */
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

/* A ring that is being filled, and the problems so far. */
struct ring_build {
	struct keyring	*ring;
	size_t		 size;
	struct buf	 why;
	size_t		 problems;
};

void	ring_start(struct ring_build *b);
/* Add one line to *why. After the first ten, problems are only counted. */
void	ring_problem(struct ring_build *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/*
 * Add a key that ring_finish loads from its file; returns its index. The
 * strings must be in the ring's arena.
 */
size_t	ring_add(struct ring_build *b, const char *domain,
	    const char *selector, const char *path);
/* Hand the lines of ring_problem over; *why is malloced. */
void	ring_why(struct ring_build *b, char **why);
/* Load the keys that have no pkey yet. NULL with *why after any problem. */
struct keyring *ring_finish(struct ring_build *b, char **why);

/* The order of one author's keys: RSA before Ed25519, then by selector. */
int	ring_compare(const struct signing_key *a, const struct signing_key *b);

#endif
