/*
 * store_redis_settings - settings of logins on a Redis server
 *
 * One hash for all logins, so that a tool can list them without a walk over
 * all keys of the server. ledger.lua defines the format of a value.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "redis_pool_priv.h"
#include "redis_scripts_priv.h"
#include "store_redis_priv.h"

#define LIMITS		"\nlimits"	/* after the login: another field */
#define EMPTY		"- - 0 0 "	/* of a setting without any part */

/* --- a setting as text --------------------------------------------------- */

/* Takes "NUMBER " off the front. */
static bool
setting_take_number(const char **text, int64_t max, int64_t *n)
{
	return setting_take_digits(text, max, n) && *(*text)++ == ' ';
}

/* Takes "- " or "NUMBER " off the front. */
static bool
setting_take_limit(const char **text, struct store_setting *t,
    enum store_unit unit)
{
	int64_t n = 0;

	if (strncmp(*text, "- ", 2) == 0) {
		*text += 2;
		return true;
	}
	if (!setting_take_number(text, UINT32_MAX, &n))
		return false;
	t->until[unit][STORE_HOUR] = STORE_FOREVER;
	t->limits.of[unit][STORE_HOUR] = n == UINT32_MAX ? STORE_UNLIMITED :
	    (uint64_t)n;
	return true;
}

static bool
setting_parse(const struct redis_reply *r, struct store_setting *t)
{
	const char	*text = r->text;
	int64_t		 until, block, changed;

	memset(t, 0, sizeof(*t));
	if (r->kind != REDIS_TEXT || strlen(text) != r->len)
		return false;
	if (!setting_take_limit(&text, t, STORE_RECIPIENTS) ||
	    !setting_take_limit(&text, t, STORE_MESSAGES) ||
	    !setting_take_number(&text, STORE_FOREVER, &until) ||
	    !setting_take_number(&text, STORE_BLOCK_HOLD, &block) ||
	    !setting_take_number(&text, STORE_FOREVER, &changed) ||
	    !setting_reason_is_right(text))
		return false;
	t->blocked_until = until;
	t->block = (enum store_block)block;
	t->changed = changed;
	memcpy(t->reason, text, strlen(text) + 1);
	return true;
}

/* The value of the field for the other limits: they are its reason. */
static bool
setting_parse_limits(const struct redis_reply *r, struct store_setting *t)
{
	const char	*text = r->text;
	int64_t		 changed;

	if (r->kind != REDIS_TEXT || strlen(text) != r->len ||
	    strncmp(text, EMPTY, strlen(EMPTY)) != 0)
		return false;
	text += strlen(EMPTY);
	if (!setting_take_number(&text, STORE_FOREVER, &changed) ||
	    !setting_limits_parse(text, t))
		return false;
	t->changed = changed;
	return true;
}

static enum store_answer
settings_misunderstood(const char *key, char error[STORE_ERROR])
{
	snprintf(error, STORE_ERROR, "the Redis server's " REDIS_SETTINGS
	    " has an invalid value for \"%.60s\"; remove it: HDEL "
	    REDIS_SETTINGS, key);
	return STORE_UNKNOWN;
}

/* --- the operations ------------------------------------------------------ */

static enum store_answer
settings_read_all(const struct redis_reply *r, const char *const *key, size_t n,
    struct store_setting *setting, char error[STORE_ERROR])
{
	size_t i;

	if (r->kind != REDIS_LIST || r->n != 2 * n) {
		snprintf(error, STORE_ERROR, "the Redis server gives an "
		    "unexpected answer");
		return STORE_UNKNOWN;
	}
	for (i = 0; i < n; i++) {
		if (r->item[i].kind != REDIS_NOTHING &&
		    !setting_parse(&r->item[i], &setting[i]))
			return settings_misunderstood(key[i], error);
		if (r->item[n + i].kind != REDIS_NOTHING &&
		    !setting_parse_limits(&r->item[n + i], &setting[i]))
			return settings_misunderstood(key[i], error);
	}
	return STORE_TAKEN;
}

enum store_answer
redis_settings_get(struct store *base, const char *const *key, size_t n,
    struct store_setting *setting, char error[STORE_ERROR])
{
	struct redis_store	*s = (struct redis_store *)base;
	struct redis_word	 w[2 * STORE_ACCOUNTS + 2];
	struct buf		 limits[STORE_ACCOUNTS];
	struct redis_reply	*r;
	enum store_answer	 answer;
	size_t			 i;

	memset(limits, 0, sizeof(limits));
	w[0] = redis_word("HMGET");
	w[1] = redis_word(REDIS_SETTINGS);
	for (i = 0; i < n; i++) {
		buf_printf(&limits[i], "%s" LIMITS, key[i]);
		w[2 + i] = redis_word(key[i]);
		w[2 + n + i] = redis_word(limits[i].data);
	}
	r = redis_pool_ask(s->pool, w, 2 + 2 * n, error);
	for (i = 0; i < n; i++)
		buf_free(&limits[i]);
	if (r == NULL)
		return STORE_UNKNOWN;
	answer = settings_read_all(r, key, n, setting, error);
	redis_reply_free(&r);
	return answer;
}

