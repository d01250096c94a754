/*
 * state_row - a row of the state file, and its checksum
 *
 * The checksum covers the whole row: SQLite has none for its pages, and a
 * flipped bit must be found, not counted.
 */
#ifndef MILLGATE_STATE_ROW_H
#define MILLGATE_STATE_ROW_H

#include <stdbool.h>

#include "store/store_sqlite.h"
#include "ledger_priv.h"

#define STATE_ROW_COLUMNS	"minute, key, recipients, messages, sum"

/*
 * The row under a SELECT of these columns; its key lives until the next step.
 * False: a value cannot be, or the checksum is wrong.
 */
bool	state_row_read(struct sql_statement *st, struct ledger_row *row);
/* The parameters of an INSERT of these columns; row's key is not copied. */
void	state_row_bind(struct sql_statement *st, const struct ledger_row *row);

#endif
