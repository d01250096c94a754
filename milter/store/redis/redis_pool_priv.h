/*
 * redis_pool - the connections to one Redis server, and its state
 *
 * At most REDIS_POOL_LINKS connections, opened on demand. No lock is held while
 * a caller waits for the server. When the server fails, one caller a second
 * tries again, and all others get the error at once. So a dead server delays
 * at most one message a second until its deadline, beside those that were
 * under way when it died.
 */
#ifndef MILLGATE_REDIS_POOL_H
#define MILLGATE_REDIS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "redis_reply_priv.h"

#define REDIS_POOL_LINKS	16u
#define REDIS_POOL_PAUSE	1000u	/* milliseconds between two attempts */

struct redis_pool;

/* Does not connect yet. NULL with *why (malloced). */
struct redis_pool *redis_pool_new(const struct store_place *place,
		    const char *script, char **why);
/* Close all connections; no other thread may use the pool. */
void		 redis_pool_free(struct redis_pool **pp);

/*
 * Run the script; the first `nkeys` words are KEYS, the others are ARGV[2] and
 * on. The pool adds ARGV[1], the time of the server, in milliseconds since
 * the epoch, after which we no longer wait. The reply is a list of at least
 * `n` numbers; the first is the script's result, the second the server's time.
 * NULL with `error`, which says what is wrong and what to do.
 */
#define REDIS_POOL_LATE	2	/* result: too late, nothing was done */
struct redis_reply *redis_pool_run(struct redis_pool *p,
		    const struct redis_word *word, size_t nwords,
		    size_t nkeys, size_t n, char error[STORE_ERROR]);
/*
 * One step of SCAN or HSCAN. The reply is a list of two: the cursor of the
 * next step, a text, and a list of keys or pairs.
 */
struct redis_reply *redis_pool_scan(struct redis_pool *p,
		    const struct redis_word *word, size_t nwords,
		    char error[STORE_ERROR]);
/* Send any other command. NULL with `error`. */
struct redis_reply *redis_pool_ask(struct redis_pool *p,
		    const struct redis_word *word, size_t nwords,
		    char error[STORE_ERROR]);

#endif