static void
limit_text(char text[REDIS_NUMBER_TEXT], const struct store_setting *t,
    enum store_unit unit)
{
	uint64_t limit = t->limits.of[unit][STORE_HOUR];

	if (setting_limit_is_plain(t, unit, STORE_HOUR))
		snprintf(text, REDIS_NUMBER_TEXT, "%" PRIu64,
		    limit < UINT32_MAX ? limit : UINT32_MAX);
	else
		snprintf(text, REDIS_NUMBER_TEXT, "-");
}

/* What the put does to the other limits; the last of two for one counts. */
static void
limits_text(struct buf *b, const struct store_setting *t, unsigned parts)
{
	struct store_setting	some = { .changed = 0 };
	int			u, w;

	for (u = 0; u < STORE_UNITS; u++)
		for (w = 0; w < STORE_WINDOWS; w++)
			if (parts & store_part((enum store_unit)u,
			    (enum store_window)w)) {
				setting_limit_name(b, u, w);
				buf_addstr(b, "none");
			}
	setting_merge(&some, parts & ~(unsigned)STORE_PART_BLOCK, t);
	setting_limits_format(b, &some);
}

enum store_answer
redis_setting_put(struct store *base, const char *key, unsigned parts,
    const struct store_setting *t, char error[STORE_ERROR])
{
	struct redis_store	*s = (struct redis_store *)base;
	char			 text[6][REDIS_NUMBER_TEXT];
	struct buf		 limits = BUF_INIT;
	struct redis_reply	*r;

	snprintf(text[0], REDIS_NUMBER_TEXT, "%u", parts);
	limit_text(text[1], t, STORE_RECIPIENTS);
	limit_text(text[2], t, STORE_MESSAGES);
	snprintf(text[3], REDIS_NUMBER_TEXT, "%lld",
	    (long long)t->blocked_until);
	snprintf(text[4], REDIS_NUMBER_TEXT, "%d", (int)t->block);
	snprintf(text[5], REDIS_NUMBER_TEXT, "%lld", (long long)t->changed);
	limits_text(&limits, t, parts);
	r = redis_pool_run(s->pool, (struct redis_word[]){
	    redis_word(REDIS_SETTINGS), redis_word("set"), redis_word("-1"),
	    redis_word(s->lease), redis_word(key), redis_word(text[0]),
	    redis_word(text[1]), redis_word(text[2]), redis_word(text[3]),
	    redis_word(text[4]), redis_word(text[5]), redis_word(t->reason),
	    redis_word(buf_str(&limits)) }, 13, 1, 2, error);
	buf_free(&limits);
	if (r == NULL)
		return STORE_UNKNOWN;
	redis_reply_free(&r);
	return STORE_TAKEN;
}

/* The field has other limits, and its login ends there; false: it has not. */
static bool
field_is_limits(const struct redis_reply *field, struct buf *login)
{
	size_t end = strlen(field->text) - (strlen(field->text) <
	    strlen(LIMITS) ? 0 : strlen(LIMITS));

	buf_reset(login);
	if (strcmp(field->text + end, LIMITS) != 0)
		return false;
	buf_add(login, field->text, end);
	return true;
}

static enum store_answer
settings_add_rows(const struct redis_reply *pairs,
    struct store_setting_rows *rows, char error[STORE_ERROR])
{
	struct store_setting	 t;
	const struct redis_reply *field;
	struct buf		 login = BUF_INIT;
	enum store_answer	 answer = STORE_TAKEN;
	bool			 right, limits;
	size_t			 i;

	for (i = 0; answer == STORE_TAKEN && i + 1 < pairs->n; i += 2) {
		memset(&t, 0, sizeof(t));
		field = &pairs->item[i];
		limits = field->kind == REDIS_TEXT &&
		    field_is_limits(field, &login);
		right = field->kind == REDIS_TEXT && (limits ?
		    setting_parse_limits(field + 1, &t) :
		    setting_parse(field + 1, &t));
		if (right)
			setting_rows_add(rows, limits ? buf_str(&login) :
			    field->text, &t);
		else
			answer = settings_misunderstood(field->kind ==
			    REDIS_TEXT ? field->text : "", error);
	}
	buf_free(&login);
	return answer;
}

enum store_answer
redis_settings_list(struct store *base, struct store_setting_rows *rows,
    char error[STORE_ERROR])
{
	struct redis_store	*s = (struct redis_store *)base;
	struct redis_reply	*r;
	enum store_answer	 answer;
	char			 cursor[24] = "0";

	do {
		r = redis_pool_scan(s->pool, (struct redis_word[]){
		    redis_word("HSCAN"), redis_word(REDIS_SETTINGS),
		    redis_word(cursor), redis_word("COUNT"),
		    redis_word(REDIS_AT_ONCE) }, 5, error);
		if (r == NULL)
			return STORE_UNKNOWN;
		snprintf(cursor, sizeof(cursor), "%s", r->item[0].text);
		answer = settings_add_rows(&r->item[1], rows, error);
		redis_reply_free(&r);
	} while (answer == STORE_TAKEN && strcmp(cursor, "0") != 0);
	return answer;
}
