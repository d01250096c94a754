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
#include "base/buf.h"
#include "redis_pool_priv.h"
#include "redis_scripts_priv.h"
#include "store_redis_priv.h"

#define ARGUMENTS	6u	/* ARGV[2] to ARGV[7] */

/* The login of one of our keys, or NULL; the reply may hold anything. */
static const char *
list_login(const struct redis_reply *key)
{
	static const char *const prefix[] = { REDIS_ACCOUNT, REDIS_WINDOWS };
	size_t i;

	if (key->kind != REDIS_TEXT || strlen(key->text) != key->len)
		return NULL;
	for (i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
		if (strncmp(key->text, prefix[i], strlen(prefix[i])) == 0)
			return key->text + strlen(prefix[i]);
	return NULL;
}

/* Both keys of each login, as the script wants them. */
struct both {
	struct redis_word *word;
	struct buf	*text;
	const char	**login;
	size_t		 n;
};

static void
both_collect(struct both *b, const struct redis_reply *keys)
{
	size_t i;

	b->word = xcalloc(2 * keys->n + ARGUMENTS, sizeof(*b->word));
	b->text = xcalloc(2 * keys->n + 1, sizeof(*b->text));
	b->login = xcalloc(keys->n + 1, sizeof(*b->login));
	for (i = 0; i < keys->n; i++) {
		b->login[b->n] = list_login(&keys->item[i]);
		if (b->login[b->n] != NULL)
			b->n++;
	}
	for (i = 0; i < 2 * b->n; i++) {
		buf_printf(&b->text[i], "%s%s", i < b->n ? REDIS_ACCOUNT :
		    REDIS_WINDOWS, b->login[i % b->n]);
		b->word[i] = (struct redis_word){ b->text[i].data,
		    b->text[i].len };
	}
}

static void
both_free(struct both *b)
{
	size_t i;

	for (i = 0; i < 2 * b->n; i++)
		buf_free(&b->text[i]);
	free(b->text);
	free(b->word);
	free(b->login);
}

/* Add the counts of these keys to the rows. */
static bool
add_up(struct redis_store *s, time_t now, const struct redis_reply *keys,
    struct store_rows *rows, char error[STORE_ERROR])
{
	struct both		 b = { .n = 0 };
	struct redis_reply	*r, *field;
	struct redis_word	*w;
	char			 clock[REDIS_NUMBER_TEXT];
	size_t			 i;
	bool			 ok;

	both_collect(&b, keys);
	redis_clock_text(s, now, clock);
	w = b.word + 2 * b.n;
	w[0] = redis_word("none");
	w[1] = redis_word(clock);
	w[2] = redis_word(s->lease);
	w[3] = redis_word("");
	w[4] = redis_word("0");
	w[5] = redis_word("0");
	r = redis_pool_run(s->pool, b.word, 2 * b.n + ARGUMENTS, 2 * b.n,
	    2 + b.n * LEDGER_FIELDS, error);
	for (i = 0; r != NULL && i < b.n; i++) {
		field = &r->item[2 + i * LEDGER_FIELDS];
		if (rows->top == NULL ? field[LEDGER_KEPT].number != 0 :
		    field[LEDGER_RECIPIENTS].number != 0 ||
		    field[LEDGER_MESSAGES].number != 0)
			store_rows_add(rows, b.login[i],
			    (uint64_t)field[LEDGER_RECIPIENTS].number,
			    (uint64_t)field[LEDGER_MESSAGES].number);
	}
	ok = r != NULL;
	both_free(&b);
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
		    redis_word("MATCH"), redis_word(REDIS_COUNTS),
		    redis_word("COUNT"), redis_word(REDIS_AT_ONCE) }, 6, error);
		if (r == NULL)
			return STORE_UNKNOWN;
		snprintf(cursor, sizeof(cursor), "%s", r->item[0].text);
		ok = add_up(s, now, &r->item[1], rows, error);
		redis_reply_free(&r);
	} while (ok && strcmp(cursor, "0") != 0);
	return ok ? STORE_TAKEN : STORE_UNKNOWN;
}
