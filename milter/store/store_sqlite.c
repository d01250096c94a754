/*
 * store_sqlite - the door to SQLite: a connection and its statements
 *
 * Another program may have written the file: connections are defensive, and
 * the type of a column is checked before its value is read.
 */
#include <sqlite3.h>

#include <sys/types.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/store_sqlite.h"

#define BUSY_MS		2000		/* wait for another program's lock */
#define FOREIGN_BUSY_MS	500
/* Steps of SQLite's virtual machine for one query: about a second. */
#define STEPS_AT_ONCE	100000
#define STEPS_MAX	300
#define FOREIGN_OCTETS	1048576		/* longest value, longest row */

struct sql {
	sqlite3		*db;
	unsigned	 steps;		/* times STEPS_AT_ONCE */
};

struct sql_statement {
	sqlite3_stmt	*st;
	struct sql	*owner;
};

/* --- reads that fail ----------------------------------------------------- */

typedef ssize_t (*pread_call)(int, void *, size_t, sqlite3_int64);

static pread_call	 sqlite_pread;
static _Thread_local bool read_failed;

static ssize_t
sql_pread(int fd, void *data, size_t len, sqlite3_int64 at)
{
	ssize_t n = sqlite_pread(fd, data, len, at);

	if (n == -1)
		read_failed = true;
	return n;
}

/* SQLite reports EIO with the same code as damage, so reads are watched. */
static void
sql_watch_reads(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	if (vfs == NULL || vfs->iVersion < 3 || vfs->xSetSystemCall == NULL)
		return;
	sqlite_pread = (pread_call)vfs->xGetSystemCall(vfs, "pread64");
	if (sqlite_pread != NULL)
		vfs->xSetSystemCall(vfs, "pread64",
		    (sqlite3_syscall_ptr)sql_pread);
}

bool
sql_read_failed(void)
{
	return read_failed;
}

/* --- connections --------------------------------------------------------- */

/* SQLite takes "immutable" only in a URI. */
static char *
sql_frozen_uri(const char *path)
{
	struct buf b = BUF_INIT;

	buf_addstr(&b, "file:");
	for (; *path != '\0'; path++) {
		if (strchr("%?#", *path) != NULL)
			buf_printf(&b, "%%%02X", (unsigned)*path);
		else
			buf_addch(&b, *path);
	}
	buf_addstr(&b, "?immutable=1");
	return b.data;
}

static int
sql_open_flags(enum sql_mode mode)
{
	switch (mode) {
	case SQL_READ:
		return SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW;
	case SQL_READ_FOREIGN:
		return SQLITE_OPEN_READONLY;
	case SQL_READ_FROZEN:
		return SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
		    SQLITE_OPEN_NOFOLLOW;
	case SQL_WRITE:
		return SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW;
	case SQL_CREATE:
		return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOFOLLOW;
	}
	return SQLITE_OPEN_READONLY;
}

/* A result other than 0 ends the statement with SQLITE_INTERRUPT. */
static int
sql_count_steps(void *arg)
{
	struct sql *s = arg;

	return ++s->steps > STEPS_MAX;
}

/* A foreign database may be large, slow, or locked for long. */
static void
sql_bound(struct sql *s)
{
	sqlite3_busy_timeout(s->db, FOREIGN_BUSY_MS);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, FOREIGN_OCTETS);
	sqlite3_progress_handler(s->db, STEPS_AT_ONCE, sql_count_steps, s);
}

bool
sql_open(struct sql **sp, const char *path, enum sql_mode mode)
{
	static pthread_once_t	 once = PTHREAD_ONCE_INIT;
	struct sql		*s = xcalloc(1, sizeof(*s));
	char			*name;
	int			 rc;

	pthread_once(&once, sql_watch_reads);
	read_failed = false;
	*sp = s;
	name = mode == SQL_READ_FROZEN ? sql_frozen_uri(path) : xstrdup(path);
	rc = sqlite3_open_v2(name, &s->db, sql_open_flags(mode) |
	    SQLITE_OPEN_NOMUTEX, NULL);
	free(name);
	if (rc != SQLITE_OK)
		return false;
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (mode == SQL_READ_FOREIGN)
		sql_bound(s);
	return sql_exec(s, "PRAGMA cell_size_check = ON");
}

void
sql_close(struct sql **sp)
{
	if (*sp == NULL)
		return;
	sqlite3_close((*sp)->db);
	free(*sp);
	*sp = NULL;
}

