/*
 * store_sqlite - the ledger's disk: an SQLite file; the only door to SQLite
 *
 * WAL mode with synchronous=NORMAL: a commit is a write(2), not a disk sync.
 * It survives kill -9 of the process; a power cut may take the transactions
 * since the last checkpoint, never the file. Rows carry a checksum, because
 * SQLite has none for its pages: a flipped bit is found, not counted.
 *
 * The daemon owns the table `bucket` and reads it once, at the start. A tool
 * that wants to change something while the daemon runs writes a request into
 * a table of its own (SQLite's locks arbitrate); the daemon sees by PRAGMA
 * data_version that another has written. With the daemon stopped, the tool
 * takes PATH-lock and writes `bucket` itself.
 */
#include <sqlite3.h>

#include <sys/stat.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "hour.h"
#include "ledger.h"
#include "state_file.h"
#include "store_priv.h"

#define APPLICATION_ID	0x6d696c67	/* "milg" */
#define SCHEMA_VERSION	1
#define BUSY_MS		2000		/* wait for another program's lock */
#define FORGET_ROWS	500		/* in one transaction */

#define STRING_OF(x)	#x
#define STRING(x)	STRING_OF(x)

#define BUCKET_TABLE \
	"CREATE TABLE bucket(minute INTEGER NOT NULL, key TEXT NOT NULL, " \
	"recipients INTEGER NOT NULL, messages INTEGER NOT NULL, " \
	"sum INTEGER NOT NULL, PRIMARY KEY(minute, key)) WITHOUT ROWID"

/* What makes version i + 1 of the schema out of version i. */
static const char *const upgrades[SCHEMA_VERSION] = {
	BUCKET_TABLE
};

enum statement { ST_BEGIN, ST_ADD, ST_COMMIT, ST_OLDEST, ST_FORGET, ST_COUNT };

static const char *const statements[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_ADD] = "INSERT INTO bucket VALUES"
	    "(?1, ?2, ?3, ?4, bucket_sum(?1, ?2, ?3, ?4)) "
	    "ON CONFLICT(minute, key) DO UPDATE SET "
	    "sum = bucket_sum(minute, key, recipients, messages, "
	    "excluded.recipients, excluded.messages, sum), "
	    "recipients = recipients + excluded.recipients, "
	    "messages = messages + excluded.messages",
	[ST_COMMIT] = "COMMIT",
	[ST_OLDEST] = "SELECT minute FROM bucket WHERE minute < ?1 "
	    "ORDER BY minute LIMIT 1",
	/* the first rows of a minute; a blob is greater than every key */
	[ST_FORGET] = "DELETE FROM bucket WHERE minute = ?1 AND key < "
	    "ifnull((SELECT key FROM bucket WHERE minute = ?1 ORDER BY key "
	    "LIMIT 1 OFFSET " STRING(FORGET_ROWS) "), x'')"
};

struct disk {
	struct state_file file;
	sqlite3		*db;
	sqlite3_stmt	*st[ST_COUNT];
};

/* --- errors -------------------------------------------------------------- */

/* What to do about it, by SQLite's primary result code. */
static const char *
remedy(int code)
{
	switch (code) {
	case SQLITE_FULL:
		return "free some space";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "another program holds it locked: close that one";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return "it is damaged: restore it from a copy, or move it "
		    "away to begin with empty counts";
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return "check its permissions, its directory's, and how the "
		    "file system is mounted";
	case SQLITE_IOERR:
		return "check the disk and the system log";
	default:
		return "see the SQLite error";
	}
}

/* What SQLite says last, in one line of at most STORE_ERROR octets. */
static bool
explain(const struct disk *d, const char *doing, char error[STORE_ERROR])
{
	int code = sqlite3_extended_errcode(d->db);

	snprintf(error, STORE_ERROR, "%.90s: %.40s: %.60s (SQLite error %d); "
	    "%.85s", d->file.path, doing, sqlite3_errmsg(d->db), code,
	    remedy(code & 0xff));
	return false;
}

