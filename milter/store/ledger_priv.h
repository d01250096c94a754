/*
 * ledger - the inside of the ledger, for ledger*.c alone
 *
 * Others open it and use it through ledger_disk_priv.h and store.h.
 */
#ifndef MILLGATE_LEDGER_PRIV_H
#define MILLGATE_LEDGER_PRIV_H

#include <pthread.h>

#include "accounts_priv.h"
#include "disk_queue_priv.h"
#include "ledger_disk_priv.h"
#include "store_priv.h"

struct setting_entry;

#define SHARDS	(1u << SHARD_BITS)

/*
 * Few keys, read for each message: sorted by key, about 200 octets and the
 * key for each setting.
 */
struct settings {
	pthread_rwlock_t lock;
	struct setting_entry **entry;
	size_t		 n, size;
};

struct ledger {
	struct store	 store;
	struct disk_queue queue;
	struct shard	 shard[SHARDS];
	struct settings	 settings;
	pthread_mutex_t	 change;	/* held around a change of settings */
};

static inline struct shard *
shard_of(struct ledger *l, uint32_t hash)
{
	return &l->shard[hash % SHARDS];
}

/*
 * ledger_all.c: put a row for each slot of a list, with a copy of the key, in
 * front of other rows; free the rows before `end` (NULL: all).
 */
struct ledger_row *ledger_rows_push(struct ledger_row *rows, const char *key,
		    enum store_window w, const struct rolling *r);
void		 ledger_rows_free(struct ledger_row *rows,
		    const struct ledger_row *end);
enum store_answer ledger_list(struct store *base, time_t now,
		    struct store_rows *rows, char error[STORE_ERROR]);
enum store_answer ledger_prune(struct store *base, time_t now,
		    char error[STORE_ERROR]);

/* ledger_clock.c */
enum store_answer ledger_clock_moved(struct store *base, int64_t seconds,
		    char error[STORE_ERROR]);
enum store_answer ledger_clock_known(struct store *base, time_t now,
		    char error[STORE_ERROR]);

/* ledger_settings.c */
void		 settings_init(struct settings *t);
void		 settings_free(struct settings *t);
enum store_answer ledger_settings_get(struct store *base,
		    const char *const *key, size_t n,
		    struct store_setting *setting, char error[STORE_ERROR]);
enum store_answer ledger_setting_put(struct store *base, const char *key,
		    unsigned parts, const struct store_setting *setting,
		    char error[STORE_ERROR]);
enum store_answer ledger_settings_list(struct store *base,
		    struct store_setting_rows *rows, char error[STORE_ERROR]);
enum store_answer ledger_reset(struct store *base, const char *key,
		    time_t now, char error[STORE_ERROR]);
enum store_answer ledger_take_requests(struct store *base,
		    char error[STORE_ERROR]);
/* Remove limits and blocks that are over. */
bool		 ledger_settings_prune(struct ledger *l, time_t now,
		    char error[STORE_ERROR]);

#endif
