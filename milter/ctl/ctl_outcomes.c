/*
 * ctl_outcomes - millgatectl outcomes: the DMARC results of one day
 *
 *	outcomes [--day YYYY-MM-DD] [--json] [--state PATH]
 *
 * Reads the rows that the daemon writes with `dmarc { record-outcomes }`; it
 * need not run. Days are UTC, in the rows too. The default is today.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/record.h"
#include "store/store_outcomes.h"
#include "ctl_common_priv.h"

#define DAY_SECONDS	86400
#define DAY_TEXT	16

struct outcomes {
	int64_t		 day;
	struct arena	*arena;
	struct dmarc_outcome_rows rows;
};

static const char usage[] =
    "usage: millgatectl [-c FILE] outcomes [--day YYYY-MM-DD] [--json]\n"
    "           [--state PATH]\n"
    "\n"
    "Show the DMARC results of the mail of one day (UTC; default: today).\n";

/* Exactly YYYY-MM-DD, a day of the calendar, from 1970 on. */
static bool
day_parse(const char *text, int64_t *day)
{
	static const char	form[] = "dddd-dd-dd";
	struct tm		tm, asked;
	size_t			i;

	for (i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? !ascii_is_digit(text[i]) :
		    text[i] != form[i])
			return false;
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = (int)strtol(text, NULL, 10) - 1900;
	tm.tm_mon = (int)strtol(text + 5, NULL, 10) - 1;
	tm.tm_mday = (int)strtol(text + 8, NULL, 10);
	asked = tm;
	*day = (int64_t)timegm(&tm) / DAY_SECONDS;
	/* timegm(3) turns April 31 into May 1 */
	return text[i] == '\0' && tm.tm_mday == asked.tm_mday &&
	    tm.tm_mon == asked.tm_mon && tm.tm_year >= 70;
}

static void
day_format(int64_t day, char text[DAY_TEXT])
{
	time_t		 when = (time_t)(day * DAY_SECONDS);
	struct tm	 tm;

	gmtime_r(&when, &tm);
	strftime(text, DAY_TEXT, "%Y-%m-%d", &tm);
}

/* --- output -------------------------------------------------------------- */

/*
 * JSON keys of the columns in store_outcomes.h: the names of an aggregate
 * report (RFC 9990), or close to them.
 */
static const char *const keys[DMARC_OUTCOME_TEXTS] = {
	[OUTCOME_AUTHOR] = "header_from",
	[OUTCOME_RECORD] = "policy_domain",
	[OUTCOME_SOURCE] = "source_ip",
	[OUTCOME_ENVELOPE] = "envelope_from",
	[OUTCOME_SPF] = "spf",
	[OUTCOME_SPF_DOMAIN] = "spf_domain",
	[OUTCOME_SPF_SCOPE] = "spf_scope",
	[OUTCOME_DKIM] = "dkim",
	[OUTCOME_SIGNERS] = "dkim_signatures",
	[OUTCOME_ALIGNED] = "aligned",
	[OUTCOME_RESULT] = "dmarc",
	[OUTCOME_PUBLISHED] = "policy_published",
	[OUTCOME_POLICY] = "policy",
	[OUTCOME_DISPOSITION] = "disposition",
	[OUTCOME_OVERRIDE] = "override",
};

static void
outcomes_json(const struct outcomes *o, const char *day)
{
	const struct dmarc_outcome_row	*row;
	struct arena			*a = arena_new(1024);
	struct record			 r;
	struct buf			 b = BUF_INIT;
	size_t				 i, k;

	putchar('[');
	for (i = 0; i < o->rows.n; i++) {
		row = &o->rows.row[i];
		record_init(&r, a);
		record_str(&r, "day", day);
		for (k = 0; k < DMARC_OUTCOME_TEXTS; k++)
			record_str(&r, keys[k], row->outcome.text[k]);
		record_num(&r, "messages", row->messages);
		buf_reset(&b);
		record_json(&r, &b);
		printf("%s\n%s", i > 0 ? "," : "", buf_str(&b));
		arena_reset(a);
	}
	puts(o->rows.n > 0 ? "\n]" : "]");
	buf_free(&b);
	arena_free(&a);
}

