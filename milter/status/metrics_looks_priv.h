/*
 * metrics_looks - how many keys there are, by state, and how old they are
 */
#ifndef MILLGATE_METRICS_LOOKS_PRIV_H
#define MILLGATE_METRICS_LOOKS_PRIV_H

#include <stddef.h>
#include <time.h>

struct metrics_source;

struct keys_state {
	size_t	 n;
	time_t	 oldest;	/* modification time of a file; 0: none */
};

struct keys_seen {
	struct keys_state active, pending;
	size_t	 replaced;	/* by a newer key of the same type */
};

/* A look at the keys that is at most a minute old. */
void	metrics_look_keys(const struct metrics_source *s,
	    struct keys_seen *seen);

#endif
