/*
 * store_redis_ask - a question to the script on the Redis server, and its
 * answer as counts
 *
 * One round trip, however many accounts and windows there are.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "redis_pool_priv.h"
#include "redis_scripts_priv.h"
#include "store_redis_priv.h"

#define ARGUMENTS	6u	/* ARGV[2] to ARGV[7]; the limits follow */
#define LIMITS		3u	/* arguments of one account */
#define ANSWER		2u	/* numbers before those of the accounts */

/* --- questions ----------------------------------------------------------- */

/* The words of a question, and the texts that they point to. */
struct words {
	struct redis_word word[STORE_ACCOUNTS * (2 + LIMITS) + ARGUMENTS];
	size_t		 n, nkeys;
	char		 held[REDIS_NUMBER_TEXT], now[REDIS_NUMBER_TEXT];
	char		 bytes[REDIS_NUMBER_TEXT];
	char		 limit[STORE_ACCOUNTS][2][REDIS_NUMBER_TEXT];
	/* an account's keys, and its limits that are not of the hour */
	struct buf	 key[STORE_ACCOUNTS], windows[STORE_ACCOUNTS];
	struct buf	 others[STORE_ACCOUNTS];
};

static void
words_add(struct words *w, const char *text, size_t len)
{
	w->word[w->n++] = (struct redis_word){ text, len };
}

static void
words_add_limit(struct words *w, char text[REDIS_NUMBER_TEXT], uint64_t limit)
{
	snprintf(text, REDIS_NUMBER_TEXT, "%lld", limit == STORE_UNLIMITED ?
	    -1LL : (long long)limit);
	words_add(w, text, strlen(text));
}

static bool
is_hourly(int u, int w)
{
	return w == STORE_HOUR && u != STORE_BYTES;
}

/* "rd=20000 bM=1000": all limits but two of the hour. */
static void
words_list_others(struct buf *b, const struct store_limits *l)
{
	int u, w;

	for (u = 0; u < STORE_UNITS; u++)
		for (w = 0; w < STORE_WINDOWS; w++)
			if (!is_hourly(u, w) &&
			    l->of[u][w] != STORE_UNLIMITED) {
				setting_limit_name(b, u, w);
				buf_printf(b, "%llu",
				    (unsigned long long)l->of[u][w]);
			}
}

static void
words_add_key(struct words *w, struct buf *b, const char *prefix,
    const char *key)
{
	buf_addstr(b, prefix);
	buf_addstr(b, key);
	words_add(w, b->data, b->len);
}

/* The second keys are left out where the hour is all. */
static void
words_add_keys(struct words *w, const struct redis_question *q)
{
	bool	others = q->counts;
	size_t	i;

	for (i = 0; i < q->n; i++) {
		words_add_key(w, &w->key[i], REDIS_ACCOUNT, q->account[i].key);
		words_list_others(&w->others[i], &q->account[i].limits);
		others = others || w->others[i].len > 0;
	}
	for (i = 0; others && i < q->n; i++)
		words_add_key(w, &w->windows[i], REDIS_WINDOWS,
		    q->account[i].key);
	w->nkeys = w->n;
}

static void
words_build(const struct redis_store *s, const struct redis_question *q,
    struct words *w)
{
	const struct store_limits	*l;
	size_t				 i;

	memset(w, 0, sizeof(*w));
	words_add_keys(w, q);
	snprintf(w->held, REDIS_NUMBER_TEXT, "%lu", (unsigned long)q->held);
	snprintf(w->bytes, REDIS_NUMBER_TEXT, "%llu",
	    (unsigned long long)q->bytes);
	redis_clock_text(s, q->now, w->now);
	words_add(w, q->operation, strlen(q->operation));
	words_add(w, w->now, strlen(w->now));
	words_add(w, s->lease, strlen(s->lease));
	words_add(w, q->id, strlen(q->id));
	words_add(w, w->held, strlen(w->held));
	words_add(w, w->bytes, strlen(w->bytes));
	for (i = 0; i < q->n; i++) {
		l = &q->account[i].limits;
		words_add_limit(w, w->limit[i][0],
		    l->of[STORE_RECIPIENTS][STORE_HOUR]);
		words_add_limit(w, w->limit[i][1],
		    l->of[STORE_MESSAGES][STORE_HOUR]);
		words_add(w, buf_str(&w->others[i]), w->others[i].len);
	}
}

