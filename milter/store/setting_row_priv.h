/*
 * setting_row - a setting, or a request of the tool, as a row of the state
 * file with a checksum
 */
#ifndef MILLGATE_SETTING_ROW_H
#define MILLGATE_SETTING_ROW_H

#include <stdbool.h>

#include "store/store_sqlite.h"
#include "store/usage.h"

/* recipients and messages are 0 where none are set, one more otherwise */
#define SETTING_ROW_COLUMNS \
	"key, parts, recipients, messages, blocked_until, block, reason, " \
	"changed, sum"
#define SETTING_ROW_PARAMETERS	"?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9"

/* Beside the parts of enum store_part: forget what the key has sent. */
#define SETTING_ROW_RESET	8

struct setting_row {
	const char	*key;
	unsigned	 parts;
	struct store_setting setting;
};

/*
 * The row under a SELECT of these columns, the first of which is column
 * `first`; its key lives until the next step. False: a value cannot be, or
 * the checksum is wrong.
 */
bool	setting_row_read(struct sql_statement *st, int first,
	    struct setting_row *row);
/* The parameters of an INSERT of these columns; texts are not copied. */
void	setting_row_bind(struct sql_statement *st,
	    const struct setting_row *row);

#endif
