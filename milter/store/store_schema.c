/*
 * store_schema - the tables of the state file, version by version
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"
#include "store/usage.h"
#include "store_schema_priv.h"

#define APPLICATION_ID	0x6d696c67	/* "milg" */
#define SCHEMA_VERSION	6

#define STRING_OF(x)	#x
#define STRING(x)	STRING_OF(x)

/*
 * A column that is added later comes before the key, without a copy of the
 * rows. MORE is "" or such columns.
 */
#define BUCKET_TABLE(MORE) \
	"CREATE TABLE bucket(minute INTEGER NOT NULL, key TEXT NOT NULL, " \
	"recipients INTEGER NOT NULL, messages INTEGER NOT NULL, " \
	"sum INTEGER NOT NULL" MORE ", PRIMARY KEY(minute, key)) WITHOUT ROWID"
#define BUCKET_BYTES	"bytes INTEGER NOT NULL DEFAULT 0"

/* The counts of the minute, the day and the month: rolling_priv.h. */
#define SLOT_TABLE \
	"CREATE TABLE slot(window INTEGER NOT NULL, at INTEGER NOT NULL, " \
	"key TEXT NOT NULL, recipients INTEGER NOT NULL, " \
	"messages INTEGER NOT NULL, bytes INTEGER NOT NULL, " \
	"sum INTEGER NOT NULL, PRIMARY KEY(window, at, key)) WITHOUT ROWID"

/* The DMARC outcomes of version 2. */
#define OUTCOME_TABLE_2 \
	"CREATE TABLE outcome(day INTEGER NOT NULL, author TEXT NOT NULL, " \
	"record TEXT NOT NULL, source TEXT NOT NULL, spf TEXT NOT NULL, " \
	"dkim TEXT NOT NULL, aligned TEXT NOT NULL, result TEXT NOT NULL, " \
	"policy TEXT NOT NULL, disposition TEXT NOT NULL, " \
	"override TEXT NOT NULL, messages INTEGER NOT NULL, " \
	"PRIMARY KEY(day, author, record, source, spf, dkim, aligned, " \
	"result, policy, disposition, override)) WITHOUT ROWID"

/* store_outcomes.c: the columns of one outcome, and its count */
#define OUTCOME_TABLE \
	"CREATE TABLE outcome(day INTEGER NOT NULL, author TEXT NOT NULL, " \
	"record TEXT NOT NULL, source TEXT NOT NULL, " \
	"envelope TEXT NOT NULL, spf TEXT NOT NULL, " \
	"spf_domain TEXT NOT NULL, spf_scope TEXT NOT NULL, " \
	"dkim TEXT NOT NULL, signers TEXT NOT NULL, aligned TEXT NOT NULL, " \
	"result TEXT NOT NULL, published TEXT NOT NULL, " \
	"policy TEXT NOT NULL, disposition TEXT NOT NULL, " \
	"override TEXT NOT NULL, messages INTEGER NOT NULL, " \
	"PRIMARY KEY(day, author, record, source, envelope, spf, " \
	"spf_domain, spf_scope, dkim, signers, aligned, result, published, " \
	"policy, disposition, override)) WITHOUT ROWID"
/* A key cannot be altered: copy the rows, with "" in the new columns. */
#define OUTCOME_MOVE \
	"ALTER TABLE outcome RENAME TO outcome_2;" OUTCOME_TABLE ";" \
	"INSERT INTO outcome SELECT day, author, record, source, '', spf, " \
	"'', '', dkim, '', aligned, result, '', policy, disposition, " \
	"override, messages FROM outcome_2;" \
	"DROP TABLE outcome_2"

/* state_disk.c: the setting of a key, and a request of the tool */
#define SETTING_COLUMNS \
	"parts INTEGER NOT NULL, recipients INTEGER NOT NULL, " \
	"messages INTEGER NOT NULL, blocked_until INTEGER NOT NULL, " \
	"block INTEGER NOT NULL, reason TEXT NOT NULL, " \
	"changed INTEGER NOT NULL, sum INTEGER NOT NULL"