/* The same while opening. */
static bool
refuse(const struct disk *d, const char *doing, char **why)
{
	char error[STORE_ERROR];

	explain(d, doing, error);
	*why = xstrdup(error);
	return false;
}

static bool fail(const struct disk *d, char **why, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
fail(const struct disk *d, char **why, const char *fmt, ...)
{
	struct buf	b = BUF_INIT;
	va_list		ap;

	buf_printf(&b, "%s: ", d->file.path);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	*why = b.data;
	return false;
}

static bool
damaged(const struct disk *d, const char *what, char **why)
{
	return fail(d, why, "is damaged: %s; restore it from a copy, or move "
	    "it and its -wal away to begin with empty counts", what);
}

/* --- the checksum of a row ----------------------------------------------- */

/* FNV-1a: every step is a bijection, so that no single change is missed. */
static uint64_t
sum_add(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len-- > 0)
		h = (h ^ *p++) * 1099511628211u;
	return h;
}

static int64_t
bucket_sum(int64_t minute, const char *key, int64_t recipients,
    int64_t messages)
{
	uint64_t	h = 14695981039346656037u;
	char		numbers[64];
	int		len;

	len = snprintf(numbers, sizeof(numbers), "%lld %lld %lld ",
	    (long long)minute, (long long)recipients, (long long)messages);
	h = sum_add(h, numbers, (size_t)len);
	h = sum_add(h, key, strlen(key));
	return (int64_t)((h ^ (h >> 32)) & 0xffffffffu);
}

/*
 * bucket_sum(minute, key, recipients, messages): of a new row.
 * bucket_sum(minute, key, recipients, messages, more, more, sum): of a row
 * that gets more, if its sum was right.
 */
static void
sql_bucket_sum(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char	*key = (const char *)sqlite3_value_text(argv[1]);
	int64_t		 minute = sqlite3_value_int64(argv[0]);
	int64_t		 recipients = sqlite3_value_int64(argv[2]);
	int64_t		 messages = sqlite3_value_int64(argv[3]);

	if (key == NULL) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	if (argc == 7) {
		if (sqlite3_value_int64(argv[6]) !=
		    bucket_sum(minute, key, recipients, messages)) {
			sqlite3_result_error_code(ctx, SQLITE_CORRUPT);
			return;
		}
		recipients += sqlite3_value_int64(argv[4]);
		messages += sqlite3_value_int64(argv[5]);
	}
	sqlite3_result_int64(ctx, bucket_sum(minute, key, recipients,
	    messages));
}

static bool
sum_register(struct disk *d)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

	return sqlite3_create_function(d->db, "bucket_sum", 4, flags, NULL,
	    sql_bucket_sum, NULL, NULL) == SQLITE_OK &&
	    sqlite3_create_function(d->db, "bucket_sum", 7, flags, NULL,
	    sql_bucket_sum, NULL, NULL) == SQLITE_OK;
}

/* --- small SQL ----------------------------------------------------------- */

