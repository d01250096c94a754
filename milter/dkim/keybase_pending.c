/*
 * keybase_pending - pending keys of the database, of domains in use
 *
 * A domain that is dropped from the cache, and comes back, finds its pending
 * keys in the store, if they were seen.
 */
#include <stdlib.h>

#include "base/array.h"
#include "dkim/keyrecord.h"
#include "dkim/keyseen.h"
#include "keybase_priv.h"

/* Rings with pending keys. */
struct waiting {
	struct keybase_keys **keys;
	size_t		 n, size;
};

/* Locked. */
static void
add_slot(struct waiting *w, const struct keybase_slot *s)
{
	if (s->keys == NULL || keyring_npending(s->keys->ring) == 0)
		return;
	w->keys = array_grow(w->keys, w->n, &w->size, sizeof(*w->keys));
	w->keys[w->n++] = keybase_hold(s->keys);
}

/* At least KEYRECORD_BATCH, if there are so many; from bucket *next on. */
static void
gather(struct keybase *kb, struct waiting *w, size_t *next)
{
	const struct keybase_slot *s;

	pthread_mutex_lock(&kb->lock);
	if (*next == 0)
		kb->has_new = false;
	for (; *next < KEYBASE_BUCKETS && w->n < KEYRECORD_BATCH; ++*next)
		for (s = kb->bucket[*next]; s != NULL; s = s->chain)
			add_slot(w, s);
	pthread_mutex_unlock(&kb->lock);
}

/* What another host has seen needs no lookup. */
static bool
recall_all(struct waiting *w, struct store *s, char *error)
{
	size_t	i, n = 0;
	bool	ok = true;

	for (i = 0; i < w->n && ok; i++)
		ok = keyseen_recall(w->keys[i]->ring, s, &n, error);
	return ok;
}

static void
look_up_all(struct waiting *w, struct resolver *r)
{
	struct keyrecord_pending p[KEYRECORD_BATCH];
	struct keyring	*ring;
	size_t		 i, n = 0, next;

	for (i = 0; i < w->n; i++) {
		ring = w->keys[i]->ring;
		next = 0;
		while ((n = keyrecord_gather(p, n, ring, &next)) ==
		    KEYRECORD_BATCH) {
			keyrecord_activate(p, n, r);
			n = 0;
		}
	}
	keyrecord_activate(p, n, r);
}

static bool
note_all(struct waiting *w, struct store *s, time_t now, char *error)
{
	size_t	i;
	bool	ok = true;

	for (i = 0; i < w->n && ok; i++)
		ok = keyseen_note(w->keys[i]->ring, s, now, error);
	return ok;
}

bool
keybase_activate_pending(struct keybase *kb, struct resolver *r,
    struct store *s, time_t now, size_t *next, char error[STORE_ERROR])
{
	struct waiting	w = { 0 };
	bool		ok;
	size_t		i;

	error[0] = '\0';
	gather(kb, &w, next);
	ok = recall_all(&w, s, error);
	look_up_all(&w, r);
	if (ok)
		note_all(&w, s, now, error);
	for (i = 0; i < w.n; i++)
		keybase_release(&w.keys[i]);
	free(w.keys);
	if (*next < KEYBASE_BUCKETS)
		return true;
	*next = 0;
	return false;
}

bool
keybase_has_new(struct keybase *kb)
{
	bool has;

	pthread_mutex_lock(&kb->lock);
	has = kb->has_new;
	pthread_mutex_unlock(&kb->lock);
	return has;
}
