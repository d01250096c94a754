/*
 * store_disk - the ledger's disk: the state file, opened, checked and kept
 *
 * WAL mode with synchronous=NORMAL: a commit is a write(2), not a disk sync.
 * It survives kill -9 of the process; a power cut may take the transactions
 * since the last checkpoint, never the file. Checkpoints run beside commits,
 * on a connection of their own. Rows carry a checksum, because
 * SQLite has none for its pages: a flipped bit is found, not counted.
 *
 * The daemon owns the tables `bucket` and `setting`, and reads them once, at
 * the start. A tool that wants to change something while the daemon runs asks
 * it (store_requests.c). With the daemon stopped, the tool takes PATH-lock,
 * and is for a moment what the daemon was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hour_priv.h"
#include "setting_row_priv.h"
#include "state_row_priv.h"
#include "store_disk_priv.h"
#include "store_priv.h"
#include "store_schema_priv.h"

#define FORGET_ROWS	500		/* in one transaction */

#define STRING_OF(x)	#x
#define STRING(x)	STRING_OF(x)

static const char *const statements[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_GET] = "SELECT " STATE_ROW_COLUMNS " FROM bucket "
	    "WHERE minute = ?1 AND key = ?2",
	[ST_PUT] = "INSERT OR REPLACE INTO bucket(" STATE_ROW_COLUMNS ") "
	    "VALUES(?1, ?2, ?3, ?4, ?5)",
	[ST_OLDEST] = "SELECT minute FROM bucket WHERE minute < ?1 "
	    "ORDER BY minute LIMIT 1",
	/* the first rows of a minute; a blob is greater than every key */
	[ST_FORGET] = "DELETE FROM bucket WHERE minute = ?1 AND key < "
	    "ifnull((SELECT key FROM bucket WHERE minute = ?1 ORDER BY key "
	    "LIMIT 1 OFFSET " STRING(FORGET_ROWS) "), x'')"
};

/* --- errors -------------------------------------------------------------- */

bool
disk_explain(const struct disk *d, const char *doing, char error[STORE_ERROR])
{
	sql_explain(d->sql, d->file.path, doing, error, STORE_ERROR);
	return false;
}

/* The same while opening. */
static bool
refuse(const struct disk *d, const char *doing, char **why)
{
	return schema_refuse(d->sql, d->file.path, doing, why);
}

/* --- opening ------------------------------------------------------------- */

static void
disconnect(struct disk *d)
{
	size_t i;

	for (i = 0; i < ST_COUNT; i++)
		sql_finish(&d->st[i]);
	sql_close(&d->checkpointer);
	sql_close(&d->sql);
}

/*
 * A new file is made under another name and then renamed: a file under its
 * own name is complete, so that an empty one is known to be a damaged one.
 */
static bool
create(struct disk *d, char **why)
{
	char	*draft = state_file_draft(&d->file);
	bool	 ok;

	state_file_draft_remove(&d->file);
	ok = sql_open(&d->sql, draft, SQL_CREATE) &&
	    sql_exec(d->sql, "PRAGMA synchronous = FULL") &&
	    schema_upgrade(d->sql, 0);
	if (!ok)
		refuse(d, "cannot be created", why);
	disconnect(d);
	free(draft);
	ok = ok && state_file_publish(&d->file, why);
	if (!ok)
		state_file_draft_remove(&d->file);
	return ok;
}

/* All rows into the ledger. */
static bool
load(struct disk *d, struct store *s, char **why)
{
	struct ledger_row	 row;
	struct sql_statement	*st;
	enum sql_result		 result;
	bool			 right = true;

	st = sql_prepare(d->sql, "SELECT " STATE_ROW_COLUMNS " FROM bucket");
	if (st == NULL)
		return refuse(d, "cannot be read", why);
	while (right && (result = sql_step(st)) == SQL_ROW) {
		right = state_row_read(st, &row);
		if (right)
			ledger_load(s, &row);
	}
	if (!right)
		schema_damaged(d->file.path, "the checksum of a row is wrong",
		    why);
	else if (result != SQL_DONE)
		refuse(d, "cannot be read", why);
	sql_finish(&st);
	return right && result == SQL_DONE;
}

