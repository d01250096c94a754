/*
 * state_disk - the ledger's disk at work: the state file's rows
 *
 * WAL mode with synchronous=NORMAL: a commit is a write(2), not a disk sync.
 * It survives kill -9 of the process; a power cut may take the transactions
 * since the last checkpoint, never the file. Checkpoints run beside commits,
 * on a connection of their own. Rows carry a checksum, because SQLite has
 * none for its pages: a flipped bit is found, not counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "state_disk_priv.h"
#include "state_row_priv.h"
#include "store_priv.h"

#define FORGET_ROWS	500		/* in one transaction */

#define STRING_OF(x)	#x
#define STRING(x)	STRING_OF(x)

static const char *const statements[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_GET] = STATE_ROW_SELECT " WHERE minute = ?1 AND key = ?2",
	[ST_PUT] = "INSERT OR REPLACE INTO bucket(" STATE_ROW_COLUMNS ") "
	    "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[ST_GET_SLOT] = SLOT_ROW_SELECT " WHERE at = ?1 AND key = ?2 "
	    "AND window = ?3",
	[ST_PUT_SLOT] = "INSERT OR REPLACE INTO slot(" SLOT_ROW_COLUMNS ") "
	    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[ST_OLDEST] = "SELECT minute FROM bucket WHERE minute < ?1 "
	    "ORDER BY minute LIMIT 1",
	[ST_OLDEST_SLOT] = "SELECT at FROM slot WHERE window = ?2 AND "
	    "at < ?1 ORDER BY at LIMIT 1",
	/* the first rows of a minute; a blob is greater than every key */
	[ST_FORGET] = "DELETE FROM bucket WHERE minute = ?1 AND key < "
	    "ifnull((SELECT key FROM bucket WHERE minute = ?1 ORDER BY key "
	    "LIMIT 1 OFFSET " STRING(FORGET_ROWS) "), x'')",
	[ST_FORGET_SLOT] = "DELETE FROM slot WHERE window = ?2 AND at = ?1 "
	    "AND key < ifnull((SELECT key FROM slot WHERE window = ?2 AND "
	    "at = ?1 ORDER BY key LIMIT 1 OFFSET " STRING(FORGET_ROWS) "), "
	    "x'')"
};

static bool
disk_explain(const struct disk *d, const char *doing, char error[STORE_ERROR])
{
	sql_explain(d->sql, d->file.path, doing, error, STORE_ERROR);
	return false;
}

void
state_disk_disconnect(struct disk *d)
{
	size_t i;

	for (i = 0; i < ST_COUNT; i++)
		sql_finish(&d->st[i]);
	sql_close(&d->checkpointer);
	sql_close(&d->sql);
}

bool
state_disk_prepare(struct disk *d)
{
	size_t i;

	for (i = 0; i < ST_COUNT; i++) {
		d->st[i] = sql_prepare(d->sql, statements[i]);
		if (d->st[i] == NULL)
			return false;
	}
	return true;
}

/* --- counts -------------------------------------------------------------- */

static bool
disk_still_there(const struct disk *d, char error[STORE_ERROR])
{
	const char *gone = state_file_same(&d->file) ?
	    state_log_gone(&d->log, d->file.path) : "";

	if (gone == NULL)
		return true;
	snprintf(error, STORE_ERROR, "%.90s%s: was removed or replaced while "
	    "in use; restore it, or restart millgate", d->file.path, gone);
	return false;
}

static struct counts
disk_most(const struct counts *a, const struct counts *b)
{
	struct counts	c;
	int		u;

	for (u = 0; u < STORE_UNITS; u++)
		c.of[u] = a->of[u] > b->of[u] ? a->of[u] : b->of[u];
	return c;
}

/* Add the row to the one of its key and slot; false: an error. */
static bool
disk_add(struct disk *d, const struct ledger_row *more, char error[STORE_ERROR])
{
	bool			 hour = more->window == STORE_HOUR;
	struct sql_statement	*get = d->st[hour ? ST_GET : ST_GET_SLOT];
	struct sql_statement	*put = d->st[hour ? ST_PUT : ST_PUT_SLOT];
	struct ledger_row	 row = { .key = NULL };
	enum sql_result		 result;
	bool			 right;

	sql_bind_number(get, 1, more->at);
	sql_bind_text(get, 2, more->key);
	if (!hour)
		sql_bind_number(get, 3, (int64_t)more->window);
	result = sql_step(get);
	right = result != SQL_ROW || state_row_read(get, &row);
	sql_reset(get);
	if (!right) {
		snprintf(error, STORE_ERROR, "%.90s: is damaged: the checksum "
		    "of a row is wrong; stop millgate, and restore it from a "
		    "copy", d->file.path);
		return false;
	}
	if (result == SQL_FAILED)
		return disk_explain(d, "cannot be read", error);
	row.key = more->key;
	row.window = more->window;
	row.at = more->at;
	row.counts = more->known ? disk_most(&row.counts, &more->counts) :
	    rolling_cap(&row.counts, &more->counts);
	state_row_bind(put, &row);
	return sql_run(put) || disk_explain(d, "cannot be written", error);
}

