/*
 * ctl_quota_print - the rows of millgatectl quota as a table and as JSON
 *
 * On a terminal the table has a bar for the part of the limit that is used.
 * Limits that an operator has set are shown beside the configured ones.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"
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

/* "12/1000", or "12" without a limit. */
static const char *
used_of_limit(struct buf *b, uint64_t used, uint64_t limit)
{
	buf_reset(b);
	buf_printf(b, "%lu", (unsigned long)used);
	if (limit != STORE_UNLIMITED)
		buf_printf(b, "/%lu", (unsigned long)limit);
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

static void
print_bar(const struct quota_row *row)
{
	unsigned	full = percent(row->recipients,
	    row->limits.of[STORE_RECIPIENTS][STORE_HOUR]);
	unsigned	other = percent(row->messages,
	    row->limits.of[STORE_MESSAGES][STORE_HOUR]);
	unsigned	i;

	if (other > full)
		full = other;
	fputs("  [", stdout);
	for (i = 0; i < BAR; i++)
		putchar(i * 100 < full * BAR ? '#' : '.');
	printf("] %3u%%", full);
}

/* "  set (configured: 1000 recipients)" */
static void
print_set(const struct quota_row *row)
{
	const struct store_setting *t = &row->setting;
	bool rcpt = store_limit_is_set(t, STORE_RECIPIENTS, STORE_HOUR);
	bool msg = store_limit_is_set(t, STORE_MESSAGES, STORE_HOUR);

	if (!rcpt && !msg)
		return;
	if (row->plan == NULL) {
		fputs("  set", stdout);
		return;
	}
	fputs("  set (configured: ", stdout);
	if (rcpt)
		ctl_print_limit(
		    row->plan->limits.of[STORE_RECIPIENTS][STORE_HOUR],
		    "recipients");
	if (rcpt && msg)
		fputs(", ", stdout);
	if (msg)
		ctl_print_limit(row->plan->limits.of[STORE_MESSAGES][STORE_HOUR],
		    "messages");
	putchar(')');
}

void
quota_table_head(int width)
{
	printf("%-*s  %-12s  %15s  %15s\n", width, "LOGIN", "PLAN",
	    "RECIPIENTS", "MESSAGES");
}

void
quota_table_row(const struct quota_row *row, int width)
{
	const struct plan_rules	*plan = row->plan;
	struct buf		 login = BUF_INIT, rcpt = BUF_INIT;
	struct buf		 msg = BUF_INIT;
	time_t			 when = row->next_fit;

	printf("%-*s  %-12s  %15s  %15s", width, printable(&login, row->key),
	    plan != NULL && plan->name != NULL ? plan->name : "-",
	    used_of_limit(&rcpt, row->recipients,
	    row->limits.of[STORE_RECIPIENTS][STORE_HOUR]),
	    used_of_limit(&msg, row->messages,
	    row->limits.of[STORE_MESSAGES][STORE_HOUR]));
	if (plan != NULL && isatty(STDOUT_FILENO))
		print_bar(row);
	if (when > 0)
		printf("  next fits at %02d:%02d:%02d UTC",
		    (int)(when / 3600 % 24), (int)(when / 60 % 60),
		    (int)(when % 60));
	print_set(row);
	if (row->setting.blocked_until != 0) {
		fputs("  blocked", stdout);
		ctl_print_block(&row->setting);
	}
	putchar('\n');
	buf_free(&login);
	buf_free(&rcpt);
	buf_free(&msg);
}

/* --- JSON ---------------------------------------------------------------- */

/* The limit in force; for one set by an operator also the configured one. */
static void
limit_add(struct record *r, const char *const keys[2], uint64_t limit,
    bool set, const uint64_t *configured)
{
	if (limit != STORE_UNLIMITED)
		record_num(r, keys[0], limit);
	if (!set || configured == NULL)
		return;
	if (*configured == STORE_UNLIMITED)
		record_str(r, keys[1], "unlimited");
	else
		record_num(r, keys[1], *configured);
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
	const struct store_setting	*t = &row->setting;
	struct record			 r;
	struct buf			 b = BUF_INIT;

	record_init(&r, a);
	record_str(&r, "login", row->key);
	record_str(&r, "plan", plan != NULL ? plan->name : NULL);
	record_num(&r, "recipients", row->recipients);
	limit_add(&r, rcpt, row->limits.of[STORE_RECIPIENTS][STORE_HOUR],
	    store_limit_is_set(t, STORE_RECIPIENTS, STORE_HOUR),
	    plan != NULL ?
	    &plan->limits.of[STORE_RECIPIENTS][STORE_HOUR] : NULL);
	record_num(&r, "messages", row->messages);
	limit_add(&r, msg, row->limits.of[STORE_MESSAGES][STORE_HOUR],
	    store_limit_is_set(t, STORE_MESSAGES, STORE_HOUR),
	    plan != NULL ? &plan->limits.of[STORE_MESSAGES][STORE_HOUR] : NULL);
	if (row->next_fit > 0)
		record_num(&r, "next_fit", (uint64_t)row->next_fit);
	block_add(&r, t);
	record_json(&r, &b);
	fputs(buf_str(&b), stdout);
	buf_free(&b);
}
