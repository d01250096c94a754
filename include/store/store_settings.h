/*
 * store_settings - what is set for a key beside the configuration: limits, a block
 *
 * Thread-safe. Errors are STORE_UNKNOWN with a text.
 */
#ifndef MILLGATE_STORE_SETTINGS_H
#define MILLGATE_STORE_SETTINGS_H

#include <stddef.h>
#include <time.h>

#include "store/usage.h"

struct store;

/* What a put writes; what else is set stays. */
enum store_part {
	STORE_PART_RECIPIENTS = 1,
	STORE_PART_MESSAGES = 2,
	STORE_PART_BLOCK = 4,		/* blocked_until, block, reason */
	STORE_PART_ALL = 7
};

/*
 * What is set for a key, all zero where nothing is; a block that is over at
 * `now` is none. In memory, unless several relays share the store.
 */
enum store_answer store_setting_get(struct store *s, const char *key,
		    time_t now, struct store_setting *setting,
		    char error[STORE_ERROR]);
/* The same of up to STORE_ACCOUNTS keys, asked in one question. */
enum store_answer store_settings_get(struct store *s,
		    const char *const *key, size_t n, time_t now,
		    struct store_setting *setting, char error[STORE_ERROR]);
/*
 * Set the named parts, in one step, safe from kill -9 on return; where
 * nothing is left the setting is gone. The time of `changed` always goes with
 * them. STORE_REFUSED: the key is empty, or the reason is not printable ASCII.
 */
enum store_answer store_setting_put(struct store *s, const char *key,
		    unsigned parts, const struct store_setting *setting,
		    char error[STORE_ERROR]);
/* All keys for which something is set at `now`, sorted by their octets. */
struct store_setting_row { char *key; struct store_setting setting; };
struct store_setting_rows {
	size_t		 n;
	struct store_setting_row *row;
	size_t		 capacity;
};
enum store_answer store_settings_list(struct store *s, time_t now,
		    struct store_setting_rows *rows, char error[STORE_ERROR]);
void		 store_setting_rows_free(struct store_setting_rows *rows);
/*
 * Forget what a key has sent; what is reserved stays so, and counts once it
 * is committed. A key that sent nothing is no error.
 */
enum store_answer store_reset(struct store *s, const char *key, time_t now,
		    char error[STORE_ERROR]);

/*
 * Do what tools have asked for, or what a server did not hear; called about
 * once a second by the daemon.
 */
enum store_answer store_take_requests(struct store *s,
		    char error[STORE_ERROR]);

#endif
