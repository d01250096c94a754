/*
 * store_redis_list - all accounts of a Redis server
 *
 * SCAN finds the keys by some hundred, beside everybody's work, and names
 * one twice now and then; the script adds each of them up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "redis_pool_priv.h"
#include "redis_scripts_priv.h"
#include "store_redis_priv.h"

#define AT_ONCE		"500"
#define ARGUMENTS	5u

static void
rows_add(struct store_rows *rows, const char *key,
    const struct redis_reply *field)
{
	struct store_row *row;

	if (field[LEDGER_RECIPIENTS].number == 0 &&
	    field[LEDGER_MESSAGES].number == 0)
		return;
	/* a power of two of rows fills the memory: twice as much */
	if ((rows->n & (rows->n - 1)) == 0)
		rows->row = xrealloc(rows->row,
		    (rows->n == 0 ? 1 : rows->n * 2) * sizeof(*rows->row));
	row = &rows->row[rows->n++];
	row->key = xstrdup(key);
	row->recipients = (uint32_t)field[LEDGER_RECIPIENTS].number;
	row->messages = (uint32_t)field[LEDGER_MESSAGES].number;
}

/* One of our keys, and no other that looks like one. */
static bool
is_account(const struct redis_reply *key)
{
	return key->kind == REDIS_TEXT && strlen(key->text) == key->len &&
	    strncmp(key->text, REDIS_ACCOUNT, strlen(REDIS_ACCOUNT)) == 0;
}

/* Add up these keys. */
static bool
add_up(struct redis_store *s, time_t now, const struct redis_reply *keys,
    struct store_rows *rows, char error[STORE_ERROR])
{
	struct redis_word	*w = xcalloc(keys->n + ARGUMENTS, sizeof(*w));
	struct redis_reply	*r;
	char			 clock[REDIS_NUMBER_TEXT];
	size_t			 n = 0, i;
	bool			 ok;

	for (i = 0; i < keys->n; i++)
		if (is_account(&keys->item[i]))
			w[n++] = (struct redis_word){ keys->item[i].text,
			    keys->item[i].len };
	redis_clock_text(s, now, clock);
	w[n] = redis_word("none");
	w[n + 1] = redis_word(clock);
	w[n + 2] = redis_word(s->lease);
	w[n + 3] = redis_word("");
	w[n + 4] = redis_word("0");
	r = redis_pool_run(s->pool, w, n + ARGUMENTS, n,
	    2 + n * LEDGER_FIELDS, error);
	for (i = 0; r != NULL && i < n; i++)
		rows_add(rows, w[i].text + strlen(REDIS_ACCOUNT),
		    &r->item[2 + i * LEDGER_FIELDS]);
	ok = r != NULL;
	free(w);
	redis_reply_free(&r);
	return ok;
}

static int
key_cmp(const void *va, const void *vb)
{
	const struct store_row *a = va, *b = vb;

	return strcmp(a->key, b->key);
}

static int
row_cmp(const void *va, const void *vb)
{
	const struct store_row *a = va, *b = vb;

	if (a->recipients != b->recipients)
		return a->recipients > b->recipients ? -1 : 1;
	return strcmp(a->key, b->key);
}

/* Each key once, the most recipients first. */
static void
put_in_order(struct store_rows *rows)
{
	size_t i, n = 0;

	if (rows->n < 2)
		return;
	qsort(rows->row, rows->n, sizeof(*rows->row), key_cmp);
	for (i = 0; i < rows->n; i++) {
		if (n > 0 && strcmp(rows->row[n - 1].key,
		    rows->row[i].key) == 0)
			free(rows->row[i].key);
		else
			rows->row[n++] = rows->row[i];
	}
	rows->n = n;
	qsort(rows->row, rows->n, sizeof(*rows->row), row_cmp);
}

struct redis_reply *
redis_scan(struct redis_store *s, const struct redis_word *w, size_t n,
    char error[STORE_ERROR])
{
	struct redis_reply *r = redis_pool_ask(s->pool, w, n, error);

	if (r == NULL)
		return NULL;
	if (r->kind == REDIS_LIST && r->n == 2 &&
	    r->item[0].kind == REDIS_TEXT && r->item[0].len < 21 &&
	    r->item[1].kind == REDIS_LIST)
		return r;
	snprintf(error, STORE_ERROR, "the Redis server answers what nobody "
	    "asked");
	redis_reply_free(&r);
	return NULL;
}

enum store_answer
redis_list(struct store *base, time_t now, struct store_rows *rows,
    char error[STORE_ERROR])
{
	struct redis_store	*s = (struct redis_store *)base;
	struct redis_reply	*r;
	char			 cursor[24] = "0";
	bool			 ok;

	do {
		r = redis_scan(s, (struct redis_word[]){
		    redis_word("SCAN"), redis_word(cursor),
		    redis_word("MATCH"), redis_word(REDIS_ACCOUNT "*"),
		    redis_word("COUNT"), redis_word(AT_ONCE) }, 6, error);
		if (r == NULL)
			return STORE_UNKNOWN;
		snprintf(cursor, sizeof(cursor), "%s", r->item[0].text);
		ok = add_up(s, now, &r->item[1], rows, error);
		redis_reply_free(&r);
	} while (ok && strcmp(cursor, "0") != 0);
	put_in_order(rows);
	return ok ? STORE_TAKEN : STORE_UNKNOWN;
}
