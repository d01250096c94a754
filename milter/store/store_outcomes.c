/*
 * store_outcomes - DMARC outcomes, counted in memory and written by the minute
 *
 * A message costs a hash and no disk access. Equal outcomes of one day are one
 * row. A thread of the daemon writes the counts on a connection of its own,
 * some hundred rows in a transaction, so that no commit of a quota waits long.
 * A crash loses the outcomes of the last minute, never a row.
 *
 * Senders choose domains and addresses. So the outcomes that wait and the rows
 * of a day are bounded; those above the bounds are counted as lost.
 *
 * The tool reads all rows of a day into memory before it shows the first: a
 * reader that waits for a pager would keep the log from being emptied.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "base/why.h"
#include "store/redis/redis_url.h"
#include "store/store_outcomes.h"
#include "store/store_sqlite.h"
#include "state_file_priv.h"
#include "store_priv.h"
#include "store_schema_priv.h"

#define SLOTS		4096u		/* a power of two */
#define WAITING_MAX	8192u
#define DAY_MAX		200000		/* rows */
#define BATCH		500u		/* rows in a transaction */
#define DAY_SECONDS	86400
#define ROWS_FIRST	256		/* read at once */

struct note {
	struct note	*next;		/* in its slot, or to be written */
	int64_t		 day;		/* since the epoch, UTC */
	uint64_t	 hash;
	uint32_t	 messages;
	char		*text[DMARC_OUTCOME_TEXTS];
};

/* How many rows a day may still get. */
struct room {
	int64_t		 day, left;	/* left < 0: unknown */
};

struct dmarc_notes {
	pthread_mutex_t	 lock;
	char		*path;		/* NULL: in memory alone */
	struct note	*slot[SLOTS];
	unsigned	 n;
	uint64_t	 lost;
	/* of the thread that writes */
	struct sql	*sql;
	struct sql_statement *put, *more, *count, *forget;
};

struct dmarc_notes *
dmarc_notes_new(const char *path)
{
	struct dmarc_notes *d = xcalloc(1, sizeof(*d));

	pthread_mutex_init(&d->lock, NULL);
	d->path = path != NULL ? xstrdup(path) : NULL;
	return d;
}

static void
note_free(struct note *n)
{
	size_t i;

	for (i = 0; i < DMARC_OUTCOME_TEXTS; i++)
		free(n->text[i]);
	free(n);
}

static void
outcomes_disconnect(struct dmarc_notes *d)
{
	sql_finish(&d->put);
	sql_finish(&d->more);
	sql_finish(&d->count);
	sql_finish(&d->forget);
	sql_close(&d->sql);
}

/* Take all waiting outcomes as one list. */
static struct note *
notes_take_all(struct dmarc_notes *d)
{
	struct note	*list = NULL, *n;
	size_t		 i;

	pthread_mutex_lock(&d->lock);
	for (i = 0; i < SLOTS; i++) {
		while ((n = d->slot[i]) != NULL) {
			d->slot[i] = n->next;
			n->next = list;
			list = n;
		}
	}
	d->n = 0;
	pthread_mutex_unlock(&d->lock);
	return list;
}

void
dmarc_notes_free(struct dmarc_notes **dp)
{
	struct dmarc_notes	*d = *dp;
	struct note		*list, *n;

	*dp = NULL;
	if (d == NULL)
		return;
	for (list = notes_take_all(d); (n = list) != NULL; note_free(n))
		list = n->next;
	outcomes_disconnect(d);
	pthread_mutex_destroy(&d->lock);
	free(d->path);
	free(d);
}

/* --- counting ------------------------------------------------------------ */

static uint64_t
note_hash(const struct dmarc_outcome *o, int64_t day)
{
	uint64_t	h = fnv_add(FNV_START, &day, sizeof(day));
	size_t		i;

	for (i = 0; i < DMARC_OUTCOME_TEXTS; i++)
		h = fnv_add(h, o->text[i], strlen(o->text[i]) + 1);
	return h;
}

static bool
note_is_same(const struct note *n, const struct dmarc_outcome *o, int64_t day)
{
	size_t i;

	for (i = 0; i < DMARC_OUTCOME_TEXTS; i++)
		if (strcmp(n->text[i], o->text[i]) != 0)
			return false;
	return n->day == day;
}

