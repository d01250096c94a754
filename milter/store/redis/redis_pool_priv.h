/*
 * redis_pool - the connections to one Redis server, and what it is up to
 *
 * At most REDIS_POOL_LINKS connections, opened as they are needed; nobody
 * holds a lock while he waits for the server. A server that does not work is
 * tried again by one caller a second; everybody else gets the error at once.
 * So a dead one costs at most one message a second its deadline, beside those
 * that were under way when it died.
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

/* Nothing is connected yet. NULL with *why (malloced). */
struct redis_pool *redis_pool_new(const struct store_place *place,
		    const char *script, char **why);
/* Nobody uses it any more. */
void		 redis_pool_free(struct redis_pool **pp);

/*
 * Run the script: the first `nkeys` words are keys. Ahead of the others
 * comes the time of the server, in milliseconds since the epoch, at which we
 * will not wait any more. A reply is a list of numbers and begins with one
 * of REDIS_POOL_LATE or another, and the server's time; at least `n` of them.
 * NULL with `error`: what is wrong and what to do.
 */
#define REDIS_POOL_LATE	2		/* it came too late, nothing was done */
struct redis_reply *redis_pool_run(struct redis_pool *p,
		    const struct redis_word *word, size_t nwords,
		    size_t nkeys, size_t n, char error[STORE_ERROR]);
/*
 * One step of SCAN or HSCAN. The reply is a list of two: the cursor of the
 * next step, a text, and the list of what was found.
 */
struct redis_reply *redis_pool_scan(struct redis_pool *p,
		    const struct redis_word *word, size_t nwords,
		    char error[STORE_ERROR]);
/* Any other command. */
struct redis_reply *redis_pool_ask(struct redis_pool *p,
		    const struct redis_word *word, size_t nwords,
		    char error[STORE_ERROR]);

#endif