/* All rows or none; `replace`: delete the existing rows first. */
static bool
disk_write_once(struct disk *d, const struct ledger_row *row, bool replace,
    bool *full, char error[STORE_ERROR])
{
	bool ok;

	ok = sql_run(d->st[ST_BEGIN]) &&
	    (!replace || sql_exec(d->sql, "DELETE FROM bucket;"
	    "DELETE FROM slot"));
	if (!ok)
		disk_explain(d, "cannot be written", error);
	for (; ok && row != NULL; row = row->next)
		ok = disk_add(d, row, error);
	if (ok && !sql_run(d->st[ST_COMMIT]))
		ok = disk_explain(d, "cannot be written", error);
	*full = !ok && sql_is_full(d->sql);
	if (!ok && sql_in_transaction(d->sql))
		sql_exec(d->sql, "ROLLBACK");
	return ok;
}

/*
 * On a full disk the log cannot grow. After a checkpoint SQLite writes it from
 * its start again, which needs no space.
 */
static bool
disk_write_rows(struct disk *d, const struct ledger_row *row, bool replace,
    char error[STORE_ERROR])
{
	char	*text;
	bool	 full;

	if (!disk_still_there(d, error))
		return false;
	if (disk_write_once(d, row, replace, &full, error))
		return true;
	if (!full)
		return false;
	text = sql_text(d->sql, "PRAGMA wal_checkpoint(PASSIVE)");
	free(text);
	return text != NULL && disk_write_once(d, row, replace, &full, error);
}

static bool
disk_write(void *disk, const struct ledger_row *rows, char error[STORE_ERROR])
{
	return disk_write_rows(disk, rows, false, error);
}

static bool
disk_replace(void *disk, const struct ledger_row *rows,
    char error[STORE_ERROR])
{
	return disk_write_rows(disk, rows, true, error);
}

static bool
disk_forget(void *disk, enum store_window w, uint32_t before, bool *more,
    char error[STORE_ERROR])
{
	struct disk		*d = disk;
	bool			 hour = w == STORE_HOUR;
	struct sql_statement	*oldest, *forget;
	enum sql_result		 result;
	int64_t			 at = 0;

	*more = false;
	if (!disk_still_there(d, error))
		return false;
	oldest = d->st[hour ? ST_OLDEST : ST_OLDEST_SLOT];
	forget = d->st[hour ? ST_FORGET : ST_FORGET_SLOT];
	sql_bind_number(oldest, 1, before);
	if (!hour)
		sql_bind_number(oldest, 2, (int64_t)w);
	result = sql_step(oldest);
	if (result == SQL_ROW)
		sql_column_number(oldest, 0, before, &at);
	sql_reset(oldest);
	if (result == SQL_DONE)
		return true;
	sql_bind_number(forget, 1, at);
	if (!hour)
		sql_bind_number(forget, 2, (int64_t)w);
	*more = result == SQL_ROW && sql_run(forget);
	return *more || disk_explain(d, "old counts cannot be removed", error);
}

static bool
disk_sync(void *disk, char error[STORE_ERROR])
{
	struct disk	*d = disk;
	char		*text;

	text = sql_text(d->checkpointer, "PRAGMA wal_checkpoint(PASSIVE)");
	free(text);
	if (text == NULL)
		sql_explain(d->checkpointer, d->file.path,
		    "cannot be written", error, STORE_ERROR);
	return text != NULL;
}

/* --- settings and requests ----------------------------------------------- */

/* One statement with a number, a text, or both as parameters. */
static bool
disk_run(struct sql *sql, const char *text, const int64_t *number,
    const char *key)
{
	struct sql_statement	*st = sql_prepare(sql, text);
	bool			 ok;

	if (st == NULL)
		return false;
	if (number != NULL)
		sql_bind_number(st, 1, *number);
	if (key != NULL)
		sql_bind_text(st, number != NULL ? 2 : 1, key);
	ok = sql_run(st);
	sql_finish(&st);
	return ok;
}

/* End the transaction; `ok`: remove the request, too, and commit. */
static bool
disk_finish(struct disk *d, bool ok, int64_t request, char error[STORE_ERROR])
{
	ok = ok && (request == 0 || disk_run(d->sql, "DELETE FROM request "
	    "WHERE id = ?1", &request, NULL)) &&
	    sql_run(d->st[ST_COMMIT]);
	if (!ok)
		disk_explain(d, "cannot be written", error);
	if (!ok && sql_in_transaction(d->sql))
		sql_exec(d->sql, "ROLLBACK");
	return ok;
}