static bool
load_settings(struct disk *d, struct store *s, char **why)
{
	struct setting_row	 row;
	struct sql_statement	*st;
	enum sql_result		 result;
	bool			 right = true;

	st = sql_prepare(d->sql, "SELECT " SETTING_ROW_COLUMNS
	    " FROM setting ORDER BY key");
	if (st == NULL)
		return refuse(d, "cannot be read", why);
	while (right && (result = sql_step(st)) == SQL_ROW) {
		right = setting_row_read(st, 0, &row);
		if (right)
			ledger_load_setting(s, row.key, &row.setting);
	}
	if (!right)
		schema_damaged(d->file.path, "the checksum of a setting is "
		    "wrong", why);
	else if (result != SQL_DONE)
		refuse(d, "cannot be read", why);
	sql_finish(&st);
	return right && result == SQL_DONE;
}

static bool
use_log(struct disk *d, char **why)
{
	char	*mode = sql_text(d->sql, "PRAGMA journal_mode = WAL");
	bool	 ok = mode != NULL && strcmp(mode, "wal") == 0;

	if (mode == NULL)
		refuse(d, "cannot be written", why);
	else if (!ok)
		schema_fail(d->file.path, why, "its file system cannot hold a "
		    "write-ahead log; move it to a local one");
	free(mode);
	return ok && (sql_exec(d->sql, DISK_LOG_SETTINGS) ||
	    refuse(d, "cannot be written", why));
}

static bool
prepare(struct disk *d, char **why)
{
	size_t i;

	for (i = 0; i < ST_COUNT; i++) {
		d->st[i] = sql_prepare(d->sql, statements[i]);
		if (d->st[i] == NULL)
			return refuse(d, "cannot be prepared", why);
	}
	return true;
}

static bool
open_writable(struct disk *d, char **why)
{
	int64_t version;

	if (!d->file.exists && !create(d, why))
		return false;
	if (!sql_open(&d->sql, d->file.path, SQL_WRITE))
		return refuse(d, "cannot be opened", why);
	if (!schema_identify(d->sql, d->file.path, &version, why) ||
	    !use_log(d, why))
		return false;
	if (!schema_upgrade(d->sql, version))
		return refuse(d, "cannot be written", why);
	if (!schema_check(d->sql, d->file.path, true, why) ||
	    !prepare(d, why))
		return false;
	if (!sql_open(&d->checkpointer, d->file.path, SQL_WRITE))
		return refuse(d, "cannot be opened", why);
	state_file_sign(&d->file);
	state_log_note(&d->log, d->file.path);
	return true;
}

static bool
open_readonly(struct disk *d, char **why)
{
	return schema_open_readonly(&d->sql, &d->file, why) &&
	    schema_check(d->sql, d->file.path, false, why);
}

/* --- at work ------------------------------------------------------------- */

/* What the file has for this key and minute, and the new; false: an error. */
static bool
add(struct disk *d, const struct ledger_row *more, char error[STORE_ERROR])
{
	struct sql_statement	*get = d->st[ST_GET], *put = d->st[ST_PUT];
	struct ledger_row	 row = { .key = NULL };
	enum sql_result		 result;
	bool			 right;

	sql_bind_number(get, 1, more->minute);
	sql_bind_text(get, 2, more->key);
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
	row.minute = more->minute;
	row.recipients = hour_cap((uint64_t)row.recipients +
	    more->recipients);
	row.messages = hour_cap((uint64_t)row.messages + more->messages);
	state_row_bind(put, &row);
	return sql_run(put) || disk_explain(d, "cannot be written", error);
}

