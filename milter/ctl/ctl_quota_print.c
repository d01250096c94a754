/*
 * ctl_quota_print - the rows of millgatectl quota as a table and as JSON
 *
 * On a terminal each window has a bar for the part of its limit that is used.
 * Limits that an operator has set are shown beside the configured ones.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/record.h"
#include "policy/policy_limit.h"
#include "ctl_common_priv.h"
#include "ctl_quota_priv.h"

#define BAR	20

/* A login may hold control characters: print ASCII only, \xNN for the rest. */
static const char *
printable(struct buf *b, const char *text)
{
	buf_reset(b);
	for (; *text != '\0'; text++) {
		if (*text >= ' ' && *text <= '~')
			buf_addch(b, *text);
		else
			buf_printf(b, "\\x%02x", (unsigned char)*text);
	}
	return buf_str(b);
}

size_t
quota_key_width(const char *key)
{
	struct buf	b = BUF_INIT;
	size_t		width = strlen(printable(&b, key));

	buf_free(&b);
	return width;
}

/* --- the table ----------------------------------------------------------- */

/* 1234567 octets are "1.2M". */
static void
add_used(struct buf *b, enum store_unit unit, uint64_t used)
{
	static const char	 units[] = " KMG";
	size_t			 i = 0;
	uint64_t		 tenths = used > UINT64_MAX / 10 ? used :
				    used * 10;

	for (; unit == STORE_BYTES && tenths >= 10240 && i < 3; i++)
		tenths /= 1024;
	if (i == 0)
		buf_printf(b, "%" PRIu64, used);
	else
		buf_printf(b, "%" PRIu64 ".%u%c", tenths / 10,
		    (unsigned)(tenths % 10), units[i]);
}

/* "12/1000", or "12" without a limit. */
static const char *
used_of_limit(struct buf *b, const struct quota_row *row,
    enum store_unit unit, enum store_window window)
{
	uint64_t	limit = row->limits.of[unit][window];
	char		text[SIZE_TEXT];

	buf_reset(b);
	add_used(b, unit, row->usage.used[unit][window]);
	if (limit != STORE_UNLIMITED)
		buf_printf(b, "/%s", policy_limit_text(text, unit, limit));
	return buf_str(b);
}

/* How much of a limit is used, 0 to 100. */
static unsigned
percent(uint64_t used, uint64_t limit)
{
	if (limit == STORE_UNLIMITED)
		return 0;
	if (limit == 0 || used >= limit)
		return 100;
	return (unsigned)(used * 100 / limit);
}

/* For the fullest unit of the window. */
static void
print_bar(const struct quota_row *row, enum store_window window)
{
	unsigned	full = 0, one, i;
	enum store_unit	u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++) {
		one = percent(row->usage.used[u][window],
		    row->limits.of[u][window]);
		if (one > full)
			full = one;
	}
	fputs("  [", stdout);
	for (i = 0; i < BAR; i++)
		putchar(i * 100 < full * BAR ? '#' : '.');
	printf("] %3u%%", full);
}

/* "14:05:00 UTC", from a day on with the date. */
static void
print_time(time_t when, time_t now)
{
	char		text[32];
	struct tm	tm;

	gmtime_r(&when, &tm);
	strftime(text, sizeof(text), when - now < 86400 ? "%H:%M:%S" :
	    "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s UTC", text);
}

/* "  set until 2026-12-24 18:00:00 UTC (configured: 1000 recipients)" */
static void
print_set_until(const struct quota_row *row, enum store_window window,
    time_t until)
{
	const char	*comma = "";
	enum store_unit	 u;

	fputs("  set", stdout);
	ctl_print_until(until);
	if (row->plan == NULL)
		return;
	fputs(" (configured: ", stdout);
	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++) {
		if (row->setting.until[u][window] != until)
			continue;
		fputs(comma, stdout);
		comma = ", ";
		ctl_print_limit(u, row->plan->limits.of[u][window]);
	}
	putchar(')');
}

/* Limits that end at the same time are shown together. */
static void
print_set(const struct quota_row *row, enum store_window window)
{
	const struct store_setting *t = &row->setting;
	enum store_unit	u, before;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++) {
		for (before = STORE_RECIPIENTS; before < u; before++)
			if (t->until[before][window] == t->until[u][window])
				break;
		if (before == u && store_limit_is_set(t, u, window))
			print_set_until(row, window, t->until[u][window]);
	}
}

void
quota_table_head(const struct quota_table *t)
{
	printf("%-*s  %-12s  %15s  %15s", t->width, "LOGIN", "PLAN",
	    "RECIPIENTS", "MESSAGES");
	if (t->bytes)
		printf("  %15s", "BYTES");
	putchar('\n');
}

/* The counts of one window, and what is said of its limits. */
static void
print_counts(const struct quota_table *t, const struct quota_row *row,
    enum store_window window)
{
	struct buf	b = BUF_INIT;
	enum store_unit	u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		if (u != STORE_BYTES || t->bytes)
			printf("  %15s", used_of_limit(&b, row, u, window));
	if (row->plan != NULL && isatty(STDOUT_FILENO))
		print_bar(row, window);
	if (row->usage.fits[window] > 0) {
		fputs("  next fits at ", stdout);
		print_time(row->usage.fits[window], row->usage.now);
	}
	print_set(row, window);
	buf_free(&b);
}