static bool
exec(struct disk *d, const char *sql)
{
	return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* The first column of the first row as text; NULL: an error. malloced. */
static char *
text_of(struct disk *d, const char *sql)
{
	sqlite3_stmt	*st;
	const char	*s;
	char		*text = NULL;

	if (sqlite3_prepare_v2(d->db, sql, -1, &st, NULL) != SQLITE_OK)
		return NULL;
	switch (sqlite3_step(st)) {
	case SQLITE_ROW:
		s = (const char *)sqlite3_column_text(st, 0);
		text = xstrdup(s != NULL ? s : "");
		break;
	case SQLITE_DONE:
		text = xstrdup("");
		break;
	default:
		break;
	}
	/* an error of step is still the connection's last error after this */
	sqlite3_finalize(st);
	return text;
}

static bool
number_of(struct disk *d, const char *sql, long *n)
{
	char *text = text_of(d, sql);

	if (text == NULL)
		return false;
	*n = strtol(text, NULL, 10);
	free(text);
	return true;
}

/* True when the answer of the statement is this text. */
static bool
says(struct disk *d, const char *sql, const char *want, char **got)
{
	*got = text_of(d, sql);
	return *got != NULL && strcmp(*got, want) == 0;
}

/* --- opening ------------------------------------------------------------- */

static bool
connect_to(struct disk *d, const char *path, int flags)
{
	if (sqlite3_open_v2(path, &d->db, flags | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return false;
	sqlite3_extended_result_codes(d->db, 1);
	sqlite3_busy_timeout(d->db, BUSY_MS);
	/* the file may be anybody's work */
	sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(d->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return exec(d, "PRAGMA cell_size_check = ON");
}

static void
disconnect(struct disk *d)
{
	size_t i;

	for (i = 0; i < ST_COUNT; i++) {
		sqlite3_finalize(d->st[i]);
		d->st[i] = NULL;
	}
	sqlite3_close(d->db);
	d->db = NULL;
}

/* Ours, and of a version that we know? */
static bool
identify(struct disk *d, long *version, char **why)
{
	long id;

	if (!number_of(d, "PRAGMA application_id", &id) ||
	    !number_of(d, "PRAGMA user_version", version))
		return refuse(d, "cannot be read", why);
	if (id != APPLICATION_ID)
		return fail(d, why, "is another program's database; name "
		    "another file");
	if (*version > SCHEMA_VERSION)
		return fail(d, why, "was written by a newer millgate (schema "
		    "%ld, this one knows %d); upgrade millgate, or name "
		    "another file", *version, SCHEMA_VERSION);
	if (*version < 0)
		return damaged(d, "its schema version is negative", why);
	return true;
}

static bool
upgrade(struct disk *d, long version)
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
	ok = exec(d, buf_str(&b));
	buf_free(&b);
	return ok;
}

/*
 * A new file is made under another name and then renamed: a file under its
 * own name is complete, so that an empty one is known to be a damaged one.
 */
static bool
create(struct disk *d, char **why)
{
	char	*draft = state_file_draft(&d->file);
	mode_t	 mask = umask(077);
	bool	 ok;

	state_file_draft_remove(&d->file);
	ok = connect_to(d, draft, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) &&
	    exec(d, "PRAGMA synchronous = FULL") && upgrade(d, 0);
	if (!ok)
		refuse(d, "cannot be created", why);
	disconnect(d);
	umask(mask);
	free(draft);
	ok = ok && state_file_publish(&d->file, why);
	if (!ok)
		state_file_draft_remove(&d->file);
	return ok;
}

/* No page is damaged, and the table is what we made. */
static bool
check(struct disk *d, bool thorough, char **why)
{
	char	*text;
	bool	 ok;

	if (thorough) {
		ok = says(d, "PRAGMA quick_check(1)", "ok", &text);
		if (!ok && text == NULL)
			refuse(d, "cannot be checked", why);
		else if (!ok)
			damaged(d, text, why);
		free(text);
		if (!ok)
			return false;
	}
	ok = says(d, "SELECT sql FROM sqlite_schema WHERE name = 'bucket'",
	    BUCKET_TABLE, &text);
	if (!ok && text == NULL)
		refuse(d, "cannot be read", why);
	else if (!ok)
		damaged(d, "its table is not ours", why);
	free(text);
	return ok;
}

static bool
is_count(sqlite3_stmt *st, int column, int64_t max)
{
	return sqlite3_column_type(st, column) == SQLITE_INTEGER &&
	    sqlite3_column_int64(st, column) >= 0 &&
	    sqlite3_column_int64(st, column) <= max;
}

/* The row under the statement; its key lives until the next step. */
static bool
row_read(sqlite3_stmt *st, struct ledger_row *row)
{
	memset(row, 0, sizeof(*row));
	/* the type first: to ask for text makes it text */
	if (sqlite3_column_type(st, 1) != SQLITE_TEXT)
		return false;
	row->key = (const char *)sqlite3_column_text(st, 1);
	if (row->key == NULL ||
	    strlen(row->key) != (size_t)sqlite3_column_bytes(st, 1))
		return false;
	if (!is_count(st, 0, UINT32_MAX - 2 * HOUR_MINUTES) ||
	    !is_count(st, 2, UINT32_MAX) || !is_count(st, 3, UINT32_MAX) ||
	    !is_count(st, 4, UINT32_MAX))
		return false;
	row->minute = (uint32_t)sqlite3_column_int64(st, 0);
	row->recipients = (uint32_t)sqlite3_column_int64(st, 2);
	row->messages = (uint32_t)sqlite3_column_int64(st, 3);
	return sqlite3_column_int64(st, 4) == bucket_sum(row->minute,
	    row->key, row->recipients, row->messages);
}

/* All rows into the ledger. */
static bool
load(struct disk *d, struct store *s, char **why)
{
	struct ledger_row	 row;
	sqlite3_stmt		*st;
	bool			 right = true;
	int			 rc;

	if (sqlite3_prepare_v2(d->db, "SELECT minute, key, recipients, "
	    "messages, sum FROM bucket", -1, &st, NULL) != SQLITE_OK)
		return refuse(d, "cannot be read", why);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		right = row_read(st, &row);
		if (!right)
			break;
		ledger_load(s, &row);
	}
	if (right && rc != SQLITE_DONE)
		refuse(d, "cannot be read", why);
	else if (!right)
		damaged(d, "the checksum of a row is wrong", why);
	sqlite3_finalize(st);
	return right && rc == SQLITE_DONE;
}

static bool
prepare(struct disk *d, char **why)
{
	size_t i;

	if (!sum_register(d))
		return refuse(d, "cannot be prepared", why);
	for (i = 0; i < ST_COUNT; i++)
		if (sqlite3_prepare_v3(d->db, statements[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &d->st[i], NULL) != SQLITE_OK)
			return refuse(d, "cannot be prepared", why);
	return true;
}

static bool
open_writable(struct disk *d, char **why)
{
	char	*mode;
	long	 version;
	bool	 wal;

	if (!d->file.exists && !create(d, why))
		return false;
	if (!connect_to(d, d->file.path, SQLITE_OPEN_READWRITE))
		return refuse(d, "cannot be opened", why);
	if (!identify(d, &version, why))
		return false;
	wal = says(d, "PRAGMA journal_mode = WAL", "wal", &mode);
	if (!wal && mode != NULL)
		fail(d, why, "its file system cannot hold a write-ahead log; "
		    "move it to a local one");
	else if (!wal)
		refuse(d, "cannot be written", why);
	free(mode);
	if (!wal)
		return false;
	if (!exec(d, "PRAGMA synchronous = NORMAL") ||
	    !upgrade(d, version))
		return refuse(d, "cannot be written", why);
	if (!check(d, true, why) || !prepare(d, why))
		return false;
	state_file_sign(&d->file);
	return true;
}

/*
 * In a directory that we may not write, a file in WAL mode can be read only
 * while the daemon runs; without a log it is complete by itself.
 */
static bool
connect_immutable(struct disk *d)
{
	struct buf	 b = BUF_INIT;
	const char	*p;
	bool		 ok;

	disconnect(d);
	buf_addstr(&b, "file:");
	for (p = d->file.path; *p != '\0'; p++) {
		if (strchr("%?#", *p) != NULL)
			buf_printf(&b, "%%%02X", (unsigned)*p);
		else
			buf_addch(&b, *p);
	}
	buf_addstr(&b, "?immutable=1");
	ok = connect_to(d, buf_str(&b), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	buf_free(&b);
	return ok;
}

static bool
open_readonly(struct disk *d, char **why)
{
	long	version, unused;

	if (!connect_to(d, d->file.path, SQLITE_OPEN_READONLY))
		return refuse(d, "cannot be opened", why);
	if (!number_of(d, "PRAGMA user_version", &unused) &&
	    !state_file_beside(&d->file, "-wal") && !connect_immutable(d))
		return refuse(d, "cannot be opened", why);
	if (!exec(d, "BEGIN"))
		return refuse(d, "cannot be read", why);
	if (!identify(d, &version, why))
		return false;
	if (version < SCHEMA_VERSION)
		return fail(d, why, "was written by an older millgate; start "
		    "the new one first");
	return check(d, false, why);
}

/* --- at work ------------------------------------------------------------- */

static bool
run(struct disk *d, enum statement which)
{
	int rc = sqlite3_step(d->st[which]);

	sqlite3_reset(d->st[which]);
	return rc == SQLITE_DONE;
}

static bool
add(struct disk *d, const struct ledger_row *row)
{
	sqlite3_stmt *st = d->st[ST_ADD];

	sqlite3_bind_int64(st, 1, row->minute);
	sqlite3_bind_text(st, 2, row->key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, row->recipients);
	sqlite3_bind_int64(st, 4, row->messages);
	return run(d, ST_ADD);
}

/* Counts written to a file that has no name any more would be lost. */
static bool
still_there(const struct disk *d, char error[STORE_ERROR])
{
	if (state_file_same(&d->file))
		return true;
	snprintf(error, STORE_ERROR, "%.90s: was removed or replaced while in "
	    "use; restore it, or restart millgate", d->file.path);
	return false;
}

static bool
disk_write(void *arg, const struct ledger_row *row, char error[STORE_ERROR])
{
	struct disk	*d = arg;
	bool		 ok;

	if (!still_there(d, error))
		return false;
	ok = run(d, ST_BEGIN);
	for (; ok && row != NULL; row = row->next)
		ok = add(d, row);
	ok = ok && run(d, ST_COMMIT);
	if (!ok) {
		explain(d, "cannot be written", error);
		if (!sqlite3_get_autocommit(d->db))
			exec(d, "ROLLBACK");
	}
	return ok;
}

static bool
disk_forget(void *arg, uint32_t before, bool *more, char error[STORE_ERROR])
{
	struct disk	*d = arg;
	sqlite3_stmt	*oldest = d->st[ST_OLDEST];
	int		 rc;

	*more = false;
	if (!still_there(d, error))
		return false;
	sqlite3_bind_int64(oldest, 1, before);
	rc = sqlite3_step(oldest);
	if (rc == SQLITE_ROW)
		sqlite3_bind_int64(d->st[ST_FORGET], 1,
		    sqlite3_column_int64(oldest, 0));
	sqlite3_reset(oldest);
	*more = rc == SQLITE_ROW && run(d, ST_FORGET);
	return *more || rc == SQLITE_DONE ||
	    explain(d, "old counts cannot be removed", error);
}

static void
disk_close(void *arg)
{
	struct disk *d = arg;

	disconnect(d);
	state_file_close(&d->file);
	free(d);
}

static const struct ledger_disk sqlite_disk = {
	.write = disk_write,
	.forget = disk_forget,
	.close = disk_close,
};

static bool
readonly_write(void *arg, const struct ledger_row *rows,
    char error[STORE_ERROR])
{
	(void)arg;
	(void)rows;
	snprintf(error, STORE_ERROR, "the state file is open for reading");
	return false;
}

static bool
readonly_forget(void *arg, uint32_t before, bool *more,
    char error[STORE_ERROR])
{
	(void)before;
	*more = false;
	return readonly_write(arg, NULL, error);
}

/* What was read is in the ledger: nothing is kept open. */
static const struct ledger_disk readonly_disk = {
	.write = readonly_write,
	.forget = readonly_forget,
	.close = disk_close,
};

struct store *
store_sqlite_open(const char *path, bool readonly, char **why)
{
	struct disk	*d = xcalloc(1, sizeof(*d));
	struct store	*s;

	if (!state_file_open(&d->file, path, !readonly, why)) {
		free(d);
		return NULL;
	}
	s = ledger_new(readonly ? &readonly_disk : &sqlite_disk, d);
	if (!(readonly ? open_readonly(d, why) : open_writable(d, why)) ||
	    !load(d, s, why)) {
		s->ops->close(s);
		return NULL;
	}
	if (readonly)
		disconnect(d);
	return s;
}
