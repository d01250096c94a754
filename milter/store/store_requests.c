/*
 * store_requests - settings in the state file, and what the tool asks for
 *
 * The daemon alone writes the tables `bucket` and `setting`, from what it has
 * in memory. A tool beside it writes a row into the table `request`; SQLite's
 * locks arbitrate. The daemon does it and removes the row in one transaction,
 * and the tool waits until it is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "setting_row_priv.h"
#include "store_disk_priv.h"
#include "store_priv.h"
#include "store_schema_priv.h"

#define ASK_TRIES	60		/* 3 seconds */
#define ASK_PAUSE_NS	50000000L

/* --- the daemon's side --------------------------------------------------- */

/* One statement with a number, a text, or both. */
static bool
run(struct sql *sql, const char *text, const int64_t *number,
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

static bool
insert(struct sql *sql, const char *text, const struct setting_row *row)
{
	struct sql_statement	*st = sql_prepare(sql, text);
	bool			 ok;

	if (st == NULL)
		return false;
	setting_row_bind(st, row);
	ok = sql_run(st);
	sql_finish(&st);
	return ok;
}

/* The end of a transaction: with the request, if all went well so far. */
static bool
finish(struct disk *d, bool ok, int64_t request, char error[STORE_ERROR])
{
	ok = ok && (request == 0 || run(d->sql, "DELETE FROM request "
	    "WHERE id = ?1", &request, NULL)) &&
	    sql_run(d->st[ST_COMMIT]);
	if (!ok)
		disk_explain(d, "cannot be written", error);
	if (!ok && sql_in_transaction(d->sql))
		sql_exec(d->sql, "ROLLBACK");
	return ok;
}

bool
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
		ok = run(d->sql, "DELETE FROM setting WHERE key = ?1", NULL,
		    key);
	else if (ok)
		ok = insert(d->sql, "INSERT OR REPLACE INTO setting("
		    SETTING_ROW_COLUMNS ") VALUES(" SETTING_ROW_PARAMETERS ")",
		    &row);
	return finish(d, ok, request, error);
}

bool
disk_remove(void *disk, const struct ledger_row *rows, int64_t request,
    char error[STORE_ERROR])
{
	struct disk	*d = disk;
	int64_t		 minute;
	bool		 ok;

	if (!disk_still_there(d, error))
		return false;
	ok = sql_run(d->st[ST_BEGIN]);
	for (; ok && rows != NULL; rows = rows->next) {
		minute = rows->minute;
		ok = run(d->sql, "DELETE FROM bucket WHERE minute = ?1 AND "
		    "key = ?2", &minute, rows->key);
	}
	return finish(d, ok, request, error);
}

/* One that nobody of ours wrote, or that was damaged, is not done. */
static bool
drop(struct disk *d, int64_t id, char error[STORE_ERROR])
{
	run(d->sql, "DELETE FROM request WHERE id = ?1", &id, NULL);
	snprintf(error, STORE_ERROR, "%.90s: the checksum of a request is "
	    "wrong; it was not done: ask again", d->file.path);
	return false;
}

static bool
read_request(struct disk *d, struct sql_statement *st,
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
	return right || drop(d, id, error);
}

bool
disk_next_request(void *disk, struct ledger_request *r,
    char error[STORE_ERROR])
{
	struct disk		*d = disk;
	struct sql_statement	*st;
	enum sql_result		 result = SQL_FAILED;
	int64_t			 version;
	bool			 ok = true;

	memset(r, 0, sizeof(*r));
	/* it changes when another than this connection has written */
	if (!sql_number(d->sql, "PRAGMA data_version", &version))
		return disk_explain(d, "cannot be read", error);
	if (version == d->seen)
		return true;
	st = sql_prepare(d->sql, "SELECT id, " SETTING_ROW_COLUMNS
	    " FROM request ORDER BY id LIMIT 1");
	if (st != NULL)
		result = sql_step(st);
	if (result == SQL_ROW)
		ok = read_request(d, st, r, error);
	else if (result == SQL_DONE)
		d->seen = version;
	else
		ok = disk_explain(d, "cannot be read", error);
	sql_finish(&st);
	return ok;
}

/* --- the tool's side ----------------------------------------------------- */

struct asker {
	struct store	 store;
	struct state_file file;
	struct sql	*sql;
};

static enum store_answer
trouble(struct asker *a, const char *doing, char error[STORE_ERROR])
{
	sql_explain(a->sql, a->file.path, doing, error, STORE_ERROR);
	return STORE_UNKNOWN;
}

/* Until the daemon has done it. */
static enum store_answer
wait_until_done(struct asker *a, int64_t id, char error[STORE_ERROR])
{
	const struct timespec	pause = { 0, ASK_PAUSE_NS };
	char			query[80];
	int64_t			left;
	int			i;

	snprintf(query, sizeof(query), "SELECT count(*) FROM request "
	    "WHERE id = %lld", (long long)id);
	for (i = 0; i < ASK_TRIES; i++) {
		nanosleep(&pause, NULL);
		if (!sql_number(a->sql, query, &left))
			return trouble(a, "cannot be read", error);
		if (left == 0)
			return STORE_TAKEN;
	}
	snprintf(error, STORE_ERROR, "%.90s: the running millgate has not "
	    "taken the request within 3 seconds; it stays there and will be "
	    "done: see its log", a->file.path);
	return STORE_UNKNOWN;
}

static enum store_answer
ask(struct asker *a, const struct setting_row *row, char error[STORE_ERROR])
{
	int64_t id;

	if (!insert(a->sql, "INSERT INTO request(" SETTING_ROW_COLUMNS
	    ") VALUES(" SETTING_ROW_PARAMETERS ")", row) ||
	    !sql_number(a->sql, "SELECT last_insert_rowid()", &id))
		return trouble(a, "cannot be written", error);
	return wait_until_done(a, id, error);
}

static enum store_answer
asker_setting_put(struct store *s, const char *key, unsigned parts,
    const struct store_setting *setting, char error[STORE_ERROR])
{
	struct setting_row row = { key, parts, *setting };

	return ask((struct asker *)s, &row, error);
}

static enum store_answer
asker_reset(struct store *s, const char *key, time_t now,
    char error[STORE_ERROR])
{
	struct setting_row row = { .key = key, .parts = SETTING_ROW_RESET };

	row.setting.changed = now;
	return ask((struct asker *)s, &row, error);
}

static void
asker_close(struct store *s)
{
	struct asker *a = (struct asker *)s;

	sql_close(&a->sql);
	state_file_close(&a->file);
	free(a);
}

static const struct store_ops asker_ops = {
	.setting_put = asker_setting_put,
	.reset = asker_reset,
	.close = asker_close,
};

struct store *
store_asker_open(struct state_file *file, char **why)
{
	struct asker	*a = xcalloc(1, sizeof(*a));
	int64_t		 version;

	a->store.ops = &asker_ops;
	a->file = *file;
	if (!sql_open(&a->sql, file->path, SQL_WRITE) ||
	    !sql_exec(a->sql, DISK_LOG_SETTINGS))
		schema_refuse(a->sql, file->path, "cannot be opened", why);
	else if (schema_identify(a->sql, file->path, &version, why) &&
	    schema_is_ours(file->path, version, why) &&
	    schema_check(a->sql, file->path, false, why))
		return &a->store;
	asker_close(&a->store);
	return NULL;
}