/* Advice for SQLite's primary result code. */
static const char *
sql_remedy(int code)
{
	switch (code) {
	case SQLITE_FULL:
		return "free some space";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "another program has locked it: close that program";
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

bool
sql_is_broken(struct sql *s)
{
	switch (sqlite3_errcode(s->db) & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return true;
	default:
		return false;
	}
}

bool
sql_is_full(struct sql *s)
{
	return (sqlite3_errcode(s->db) & 0xff) == SQLITE_FULL;
}

static int
sql_code(const struct sql *s)
{
	int code = sqlite3_extended_errcode(s->db);

	switch (code & 0xff) {
	case SQLITE_OK:		/* quick_check goes on */
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return read_failed ? SQLITE_IOERR_READ : code;
	default:
		return code;
	}
}

void
sql_explain(struct sql *s, const char *path, const char *doing, char *error,
    size_t size)
{
	const int	 real = sqlite3_extended_errcode(s->db);
	const int	 code = sql_code(s);
	const char	*words = code == real ? sqlite3_errmsg(s->db) :
			     sqlite3_errstr(code);

	snprintf(error, size, "%.90s: %.40s: %.60s (SQLite error %d); %.85s",
	    path, doing, words, code, sql_remedy(code & 0xff));
}

void
sql_words(struct sql *s, char *words, size_t size)
{
	snprintf(words, size, "%.110s (SQLite error %d)",
	    sqlite3_errmsg(s->db), sqlite3_extended_errcode(s->db));
}

bool
sql_exec(struct sql *s, const char *text)
{
	read_failed = false;
	return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK;
}

bool
sql_writes(struct sql *s)
{
	/* a file for reading alone, which BEGIN accepts; or its log */
	return sqlite3_db_readonly(s->db, "main") == 0 &&
	    sql_exec(s, "BEGIN IMMEDIATE; ROLLBACK");
}

char *
sql_text(struct sql *s, const char *query)
{
	struct sql_statement	*st = sql_prepare(s, query);
	const char		*value;
	char			*text = NULL;

	if (st == NULL)
		return NULL;
	switch (sql_step(st)) {
	case SQL_ROW:
		value = (const char *)sqlite3_column_text(st->st, 0);
		text = xstrdup(value != NULL ? value : "");
		break;
	case SQL_DONE:
		text = xstrdup("");
		break;
	case SQL_FAILED:
		break;
	}
	/* this reports a failure of the step again */
	sql_finish(&st);
	return text;
}

bool
sql_number(struct sql *s, const char *query, int64_t *n)
{
	char *text = sql_text(s, query);

	if (text == NULL)
		return false;
	*n = strtoll(text, NULL, 10);
	free(text);
	return true;
}

bool
sql_in_transaction(const struct sql *s)
{
	return !sqlite3_get_autocommit(s->db);
}

/* --- statements ---------------------------------------------------------- */

struct sql_statement *
sql_prepare(struct sql *s, const char *text)
{
	struct sql_statement *st = xcalloc(1, sizeof(*st));

	read_failed = false;
	if (sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT,
	    &st->st, NULL) == SQLITE_OK) {
		st->owner = s;
		return st;
	}
	free(st);
	return NULL;
}

/* Only blanks and comments: SQLite prepares no statement from them. */
static bool
sql_is_blank(struct sql *s, const char *text)
{
	sqlite3_stmt	*more = NULL;
	bool		 blank = sqlite3_prepare_v2(s->db, text, -1, &more,
			     NULL) == SQLITE_OK && more == NULL;

	sqlite3_finalize(more);
	return blank;
}

struct sql_statement *
sql_prepare_question(struct sql *s, const char *text, size_t words,
    const char **wrong)
{
	struct sql_statement	*st = xcalloc(1, sizeof(*st));
	const char		*tail;

	st->owner = s;
	if (sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT,
	    &st->st, &tail) != SQLITE_OK) {
		free(st);
		return NULL;
	}
	if (st->st == NULL || !sql_is_blank(s, tail))
		*wrong = "is not one statement; write one SELECT";
	else if (sqlite3_column_count(st->st) == 0 ||
	    !sqlite3_stmt_readonly(st->st))
		*wrong = "returns no rows; write a SELECT";
	else if (sqlite3_bind_parameter_count(st->st) != (int)words)
		*wrong = words == 0 ? "has a parameter; write the values in "
		    "quotes" : "must have one parameter; write $1 in place of "
		    "the login or domain, and no other";
	else
		return st;
	sql_finish(&st);
	return NULL;
}

void
sql_finish(struct sql_statement **stp)
{
	if (*stp == NULL)
		return;
	sqlite3_finalize((*stp)->st);
	free(*stp);
	*stp = NULL;
}

void
sql_bind_number(struct sql_statement *st, int i, int64_t n)
{
	sqlite3_bind_int64(st->st, i, n);
}

void
sql_bind_text(struct sql_statement *st, int i, const char *text)
{
	sqlite3_bind_text(st->st, i, text, -1, SQLITE_STATIC);
}

enum sql_result
sql_step(struct sql_statement *st)
{
	switch (sqlite3_step(st->st)) {
	case SQLITE_ROW:
		return SQL_ROW;
	case SQLITE_DONE:
		return SQL_DONE;
	default:
		return SQL_FAILED;
	}
}

void
sql_reset(struct sql_statement *st)
{
	sqlite3_reset(st->st);
	st->owner->steps = 0;
}

bool
sql_run(struct sql_statement *st)
{
	enum sql_result result = sql_step(st);

	sql_reset(st);
	return result == SQL_DONE;
}

int
sql_columns(const struct sql_statement *st)
{
	return sqlite3_column_count(st->st);
}

const char *
sql_column_name(struct sql_statement *st, int i)
{
	return sqlite3_column_name(st->st, i);
}

enum sql_type
sql_column_type(struct sql_statement *st, int i)
{
	switch (sqlite3_column_type(st->st, i)) {
	case SQLITE_NULL:
		return SQL_NULL;
	case SQLITE_INTEGER:
		return SQL_INTEGER;
	case SQLITE_TEXT:
		return SQL_TEXT;
	default:
		return SQL_OTHER;
	}
}

int64_t
sql_column_integer(struct sql_statement *st, int i)
{
	return sqlite3_column_type(st->st, i) == SQLITE_INTEGER ?
	    sqlite3_column_int64(st->st, i) : 0;
}

bool
sql_column_number(struct sql_statement *st, int i, int64_t max, int64_t *n)
{
	if (sqlite3_column_type(st->st, i) != SQLITE_INTEGER)
		return false;
	*n = sqlite3_column_int64(st->st, i);
	return *n >= 0 && *n <= max;
}

const char *
sql_column_text(struct sql_statement *st, int i)
{
	const char *text;

	/* the type first: sqlite3_column_text converts the value */
	if (sqlite3_column_type(st->st, i) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(st->st, i);
	if (text == NULL ||
	    strlen(text) != (size_t)sqlite3_column_bytes(st->st, i))
		return NULL;
	return text;
}