bool
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

/* All rows or none; `replace`: instead of what is there. */
static bool
write_rows(struct disk *d, const struct ledger_row *row, bool replace,
    char error[STORE_ERROR])
{
	bool ok;

	if (!disk_still_there(d, error))
		return false;
	ok = sql_run(d->st[ST_BEGIN]) &&
	    (!replace || sql_exec(d->sql, "DELETE FROM bucket"));
	if (!ok)
		disk_explain(d, "cannot be written", error);
	for (; ok && row != NULL; row = row->next)
		ok = add(d, row, error);
	if (ok && !sql_run(d->st[ST_COMMIT]))
		ok = disk_explain(d, "cannot be written", error);
	if (!ok && sql_in_transaction(d->sql))
		sql_exec(d->sql, "ROLLBACK");
	return ok;
}

static bool
disk_write(void *disk, const struct ledger_row *rows, char error[STORE_ERROR])
{
	return write_rows(disk, rows, false, error);
}

static bool
disk_replace(void *disk, const struct ledger_row *rows,
    char error[STORE_ERROR])
{
	return write_rows(disk, rows, true, error);
}

static bool
disk_forget(void *disk, uint32_t before, bool *more, char error[STORE_ERROR])
{
	struct disk		*d = disk;
	struct sql_statement	*oldest = d->st[ST_OLDEST];
	enum sql_result		 result;
	int64_t			 minute = 0;

	*more = false;
	if (!disk_still_there(d, error))
		return false;
	sql_bind_number(oldest, 1, before);
	result = sql_step(oldest);
	if (result == SQL_ROW)
		sql_column_number(oldest, 0, before, &minute);
	sql_reset(oldest);
	if (result == SQL_DONE)
		return true;
	sql_bind_number(d->st[ST_FORGET], 1, minute);
	*more = result == SQL_ROW && sql_run(d->st[ST_FORGET]);
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

static void
disk_close(void *disk)
{
	struct disk *d = disk;

	disconnect(d);
	state_file_close(&d->file);
	free(d);
}

static const struct ledger_disk writable_disk = {
	.write = disk_write,
	.replace = disk_replace,
	.forget = disk_forget,
	.put_setting = disk_put_setting,
	.remove = disk_remove,
	.next_request = disk_next_request,
	.sync = disk_sync,
	.close = disk_close,
};

/* What was read is in the ledger: nothing is kept open. */
static const struct ledger_disk readonly_disk = {
	.close = disk_close,
};

/* What tools asked for when nobody was there to do it. */
static bool
do_requests(struct store *s, char **why)
{
	char error[STORE_ERROR];

	if (store_take_requests(s, error) != STORE_UNKNOWN)
		return true;
	*why = xstrdup(error);
	return false;
}

/* d->file is open. */
static struct store *
open_disk(struct disk *d, bool readonly, char **why)
{
	struct store	*s;

	s = ledger_new(readonly ? &readonly_disk : &writable_disk, d);
	if ((readonly ? open_readonly(d, why) : open_writable(d, why)) &&
	    load(d, s, why) && load_settings(d, s, why) &&
	    (readonly || do_requests(s, why))) {
		if (readonly)
			disconnect(d);
		return s;
	}
	s->ops->close(s);
	return NULL;
}

struct store *
store_disk_open(const char *path, enum store_use use, char **why)
{
	struct disk	*d = xcalloc(1, sizeof(*d));
	struct store	*s = NULL;
	bool		 ok;

	d->seen = -1;
	ok = use == STORE_CHANGE ? state_file_open_tool(&d->file, path, why) :
	    state_file_open(&d->file, path, use == STORE_KEEP, why);
	if (ok && (use != STORE_CHANGE || d->file.lock >= 0))
		return open_disk(d, use == STORE_READ, why);
	if (ok)
		s = store_asker_open(&d->file, why);
	free(d);
	return s;
}