#define SETTING_TABLE(MORE) \
	"CREATE TABLE setting(key TEXT NOT NULL PRIMARY KEY, " \
	SETTING_COLUMNS MORE ") WITHOUT ROWID"
#define REQUEST_TABLE(MORE) \
	"CREATE TABLE request(id INTEGER PRIMARY KEY AUTOINCREMENT, " \
	"key TEXT NOT NULL, " SETTING_COLUMNS MORE ")"
#define SETTING_LIMITS	"limits TEXT NOT NULL DEFAULT ''"

/* store_keys.c: signing keys whose DNS record was seen, and when */
#define PUBLISHED_TABLE \
	"CREATE TABLE published(key TEXT NOT NULL PRIMARY KEY, " \
	"seen INTEGER NOT NULL) WITHOUT ROWID"

/* Statements that upgrade version i to version i + 1. */
static const char *const upgrades[SCHEMA_VERSION] = {
	BUCKET_TABLE(""),
	OUTCOME_TABLE_2,
	SETTING_TABLE("") ";" REQUEST_TABLE(""),
	OUTCOME_MOVE,
	PUBLISHED_TABLE,
	SLOT_TABLE ";"
	"ALTER TABLE bucket ADD COLUMN " BUCKET_BYTES ";"
	"ALTER TABLE setting ADD COLUMN " SETTING_LIMITS ";"
	"ALTER TABLE request ADD COLUMN " SETTING_LIMITS
};

/* --- errors -------------------------------------------------------------- */

bool
schema_refuse(struct sql *sql, const char *path, const char *doing,
    char **why)
{
	char error[STORE_ERROR];

	sql_explain(sql, path, doing, error, sizeof(error));
	*why = xstrdup(error);
	return false;
}

bool
schema_damaged(const char *path, const char *what, char **why)
{
	return why_set(why, "%s: is damaged: %s; restore it from a copy, or "
	    "move it and its -wal away to begin with empty counts", path,
	    what);
}

/* --- versions ------------------------------------------------------------ */

bool
schema_identify(struct sql *sql, const char *path, int64_t *version,
    char **why)
{
	int64_t id;

	if (!sql_number(sql, "PRAGMA application_id", &id) ||
	    !sql_number(sql, "PRAGMA user_version", version))
		return schema_refuse(sql, path, "cannot be read", why);
	if (id != APPLICATION_ID)
		return why_set(why, "%s: is another program's database; name "
		    "another file", path);
	if (*version > SCHEMA_VERSION)
		return why_set(why, "%s: was written by a newer millgate "
		    "(schema %ld, this one knows %d); upgrade millgate, or "
		    "name another file", path, (long)*version,
		    SCHEMA_VERSION);
	if (*version < 0)
		return schema_damaged(path, "its schema version is negative",
		    why);
	return true;
}

bool
schema_is_newer(struct sql *sql)
{
	int64_t id, version;

	return sql_number(sql, "PRAGMA application_id", &id) &&
	    sql_number(sql, "PRAGMA user_version", &version) &&
	    id == APPLICATION_ID && version > SCHEMA_VERSION;
}

int64_t
schema_version(void)
{
	return SCHEMA_VERSION;
}

bool
schema_moves_rows(int64_t version)
{
	return version >= 2 && version < 4;
}

bool
schema_has_windows(int64_t version)
{
	return version >= 6;
}

bool
schema_has_settings(int64_t version)
{
	return version >= 3;
}

bool
schema_is_ours(const char *path, int64_t version, char **why)
{
	return version == SCHEMA_VERSION || why_set(why, "%s: was written by "
	    "an older millgate; start the new one first", path);
}

/*
 * In a directory that we may not write, SQLite reads a file in WAL mode only
 * while the daemon runs. Without a log the file is complete by itself.
 */
