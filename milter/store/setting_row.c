/*
 * setting_row - a setting, or a request of the tool, as a row of the state
 * file with a checksum
 */
#include <stdio.h>
#include <string.h>

#include "base/fnv.h"
#include "setting_row_priv.h"
#include "store_priv.h"

#define PARTS_MAX	(STORE_PART_ALL | SETTING_ROW_RESET)

static int64_t
count_of(bool is_set, uint32_t limit)
{
	return is_set ? (int64_t)limit + 1 : 0;
}

static int64_t
row_sum(const struct setting_row *row)
{
	const struct store_setting	*t = &row->setting;
	uint64_t			 h;
	char				 numbers[128];
	int				 len;

	len = snprintf(numbers, sizeof(numbers), "%u %lld %lld %lld %d %lld ",
	    row->parts,
	    (long long)count_of(t->recipients_set, t->limits.recipients),
	    (long long)count_of(t->messages_set, t->limits.messages),
	    (long long)t->blocked_until, (int)t->block,
	    (long long)t->changed);
	h = fnv_add(FNV_START, numbers, (size_t)len);
	/* with its NUL: where the reason ends and the key begins counts */
	h = fnv_add(h, t->reason, strlen(t->reason) + 1);
	return fnv_fold(fnv_add(h, row->key, strlen(row->key)));
}

static void
limit_set(int64_t count, bool *is_set, uint32_t *limit)
{
	*is_set = count > 0;
	*limit = count > 0 ? (uint32_t)(count - 1) : 0;
}

static bool
numbers_read(struct sql_statement *st, int first, struct setting_row *row)
{
	struct store_setting	*t = &row->setting;
	int64_t			 parts, recipients, messages, until, block;
	int64_t			 changed;

	if (!sql_column_number(st, first + 1, PARTS_MAX, &parts) ||
	    !sql_column_number(st, first + 2, INT64_C(1) + UINT32_MAX,
	    &recipients) ||
	    !sql_column_number(st, first + 3, INT64_C(1) + UINT32_MAX,
	    &messages) ||
	    !sql_column_number(st, first + 4, STORE_FOREVER, &until) ||
	    !sql_column_number(st, first + 5, STORE_BLOCK_HOLD, &block) ||
	    !sql_column_number(st, first + 7, STORE_FOREVER, &changed))
		return false;
	row->parts = (unsigned)parts;
	limit_set(recipients, &t->recipients_set, &t->limits.recipients);
	limit_set(messages, &t->messages_set, &t->limits.messages);
	t->blocked_until = (time_t)until;
	t->block = (enum store_block)block;
	t->changed = (time_t)changed;
	return true;
}

bool
setting_row_read(struct sql_statement *st, int first, struct setting_row *row)
{
	const char	*reason;
	int64_t		 sum;

	memset(row, 0, sizeof(*row));
	row->key = sql_column_text(st, first);
	reason = sql_column_text(st, first + 6);
	if (row->key == NULL || row->key[0] == '\0' || reason == NULL ||
	    strlen(reason) >= STORE_REASON || !numbers_read(st, first, row) ||
	    !sql_column_number(st, first + 8, UINT32_MAX, &sum))
		return false;
	memcpy(row->setting.reason, reason, strlen(reason));
	return setting_reason_is_right(row->setting.reason) &&
	    sum == row_sum(row);
}

void
setting_row_bind(struct sql_statement *st, const struct setting_row *row)
{
	const struct store_setting *t = &row->setting;

	sql_bind_text(st, 1, row->key);
	sql_bind_number(st, 2, row->parts);
	sql_bind_number(st, 3, count_of(t->recipients_set,
	    t->limits.recipients));
	sql_bind_number(st, 4, count_of(t->messages_set,
	    t->limits.messages));
	sql_bind_number(st, 5, t->blocked_until);
	sql_bind_number(st, 6, (int64_t)t->block);
	sql_bind_text(st, 7, t->reason);
	sql_bind_number(st, 8, t->changed);
	sql_bind_number(st, 9, row_sum(row));
}
