/*
 * ctl_quota_set - millgatectl quota set: limits in place of the configured ones
 *
 *	quota set LOGIN [--per minute|hour|day|month] [--recipients N]
 *	    [--messages N] [--bytes N] [--until TIME] [--json] [--state PATH]
 *
 * N is a number, "unlimited" or "default". A limit with a time ends by itself;
 * then the configured one applies again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "policy/policy_limit.h"
#include "store/store_settings.h"
#include "ctl_common_priv.h"
#include "ctl_quota_priv.h"

static const char usage[] =
    "usage: millgatectl [-c FILE] quota set LOGIN\n"
    "           [--per minute|hour|day|month]\n"
    "           [--recipients N|unlimited|default]\n"
    "           [--messages N|unlimited|default]\n"
    "           [--bytes SIZE|unlimited|default]\n"
    "           [--until TIME] [--json] [--state PATH]\n"
    "\n"
    "Limit what a login may send in a window, an hour by default, in place of\n"
    "the configuration. \"default\" means the configured limit.\n"
    "TIME is in UTC: \"2026-12-24\" or \"2026-12-24 18:00\".\n"
    "LOGIN may also be \"group NAME\", \"listener NAME\" or \"relay NAME\".\n";

#define BYTES_MAX	(UINT64_C(1) << 50)

enum { OPT_PER = CTL_OPT_OWN, OPT_RECIPIENTS, OPT_MESSAGES, OPT_BYTES,
    OPT_UNTIL };

/* The options of a command line, in any order. */
struct set {
	enum store_window window;
	bool		 given[STORE_UNITS], configured[STORE_UNITS];
	uint64_t	 limit[STORE_UNITS];	/* unless `configured` */
	time_t		 until;		/* 0: for ever */
};

/* --- values -------------------------------------------------------------- */

static bool
parse_amount(enum store_unit unit, const char *text, uint64_t *n)
{
	char *end;

	if (unit == STORE_BYTES)
		return size_parse(text, n) && *n <= BYTES_MAX;
	if (!ascii_is_digit(text[0]) || strlen(text) > 10)
		return false;
	*n = strtoull(text, &end, 10);
	return *end == '\0' && *n < UINT32_MAX;
}

static bool
set_amount(struct set *s, enum store_unit unit, const char *text)
{
	static const char	*const options[] = {
		"--recipients", "--messages", "--bytes"
	};

	s->given[unit] = true;
	s->configured[unit] = strcmp(text, "default") == 0;
	s->limit[unit] = STORE_UNLIMITED;
	if (s->configured[unit] || strcmp(text, "unlimited") == 0 ||
	    parse_amount(unit, text, &s->limit[unit]))
		return true;
	return ctl_refuse(options[unit], unit == STORE_BYTES ?
	    "a size such as 25M, unlimited or default" :
	    "a number, unlimited or default", text);
}

static bool
set_window(struct set *s, const char *text)
{
	for (s->window = STORE_MINUTE; s->window < STORE_WINDOWS; s->window++)
		if (strcmp(text, policy_limit_window(s->window)) == 0)
			return true;
	return ctl_refuse("--per", "minute, hour, day or month", text);
}

/* Digits of the text, with a separator after them; false: it is none. */
static bool
take_digits(const char **p, size_t digits, const char *separators, int *n)
{
	size_t i;

	*n = 0;
	for (i = 0; i < digits; i++, ++*p) {
		if (!ascii_is_digit(**p))
			return false;
		*n = *n * 10 + (**p - '0');
	}
	if (separators == NULL || strchr(separators, **p) == NULL)
		return separators == NULL;
	if (**p != '\0')
		++*p;
	return true;
}

/* "2026-12-24", "2026-12-24 18:00", "2026-12-24T18:00:30Z"; in UTC. */
static bool
parse_time(const char *text, time_t *when)
{
	struct tm	 tm = { 0 }, back;
	const char	*p = text;

	if (!take_digits(&p, 4, "-", &tm.tm_year) || p[-1] != '-' ||
	    !take_digits(&p, 2, "-", &tm.tm_mon) || p[-1] != '-' ||
	    !take_digits(&p, 2, " T", &tm.tm_mday))
		return false;
	if ((p[-1] == ' ' || p[-1] == 'T') &&
	    (!take_digits(&p, 2, ":", &tm.tm_hour) || p[-1] != ':' ||
	    !take_digits(&p, 2, ":Z", &tm.tm_min)))
		return false;
	if (p[-1] == ':' && !take_digits(&p, 2, "Z", &tm.tm_sec))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	back = tm;
	*when = timegm(&tm);
	/* timegm turns November 31 into December 1 */
	return *p == '\0' && back.tm_mday == tm.tm_mday &&
	    back.tm_mon == tm.tm_mon && back.tm_hour == tm.tm_hour &&
	    back.tm_min == tm.tm_min && back.tm_sec == tm.tm_sec;
}

static bool
set_until(struct set *s, const char *text)
{
	if (!parse_time(text, &s->until) || s->until >= STORE_FOREVER)
		return ctl_refuse("--until", "a time in UTC such as "
		    "\"2026-12-24\" or \"2026-12-24 18:00\"", text);
	return s->until > time(NULL) || ctl_complain("--until %s is in the "
	    "past", text);
}

/* --- the command --------------------------------------------------------- */

static bool
set_option(void *arg, int option, char *value)
{
	struct set *s = arg;

	switch (option) {
	case OPT_PER:		return set_window(s, value);
	case OPT_RECIPIENTS:	return set_amount(s, STORE_RECIPIENTS, value);
	case OPT_MESSAGES:	return set_amount(s, STORE_MESSAGES, value);
	case OPT_BYTES:		return set_amount(s, STORE_BYTES, value);
	}
	return set_until(s, value);
}

/* False: nothing would be set until the time. */
static bool
make_change(const struct set *s, struct quota_change *ch)
{
	struct store_setting	*t = &ch->setting;
	enum store_unit		 u;
	bool			 any = false;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++) {
		if (!s->given[u])
			continue;
		ch->parts |= store_part(u, s->window);
		if (s->configured[u])
			continue;
		any = true;
		t->limits.of[u][s->window] = s->limit[u];
		t->until[u][s->window] = s->until != 0 ? s->until :
		    STORE_FOREVER;
	}
	return any || s->until == 0;
}

int
ctl_quota_set(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "per",	required_argument, NULL, OPT_PER },
		{ "recipients",	required_argument, NULL, OPT_RECIPIENTS },
		{ "messages",	required_argument, NULL, OPT_MESSAGES },
		{ "bytes",	required_argument, NULL, OPT_BYTES },
		{ "until",	required_argument, NULL, OPT_UNTIL },
		CTL_OPTION_JSON,
		CTL_OPTION_STATE,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options, set_option,
	    1, 1 };
	struct set		s = { .window = STORE_HOUR };
	struct quota_change	ch = { .reset = false };
	int			status = ctl_parse(c, &syntax, &s, argc, argv);
	bool			effective;

	if (status != CTL_PARSED)
		return status;
	effective = make_change(&s, &ch);
	if (ch.parts == 0) {
		ctl_complain("--recipients, --messages or --bytes is required");
		return ctl_usage(usage);
	}
	if (!effective) {
		ctl_complain("--until has no effect on \"default\"");
		return ctl_usage(usage);
	}
	return quota_change(c, &ch);
}