bool
schema_open_readonly(struct sql **sqlp, const struct state_file *f, char **why)
{
	int64_t	version;
	bool	ok;

	ok = sql_open(sqlp, f->path, SQL_READ) &&
	    sql_number(*sqlp, "PRAGMA user_version", &version);
	if (!ok && !state_file_beside(f, "-wal")) {
		sql_close(sqlp);
		ok = sql_open(sqlp, f->path, SQL_READ_FROZEN);
	}
	if (!ok || !sql_exec(*sqlp, "BEGIN"))
		return schema_refuse(*sqlp, f->path, "cannot be opened", why);
	return schema_identify(*sqlp, f->path, &version, why) &&
	    schema_is_ours(f->path, version, why);
}

bool
schema_upgrade(struct sql *sql, int64_t version)
{
	struct buf	b = BUF_INIT;
	bool		ok;

	if (version == SCHEMA_VERSION)
		return true;
	buf_addstr(&b, "BEGIN IMMEDIATE;");
	for (; version < SCHEMA_VERSION; version++)
		buf_printf(&b, "%s;", upgrades[version]);
	buf_addstr(&b, "PRAGMA user_version = " STRING(SCHEMA_VERSION) ";"
	    "PRAGMA application_id = " STRING(APPLICATION_ID) ";COMMIT");
	ok = sql_exec(sql, buf_str(&b));
	buf_free(&b);
	return ok;
}

/* --- soundness ----------------------------------------------------------- */

/* query[0] must answer query[1]; if not, report `what`, or the answer. */
static bool
schema_check_one(struct sql *sql, const char *path, const char *const query[2],
    const char *what, char **why)
{
	char	*text = sql_text(sql, query[0]);
	bool	 ok = text != NULL && strcmp(text, query[1]) == 0;

	if (text == NULL || (!ok && sql_read_failed()))
		schema_refuse(sql, path, "cannot be read", why);
	else if (!ok)
		schema_damaged(path, what != NULL ? what : text, why);
	free(text);
	return ok;
}

/* A query and its expected answer. */
static const char *const quick[] = { "PRAGMA quick_check(1)", "ok" };
/* A trigger could change rows behind our back. */
static const char *const triggers[] = {
	"SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'", "0"
};

#define TABLE(name)	"SELECT sql FROM sqlite_schema WHERE name = '" name "'"

/* The text of a table in the versions from `since` to `last`. */
static const struct {
	int64_t		 since, last;
	const char	*query[2];
} tables[] = {
	{ 1, 5, { TABLE("bucket"), BUCKET_TABLE("") } },
	{ 6, SCHEMA_VERSION,
	    { TABLE("bucket"), BUCKET_TABLE(", " BUCKET_BYTES) } },
	{ 6, SCHEMA_VERSION, { TABLE("slot"), SLOT_TABLE } },
	{ 3, 5, { TABLE("setting"), SETTING_TABLE("") } },
	{ 6, SCHEMA_VERSION,
	    { TABLE("setting"), SETTING_TABLE(", " SETTING_LIMITS) } },
	{ 3, 5, { TABLE("request"), REQUEST_TABLE("") } },
	{ 6, SCHEMA_VERSION,
	    { TABLE("request"), REQUEST_TABLE(", " SETTING_LIMITS) } },
	{ 5, SCHEMA_VERSION, { TABLE("published"), PUBLISHED_TABLE } },
};

bool
schema_check(struct sql *sql, const char *path, int64_t version,
    bool thorough, char **why)
{
	size_t i;

	if (thorough && !schema_check_one(sql, path, quick, NULL, why))
		return false;
	if (!schema_check_one(sql, path, triggers, "it has a trigger, "
	    "which millgate never creates", why))
		return false;
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (version >= tables[i].since && version <= tables[i].last &&
		    !schema_check_one(sql, path, tables[i].query,
		    "its tables are not millgate's", why))
			return false;
	return true;
}
