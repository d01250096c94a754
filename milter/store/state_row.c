/*
 * state_row - a row of the state file, and its checksum
 */
#include <stdio.h>
#include <string.h>

#include "base/fnv.h"
#include "hour_priv.h"
#include "state_row_priv.h"

static int64_t
row_sum(const struct ledger_row *row)
{
	uint64_t	h;
	char		numbers[48];
	int		len;

	len = snprintf(numbers, sizeof(numbers), "%lu %lu %lu ",
	    (unsigned long)row->minute, (unsigned long)row->recipients,
	    (unsigned long)row->messages);
	h = fnv_add(FNV_START, numbers, (size_t)len);
	return fnv_fold(fnv_add(h, row->key, strlen(row->key)));
}

bool
state_row_read(struct sql_statement *st, struct ledger_row *row)
{
	int64_t minute, recipients, messages, sum;

	memset(row, 0, sizeof(*row));
	row->key = sql_column_text(st, 1);
	if (row->key == NULL ||
	    !sql_column_number(st, 0, HOUR_MINUTE_MAX, &minute) ||
	    !sql_column_number(st, 2, UINT32_MAX, &recipients) ||
	    !sql_column_number(st, 3, UINT32_MAX, &messages) ||
	    !sql_column_number(st, 4, UINT32_MAX, &sum))
		return false;
	row->minute = (uint32_t)minute;
	row->recipients = (uint32_t)recipients;
	row->messages = (uint32_t)messages;
	return sum == row_sum(row);
}

void
state_row_bind(struct sql_statement *st, const struct ledger_row *row)
{
	sql_bind_number(st, 1, row->minute);
	sql_bind_text(st, 2, row->key);
	sql_bind_number(st, 3, row->recipients);
	sql_bind_number(st, 4, row->messages);
	sql_bind_number(st, 5, row_sum(row));
}
