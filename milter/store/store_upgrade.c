/*
 * store_upgrade - the state file before a new version of millgate opens it
 *
 * While no daemon has the file, and it has no log, SQLite reads it as a frozen
 * file and makes no other file. After kill -9 it makes the index of the log,
 * PATH-shm, as for every reader.
 */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"
#include "store/store_upgrade.h"
#include "state_row_priv.h"
#include "store_schema_priv.h"

#define SMALL_BYTES	((uint64_t)1024 * 1024)	/* new, empty tables */

/* Octets of the file `path` plus `suffix`; 0: it does not exist. */
static uint64_t
upgrade_size(const char *path, const char *suffix)
{
	struct buf	name = BUF_INIT;
	struct stat	st;
	uint64_t	size = 0;

	buf_printf(&name, "%s%s", path, suffix);
	if (stat(buf_str(&name), &st) == 0)
		size = (uint64_t)st.st_size;
	buf_free(&name);
	return size;
}

/* May this user not read the file? */
static bool
upgrade_is_closed(const char *path, const char *suffix)
{
	struct buf	name = BUF_INIT;
	bool		closed;

	buf_printf(&name, "%s%s", path, suffix);
	closed = access(buf_str(&name), R_OK) != 0 && errno == EACCES;
	buf_free(&name);
	return closed;
}

/*
 * The copy is as large as the file. When rows move to a new table, the log may
 * become as large as the file, and the file twice as large.
 */
static void
upgrade_space(const char *path, struct store_upgrade *u)
{
	struct statvfs fs;

	u->bytes = upgrade_size(path, "") + upgrade_size(path, "-wal");
	if (u->is == UPGRADE_OLDER)
		u->needed = SMALL_BYTES + u->bytes +
		    (schema_moves_rows(u->has) ? 2 * u->bytes : 0);
	if (statvfs(path, &fs) == 0)
		u->free = (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* All rows of one table have the right checksum; the start requires it. */
static bool
upgrade_check_rows(struct sql *sql, const char *path, const char *query,
    bool (*read)(struct sql_statement *), char **why)
{
	struct sql_statement	*st = sql_prepare(sql, query);
	enum sql_result		 result;
	bool			 right = true;

	if (st == NULL)
		return schema_refuse(sql, path, "cannot be read", why);
	while (right && (result = sql_step(st)) == SQL_ROW)
		right = read(st);
	if (!right)
		schema_damaged(path, "the checksum of a row is wrong", why);
	else if (result != SQL_DONE)
		right = schema_refuse(sql, path, "cannot be read", why);
	sql_finish(&st);
	return right;
}

static bool
upgrade_count_row(struct sql_statement *st)
{
	struct ledger_row row;

	return state_row_read(st, &row);
}

static bool
upgrade_setting_row(struct sql_statement *st)
{
	struct setting_row row;

	return setting_row_read(st, 0, &row);
}

static bool
upgrade_check_counts(struct sql *sql, const char *path, int64_t version,
    char **why)
{
	if (!schema_has_windows(version))
		return upgrade_check_rows(sql, path, STATE_ROW_SELECT_5,
		    upgrade_count_row, why);
	return upgrade_check_rows(sql, path, STATE_ROW_SELECT,
	    upgrade_count_row, why) && upgrade_check_rows(sql, path,
	    SLOT_ROW_SELECT, upgrade_count_row, why);
}

/* What a start would find in a file that this version can read. */
static bool
upgrade_check(struct sql *sql, const char *path, int64_t version, char **why)
{
	return schema_check(sql, path, version, true, why) &&
	    upgrade_check_counts(sql, path, version, why) &&
	    (!schema_has_settings(version) || upgrade_check_rows(sql, path,
	    schema_has_windows(version) ?
	    "SELECT " SETTING_ROW_COLUMNS " FROM setting" :
	    "SELECT " SETTING_ROW_COLUMNS_5 " FROM setting",
	    upgrade_setting_row, why));
}

static void
upgrade_read(const struct state_file *f, struct store_upgrade *u)
{
	struct sql	*sql = NULL;
	bool		 frozen = !u->running && !state_file_beside(f, "-wal");

	u->is = UPGRADE_REFUSED;
	if (!sql_open(&sql, f->path, frozen ? SQL_READ_FROZEN : SQL_READ) ||
	    !sql_exec(sql, "BEGIN"))
		schema_refuse(sql, f->path, "cannot be opened", &u->why);
	else if (!schema_identify(sql, f->path, &u->has, &u->why))
		u->is = schema_is_newer(sql) ? UPGRADE_NEWER : UPGRADE_REFUSED;
	else if (upgrade_check(sql, f->path, u->has, &u->why))
		u->is = u->has == u->writes ? UPGRADE_SAME : UPGRADE_OLDER;
	sql_close(&sql);
}

void
store_upgrade_look(const char *path, struct store_upgrade *u)
{
	struct state_file	f;
	struct stat		st;

	memset(u, 0, sizeof(*u));
	u->writes = schema_version();
	if (lstat(path, &st) != 0 && errno == ENOENT &&
	    upgrade_size(path, "-wal") == 0) {
		u->is = UPGRADE_NO_FILE;
	} else if (upgrade_is_closed(path, "") ||
	    upgrade_is_closed(path, "-lock")) {
		u->is = UPGRADE_CLOSED;
		why_set(&u->why, "%s: %s; run this as root, or as the user "
		    "that millgate runs as", path, strerror(EACCES));
	} else if (!state_file_open(&f, path, false, &u->why)) {
		u->is = UPGRADE_REFUSED;
	} else {
		u->is = UPGRADE_REFUSED;
		if (state_file_is_locked(&f, &u->running, &u->why))
			upgrade_read(&f, u);
		upgrade_space(f.path, u);
		state_file_close(&f);
	}
}
