/*
 * store_disk - the state file as a store: opened by the daemon or by the tool
 *
 * The daemon owns the tables `bucket` and `setting`, and reads them once, at
 * the start (state_disk.c writes them). A tool that wants to change something
 * while the daemon runs writes a row into the table `request`; SQLite's locks
 * arbitrate. The daemon makes the change and removes the row in one
 * transaction, and the tool waits until the row is gone. With the daemon
 * stopped, the tool takes PATH-lock, and makes the change as the daemon would.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/why.h"
#include "state_disk_priv.h"
#include "state_row_priv.h"
#include "store_priv.h"
#include "store_schema_priv.h"

#define ASK_TRIES	60		/* 3 seconds */
#define ASK_PAUSE_NS	50000000L

static bool
disk_refuse(const struct disk *d, const char *doing, char **why)
{
	return schema_refuse(d->sql, d->file.path, doing, why);
}

/*
 * A new file is prepared under another name and then renamed: a file under its
 * own name is complete, so an empty one must be damaged.
 */
static bool
disk_create(struct disk *d, char **why)
{
	char	*draft = state_file_draft(&d->file);
	bool	 ok;

	if (!state_file_draft_make(&d->file)) {
		free(draft);
		return why_set(why, "%s: cannot be created: %s; check the "
		    "directory and the disk", d->file.path, strerror(errno));
	}
	ok = sql_open(&d->sql, draft, SQL_CREATE) &&
	    sql_exec(d->sql, "PRAGMA synchronous = FULL") &&
	    schema_upgrade(d->sql, 0);
	if (!ok)
		disk_refuse(d, "cannot be created", why);
	state_disk_disconnect(d);
	free(draft);
	ok = ok && state_file_publish(&d->file, why);
	if (!ok)
		state_file_draft_remove(&d->file);
	return ok;
}

/* All rows of one table into the ledger. */
static bool
disk_load_counts(struct disk *d, struct store *s, const char *query, char **why)
{
	struct ledger_row	 row;
	struct sql_statement	*st;
	enum sql_result		 result;
	bool			 right = true;

	st = sql_prepare(d->sql, query);
	if (st == NULL)
		return disk_refuse(d, "cannot be read", why);
	while (right && (result = sql_step(st)) == SQL_ROW) {
		right = state_row_read(st, &row);
		if (right)
			ledger_load(s, &row);
	}
	if (!right)
		schema_damaged(d->file.path, "the checksum of a row is wrong",
		    why);
	else if (result != SQL_DONE)
		disk_refuse(d, "cannot be read", why);
	sql_finish(&st);
	return right && result == SQL_DONE;
}

static bool
disk_load(struct disk *d, struct store *s, char **why)
{
	return disk_load_counts(d, s, STATE_ROW_SELECT, why) &&
	    disk_load_counts(d, s, SLOT_ROW_SELECT, why);
}

static bool
disk_load_settings(struct disk *d, struct store *s, char **why)
{
	struct setting_row	 row;
	struct sql_statement	*st;
	enum sql_result		 result;
	bool			 right = true;

	st = sql_prepare(d->sql, "SELECT " SETTING_ROW_COLUMNS
	    " FROM setting ORDER BY key");
	if (st == NULL)
		return disk_refuse(d, "cannot be read", why);
	while (right && (result = sql_step(st)) == SQL_ROW) {
		right = setting_row_read(st, 0, &row);
		if (right)
			ledger_load_setting(s, row.key, &row.setting);
	}
	if (!right)
		schema_damaged(d->file.path, "the checksum of a setting is "
		    "wrong", why);
	else if (result != SQL_DONE)
		disk_refuse(d, "cannot be read", why);
	sql_finish(&st);
	return right && result == SQL_DONE;
}

static bool
disk_use_log(struct disk *d, char **why)
{
	char	*mode = sql_text(d->sql, "PRAGMA journal_mode = WAL");
	bool	 ok = mode != NULL && strcmp(mode, "wal") == 0;

	if (mode == NULL)
		disk_refuse(d, "cannot be written", why);
	else if (!ok)
		why_set(why, "%s: its file system cannot hold a write-ahead "
		    "log; move it to a local one", d->file.path);
	free(mode);
	return ok && (sql_exec(d->sql, SCHEMA_LOG_SETTINGS) ||
	    disk_refuse(d, "cannot be written", why));
}

/* An older millgate cannot read the file after the upgrade. */
static bool
disk_keep_copy(struct disk *d, int64_t version, char **why)
{
	char			*name = state_file_copy_make(&d->file, version);
	struct sql_statement	*st = NULL;
	bool			 ok;

	if (name == NULL)
		return why_set(why, "%s: cannot be copied before its upgrade: "
		    "%s; check the directory and the disk", d->file.path,
		    strerror(errno));
	st = sql_prepare(d->sql, "VACUUM INTO ?1");
	if (st != NULL)
		sql_bind_text(st, 1, name);
	ok = st != NULL && sql_run(st);
	if (!ok)
		disk_refuse(d, "cannot be copied before its upgrade", why);
	sql_finish(&st);
	free(name);
	return ok;
}

static bool
disk_upgrade(struct disk *d, int64_t version, char **why)
{
	if (version > 0 && version < schema_version() &&
	    !disk_keep_copy(d, version, why))
		return false;
	return schema_upgrade(d->sql, version) ||
	    disk_refuse(d, "cannot be written", why);
}

