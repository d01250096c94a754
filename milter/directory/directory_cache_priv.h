/*
 * directory_cache - answers of a database, for some time
 *
 * The oldest answers are removed when there are more octets than the bound.
 * An answer is fresh for `cache` milliseconds; for `stale` milliseconds after
 * that it is there for a failure. Thread-safe; the lock is never held for
 * longer than a lookup takes.
 */
#ifndef MILLGATE_DIRECTORY_CACHE_H
#define MILLGATE_DIRECTORY_CACHE_H

#include "directory_answer_priv.h"

struct directory_cache;

struct directory_cache *directory_cache_new(uint64_t cache, uint64_t stale,
		    size_t octets);
void		 directory_cache_free(struct directory_cache **cp);

/*
 * The fresh answer, or NULL; the caller frees it. *stale: the last attempt to
 * ask again failed, not long ago.
 */
struct directory_pack *directory_cache_find(struct directory_cache *c,
		    const char *key, uint64_t now, bool *stale);
/*
 * The question failed: the answer that may be used in place of that, or NULL.
 * It counts as fresh for the next `pause` milliseconds.
 */
struct directory_pack *directory_cache_stale(struct directory_cache *c,
		    const char *key, uint64_t now, uint64_t pause);
/* The answer to a question that was asked at `now`. */
void		 directory_cache_add(struct directory_cache *c,
		    const char *key, uint64_t now, struct directory_pack *p);
/* NULL: all. */
void		 directory_cache_forget(struct directory_cache *c,
		    const char *key);
uint64_t	 directory_cache_count(struct directory_cache *c);

#endif
