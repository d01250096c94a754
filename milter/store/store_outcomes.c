/*
 * store_outcomes - the DMARC outcomes of a day, read for the tool
 *
 * Everything is taken into memory before the first row is shown: a reader
 * that waits for a pager would keep the daemon's log from being emptied.
 */
#include <string.h>

#include "base/arena.h"
#include "store/redis/redis_url.h"
#include "store/store_outcomes.h"
#include "state_file_priv.h"
#include "store_schema_priv.h"

#define ROWS_FIRST	256

/* False: the row is not one that we wrote. */
static bool
take_row(struct sql_statement *st, struct arena *a,
    struct dmarc_outcome_row *row)
{
	const char	*text;
	int64_t		 n;
	int		 i;

	for (i = 0; i < (int)DMARC_OUTCOME_TEXTS; i++) {
		text = sql_column_text(st, i);
		if (text == NULL)
			return false;
		row->outcome.text[i] = arena_strdup(a, text);
	}
	if (!sql_column_number(st, i, INT64_MAX, &n))
		return false;
	row->messages = (uint64_t)n;
	return true;
}

static struct dmarc_outcome_row *
one_more(struct dmarc_outcome_rows *rows, size_t *size, struct arena *a)
{
	struct dmarc_outcome_row *bigger;

	if (rows->n == *size) {
		*size = *size > 0 ? *size * 2 : ROWS_FIRST;
		bigger = arena_array(a, *size, sizeof(*bigger));
		if (rows->n > 0)
			memcpy(bigger, rows->row, rows->n * sizeof(*bigger));
		rows->row = bigger;
	}
	return &rows->row[rows->n++];
}

static bool
read_rows(struct sql *sql, const char *path, int64_t day, struct arena *a,
    struct dmarc_outcome_rows *rows, char **why)
{
	struct sql_statement	*st;
	enum sql_result		 result;
	size_t			 size = 0;
	bool			 right = true;

	st = sql_prepare(sql, "SELECT author, record, source, envelope, spf, "
	    "spf_domain, spf_scope, dkim, signers, aligned, result, "
	    "published, policy, disposition, override, messages FROM outcome "
	    "WHERE day = ?1 ORDER BY messages DESC, author, source");
	if (st == NULL)
		return schema_refuse(sql, path, "cannot be read", why);
	sql_bind_number(st, 1, day);
	while (right && (result = sql_step(st)) == SQL_ROW)
		right = take_row(st, a, one_more(rows, &size, a));
	if (!right)
		schema_damaged(path, "an outcome is no text", why);
	else if (result != SQL_DONE)
		schema_refuse(sql, path, "cannot be read", why);
	sql_finish(&st);
	return right && result == SQL_DONE;
}

bool
store_outcomes_read(const char *spec, int64_t day, struct arena *a,
    struct dmarc_outcome_rows *rows, char **why)
{
	struct state_file	 file;
	struct sql		*sql = NULL;
	bool			 ok;

	rows->n = 0;
	rows->row = NULL;
	if (redis_url_is(spec)) {
		*why = xstrdup("outcomes are recorded in a state file, and "
		    "state is a Redis server; name the file with --state");
		return false;
	}
	if (!state_file_open(&file, spec, false, why))
		return false;
	ok = schema_open_readonly(&sql, &file, why) &&
	    read_rows(sql, file.path, day, a, rows, why);
	sql_close(&sql);
	state_file_close(&file);
	return ok;
}