static bool
disk_writes(struct sql *sql, const char *path, char **why)
{
	return sql_writes(sql) || why_set(why, "%s: cannot be opened for "
	    "writing; check its permissions, those of its -wal and -shm, how "
	    "the file system is mounted, and the limit of open files", path);
}

static bool
disk_open_writable(struct disk *d, char **why)
{
	int64_t version;

	if (!d->file.exists && !disk_create(d, why))
		return false;
	if (!sql_open(&d->sql, d->file.path, SQL_WRITE))
		return disk_refuse(d, "cannot be opened", why);
	if (!schema_identify(d->sql, d->file.path, &version, why) ||
	    !disk_use_log(d, why))
		return false;
	if (!disk_upgrade(d, version, why) || !schema_check(d->sql,
	    d->file.path, schema_version(), true, why))
		return false;
	if (!state_disk_prepare(d))
		return disk_refuse(d, "cannot be prepared", why);
	if (!sql_open(&d->checkpointer, d->file.path, SQL_WRITE))
		return schema_refuse(d->checkpointer, d->file.path,
		    "cannot be opened", why);
	if (!disk_writes(d->sql, d->file.path, why) ||
	    !disk_writes(d->checkpointer, d->file.path, why))
		return false;
	state_file_sign(&d->file);
	state_log_note(&d->log, d->file.path);
	return true;
}

static bool
disk_open_readonly(struct disk *d, char **why)
{
	return schema_open_readonly(&d->sql, &d->file, why) &&
	    schema_check(d->sql, d->file.path, schema_version(), false,
	    why);
}

/* All rows are in the ledger: nothing stays open. */
static const struct ledger_disk readonly_disk = {
	.close = state_disk_close,
};

/* Requests that tools left while no daemon ran. */
static bool
disk_do_requests(struct store *s, char **why)
{
	char error[STORE_ERROR];

	if (store_take_requests(s, error) != STORE_UNKNOWN)
		return true;
	*why = xstrdup(error);
	return false;
}

/* d->file is open. Frees d on failure. */
static struct store *
disk_open(struct disk *d, bool readonly, char **why)
{
	struct store	*s;

	s = ledger_new(readonly ? &readonly_disk : &state_disk, d);
	if ((readonly ? disk_open_readonly(d, why) :
	    disk_open_writable(d, why)) &&
	    disk_load(d, s, why) && disk_load_settings(d, s, why) &&
	    (readonly || disk_do_requests(s, why))) {
		if (readonly)
			state_disk_disconnect(d);
		return s;
	}
	s->ops->close(s);
	return NULL;
}

/* --- the tool beside a daemon -------------------------------------------- */

struct asker {
	struct store	 store;
	struct state_file file;
	struct sql	*sql;
};

static enum store_answer
asker_trouble(struct asker *a, const char *doing, char error[STORE_ERROR])
{
	sql_explain(a->sql, a->file.path, doing, error, STORE_ERROR);
	return STORE_UNKNOWN;
}

/* Until the daemon has done it. */
static enum store_answer
asker_wait(struct asker *a, int64_t id, char error[STORE_ERROR])
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
			return asker_trouble(a, "cannot be read", error);
		if (left == 0)
			return STORE_TAKEN;
	}
	snprintf(error, STORE_ERROR, "%.90s: the running millgate did not "
	    "process the request within 3 seconds; the request stays queued: "
	    "see its log", a->file.path);
	return STORE_UNKNOWN;
}

static enum store_answer
asker_ask(struct asker *a, const struct setting_row *row,
    char error[STORE_ERROR])
{
	int64_t id;

	if (!setting_row_insert(a->sql, "INSERT INTO request("
	    SETTING_ROW_COLUMNS ") VALUES(" SETTING_ROW_PARAMETERS ")", row) ||
	    !sql_number(a->sql, "SELECT last_insert_rowid()", &id))
		return asker_trouble(a, "cannot be written", error);
	return asker_wait(a, id, error);
}

static enum store_answer
asker_setting_put(struct store *s, const char *key, unsigned parts,
    const struct store_setting *setting, char error[STORE_ERROR])
{
	struct setting_row row = { key, parts, *setting };

	return asker_ask((struct asker *)s, &row, error);
}

static enum store_answer
asker_reset(struct store *s, const char *key, time_t now,
    char error[STORE_ERROR])
{
	struct setting_row row = { .key = key, .parts = SETTING_ROW_RESET };

	row.setting.changed = now;
	return asker_ask((struct asker *)s, &row, error);
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

static struct store *
asker_open(struct state_file *file, char **why)
{
	struct asker	*a = xcalloc(1, sizeof(*a));
	int64_t		 version;

	a->store.ops = &asker_ops;
	a->file = *file;
	if (!sql_open(&a->sql, file->path, SQL_WRITE) ||
	    !sql_exec(a->sql, SCHEMA_LOG_SETTINGS))
		schema_refuse(a->sql, file->path, "cannot be opened", why);
	else if (schema_identify(a->sql, file->path, &version, why) &&
	    schema_is_ours(file->path, version, why) &&
	    schema_check(a->sql, file->path, schema_version(), false, why))
		return &a->store;
	asker_close(&a->store);
	return NULL;
}

/* --- choosing ------------------------------------------------------------- */

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
		return disk_open(d, use == STORE_READ, why);
	if (ok)
		s = asker_open(&d->file, why);
	free(d);
	return s;
}
