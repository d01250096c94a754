/*
 * store_settings - limits and blocks that are set beside the configuration
 *
 * Thread-safe. Errors are STORE_UNKNOWN with a text.
 */
#ifndef MILLGATE_STORE_SETTINGS_H
#define MILLGATE_STORE_SETTINGS_H

#include <stddef.h>
#include <time.h>

#include "store/usage.h"

struct store;

/*
 * The parts that a put writes; the others stay. The state file keeps these
 * numbers: they must stay. 8 is SETTING_ROW_RESET of state_row.
 */
enum store_part {
	STORE_PART_RECIPIENTS = 1,	/* in an hour */
	STORE_PART_MESSAGES = 2,	/* in an hour */
	STORE_PART_BLOCK = 4,		/* blocked_until, block, reason */
	STORE_PART_ALL = 0xfdd7
};

/* The part of one limit, with its time. */
static inline unsigned
store_part(enum store_unit unit, enum store_window window)
{
	if (window == STORE_HOUR && unit != STORE_BYTES)
		return unit == STORE_RECIPIENTS ? STORE_PART_RECIPIENTS :
		    STORE_PART_MESSAGES;
	return 16u << (unit * STORE_WINDOWS + window);
}

/*
 * The setting of a key, all zero if there is none; limits and a block that are
 * over at `now` are left out. From memory, unless several relays share the
 * store.
 */
enum store_answer store_setting_get(struct store *s, const char *key,
		    time_t now, struct store_setting *setting,
		    char error[STORE_ERROR]);
/* The same for up to STORE_ACCOUNTS keys, in one round trip. */
enum store_answer store_settings_get(struct store *s,
		    const char *const *key, size_t n, time_t now,
		    struct store_setting *setting, char error[STORE_ERROR]);
/*
 * Set these parts in one step, safe from kill -9 on return. A setting without
 * any part is removed. `changed` is always written. STORE_REFUSED: the key is
 * empty, or the reason is not printable ASCII.
 */
enum store_answer store_setting_put(struct store *s, const char *key,
		    unsigned parts, const struct store_setting *setting,
		    char error[STORE_ERROR]);
/* All settings that hold at `now`, sorted by the octets of the key. */
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
 * Forget the counts of a key. Reservations stay, and count once they are
 * committed. A key that sent nothing is not an error.
 */
enum store_answer store_reset(struct store *s, const char *key, time_t now,
		    char error[STORE_ERROR]);

/*
 * Process the requests of tools, or repeat to a server what it did not
 * receive. The daemon calls it about once a second.
 */
enum store_answer store_take_requests(struct store *s,
		    char error[STORE_ERROR]);

#endif
