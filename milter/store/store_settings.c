/*
 * store_settings - settings and resets: the part that all backends share
 *
 * Checks new settings, and hides limits and blocks that are over; a backend
 * only keeps settings.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "store_priv.h"

unsigned
setting_parts_over(const struct store_setting *setting, time_t now)
{
	unsigned	parts = 0;
	time_t		until;
	int		u, w;

	for (u = 0; u < STORE_UNITS; u++) {
		for (w = 0; w < STORE_WINDOWS; w++) {
			until = setting->until[u][w];
			if (until != 0 && until <= now)
				parts |= store_part((enum store_unit)u,
				    (enum store_window)w);
		}
	}
	if (setting->blocked_until != 0 && setting->blocked_until <= now)
		parts |= STORE_PART_BLOCK;
	return parts;
}

bool
setting_is_empty(const struct store_setting *setting)
{
	return setting_parts_over(setting, STORE_FOREVER) == 0;
}

static void
setting_merge_limit(struct store_setting *to, const struct store_setting *from,
    enum store_unit u, enum store_window w)
{
	to->until[u][w] = from->until[u][w];
	to->limits.of[u][w] = from->until[u][w] != 0 ? from->limits.of[u][w] :
	    0;
}

void
setting_merge(struct store_setting *to, unsigned parts,
    const struct store_setting *from)
{
	int u, w;

	for (u = 0; u < STORE_UNITS; u++)
		for (w = 0; w < STORE_WINDOWS; w++)
			if (parts & store_part((enum store_unit)u,
			    (enum store_window)w))
				setting_merge_limit(to, from,
				    (enum store_unit)u, (enum store_window)w);
	if (parts & STORE_PART_BLOCK) {
		to->blocked_until = from->blocked_until;
		to->block = from->block;
		memcpy(to->reason, from->reason, STORE_REASON);
	}
	to->changed = from->changed;
}

/* --- limits as text ------------------------------------------------------ */

bool
setting_limit_is_plain(const struct store_setting *t, enum store_unit u,
    enum store_window w)
{
	uint64_t limit = t->limits.of[u][w];

	return w == STORE_HOUR && u != STORE_BYTES &&
	    t->until[u][w] == STORE_FOREVER &&
	    (limit < UINT32_MAX || limit == STORE_UNLIMITED);
}

static const char setting_units[] = "rmb", setting_windows[] = "mhdM";

void
setting_limit_name(struct buf *b, int unit, int window)
{
	buf_printf(b, "%s%c%c=", b->len > 0 ? " " : "", setting_units[unit],
	    setting_windows[window]);
}

void
setting_limits_format(struct buf *b, const struct store_setting *t)
{
	int u, w;

	for (u = 0; u < STORE_UNITS; u++) {
		for (w = 0; w < STORE_WINDOWS; w++) {
			if (t->until[u][w] == 0 || setting_limit_is_plain(
			    t, (enum store_unit)u, (enum store_window)w))
				continue;
			setting_limit_name(b, u, w);
			if (t->limits.of[u][w] == STORE_UNLIMITED)
				buf_addch(b, '-');
			else
				buf_printf(b, "%" PRIu64, t->limits.of[u][w]);
			if (t->until[u][w] != STORE_FOREVER)
				buf_printf(b, "@%lld",
				    (long long)t->until[u][w]);
		}
	}
}

bool
setting_take_digits(const char **text, int64_t max, int64_t *n)
{
	size_t len = strspn(*text, "0123456789");

	if (len == 0 || len > 17)
		return false;
	*n = strtoll(*text, NULL, 10);
	*text += len;
	return *n <= max;
}

/* Takes one limit off the front. */
static bool
limits_take_one(const char **text, struct store_setting *t)
{
	const char	*p = *text, *u, *w;
	int64_t		 limit = -1, until = STORE_FOREVER;

	u = *p != '\0' ? strchr(setting_units, *p) : NULL;
	w = u != NULL && p[1] != '\0' ? strchr(setting_windows, p[1]) : NULL;
	if (w == NULL || p[2] != '=')
		return false;
	p += 3;
	if (*p == '-')
		p++;
	else if (!setting_take_digits(&p, STORE_LIMIT_MAX, &limit))
		return false;
	if (*p == '@' && (p++, !setting_take_digits(&p, STORE_FOREVER,
	    &until) || until == 0))
		return false;
	*text = p;
	t->limits.of[u - setting_units][w - setting_windows] = limit < 0 ?
	    STORE_UNLIMITED : (uint64_t)limit;
	t->until[u - setting_units][w - setting_windows] = until;
	return true;
}

