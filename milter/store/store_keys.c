/*
 * store_keys - signing keys whose DNS record was seen, in the state file
 *
 * Each call opens a connection of its own, which is cheap beside a lookup in
 * the DNS. So the ledger needs no part in it, and no commit of a quota waits
 * for more than a batch of rows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/store_keys.h"
#include "store/store_sqlite.h"
#include "state_file_priv.h"
#include "store_priv.h"
#include "store_schema_priv.h"

#define BATCH	500u		/* rows in a transaction */

#define STRING_OF(x)	#x
#define STRING(x)	STRING_OF(x)

static enum store_answer
keys_trouble(struct sql *sql, const char *path, const char *doing,
    char error[STORE_ERROR])
{
	sql_explain(sql, path, doing, error, STORE_ERROR);
	return STORE_UNKNOWN;
}

/* --- reading ------------------------------------------------------------- */

static bool
keys_find_one(struct sql_statement *st, struct store_key *key)
{
	enum sql_result	result;
	int64_t		seen = 0;

	sql_bind_text(st, 1, key->name);
	result = sql_step(st);
	if (result == SQL_ROW && sql_column_number(st, 0, INT64_MAX, &seen))
		key->seen = (time_t)seen;
	sql_reset(st);
	return result != SQL_FAILED;
}

static enum store_answer
keys_find_all(struct sql *sql, const char *path, struct store_key *key,
    size_t n, char error[STORE_ERROR])
{
	struct sql_statement	*st;
	bool			 ok;
	size_t			 i;

	st = sql_prepare(sql, "SELECT seen FROM published WHERE key = ?1");
	ok = st != NULL;
	for (i = 0; ok && i < n; i++)
		ok = keys_find_one(st, &key[i]);
	sql_finish(&st);
	return ok ? STORE_TAKEN : keys_trouble(sql, path, "cannot be read",
	    error);
}

/* As the tool opens a file: with or without a daemon, and changing nothing. */
static enum store_answer
keys_find_readonly(const char *path, struct store_key *key, size_t n,
    char error[STORE_ERROR])
{
	struct state_file	 file;
	struct sql		*sql = NULL;
	enum store_answer	 answer = STORE_UNKNOWN;
	char			*why = NULL;

	if (state_file_open(&file, path, false, &why)) {
		if (schema_open_readonly(&sql, &file, &why))
			answer = keys_find_all(sql, file.path, key, n, error);
		sql_close(&sql);
		state_file_close(&file);
	}
	if (why != NULL)
		snprintf(error, STORE_ERROR, "%s", why);
	free(why);
	return answer;
}

static enum store_answer
keys_find_beside(const char *path, struct store_key *key, size_t n,
    char error[STORE_ERROR])
{
	struct sql		*sql;
	enum store_answer	 answer;

	if (sql_open(&sql, path, SQL_READ))
		answer = keys_find_all(sql, path, key, n, error);
	else
		answer = keys_trouble(sql, path, "cannot be read", error);
	sql_close(&sql);
	return answer;
}

enum store_answer
store_keys_find(struct store *s, struct store_key *key, size_t n,
    char error[STORE_ERROR])
{
	size_t i;

	error[0] = '\0';
	for (i = 0; i < n; i++)
		key[i].seen = 0;
	if (n == 0)
		return STORE_TAKEN;
	if (s->ops->keys_find != NULL)
		return s->ops->keys_find(s, key, n, error);
	if (s->path == NULL)
		return STORE_TAKEN;
	return s->use == STORE_KEEP ? keys_find_beside(s->path, key, n,
	    error) : keys_find_readonly(s->path, key, n, error);
}

/* --- writing ------------------------------------------------------------- */

/* One transaction; on failure it ends with the connection. */
static bool
keys_note_batch(struct sql *sql, struct sql_statement *put,
    const struct store_key *key, size_t n, time_t now)
{
	bool	ok = sql_exec(sql, "BEGIN IMMEDIATE");
	size_t	i;

	for (i = 0; ok && i < n; i++) {
		sql_bind_text(put, 1, key[i].name);
		sql_bind_number(put, 2, now);
		ok = sql_run(put);
	}
	return ok && sql_exec(sql, "COMMIT");
}

static bool
keys_note_all(struct sql *sql, const struct store_key *key, size_t n,
    time_t now)
{
	struct sql_statement	*put;
	size_t			 take;
	bool			 ok;

	put = sql_prepare(sql, "INSERT INTO published VALUES(?1, ?2) "
	    "ON CONFLICT DO NOTHING");
	for (ok = put != NULL; ok && n > 0; key += take, n -= take) {
		take = n < BATCH ? n : BATCH;
		ok = keys_note_batch(sql, put, key, take, now);
	}
	sql_finish(&put);
	return ok && sql_exec(sql, "DELETE FROM published WHERE key IN ("
	    "SELECT key FROM published ORDER BY seen LIMIT max(0, "
	    "(SELECT count(*) FROM published) - " STRING(STORE_KEYS) "))");
}

enum store_answer
store_keys_note(struct store *s, const struct store_key *key, size_t n,
    time_t now, char error[STORE_ERROR])
{
	struct sql		*sql;
	enum store_answer	 answer = STORE_TAKEN;

	error[0] = '\0';
	if (n == 0)
		return STORE_TAKEN;
	if (s->ops->keys_note != NULL)
		return s->ops->keys_note(s, key, n, now, error);
	if (s->path == NULL || s->use != STORE_KEEP)
		return STORE_TAKEN;
	/* the ledger's disk does the checkpoints */
	if (!sql_open(&sql, s->path, SQL_WRITE) || !sql_exec(sql,
	    "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0") ||
	    !keys_note_all(sql, key, n, now))
		answer = keys_trouble(sql, s->path, "cannot be written",
		    error);
	sql_close(&sql);
	return answer;
}