/* The lock is held. */
static void
notes_add(struct dmarc_notes *d, const struct dmarc_outcome *o, int64_t day,
    uint64_t hash)
{
	struct note	*n;
	size_t		 i;

	if (d->n == WAITING_MAX) {
		d->lost++;
		return;
	}
	n = xcalloc(1, sizeof(*n));
	for (i = 0; i < DMARC_OUTCOME_TEXTS; i++)
		n->text[i] = xstrdup(o->text[i]);
	n->day = day;
	n->hash = hash;
	n->messages = 1;
	n->next = d->slot[hash % SLOTS];
	d->slot[hash % SLOTS] = n;
	d->n++;
}

void
store_note_dmarc(struct store *s, const struct dmarc_outcome *o, time_t now)
{
	struct dmarc_notes	*d = s->dmarc;
	int64_t			 day = (int64_t)now / DAY_SECONDS;
	uint64_t		 hash;
	struct note		*n;

	if (d == NULL)
		return;
	hash = note_hash(o, day);
	pthread_mutex_lock(&d->lock);
	for (n = d->slot[hash % SLOTS]; n != NULL; n = n->next)
		if (n->hash == hash && note_is_same(n, o, day))
			break;
	if (n == NULL)
		notes_add(d, o, day, hash);
	else if (n->messages < UINT32_MAX)
		n->messages++;
	pthread_mutex_unlock(&d->lock);
}

/* --- writing ------------------------------------------------------------- */

static bool
outcomes_connect(struct dmarc_notes *d)
{
	if (d->sql != NULL)
		return true;
	/* the ledger's disk does the checkpoints */
	if (!sql_open(&d->sql, d->path, SQL_WRITE) || !sql_exec(d->sql,
	    "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0"))
		return false;
	d->put = sql_prepare(d->sql, "INSERT INTO outcome VALUES(?1, ?2, ?3, "
	    "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
	    "?17) ON CONFLICT DO UPDATE "
	    "SET messages = messages + excluded.messages");
	d->more = sql_prepare(d->sql, "UPDATE outcome SET "
	    "messages = messages + ?17 WHERE day = ?1 AND author = ?2 AND "
	    "record = ?3 AND source = ?4 AND envelope = ?5 AND spf = ?6 AND "
	    "spf_domain = ?7 AND spf_scope = ?8 AND dkim = ?9 AND "
	    "signers = ?10 AND aligned = ?11 AND result = ?12 AND "
	    "published = ?13 AND policy = ?14 AND disposition = ?15 AND "
	    "override = ?16 RETURNING 1");
	d->count = sql_prepare(d->sql,
	    "SELECT count(*) FROM outcome WHERE day = ?1");
	d->forget = sql_prepare(d->sql, "DELETE FROM outcome WHERE day < ?1");
	return d->put != NULL && d->more != NULL && d->count != NULL &&
	    d->forget != NULL;
}

static void
outcome_bind(struct sql_statement *st, const struct note *n)
{
	int i;

	sql_bind_number(st, 1, n->day);
	for (i = 0; i < (int)DMARC_OUTCOME_TEXTS; i++)
		sql_bind_text(st, i + 2, n->text[i]);
	sql_bind_number(st, (int)DMARC_OUTCOME_TEXTS + 2, n->messages);
}

static bool
outcome_put(struct dmarc_notes *d, const struct note *n)
{
	outcome_bind(d->put, n);
	return sql_run(d->put);
}

/* The day is full: its rows go on counting, a new row is lost. */
static bool
outcome_put_more(struct dmarc_notes *d, const struct note *n, uint64_t *lost)
{
	enum sql_result result;

	outcome_bind(d->more, n);
	result = sql_step(d->more);
	if (result == SQL_DONE)
		*lost += n->messages;
	sql_reset(d->more);
	return result != SQL_FAILED;
}

/* How many more rows the day may get; -1: an error. */
static int64_t
outcome_day_room(struct dmarc_notes *d, int64_t day)
{
	int64_t n, room = -1;

	sql_bind_number(d->count, 1, day);
	if (sql_step(d->count) == SQL_ROW &&
	    sql_column_number(d->count, 0, INT64_MAX, &n))
		room = n < DAY_MAX ? DAY_MAX - n : 0;
	sql_reset(d->count);
	return room;
}

