/*
 * store_redis_keys - signing keys whose DNS record was seen, on a Redis server
 *
 * A record that one host has seen counts for all of them. A question has some
 * hundred keys, so that it stays short for the server.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "redis_pool_priv.h"
#include "redis_scripts_priv.h"
#include "store_redis_priv.h"

#define KEYS_AT_ONCE	500u
#define HEAD		6u	/* KEYS[1], and ARGV[2] to ARGV[6] */
#define ANSWER		2u	/* numbers before those of the keys */

/* The answer has `numbers` behind the usual two. */
static struct redis_reply *
keys_ask(struct redis_store *s, const char *operation, time_t now,
    const struct store_key *key, size_t n, size_t numbers,
    char error[STORE_ERROR])
{
	struct redis_word	 w[HEAD + KEYS_AT_ONCE];
	char			 clock[REDIS_NUMBER_TEXT];
	size_t			 i;

	redis_clock_text(s, now, clock);
	w[0] = redis_word(REDIS_PUBLISHED);
	w[1] = redis_word(operation);
	w[2] = redis_word(clock);
	w[3] = redis_word(s->lease);
	w[4] = redis_word("");
	w[5] = redis_word("0");
	for (i = 0; i < n; i++)
		w[HEAD + i] = redis_word(key[i].name);
	return redis_pool_run(s->pool, w, HEAD + n, 1, ANSWER + numbers,
	    error);
}

static size_t
keys_at_once(size_t n)
{
	return n < KEYS_AT_ONCE ? n : KEYS_AT_ONCE;
}

enum store_answer
redis_keys_find(struct store *base, struct store_key *key, size_t n,
    char error[STORE_ERROR])
{
	struct redis_reply	*r;
	size_t			 i, take;

	for (; n > 0; key += take, n -= take) {
		take = keys_at_once(n);
		r = keys_ask((struct redis_store *)base, "known", 0, key,
		    take, take, error);
		if (r == NULL)
			return STORE_UNKNOWN;
		for (i = 0; i < take; i++)
			key[i].seen = (time_t)r->item[ANSWER + i].number;
		redis_reply_free(&r);
	}
	return STORE_TAKEN;
}

enum store_answer
redis_keys_note(struct store *base, const struct store_key *key, size_t n,
    time_t now, char error[STORE_ERROR])
{
	struct redis_reply	*r;
	size_t			 take;

	for (; n > 0; key += take, n -= take) {
		take = keys_at_once(n);
		r = keys_ask((struct redis_store *)base, "note", now, key,
		    take, 0, error);
		if (r == NULL)
			return STORE_UNKNOWN;
		redis_reply_free(&r);
	}
	return STORE_TAKEN;
}
