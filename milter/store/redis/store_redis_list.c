/*
 * store_redis_list - all accounts of a Redis server
 *
 * SCAN returns some hundred keys a step, beside the work of others, and may
 * return a key twice; store.c drops it. The script sums up each account.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "redis_pool_priv.h"
#include "redis_scripts_priv.h"
#include "store_redis_priv.h"

#define ARGUMENTS	5u	/* ARGV[2] to ARGV[6] */

/* One of our keys; the reply may hold anything. */
static bool
is_account(const struct redis_reply *key)
{
	return key->kind == REDIS_TEXT && strlen(key->text) == key->len &&
	    strncmp(key->text, REDIS_ACCOUNT, strlen(REDIS_ACCOUNT)) == 0;
}

/* Add the counts of these keys to the rows. */
static bool
add_up(struct redis_store *s, time_t now, const struct redis_reply *keys,
    struct store_rows *rows, char error[STORE_ERROR])
{
	struct redis_word	*w = xcalloc(keys->n + ARGUMENTS, sizeof(*w));
	struct redis_reply	*r, *field;
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
	for (i = 0; r != NULL && i < n; i++) {
		field = &r->item[2 + i * LEDGER_FIELDS];
		if (field[LEDGER_RECIPIENTS].number > 0 ||
		    field[LEDGER_MESSAGES].number > 0)
			store_rows_add(rows, w[i].text +
			    strlen(REDIS_ACCOUNT),
			    (uint32_t)field[LEDGER_RECIPIENTS].number,
			    (uint32_t)field[LEDGER_MESSAGES].number);
	}
	ok = r != NULL;
	free(w);
	redis_reply_free(&r);
	return ok;
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
		r = redis_pool_scan(s->pool, (struct redis_word[]){
		    redis_word("SCAN"), redis_word(cursor),
		    redis_word("MATCH"), redis_word(REDIS_ACCOUNT "*"),
		    redis_word("COUNT"), redis_word(REDIS_AT_ONCE) }, 6, error);
		if (r == NULL)
			return STORE_UNKNOWN;
		snprintf(cursor, sizeof(cursor), "%s", r->item[0].text);
		ok = add_up(s, now, &r->item[1], rows, error);
		redis_reply_free(&r);
	} while (ok && strcmp(cursor, "0") != 0);
	return ok ? STORE_TAKEN : STORE_UNKNOWN;
}
