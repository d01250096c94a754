/*
 * users_query - the entries of logins in a database of the site (SQLite)
 *
 * A row is cached as texts. For each message the reader of users-file parses
 * them again, so both sources have the same rules, and an entry lives as long
 * as the message. There are two locks: cache_lock is never held while a query
 * runs, so that a slow database delays only threads that must ask it.
 */
#include <sys/stat.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fnv.h"
#include "base/why.h"
#include "conf/users_query.h"
#include "store/store_sqlite.h"

#define SLOTS		1024	/* a power of two */
#define KEPT_OCTETS	4096
#define ERROR_MAX	400
#define PATH_SHOWN	"%.120s: "	/* before each error */

/* The columns, and their keys in users-file. */
static const struct column {
	const char	*name, *key;
} columns[] = {
	{ "plan",		"plan" },
	{ "senders",		"senders" },
	{ "networks",		"networks" },
	{ "second_factor",	"second-factor" },
	{ "certificates",	"certificates" },
	{ "certificate_issuer",	"certificate-issuer" },
	{ "blocked",		"block" },
};
#define NCOLUMNS	(sizeof(columns) / sizeof(columns[0]))

/* The answer of the database for one login. */
struct row {
	bool		 found;
	char		*text[NCOLUMNS];	/* NULL: not set */
};

struct slot {
	char		*login;			/* NULL: empty */
	uint64_t	 until;
	struct row	 row;			/* malloced */
};

struct users_query {
	const char	*path, *query;
	struct users_plans plans;
	pthread_mutex_t	 cache_lock;		/* the next three */
	struct slot	 slot[SLOTS];
	uint64_t	 trouble_until;
	char		 trouble[ERROR_MAX];
	pthread_mutex_t	 lock;			/* all below; taken first */
	struct sql	*db;			/* NULL: not open */
	struct sql_statement *statement;
	dev_t		 device;		/* of the open file */
	ino_t		 inode;
};

struct users_query *
users_query_new(const char *path, const char *query,
    const struct users_plans *plans)
{
	struct users_query *q = xcalloc(1, sizeof(*q));

	q->path = path;
	q->query = query;
	q->plans = *plans;
	pthread_mutex_init(&q->cache_lock, NULL);
	pthread_mutex_init(&q->lock, NULL);
	return q;
}

static void
database_close(struct users_query *q)
{
	sql_finish(&q->statement);
	sql_close(&q->db);
}

static void
query_slot_clear(struct slot *s)
{
	size_t i;

	free(s->login);
	for (i = 0; i < NCOLUMNS; i++)
		free(s->row.text[i]);
	memset(s, 0, sizeof(*s));
}

