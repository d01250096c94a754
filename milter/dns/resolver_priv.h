/*
 * resolver_priv - between the resolver's own files, its backends and tests
 *
 * resolver.c		what all threads share: cache, questions on their way
 * resolver_cache.c	answers and the table that keeps them
 * resolver_lookups.c	one message's account
 * A backend asks one question at a time and answers it from any thread.
 *
 * Locks: a shard's lock may be held when an account's is taken, never the
 * other way round; no lock is held when a backend or a callback is called.
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

/* A question on its way; the backend's from `ask` to resolver_answered. */
struct query;

const char	*query_name(const struct query *q);	/* folded */
enum dns_type	 query_type(const struct query *q);
void		*query_state(const struct query *q);	/* the backend's */

#define DNS_TTL_UNKNOWN	UINT32_MAX	/* a denial without a SOA record */

/* What a backend got; all of it is copied, but for `why`: static text. */
struct dns_reply {
	enum dns_status	 status;	/* OK with no usable record: NODATA */
	bool		 secure;
	uint32_t	 ttl;		/* seconds, or DNS_TTL_UNKNOWN */
	const char	*why;		/* NULL: the usual word for status */
	size_t		 n;
	char *const	*rdata;		/* as on the wire, names written out */
	const int	*len;
};

/* Once for each query asked; from any thread, also before `ask` returns. */
void		 resolver_answered(struct query *q,
		    const struct dns_reply *reply);

struct resolver_backend {
	/* Must not block longer than handing the question over takes. */
	void	(*ask)(void *state, struct query *q);
	/* Ends threads and frees `state`; what was not answered is dropped. */
	void	(*close)(void *state);
};

/* `cache_entries` 0: the default. Takes `state`. */
struct resolver	*resolver_new(const struct resolver_backend *backend,
		    void *state, size_t cache_entries);

/* Milliseconds of a clock that never goes back; for tests. */
typedef uint64_t resolver_clock(void);
void		 resolver_set_clock(struct resolver *r, resolver_clock *clock);

/* --- answers and the cache -------------------------------------------- */

struct question {
	uint64_t	 hash;
	enum dns_type	 type;
	size_t		 len;
	const char	*name;		/* folded */
};

/* Never changes once made, but for `refs`, and the links: the cache's. */
struct answer {
	struct answer		*chain;
	TAILQ_ENTRY(answer)	 recent;
	atomic_uint		 refs;
	size_t			 size;		/* octets of this block */
	uint64_t		 expires;	/* ms; 0: not to be kept */
	struct question		 question;
	struct dns_answer	 dns;		/* ttl as it came */
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
/* Takes a reference of its own, if the answer may be kept. */
void		 dns_cache_insert(struct dns_cache *c, struct answer *a);

/* A keyed hash, so that strangers cannot choose names that collide. */
uint64_t	 question_hash(const uint64_t key[2], const char *name,
		    size_t len, enum dns_type type);
bool		 question_same(const struct question *a,
		    const struct question *b);

/* --- between accounts and what they share ----------------------------- */

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

/* Fills the hash. */
void		 resolver_question(struct resolver *r, struct question *qn);
/* An answer (with a reference) from the cache; NULL: `w` waits for one. */
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
