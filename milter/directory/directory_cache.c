/*
 * directory_cache - answers of a database, for some time
 *
 * A hash table of chains, which doubles with the number of answers, and a list
 * in the order in which the questions were asked.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "directory_cache_priv.h"

#define FIRST_SLOTS	64u	/* a power of two */

struct kept {
	struct kept	*chain;		/* of the slot */
	struct kept	*older, *younger;
	uint64_t	 hash;
	uint64_t	 asked, fresh_until;
	bool		 stale;
	size_t		 size;
	struct directory_pack *pack;
	char		 key[];
};

struct directory_cache {
	pthread_mutex_t	 lock;		/* all below */
	uint64_t	 cache, stale;
	size_t		 octets, bound;
	struct kept	**slot;
	size_t		 nslots, n;
	struct kept	*oldest, *youngest;
};

struct directory_cache *
directory_cache_new(uint64_t cache, uint64_t stale, size_t octets)
{
	struct directory_cache *c = xcalloc(1, sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	c->cache = cache;
	c->stale = stale;
	c->bound = octets;
	c->nslots = FIRST_SLOTS;
	c->slot = xcalloc(c->nslots, sizeof(struct kept *));
	return c;
}

static uint64_t
kept_hash(const char *key)
{
	return fnv_add(FNV_START, key, strlen(key));
}

static struct kept **
kept_slot(struct directory_cache *c, uint64_t hash)
{
	return &c->slot[fnv_fold(hash) & (c->nslots - 1)];
}

static struct kept *
kept_find(struct directory_cache *c, const char *key)
{
	uint64_t	 hash = kept_hash(key);
	struct kept	*k = *kept_slot(c, hash);

	while (k != NULL && (k->hash != hash || strcmp(k->key, key) != 0))
		k = k->chain;
	return k;
}

static void
kept_remove(struct directory_cache *c, struct kept *k)
{
	struct kept **at = kept_slot(c, k->hash);

	while (*at != k)
		at = &(*at)->chain;
	*at = k->chain;
	if (k->older != NULL)
		k->older->younger = k->younger;
	else
		c->oldest = k->younger;
	if (k->younger != NULL)
		k->younger->older = k->older;
	else
		c->youngest = k->older;
	c->n--;
	c->octets -= k->size;
	directory_pack_free(&k->pack);
	free(k);
}

static void
kept_remove_all(struct directory_cache *c)
{
	while (c->oldest != NULL)
		kept_remove(c, c->oldest);
}

void
directory_cache_free(struct directory_cache **cp)
{
	struct directory_cache *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	kept_remove_all(c);
	pthread_mutex_destroy(&c->lock);
	free(c->slot);
	free(c);
}

/* --- looking up ---------------------------------------------------------- */

struct directory_pack *
directory_cache_find(struct directory_cache *c, const char *key, uint64_t now,
    bool *stale)
{
	struct directory_pack	*p = NULL;
	struct kept		*k;

	pthread_mutex_lock(&c->lock);
	k = kept_find(c, key);
	if (k != NULL && now < k->fresh_until) {
		p = directory_pack_ref(k->pack);
		*stale = k->stale;
	}
	pthread_mutex_unlock(&c->lock);
	return p;
}

struct directory_pack *
directory_cache_stale(struct directory_cache *c, const char *key, uint64_t now,
    uint64_t pause)
{
	struct directory_pack	*p = NULL;
	struct kept		*k;
	uint64_t		 end;

	pthread_mutex_lock(&c->lock);
	k = kept_find(c, key);
	end = k != NULL ? k->asked + c->cache + c->stale : 0;
	if (k != NULL && now < end) {
		p = directory_pack_ref(k->pack);
		k->stale = true;
		k->fresh_until = now + pause < end ? now + pause : end;
	}
	pthread_mutex_unlock(&c->lock);
	return p;
}

/* --- adding -------------------------------------------------------------- */

static void
cache_double(struct directory_cache *c)
{
	struct kept *k, **at;

	free(c->slot);
	c->nslots *= 2;
	c->slot = xcalloc(c->nslots, sizeof(struct kept *));
	for (k = c->oldest; k != NULL; k = k->younger) {
		at = kept_slot(c, k->hash);
		k->chain = *at;
		*at = k;
	}
}

static void
cache_insert(struct directory_cache *c, struct kept *k)
{
	struct kept **at;

	if (c->n >= c->nslots)
		cache_double(c);
	at = kept_slot(c, k->hash);
	k->chain = *at;
	*at = k;
	k->older = c->youngest;
	if (c->youngest != NULL)
		c->youngest->younger = k;
	else
		c->oldest = k;
	c->youngest = k;
	c->n++;
	c->octets += k->size;
}

/* Remove what is of no use any more, and the oldest beyond the bound. */
static void
cache_trim(struct directory_cache *c, uint64_t now)
{
	while (c->oldest != NULL && (c->octets > c->bound ||
	    c->oldest->asked + c->cache + c->stale <= now))
		kept_remove(c, c->oldest);
}

void
directory_cache_add(struct directory_cache *c, const char *key, uint64_t now,
    struct directory_pack *p)
{
	size_t		 octets = strlen(key) + 1;
	struct kept	*k, *old;

	if (c->cache == 0 && c->stale == 0)
		return;
	k = xcalloc(1, sizeof(*k) + octets);
	memcpy(k->key, key, octets);
	k->hash = kept_hash(key);
	k->asked = now;
	k->fresh_until = now + c->cache;
	k->size = sizeof(*k) + octets + directory_pack_size(p);
	k->pack = directory_pack_ref(p);
	pthread_mutex_lock(&c->lock);
	old = kept_find(c, key);
	if (old != NULL)
		kept_remove(c, old);
	cache_insert(c, k);
	cache_trim(c, now);
	pthread_mutex_unlock(&c->lock);
}

void
directory_cache_forget(struct directory_cache *c, const char *key)
{
	struct kept *k;

	pthread_mutex_lock(&c->lock);
	k = key != NULL ? kept_find(c, key) : NULL;
	if (k != NULL)
		kept_remove(c, k);
	else if (key == NULL)
		kept_remove_all(c);
	pthread_mutex_unlock(&c->lock);
}

uint64_t
directory_cache_count(struct directory_cache *c)
{
	uint64_t n;

	pthread_mutex_lock(&c->lock);
	n = c->n;
	pthread_mutex_unlock(&c->lock);
	return n;
}