void
users_query_free(struct users_query **qp)
{
	struct users_query	*q = *qp;
	size_t			 i;

	if (q == NULL)
		return;
	*qp = NULL;
	database_close(q);
	for (i = 0; i < SLOTS; i++)
		query_slot_clear(&q->slot[i]);
	pthread_mutex_destroy(&q->cache_lock);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* --- the database ------------------------------------------------------ */

/* Close the database, and report the error in SQLite's own words. */
static bool
database_failed(struct users_query *q, const char *doing,
    char error[ERROR_MAX])
{
	char words[160];

	sql_words(q->db, words, sizeof(words));
	database_close(q);
	return why_print(error, ERROR_MAX, PATH_SHOWN "%s: %s; check the file, "
	    "its permissions and users-query", q->path, doing, words);
}

/* The index in columns[] of this name, in any case, or -1. */
static int
column_named(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < NCOLUMNS; i++)
		if (strcasecmp(columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Checked for each row: a new schema changes the columns of "SELECT *". */
static bool
columns_good(const struct users_query *q, char error[ERROR_MAX])
{
	bool	 seen[NCOLUMNS] = { false };
	int	 i, k;

	for (i = 0; i < sql_columns(q->statement); i++) {
		k = column_named(sql_column_name(q->statement, i));
		if (k < 0)
			return why_print(error, ERROR_MAX, PATH_SHOWN
			    "users-query has an unknown column \"%.60s\"; use "
			    "plan, senders, networks, second_factor, "
			    "certificates, certificate_issuer or blocked",
			    q->path, sql_column_name(q->statement, i));
		if (seen[k])
			return why_print(error, ERROR_MAX, PATH_SHOWN
			    "users-query has two columns \"%s\"; remove one "
			    "of the two", q->path, columns[k].name);
		seen[k] = true;
	}
	return true;
}

static bool
database_open(struct users_query *q, char error[ERROR_MAX])
{
	const char	*wrong = NULL;
	struct stat	 st = { 0 };

	/* to open a FIFO would wait for a writer */
	if (stat(q->path, &st) == 0 && !S_ISREG(st.st_mode))
		return why_print(error, ERROR_MAX, PATH_SHOWN
		    "is not a regular file", q->path);
	q->device = st.st_dev;
	q->inode = st.st_ino;
	if (!sql_open(&q->db, q->path, SQL_READ_FOREIGN))
		return database_failed(q, "open", error);
	q->statement = sql_prepare_question(q->db, q->query, 1,
	    &wrong);
	if (q->statement == NULL && wrong != NULL) {
		database_close(q);
		return why_print(error, ERROR_MAX, PATH_SHOWN
		    "users-query %s", q->path, wrong);
	}
	if (q->statement == NULL)
		return database_failed(q, "users-query", error);
	if (columns_good(q, error))
		return true;
	database_close(q);
	return false;
}

/* Is the file at this path not the open one any more? */
static bool
database_is_replaced(const struct users_query *q)
{
	struct stat st;

	return stat(q->path, &st) != 0 || st.st_dev != q->device ||
	    st.st_ino != q->inode;
}

bool
users_query_check(const struct users_query *q, char **why)
{
	struct users_query	 trial = { .path = q->path, .query = q->query };
	char			 error[ERROR_MAX];
	bool			 good = database_open(&trial, error);

	database_close(&trial);
	if (!good)
		*why = xstrdup(error);
	return good;
}

/* One column's text, in the arena; NULL stays NULL. */
static bool
read_column(const struct users_query *q, int i, struct arena *a, char **text,
    char error[ERROR_MAX])
{
	const char	*name = sql_column_name(q->statement, i), *value;
	int64_t		 number;

	switch (sql_column_type(q->statement, i)) {
	case SQL_NULL:
		return true;
	case SQL_INTEGER:
		if (!sql_column_number(q->statement, i, 1, &number))
			break;
		*text = arena_strdup(a, number == 1 ? "yes" : "no");
		return true;
	case SQL_TEXT:
		value = sql_column_text(q->statement, i);
		if (value == NULL || strlen(value) > USERS_QUERY_TEXT)
			break;
		*text = arena_strdup(a, value);
		return true;
	case SQL_OTHER:
		break;
	}
	return why_print(error, ERROR_MAX, PATH_SHOWN "column %s must be NULL, "
	    "0, 1, or a text of at most %d octets", q->path, name,
	    USERS_QUERY_TEXT);
}

static bool
read_row(const struct users_query *q, struct arena *a, struct row *row,
    char error[ERROR_MAX])
{
	int i, k;

	if (!columns_good(q, error))
		return false;
	for (i = 0; i < sql_columns(q->statement); i++) {
		k = column_named(sql_column_name(q->statement, i));
		if (k < 0 || !read_column(q, i, a, &row->text[k], error))
			return false;
	}
	row->found = true;
	return true;
}

/* False: see error; q->db is NULL if the database itself failed. */
static bool
query_step(struct users_query *q, const char *login, struct arena *a,
    struct row *row, char error[ERROR_MAX])
{
	enum sql_result	result;
	bool		good = true;

	sql_bind_text(q->statement, 1, login);
	result = sql_step(q->statement);
	if (result == SQL_ROW) {
		good = read_row(q, a, row, error);
		result = good ? sql_step(q->statement) : SQL_DONE;
		if (result == SQL_ROW)
			good = why_print(error, ERROR_MAX, PATH_SHOWN
			    "users-query returns more than one row for %.60s; "
			    "it must return one", q->path, login);
	}
	if (result == SQL_FAILED)
		return database_failed(q, "users-query", error);
	sql_reset(q->statement);
	return good;
}

static bool
query_ask(struct users_query *q, const char *login, struct arena *a,
    struct row *row, char error[ERROR_MAX])
{
	if (q->db != NULL && database_is_replaced(q))
		database_close(q);
	if (q->db == NULL && !database_open(q, error))
		return false;
	return query_step(q, login, a, row, error);
}

/* --- the cache --------------------------------------------------------- */

static struct slot *
slot_of(struct users_query *q, const char *login)
{
	return &q->slot[fnv_fold(fnv_add(FNV_START, login, strlen(login))) &
	    (SLOTS - 1)];
}

/* True: the answer is in *row, or the recent failure in error. */
static bool
query_cache_find(struct users_query *q, const char *login, uint64_t now,
    struct arena *a, struct row *row, char error[ERROR_MAX])
{
	struct slot	*s = slot_of(q, login);
	bool		 known;
	size_t		 i;

	pthread_mutex_lock(&q->cache_lock);
	known = s->login != NULL && strcmp(s->login, login) == 0 &&
	    now < s->until;
	if (known) {
		row->found = s->row.found;
		for (i = 0; i < NCOLUMNS; i++)
			row->text[i] = arena_strdup(a, s->row.text[i]);
	} else if (now < q->trouble_until) {
		memcpy(error, q->trouble, ERROR_MAX);
		known = true;
	}
	pthread_mutex_unlock(&q->cache_lock);
	return known;
}

static void
query_cache_add(struct users_query *q, const char *login, uint64_t now,
    const struct row *row)
{
	struct slot	*s = slot_of(q, login);
	size_t		 i, octets = 0;

	for (i = 0; i < NCOLUMNS; i++)
		if (row->text[i] != NULL)
			octets += strlen(row->text[i]);
	if (octets > KEPT_OCTETS)
		return;
	pthread_mutex_lock(&q->cache_lock);
	query_slot_clear(s);
	s->login = xstrdup(login);
	s->until = now + USERS_QUERY_KEPT_MS;
	s->row.found = row->found;
	for (i = 0; i < NCOLUMNS; i++)
		if (row->text[i] != NULL)
			s->row.text[i] = xstrdup(row->text[i]);
	pthread_mutex_unlock(&q->cache_lock);
}

/* No thread waits for a database that has just failed. */
static void
query_cache_failure(struct users_query *q, uint64_t now,
    const char error[ERROR_MAX])
{
	pthread_mutex_lock(&q->cache_lock);
	q->trouble_until = now + USERS_QUERY_TROUBLE_MS;
	memcpy(q->trouble, error, ERROR_MAX);
	pthread_mutex_unlock(&q->cache_lock);
}

/* *row is the answer, unless error is not "". */
static void
find_row(struct users_query *q, const char *login, uint64_t now,
    struct arena *a, struct row *row, char error[ERROR_MAX])
{
	if (query_cache_find(q, login, now, a, row, error))
		return;
	pthread_mutex_lock(&q->lock);
	/* another thread may have asked while this one waited */
	if (!query_cache_find(q, login, now, a, row, error)) {
		if (query_ask(q, login, a, row, error))
			query_cache_add(q, login, now, row);
		else if (q->db == NULL)
			query_cache_failure(q, now, error);
	}
	pthread_mutex_unlock(&q->lock);
}

/* --- from texts to an entry -------------------------------------------- */

/* Remove blanks around commas and at both ends. False: too many items. */
static bool
tidy_list(char *text)
{
	char	*in = text, *out = text;
	size_t	 items = 1;

	for (; *in != '\0'; in++) {
		if (*in == ' ' && (out == text || out[-1] == ','))
			continue;
		if (*in == ',') {
			items++;
			while (out > text && out[-1] == ' ')
				out--;
		}
		*out++ = *in;
	}
	while (out > text && out[-1] == ' ')
		out--;
	*out = '\0';
	return items <= USERS_QUERY_ITEMS;
}

static struct users_reply
unknown(struct arena *a, const char *why)
{
	struct users_reply r = { USERS_UNKNOWN, NULL, arena_strdup(a, why) };

	return r;
}

static struct users_reply
make_entry(const struct users_query *q, const char *login, struct row *row,
    struct arena *a)
{
	struct user_rules	*user = arena_alloc(a, sizeof(*user));
	struct users_reply	 r = { USERS_FOUND, user, NULL };
	struct users_origin	 origin = { a, &q->plans, q->path };
	char			*why;
	size_t			 i;

	user->login = login;
	user->file = q->path;
	for (i = 0; i < NCOLUMNS; i++) {
		if (row->text[i] == NULL)
			continue;
		if (!tidy_list(row->text[i]))
			return unknown(a, arena_printf(a, "%s: column %s has "
			    "more than %d items", q->path, columns[i].name,
			    USERS_QUERY_ITEMS));
		if (row->text[i][0] == '\0')
			continue;
		if (!users_set(&origin, user, columns[i].key, row->text[i],
		    &why)) {
			r = unknown(a, why);
			free(why);
			return r;
		}
	}
	return r;
}

struct users_reply
users_query_find(struct users_query *q, const char *login, uint64_t now,
    struct arena *a)
{
	struct users_reply	 none = { USERS_NONE, NULL, NULL };
	struct row		 row = { false, { NULL } };
	char			 error[ERROR_MAX] = "";

	if (strlen(login) > USERS_QUERY_LOGIN)
		return unknown(a, "the login is longer than 255 octets; "
		    "users-query is not asked");
	login = arena_strlower(a, login);
	find_row(q, login, now, a, &row, error);
	if (error[0] != '\0')
		return unknown(a, error);
	return row.found ? make_entry(q, login, &row, a) : none;
}

struct users_reply
users_lookup(const struct users *u, struct users_query *q, const char *login,
    uint64_t now, struct arena *a)
{
	struct users_reply r = { USERS_NONE, NULL, NULL };

	r.user = users_find(u, login);
	if (r.user != NULL)
		r.answer = USERS_FOUND;
	else if (q != NULL)
		r = users_query_find(q, login, now, a);
	return r;
}