bool
setting_limits_parse(const char *text, struct store_setting *t)
{
	while (*text != '\0') {
		if (!limits_take_one(&text, t))
			return false;
		if (*text == ' ' && text[1] != '\0')
			text++;
		else if (*text != '\0')
			return false;
	}
	return true;
}

/* --- rows ---------------------------------------------------------------- */

void
setting_rows_add(struct store_setting_rows *rows, const char *key,
    const struct store_setting *setting)
{
	rows->row = array_grow(rows->row, rows->n, &rows->capacity,
	    sizeof(*rows->row));
	rows->row[rows->n++] = (struct store_setting_row){
		xstrdup(key), *setting
	};
}

void
store_setting_rows_free(struct store_setting_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		free(rows->row[i].key);
	free(rows->row);
	memset(rows, 0, sizeof(*rows));
}

/* Remove limits and a block that are over. */
static void
setting_tidy(struct store_setting *setting, time_t now)
{
	struct store_setting none = { .changed = setting->changed };

	setting_merge(setting, setting_parts_over(setting, now), &none);
	if (setting_is_empty(setting))
		memset(setting, 0, sizeof(*setting));
}

enum store_answer
store_settings_get(struct store *s, const char *const *key, size_t n,
    time_t now, struct store_setting *setting, char error[STORE_ERROR])
{
	enum store_answer	answer;
	size_t			i;

	memset(setting, 0, n * sizeof(*setting));
	error[0] = '\0';
	answer = s->ops->settings_get(s, key, n, setting, error);
	for (i = 0; i < n; i++)
		setting_tidy(&setting[i], now);
	return answer;
}

enum store_answer
store_setting_get(struct store *s, const char *key, time_t now,
    struct store_setting *setting, char error[STORE_ERROR])
{
	return store_settings_get(s, &key, 1, now, setting, error);
}

/* Replies and terminals show it as it is. */
bool
setting_reason_is_right(const char reason[STORE_REASON])
{
	size_t i;

	for (i = 0; i < STORE_REASON && reason[i] != '\0'; i++)
		if (reason[i] < ' ' || reason[i] > '~')
			return false;
	return i < STORE_REASON;
}

enum store_answer
store_setting_put(struct store *s, const char *key, unsigned parts,
    const struct store_setting *setting, char error[STORE_ERROR])
{
	struct store_setting clean = { .blocked_until = 0 };

	error[0] = '\0';
	if (key[0] == '\0') {
		snprintf(error, STORE_ERROR, "the login is empty; name one");
		return STORE_REFUSED;
	}
	if ((parts & STORE_PART_BLOCK) &&
	    !setting_reason_is_right(setting->reason)) {
		snprintf(error, STORE_ERROR, "the reason must be at most "
		    "%d characters of printable ASCII", STORE_REASON - 1);
		return STORE_REFUSED;
	}
	setting_merge(&clean, parts, setting);
	return s->ops->setting_put(s, key, parts, &clean, error);
}

/* A backend may give the parts of a setting in several rows. */
static void
setting_unite(struct store_setting *to, const struct store_setting *from)
{
	unsigned parts = setting_parts_over(from, STORE_FOREVER);

	if (parts != 0)
		setting_merge(to, parts, from);
}

static int
setting_row_by_key(const void *va, const void *vb)
{
	const struct store_setting_row *a = va, *b = vb;

	return strcmp(a->key, b->key);
}

enum store_answer
store_settings_list(struct store *s, time_t now,
    struct store_setting_rows *rows, char error[STORE_ERROR])
{
	enum store_answer	answer;
	size_t			i, kept = 0;

	memset(rows, 0, sizeof(*rows));
	error[0] = '\0';
	answer = s->ops->settings_list(s, rows, error);
	if (rows->n > 1)
		qsort(rows->row, rows->n, sizeof(*rows->row),
		    setting_row_by_key);
	for (i = 0; i < rows->n; i++) {
		setting_tidy(&rows->row[i].setting, now);
		if (kept > 0 && strcmp(rows->row[kept - 1].key,
		    rows->row[i].key) == 0) {
			setting_unite(&rows->row[kept - 1].setting,
			    &rows->row[i].setting);
			free(rows->row[i].key);
		} else if (setting_is_empty(&rows->row[i].setting))
			free(rows->row[i].key);
		else
			rows->row[kept++] = rows->row[i];
	}
	rows->n = kept;
	return answer;
}

enum store_answer
store_reset(struct store *s, const char *key, time_t now,
    char error[STORE_ERROR])
{
	error[0] = '\0';
	return s->ops->reset(s, key, now, error);
}

enum store_answer
store_take_requests(struct store *s, char error[STORE_ERROR])
{
	error[0] = '\0';
	return s->ops->take_requests == NULL ? STORE_TAKEN :
	    s->ops->take_requests(s, error);
}
