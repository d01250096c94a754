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

#define STATE_ROW_COLUMNS	"minute, key, recipients, messages, sum"

/*
 * The row of a SELECT of these columns; its key is valid until the next step.
 * False: a value is out of range, or the checksum is wrong.
 */
bool	state_row_read(struct sql_statement *st, struct ledger_row *row);
/* The parameters of an INSERT of these columns; row's key is not copied. */
void	state_row_bind(struct sql_statement *st, const struct ledger_row *row);

/* recipients and messages: 0 when not set, or else the limit plus one */
#define SETTING_ROW_COLUMNS \
	"key, parts, recipients, messages, blocked_until, block, reason, " \
	"changed, sum"
#define SETTING_ROW_PARAMETERS	"?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9"

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
