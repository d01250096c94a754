/*
 * keybase_use - what is in the cache, to show it and to check its records
 */
#include <string.h>

#include "keybase_priv.h"

size_t
keybase_in_use(struct keybase *kb, struct keybase_keys **held, size_t most)
{
	const struct keybase_slot	*s;
	size_t				 n = 0;

	pthread_mutex_lock(&kb->lock);
	TAILQ_FOREACH(s, &kb->used, used)
		if (s->keys != NULL && n < most)
			held[n++] = keybase_hold(s->keys);
	pthread_mutex_unlock(&kb->lock);
	return n;
}

static size_t
chain_length(const struct keybase_slot *s)
{
	size_t n = 0;

	for (; s != NULL; s = s->chain)
		n += s->keys != NULL;
	return n;
}

/* Whole buckets; the rest of one that is longer than `held` is left out. */
size_t
keybase_next(struct keybase *kb, struct keybase_keys **held, size_t most,
    size_t *next)
{
	const struct keybase_slot	*s;
	size_t				 n = 0;

	pthread_mutex_lock(&kb->lock);
	for (; *next < KEYBASE_BUCKETS; ++*next) {
		s = kb->bucket[*next];
		if (n > 0 && n + chain_length(s) > most)
			break;
		for (; s != NULL && n < most; s = s->chain)
			if (s->keys != NULL)
				held[n++] = keybase_hold(s->keys);
	}
	pthread_mutex_unlock(&kb->lock);
	if (*next == KEYBASE_BUCKETS)
		*next = 0;
	return n;
}

/* A slot that waits for its first answer says nothing. */
bool
keybase_cached(struct keybase *kb, const char *domain,
    struct keybase_keys **keys)
{
	const struct keybase_slot	*s;
	bool				 found;

	pthread_mutex_lock(&kb->lock);
	s = *keybase_slot_place(kb, domain);
	found = s != NULL && (s->result == KEYBASE_FOUND ||
	    s->result == KEYBASE_NONE);
	*keys = found ? keybase_hold(s->keys) : NULL;
	pthread_mutex_unlock(&kb->lock);
	return found;
}

const char *
keybase_domain(const struct keybase_keys *k)
{
	return k->domain;
}

const struct keyring *
keybase_ring(const struct keybase_keys *k)
{
	return k->ring;
}

const struct keybase_retired *
keybase_retired(const struct keybase_keys *k, size_t *n)
{
	*n = k->nretired;
	return k->retired;
}