static bool
is_shown(const struct quota_row *row, enum store_window window)
{
	enum store_unit u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		if (row->limits.of[u][window] != STORE_UNLIMITED ||
		    store_limit_is_set(&row->setting, u, window))
			return true;
	return false;
}

void
quota_table_row(const struct quota_table *t, const struct quota_row *row)
{
	const struct plan_rules	*plan = row->plan;
	struct buf		 login = BUF_INIT;
	enum store_window	 w;

	printf("%-*s  %-12s", t->width, printable(&login, row->key),
	    plan != NULL && plan->name != NULL ? plan->name : "-");
	print_counts(t, row, STORE_HOUR);
	if (row->setting.blocked_until != 0) {
		fputs("  blocked", stdout);
		ctl_print_block(&row->setting);
	}
	putchar('\n');
	for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
		if (w == STORE_HOUR || !is_shown(row, w))
			continue;
		printf("%-*s  %-12s", t->width, "", policy_limit_each(w));
		print_counts(t, row, w);
		putchar('\n');
	}
	buf_free(&login);
}

/* --- JSON ---------------------------------------------------------------- */

/* The limit in force; for one set by an operator also the configured one. */
static void
limit_add(struct record *r, const char *const keys[2],
    const struct quota_row *row, enum store_unit unit)
{
	uint64_t limit = row->limits.of[unit][STORE_HOUR], configured;

	if (limit != STORE_UNLIMITED)
		record_num(r, keys[0], limit);
	if (!store_limit_is_set(&row->setting, unit, STORE_HOUR) ||
	    row->plan == NULL)
		return;
	configured = row->plan->limits.of[unit][STORE_HOUR];
	if (configured == STORE_UNLIMITED)
		record_str(r, keys[1], "unlimited");
	else
		record_num(r, keys[1], configured);
}

static void
block_add(struct record *r, const struct store_setting *t)
{
	if (t->blocked_until == 0)
		return;
	record_str(r, "blocked", ctl_block_name(t->block));
	if (t->blocked_until < STORE_FOREVER)
		record_num(r, "blocked_until", (uint64_t)t->blocked_until);
	if (t->reason[0] != '\0')
		record_str(r, "reason", t->reason);
}

static void
add_window(struct buf *b, const struct quota_row *row, enum store_unit unit,
    enum store_window window)
{
	time_t until = row->setting.until[unit][window];

	json_put_open(b, NULL, '{');
	json_put_text(b, "name", policy_limit_name(unit, window));
	json_put_number(b, "used", row->usage.used[unit][window]);
	ctl_json_limit(b, "limit", row->limits.of[unit][window]);
	if (until != 0 && row->plan != NULL)
		ctl_json_limit(b, "configured",
		    row->plan->limits.of[unit][window]);
	if (until != 0 && until < STORE_FOREVER)
		json_put_number(b, "until", (uint64_t)until);
	if (row->usage.fits[window] > 0)
		json_put_number(b, "next_fit",
		    (uint64_t)row->usage.fits[window]);
	buf_addch(b, '}');
}

/* All limits of the account, also those of the hour. */
static void
add_windows(struct buf *b, const struct quota_row *row)
{
	enum store_window	w;
	enum store_unit		u;

	json_put_open(b, "windows", '[');
	for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
		for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
			if (row->limits.of[u][w] != STORE_UNLIMITED ||
			    store_limit_is_set(&row->setting, u, w))
				add_window(b, row, u, w);
	buf_addch(b, ']');
}

void
quota_json_row(const struct quota_row *row, struct arena *a)
{
	static const char *const	 rcpt[2] = {
		"recipients_limit", "recipients_configured"
	};
	static const char *const	 msg[2] = {
		"messages_limit", "messages_configured"
	};
	const struct plan_rules		*plan = row->plan;
	struct record			 r;
	struct buf			 b = BUF_INIT, json = BUF_INIT;

	record_init(&r, a);
	record_str(&r, "login", row->key);
	record_str(&r, "plan", plan != NULL ? plan->name : NULL);
	record_num(&r, "recipients",
	    row->usage.used[STORE_RECIPIENTS][STORE_HOUR]);
	limit_add(&r, rcpt, row, STORE_RECIPIENTS);
	record_num(&r, "messages",
	    row->usage.used[STORE_MESSAGES][STORE_HOUR]);
	limit_add(&r, msg, row, STORE_MESSAGES);
	if (row->usage.next_fit > 0)
		record_num(&r, "next_fit", (uint64_t)row->usage.next_fit);
	block_add(&r, &row->setting);
	record_json(&r, &b);
	buf_add(&json, b.data, b.len - 1);	/* without its brace */
	add_windows(&json, row);
	buf_addch(&json, '}');
	fputs(buf_str(&json), stdout);
	buf_free(&json);
	buf_free(&b);
}
