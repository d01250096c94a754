/*
 * state_row - rows of the state file, each with a checksum
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fnv.h"
#include "state_row_priv.h"
#include "store_priv.h"

/* --- counts -------------------------------------------------------------- */

/* Without bytes it is the sum of schema 5, whose rows stay as they are. */
static int64_t
state_row_sum(const struct ledger_row *row)
{
	const uint64_t	*of = row->counts.of;
	uint64_t	 h;
	char		 numbers[96];
	int		 len;

	len = snprintf(numbers, sizeof(numbers), "%lu %llu %llu ",
	    (unsigned long)row->at, (unsigned long long)of[STORE_RECIPIENTS],
	    (unsigned long long)of[STORE_MESSAGES]);
	if (of[STORE_BYTES] != 0 || row->window != STORE_HOUR)
		len += snprintf(numbers + len, sizeof(numbers) - (size_t)len,
		    "%llu %d ", (unsigned long long)of[STORE_BYTES],
		    (int)row->window);
	h = fnv_add(FNV_START, numbers, (size_t)len);
	return fnv_fold(fnv_add(h, row->key, strlen(row->key)));
}

bool
state_row_read(struct sql_statement *st, struct ledger_row *row)
{
	int64_t window, at, recipients, messages, bytes, sum;

	memset(row, 0, sizeof(*row));
	row->key = sql_column_text(st, 2);
	if (row->key == NULL ||
	    !sql_column_number(st, 0, STORE_WINDOWS - 1, &window) ||
	    !sql_column_number(st, 1, ROLLING_AT_MAX, &at) ||
	    !sql_column_number(st, 3, UINT32_MAX, &recipients) ||
	    !sql_column_number(st, 4, UINT32_MAX, &messages) ||
	    !sql_column_number(st, 5, STORE_LIMIT_MAX, &bytes) ||
	    !sql_column_number(st, 6, UINT32_MAX, &sum))
		return false;
	row->window = (enum store_window)window;
	row->at = (uint32_t)at;
	row->counts.of[STORE_RECIPIENTS] = (uint64_t)recipients;
	row->counts.of[STORE_MESSAGES] = (uint64_t)messages;
	row->counts.of[STORE_BYTES] = (uint64_t)bytes;
	return sum == state_row_sum(row);
}

void
state_row_bind(struct sql_statement *st, const struct ledger_row *row)
{
	const uint64_t *of = row->counts.of;

	sql_bind_number(st, 1, row->at);
	sql_bind_text(st, 2, row->key);
	sql_bind_number(st, 3, (int64_t)of[STORE_RECIPIENTS]);
	sql_bind_number(st, 4, (int64_t)of[STORE_MESSAGES]);
	sql_bind_number(st, 5, (int64_t)of[STORE_BYTES]);
	sql_bind_number(st, 6, state_row_sum(row));
	if (row->window != STORE_HOUR)
		sql_bind_number(st, 7, (int64_t)row->window);
}

/* --- settings and requests ----------------------------------------------- */

#define PARTS_MAX	(STORE_PART_ALL | SETTING_ROW_RESET)

static int64_t
setting_count(const struct store_setting *t, enum store_unit unit)
{
	uint64_t limit = t->limits.of[unit][STORE_HOUR];

	if (!setting_limit_is_plain(t, unit, STORE_HOUR))
		return 0;
	return (int64_t)(limit < UINT32_MAX ? limit : UINT32_MAX) + 1;
}

/* Without other limits it is the sum of schema 5. */
static int64_t
setting_sum(const struct setting_row *row, const char *limits)
{
	const struct store_setting	*t = &row->setting;
	uint64_t			 h;
	char				 numbers[128];
	int				 len;

	len = snprintf(numbers, sizeof(numbers), "%u %lld %lld %lld %d %lld ",
	    row->parts,
	    (long long)setting_count(t, STORE_RECIPIENTS),
	    (long long)setting_count(t, STORE_MESSAGES),
	    (long long)t->blocked_until, (int)t->block,
	    (long long)t->changed);
	h = fnv_add(FNV_START, numbers, (size_t)len);
	/* with its NUL: the border between reason and key is summed, too */
	h = fnv_add(h, t->reason, strlen(t->reason) + 1);
	h = fnv_add(h, row->key, strlen(row->key));
	if (limits[0] != '\0')
		h = fnv_add(h, limits, strlen(limits) + 1);
	return fnv_fold(h);
}

static void
setting_limit(int64_t count, struct store_setting *t, enum store_unit unit)
{
	if (count == 0)
		return;
	t->until[unit][STORE_HOUR] = STORE_FOREVER;
	t->limits.of[unit][STORE_HOUR] = count - 1 == UINT32_MAX ?
	    STORE_UNLIMITED : (uint64_t)count - 1;
}

static bool
setting_numbers(struct sql_statement *st, int first, struct setting_row *row)
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
	setting_limit(recipients, t, STORE_RECIPIENTS);
	setting_limit(messages, t, STORE_MESSAGES);
	t->blocked_until = (time_t)until;
	t->block = (enum store_block)block;
	t->changed = (time_t)changed;
	return true;
}

bool
setting_row_read(struct sql_statement *st, int first, struct setting_row *row)
{
	const char	*reason, *limits;
	int64_t		 sum;

	memset(row, 0, sizeof(*row));
	row->key = sql_column_text(st, first);
	reason = sql_column_text(st, first + 6);
	limits = sql_column_text(st, first + 9);
	if (row->key == NULL || row->key[0] == '\0' || reason == NULL ||
	    strlen(reason) >= STORE_REASON || limits == NULL ||
	    !setting_numbers(st, first, row) ||
	    !setting_limits_parse(limits, &row->setting) ||
	    !sql_column_number(st, first + 8, UINT32_MAX, &sum))
		return false;
	memcpy(row->setting.reason, reason, strlen(reason));
	return setting_reason_is_right(row->setting.reason) &&
	    sum == setting_sum(row, limits);
}

static void
setting_row_bind(struct sql_statement *st, const struct setting_row *row,
    const char *limits)
{
	const struct store_setting *t = &row->setting;

	sql_bind_text(st, 1, row->key);
	sql_bind_number(st, 2, row->parts);
	sql_bind_number(st, 3, setting_count(t, STORE_RECIPIENTS));
	sql_bind_number(st, 4, setting_count(t, STORE_MESSAGES));
	sql_bind_number(st, 5, t->blocked_until);
	sql_bind_number(st, 6, (int64_t)t->block);
	sql_bind_text(st, 7, t->reason);
	sql_bind_number(st, 8, t->changed);
	sql_bind_number(st, 9, setting_sum(row, limits));
	sql_bind_text(st, 10, limits);
}

bool
setting_row_insert(struct sql *sql, const char *text,
    const struct setting_row *row)
{
	struct sql_statement	*st = sql_prepare(sql, text);
	struct buf		 limits = BUF_INIT;
	bool			 ok;

	if (st == NULL)
		return false;
	setting_limits_format(&limits, &row->setting);
	setting_row_bind(st, row, buf_str(&limits));
	ok = sql_run(st);
	sql_finish(&st);
	buf_free(&limits);
	return ok;
}
