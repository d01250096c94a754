/*
 * store_redis - shared by the files of the Redis backend
 *
 * store_redis.c calls store_redis_ask.c, store_redis_keys.c, store_redis_list.c
 * and store_redis_settings.c; none of them is called back.
 */
#ifndef MILLGATE_STORE_REDIS_H
#define MILLGATE_STORE_REDIS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "store/store_priv.h"
#include "redis_reply_priv.h"

#define REDIS_NUMBER_TEXT	24	/* octets of a number's text */
#define REDIS_AT_ONCE		"500"	/* keys or settings of one SCAN step */

struct redis_reservation;

struct redis_store {
	struct store	 store;
	struct redis_pool *pool;
	bool		 callers_clock;
	char		 lease[REDIS_NUMBER_TEXT];	/* milliseconds */
	char		 instance[20];	/* random, of this daemon */
	atomic_ullong	 number;	/* of reservations */
	char		*name;		/* as configured, for errors */
	/* reservations that could not be given back, the newest first */
	pthread_mutex_t	 owed_lock;
	struct redis_reservation *owed;
	unsigned	 nowed;
	atomic_llong	 since;		/* it counts (us); 0: not known yet */
};

/* The clock that the script uses: -1 is the server's. */
static inline void
redis_clock_text(const struct redis_store *s, time_t now,
    char text[REDIS_NUMBER_TEXT])
{
	snprintf(text, REDIS_NUMBER_TEXT, "%lld", !s->callers_clock ? -1LL :
	    now < 0 ? 0LL : (long long)now);
}

/* store_redis_ask.c */
struct redis_question {
	const char	*operation, *id;
	uint32_t	 held;
	uint64_t	 bytes;
	time_t		 now;
	const struct store_account *account;
	size_t		 n;
	bool		 counts;	/* other windows may be there */
};
/* `usage` has an element for each account; an error is in the first. */
enum store_answer redis_ask(struct redis_store *s,
		    const struct redis_question *q, struct store_usage *usage);
/* store_redis_keys.c */
enum store_answer redis_keys_find(struct store *base, struct store_key *key,
		    size_t n, char error[STORE_ERROR]);
enum store_answer redis_keys_note(struct store *base,
		    const struct store_key *key, size_t n, time_t now,
		    char error[STORE_ERROR]);
/* store_redis_list.c */
enum store_answer redis_list(struct store *base, time_t now,
		    struct store_rows *rows, char error[STORE_ERROR]);
/* store_redis_settings.c */
enum store_answer redis_settings_get(struct store *base,
		    const char *const *key, size_t n,
		    struct store_setting *setting, char error[STORE_ERROR]);
enum store_answer redis_setting_put(struct store *base, const char *key,
		    unsigned parts, const struct store_setting *setting,
		    char error[STORE_ERROR]);
enum store_answer redis_settings_list(struct store *base,
		    struct store_setting_rows *rows,
		    char error[STORE_ERROR]);

#endif
