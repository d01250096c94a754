/*
 * directory_cache - answers of a database, for some time
 *
 * A tree, and a list in the order in which the questions were asked. A login
 * can choose its keys; the C library balances the tree, so no choice of them
 * makes a lookup long.
 */
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "directory_cache_priv.h"

struct kept {
	const char	*key;		/* the text below */
	struct kept	*older, *younger;
	uint64_t	 asked, fresh_until;
	bool		 stale;
	size_t		 size;
	struct directory_pack *pack;
	char		 text[];
};

struct directory_cache {
	pthread_mutex_t	 lock;		/* all below */
	uint64_t	 cache, stale;
	size_t		 octets, bound;
	void		*tree;		/* of struct kept, by their keys */
	size_t		 n;
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
	return c;
}

static int
kept_compare(const void *a, const void *b)
{
	const struct kept *k = a, *l = b;

	return strcmp(k->key, l->key);
}

static struct kept *
kept_find(struct directory_cache *c, const char *key)
{
	const struct kept	want = { .key = key };
	struct kept *const	*at = tfind(&want, &c->tree, kept_compare);

	return at != NULL ? *at : NULL;
}

static void
kept_remove(struct directory_cache *c, struct kept *k)
{
	tdelete(k, &c->tree, kept_compare);
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
cache_insert(struct directory_cache *c, struct kept *k)
{
	if (tsearch(k, &c->tree, kept_compare) == NULL)
		abort();		/* out of memory, as everywhere */
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
	k->key = memcpy(k->text, key, octets);
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