static void
words_free(struct words *w)
{
	size_t i;

	for (i = 0; i < STORE_ACCOUNTS; i++) {
		buf_free(&w->key[i]);
		buf_free(&w->windows[i]);
		buf_free(&w->others[i]);
	}
}

/* --- answers ------------------------------------------------------------- */

static uint64_t
usage_count(const struct redis_reply *number)
{
	return (uint64_t)number->number;
}

/* A number below `most`, whatever the server says. */
static int
usage_choice(const struct redis_reply *number, int most)
{
	return number->number < most ? (int)number->number : 0;
}

static void
usage_fill(struct store_usage *u, const struct redis_reply *field, time_t now)
{
	u->now = now;
	u->used[STORE_RECIPIENTS][STORE_HOUR] =
	    usage_count(&field[LEDGER_RECIPIENTS]);
	u->used[STORE_MESSAGES][STORE_HOUR] =
	    usage_count(&field[LEDGER_MESSAGES]);
	u->used[STORE_BYTES][STORE_HOUR] = usage_count(&field[LEDGER_BYTES]);
	u->reserved[STORE_RECIPIENTS] =
	    usage_count(&field[LEDGER_RESERVED_RECIPIENTS]);
	u->reserved[STORE_MESSAGES] =
	    usage_count(&field[LEDGER_RESERVED_MESSAGES]);
	u->reserved[STORE_BYTES] = usage_count(&field[LEDGER_RESERVED_BYTES]);
	u->next_fit = (time_t)field[LEDGER_NEXT_FIT].number;
	u->fits[STORE_HOUR] = (time_t)field[LEDGER_FITS_HOUR].number;
	u->counted = (unsigned)usage_choice(&field[LEDGER_LIMITED],
	    1 << STORE_WINDOWS);
	u->refused = field[LEDGER_REFUSED].number != 0;
	u->unit = (enum store_unit)usage_choice(&field[LEDGER_UNIT],
	    STORE_UNITS);
	u->window = (enum store_window)usage_choice(&field[LEDGER_WINDOW],
	    STORE_WINDOWS);
}

/* The windows of one account; the numbers that they take. */
static size_t
usage_fill_windows(struct store_usage *u, const struct redis_reply *field,
    size_t n)
{
	size_t	at = 0;
	int	w;

	for (w = 0; w < STORE_WINDOWS && at + WINDOW_FIELDS <= n; w++) {
		if (w == STORE_HOUR || !(u->counted & 1u << w))
			continue;
		u->used[STORE_RECIPIENTS][w] =
		    usage_count(&field[at + WINDOW_RECIPIENTS]);
		u->used[STORE_MESSAGES][w] =
		    usage_count(&field[at + WINDOW_MESSAGES]);
		u->used[STORE_BYTES][w] =
		    usage_count(&field[at + WINDOW_BYTES]);
		u->fits[w] = (time_t)field[at + WINDOW_FITS].number;
		at += WINDOW_FIELDS;
	}
	return at;
}

enum store_answer
redis_ask(struct redis_store *s, const struct redis_question *q,
    struct store_usage *usage)
{
	struct words		 w;
	struct redis_reply	*r;
	enum store_answer	 answer;
	time_t			 now = q->now;
	size_t			 at = ANSWER + q->n * LEDGER_FIELDS, i;

	words_build(s, q, &w);
	r = redis_pool_run(s->pool, w.word, w.n, w.nkeys, at,
	    usage[0].error);
	words_free(&w);
	if (r == NULL)
		return STORE_UNKNOWN;
	answer = r->item[0].number != 0 ? STORE_TAKEN : STORE_REFUSED;
	if (!s->callers_clock)
		now = (time_t)(r->item[1].number / 1000);
	for (i = 0; i < q->n; i++) {
		usage_fill(&usage[i], &r->item[ANSWER + i * LEDGER_FIELDS],
		    now);
		at += usage_fill_windows(&usage[i], &r->item[at], r->n - at);
	}
	redis_reply_free(&r);
	return answer;
}