/* A row, unless its day is full; false: an error. */
static bool
outcome_put_within(struct dmarc_notes *d, const struct note *n,
    struct room rooms[2], uint64_t *lost)
{
	/* around midnight two days take turns */
	struct room *room = &rooms[n->day & 1];

	if (room->left < 0 || room->day != n->day) {
		room->day = n->day;
		room->left = outcome_day_room(d, n->day);
	}
	if (room->left < 0)
		return false;
	if (room->left == 0)
		return outcome_put_more(d, n, lost);
	/* if the row existed already, the next batch has more room */
	room->left--;
	return outcome_put(d, n);
}

/*
 * Up to BATCH rows off the front of the list, in one transaction. False:
 * nothing was written, and the list is as it was.
 */
static bool
outcomes_write_batch(struct dmarc_notes *d, struct note **list)
{
	struct note	*n = *list, *next;
	struct room	 rooms[2] = { { 0, -1 }, { 0, -1 } };
	uint64_t	 lost = 0;
	unsigned	 rows;
	bool		 ok = sql_exec(d->sql, "BEGIN IMMEDIATE");

	for (rows = 0; ok && n != NULL && rows < BATCH; rows++, n = n->next)
		ok = outcome_put_within(d, n, rooms, &lost);
	if (!ok || !sql_exec(d->sql, "COMMIT"))
		return false;
	for (; *list != n; *list = next) {
		next = (*list)->next;
		note_free(*list);
	}
	pthread_mutex_lock(&d->lock);
	d->lost += lost;
	pthread_mutex_unlock(&d->lock);
	return true;
}

/* Drop outcomes that could not be written; the disk may be full for long. */
static void
notes_lose(struct dmarc_notes *d, struct note *list)
{
	struct note	*n;
	uint64_t	 lost = 0;

	while ((n = list) != NULL) {
		list = n->next;
		lost += n->messages;
		note_free(n);
	}
	pthread_mutex_lock(&d->lock);
	d->lost += lost;
	pthread_mutex_unlock(&d->lock);
}

enum store_answer
store_write_dmarc(struct store *s, time_t now, unsigned keep_days,
    char error[STORE_ERROR])
{
	struct dmarc_notes	*d = s->dmarc;
	struct note		*list;
	bool			 ok;

	error[0] = '\0';
	if (d == NULL || d->path == NULL)
		return STORE_TAKEN;
	list = notes_take_all(d);
	ok = outcomes_connect(d);
	while (ok && list != NULL)
		ok = outcomes_write_batch(d, &list);
	if (ok) {
		sql_bind_number(d->forget, 1, (int64_t)now / DAY_SECONDS -
		    (int64_t)keep_days);
		ok = sql_run(d->forget);
	}
	if (!ok) {
		sql_explain(d->sql, d->path, "DMARC outcomes cannot be "
		    "written", error, STORE_ERROR);
		notes_lose(d, list);
		outcomes_disconnect(d);
		return STORE_UNKNOWN;
	}
	return STORE_TAKEN;
}

uint64_t
store_dmarc_lost(struct store *s)
{
	uint64_t lost;

	if (s->dmarc == NULL)
		return 0;
	pthread_mutex_lock(&s->dmarc->lock);
	lost = s->dmarc->lost;
	s->dmarc->lost = 0;
	pthread_mutex_unlock(&s->dmarc->lock);
	return lost;
}

/* --- reading ------------------------------------------------------------- */

/* False: millgate did not write this row. */
static bool
outcome_row_read(struct sql_statement *st, struct arena *a,
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
outcome_row_new(struct dmarc_outcome_rows *rows, size_t *size, struct arena *a)
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
outcome_rows_read(struct sql *sql, const char *path, int64_t day,
    struct arena *a, struct dmarc_outcome_rows *rows, char **why)
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
		right = outcome_row_read(st, a,
		    outcome_row_new(rows, &size, a));
	if (!right)
		schema_damaged(path, "a DMARC outcome is not a text", why);
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
	if (redis_url_is(spec))
		return why_set(why, "DMARC outcomes are in a state file, but "
		    "state names a Redis server; name the file with --state");
	if (!state_file_open(&file, spec, false, why))
		return false;
	ok = schema_open_readonly(&sql, &file, why) &&
	    outcome_rows_read(sql, file.path, day, a, rows, why);
	sql_close(&sql);
	state_file_close(&file);
	return ok;
}
