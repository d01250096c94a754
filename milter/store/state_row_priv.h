/*
 * state_row - rows of the state file, each with a checksum: counts, settings,
 * and requests of the tool
 *
 * The checksum covers the whole row: SQLite has none for its pages, and a
 * flipped bit must be found, not counted.
 */
#ifndef MILLGATE_STATE_ROW_H
#define MILLGATE_STATE_ROW_H

#include <stdbool.h>

#include "store/store_sqlite.h"
#include "ledger_disk_priv.h"

/*
 * The hour has the table `bucket`, which is older than the other windows; these
 * have the table `slot`. The columns of a SELECT from both are the same: first
 * the window, a number of enum store_window.
 */
#define STATE_ROW_COLUMNS	"minute, key, recipients, messages, bytes, sum"
#define STATE_ROW_SELECT	"SELECT 1, " STATE_ROW_COLUMNS " FROM bucket"
#define STATE_ROW_SELECT_5	"SELECT 1, minute, key, recipients, " \
				"messages, 0, sum FROM bucket"
#define SLOT_ROW_COLUMNS	"at, key, recipients, messages, bytes, sum, " \
				"window"
#define SLOT_ROW_SELECT		"SELECT window, at, key, recipients, " \
				"messages, bytes, sum FROM slot"

/*
 * The row of one of these SELECTs; its key is valid until the next step. The
 * second of them is for files up to schema 5.
 * False: a value is out of range, or the checksum is wrong.
 */
bool	state_row_read(struct sql_statement *st, struct ledger_row *row);
/* The parameters of an INSERT of the columns; row's key is not copied. */
void	state_row_bind(struct sql_statement *st, const struct ledger_row *row);

/*
 * recipients and messages: of an hour; 0 when not set, or else the limit plus
 * one. limits: the others, see setting_limits_format.
 */
#define SETTING_ROW_COLUMNS \
	"key, parts, recipients, messages, blocked_until, block, reason, " \
	"changed, sum, limits"
/* of schema 3 to 5 */
#define SETTING_ROW_COLUMNS_5 \
	"key, parts, recipients, messages, blocked_until, block, reason, " \
	"changed, sum, ''"
#define SETTING_ROW_PARAMETERS	"?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10"

/* Beside the parts of enum store_part: forget the counts of the key. */
#define SETTING_ROW_RESET	8

struct setting_row {
	const char	*key;
	unsigned	 parts;
	struct store_setting setting;
};

/*
 * The row of a SELECT in which these columns begin at column `first`; its key
 * is valid until the next step. False: a value is out of range, or the
 * checksum is wrong.
 */
bool	setting_row_read(struct sql_statement *st, int first,
	    struct setting_row *row);
/*
 * Run `text`, an INSERT of these columns and parameters. False: an error of
 * SQLite.
 */
bool	setting_row_insert(struct sql *sql, const char *text,
	    const struct setting_row *row);

#endif
