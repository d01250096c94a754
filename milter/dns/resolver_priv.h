/*
 * resolver_priv - between the resolver's own files, its backends and tests
 *
 * resolver_cache.c	answers and the table that keeps them
 * resolver.c		shared by all threads: the cache and pending queries
 * resolver_lookups.c	the account of one message
 * resolver_unbound.c and resolver_zone.c are backends. Each file calls only
 * files listed above it.
 *
 * Locks: an account's lock may be taken while a shard's lock is held, never
 * the other way round. No lock is held when a backend or a callback is called.
 */
#ifndef MILLGATE_RESOLVER_PRIV_H
#define MILLGATE_RESOLVER_PRIV_H

#include <sys/queue.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

/* --- for backends ----------------------------------------------------- */

/* A pending question; the backend owns it from `ask` to resolver_answered. */
struct query;

const char	*query_name(const struct query *q);	/* folded */
enum dns_type	 query_type(const struct query *q);

#define DNS_TTL_UNKNOWN	UINT32_MAX	/* a denial without a SOA record */

/* A backend's reply. It is copied, except `why`, which must be static. */
struct dns_reply {
	enum dns_status	 status;	/* OK with no usable record: NODATA */
	bool		 secure;
	uint32_t	 ttl;		/* seconds, or DNS_TTL_UNKNOWN */
	const char	*why;		/* NULL: the usual word for status */
	size_t		 n;
	char *const	*rdata;		/* wire format, uncompressed */
	const int	*len;
};

/*
 * Exactly once for each query, from any thread, also before `ask` returns.
 * Frees the query.
 */
void		 resolver_answered(struct query *q,
		    const struct dns_reply *reply);

struct resolver_backend {
	/* Sends the question; must not wait for the answer. */
	void	(*ask)(void *state, struct query *q);
	/* Ends threads and frees `state`; pending queries are dropped. */
	void	(*close)(void *state);
	/* How many questions may be pending. NULL: as many as come. */
	unsigned (*limit)(const void *state);
};

/* Owns `state` from now on. `cache_entries` 0: the default. */
struct resolver	*resolver_new(const struct resolver_backend *backend,
		    void *state, size_t cache_entries);

/* Milliseconds of a monotonic clock; tests set their own. */
typedef uint64_t resolver_clock(void);
void		 resolver_set_clock(struct resolver *r, resolver_clock *clock);

/* --- answers and the cache -------------------------------------------- */

struct question {
	uint64_t	 hash;
	enum dns_type	 type;
	size_t		 len;
	const char	*name;		/* folded */
};

/* Immutable except `refs` and the links, which belong to the cache. */
struct answer {
	struct answer		*chain;
	TAILQ_ENTRY(answer)	 recent;
	atomic_uint		 refs;
	size_t			 size;		/* octets of this block */
	uint64_t		 expires;	/* ms; 0: must not be cached */
	struct question		 question;
	struct dns_answer	 dns;
};

struct answer	*answer_new(const struct question *qn,
		    const struct dns_reply *reply, uint64_t now);
void		 answer_ref(struct answer *a);
void		 answer_unref(struct answer *a);

struct dns_cache {
	struct answer			**bucket;
	size_t				  mask;
	TAILQ_HEAD(recent, answer)	  recent;	/* latest first */
	size_t				  entries, bytes;
	size_t				  max_entries, max_bytes;
};

void		 dns_cache_init(struct dns_cache *c, size_t max_entries,
		    size_t max_bytes);
void		 dns_cache_clear(struct dns_cache *c);
/* An answer with a reference for the caller, or NULL. */
struct answer	*dns_cache_find(struct dns_cache *c, const struct question *qn,
		    uint64_t now);
/* Takes a reference of its own if the answer may be cached. */
void		 dns_cache_insert(struct dns_cache *c, struct answer *a);

/* A keyed hash, so that senders cannot choose names that collide. */
uint64_t	 question_hash(const uint64_t key[2], const char *name,
		    size_t len, enum dns_type type);
bool		 question_same(const struct question *a,
		    const struct question *b);

/* --- between accounts and the shared part ------------------------------ */

struct shard;

/*
 * One lookup that waits for a query; its owner sets the two functions.
 * `deliver` is called under the shard's lock. It must keep the waiter alive
 * until `run`, called without locks, has returned.
 */
struct waiter {
	TAILQ_ENTRY(waiter)	 link;
	struct shard		*shard;
	struct query		*query;	/* NULL: answered or not waiting */
	void	(*deliver)(struct waiter *w, struct answer *a);
	void	(*run)(struct waiter *w);
};

/* Sets the hash of `qn`. */
void		 resolver_question(struct resolver *r, struct question *qn);
/* A cached answer with a reference; NULL: `w` waits for the query. */
struct answer	*resolver_join(struct resolver *r, const struct question *qn,
		    struct waiter *w);
/*
 * After resolver_join only. When it returns, w->deliver has been called or
 * never will be.
 */
void		 resolver_leave(struct waiter *w);
uint64_t	 resolver_now(struct resolver *r);
void		 resolver_count_timeout(struct resolver *r);

#endif