static bool
disk_put_setting(void *disk, const char *key,
    const struct store_setting *setting, int64_t request,
    char error[STORE_ERROR])
{
	struct disk		*d = disk;
	struct setting_row	 row = { key, STORE_PART_ALL, *setting };
	bool			 ok;

	if (!disk_still_there(d, error))
		return false;
	ok = sql_run(d->st[ST_BEGIN]);
	if (ok && setting_is_empty(setting))
		ok = disk_run(d->sql, "DELETE FROM setting WHERE key = ?1",
		    NULL, key);
	else if (ok)
		ok = setting_row_insert(d->sql, "INSERT OR REPLACE INTO "
		    "setting(" SETTING_ROW_COLUMNS ") "
		    "VALUES(" SETTING_ROW_PARAMETERS ")", &row);
	return disk_finish(d, ok, request, error);
}

static bool
disk_remove_row(struct disk *d, const struct ledger_row *row)
{
	struct sql_statement	*st;
	bool			 hour = row->window == STORE_HOUR, ok;

	st = sql_prepare(d->sql, hour ? "DELETE FROM bucket "
	    "WHERE minute = ?1 AND key = ?2" : "DELETE FROM slot "
	    "WHERE at = ?1 AND key = ?2 AND window = ?3");
	if (st == NULL)
		return false;
	sql_bind_number(st, 1, row->at);
	sql_bind_text(st, 2, row->key);
	if (!hour)
		sql_bind_number(st, 3, (int64_t)row->window);
	ok = sql_run(st);
	sql_finish(&st);
	return ok;
}

static bool
disk_remove(void *disk, const struct ledger_row *rows, int64_t request,
    char error[STORE_ERROR])
{
	struct disk	*d = disk;
	bool		 ok;

	if (!disk_still_there(d, error))
		return false;
	ok = sql_run(d->st[ST_BEGIN]);
	for (; ok && rows != NULL; rows = rows->next)
		ok = disk_remove_row(d, rows);
	return disk_finish(d, ok, request, error);
}

/* A request that millgate did not write, or that is damaged, is dropped. */
static bool
disk_drop_request(struct disk *d, int64_t id, char error[STORE_ERROR])
{
	disk_run(d->sql, "DELETE FROM request WHERE id = ?1", &id, NULL);
	snprintf(error, STORE_ERROR, "%.90s: the checksum of a request is "
	    "wrong; the request was dropped: ask again", d->file.path);
	return false;
}

static bool
disk_read_request(struct disk *d, struct sql_statement *st,
    struct ledger_request *r, char error[STORE_ERROR])
{
	struct setting_row	row;
	int64_t			id = 0;
	bool			right;

	sql_column_number(st, 0, INT64_MAX, &id);
	right = setting_row_read(st, 1, &row);
	if (right) {
		r->id = id;
		r->key = xstrdup(row.key);
		r->reset = (row.parts & SETTING_ROW_RESET) != 0;
		r->parts = row.parts & STORE_PART_ALL;
		r->setting = row.setting;
	}
	sql_reset(st);
	return right || disk_drop_request(d, id, error);
}

static bool
disk_next_request(void *disk, struct ledger_request *r,
    char error[STORE_ERROR])
{
	struct disk		*d = disk;
	struct sql_statement	*st;
	enum sql_result		 result = SQL_FAILED;
	int64_t			 version;
	bool			 ok = true;

	memset(r, 0, sizeof(*r));
	/* it changes when another connection has written */
	if (!sql_number(d->sql, "PRAGMA data_version", &version))
		return disk_explain(d, "cannot be read", error);
	if (version == d->seen)
		return true;
	st = sql_prepare(d->sql, "SELECT id, " SETTING_ROW_COLUMNS
	    " FROM request ORDER BY id LIMIT 1");
	if (st != NULL)
		result = sql_step(st);
	if (result == SQL_ROW)
		ok = disk_read_request(d, st, r, error);
	else if (result == SQL_DONE)
		d->seen = version;
	else
		ok = disk_explain(d, "cannot be read", error);
	sql_finish(&st);
	return ok;
}

/* --- the whole ----------------------------------------------------------- */

void
state_disk_close(void *disk)
{
	struct disk *d = disk;

	state_disk_disconnect(d);
	state_file_close(&d->file);
	free(d);
}

const struct ledger_disk state_disk = {
	.write = disk_write,
	.replace = disk_replace,
	.forget = disk_forget,
	.put_setting = disk_put_setting,
	.remove = disk_remove,
	.next_request = disk_next_request,
	.sync = disk_sync,
	.close = state_disk_close,
};