/* Both texts with a blank between them; "-" if both are empty. */
static const char *
pair(struct arena *a, const char *one, const char *two)
{
	if (one[0] == '\0' && two[0] == '\0')
		return "-";
	return arena_printf(a, "%s%s%s", one,
	    one[0] != '\0' && two[0] != '\0' ? " " : "", two);
}

static void
outcomes_row(const struct dmarc_outcome_row *row, struct arena *a)
{
	const char *const *t = row->outcome.text;

	printf("%8llu  %-30s  %-20s  %-9s  %-10s  %-8s  %-30s  %s\n",
	    (unsigned long long)row->messages, t[OUTCOME_AUTHOR],
	    t[OUTCOME_SOURCE][0] != '\0' ? t[OUTCOME_SOURCE] : "unknown",
	    t[OUTCOME_RESULT], t[OUTCOME_POLICY],
	    pair(a, t[OUTCOME_DISPOSITION], t[OUTCOME_OVERRIDE]),
	    pair(a, t[OUTCOME_SPF], t[OUTCOME_SPF_DOMAIN]),
	    pair(a, t[OUTCOME_SIGNERS], ""));
}

static void
outcomes_table(const struct outcomes *o, const char *day)
{
	struct arena	*a = arena_new(1024);
	uint64_t	 messages = 0;
	size_t		 i;

	for (i = 0; i < o->rows.n; i++)
		messages += o->rows.row[i].messages;
	printf("%s: %llu messages in %zu rows\n", day,
	    (unsigned long long)messages, o->rows.n);
	if (o->rows.n > 0)
		printf("%8s  %-30s  %-20s  %-9s  %-10s  %-8s  %-30s  %s\n",
		    "MESSAGES", "AUTHOR", "SOURCE", "DMARC", "POLICY",
		    "ACTION", "SPF", "DKIM");
	for (i = 0; i < o->rows.n; i++) {
		outcomes_row(&o->rows.row[i], a);
		arena_reset(a);
	}
	arena_free(&a);
}

/* --- the command --------------------------------------------------------- */

static bool
outcomes_option(void *arg, int option, char *value)
{
	struct outcomes *o = arg;

	(void)option;		/* there is one */
	return day_parse(value, &o->day) ||
	    ctl_refuse("--day", "a day such as 2026-11-30", value);
}

static bool
outcomes_print(struct outcomes *o, const char *state, bool json)
{
	char	day[DAY_TEXT], *why = NULL;

	if (!store_outcomes_read(state, o->day, o->arena, &o->rows, &why)) {
		ctl_fail(why);
		return false;
	}
	day_format(o->day, day);
	if (json)
		outcomes_json(o, day);
	else
		outcomes_table(o, day);
	return true;
}

int
ctl_outcomes(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "day", required_argument, NULL, CTL_OPT_OWN },
		CTL_OPTION_JSON,
		CTL_OPTION_STATE,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options,
	    outcomes_option, 0, 0 };
	struct outcomes	 o = { .day = (int64_t)time(NULL) / DAY_SECONDS };
	struct conf	*conf = NULL;
	int		 status = ctl_parse(c, &syntax, &o, argc, argv);

	if (status != CTL_PARSED)
		return status;
	if (c->state == NULL && (conf = ctl_load_conf(c)) == NULL)
		return CTL_TROUBLE;
	o.arena = arena_new(65536);
	status = outcomes_print(&o, c->state != NULL ? c->state : conf->state,
	    c->json) ? CTL_GOOD : CTL_TROUBLE;
	arena_free(&o.arena);
	conf_unref(&conf);
	return status;
}
