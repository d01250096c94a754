/*
 * ctl_quota_set - millgatectl quota set and reset
 *
 *	quota set LOGIN [--recipients N|unlimited|default]
 *	    [--messages N|unlimited|default] [--json] [--state PATH]
 *	quota reset LOGIN [--json] [--state PATH]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_settings.h"
#include "ctl_priv.h"
#include "ctl_quota_priv.h"
#include "ctl_setting_priv.h"
#include "ctl_usage_priv.h"

static const char usage_set[] =
    "usage: millgatectl [-c FILE] quota set LOGIN\n"
    "           [--recipients N|unlimited|default]\n"
    "           [--messages N|unlimited|default] [--json] [--state PATH]\n"
    "\n"
    "Limit what LOGIN, or \"group NAME\", \"listener NAME\" or \"relay NAME\",\n"
    "may send in an hour; default: as configured again.\n";

static const char usage_reset[] =
    "usage: millgatectl [-c FILE] quota reset LOGIN [--json] [--state PATH]\n"
    "\n"
    "Forget what LOGIN, or \"group NAME\" and the like, sent in the last hour.\n";

#define LIMIT_VALUES	"a number, unlimited or default"

/* A limit an hour; "default" is that of the plan. */
static bool
limit(const char *text, bool *is_set, uint32_t *value)
{
	unsigned long long	 n;
	char			*end;

	*is_set = strcmp(text, "default") != 0;
	*value = 0;
	if (!*is_set)
		return true;
	if (strcmp(text, "unlimited") == 0) {
		*value = STORE_UNLIMITED;
		return true;
	}
	if (text[0] < '0' || text[0] > '9' || strlen(text) > 10)
		return false;
	n = strtoull(text, &end, 10);
	*value = (uint32_t)n;
	return *end == '\0' && n < STORE_UNLIMITED;
}

/* False: it is neither, or its value is wrong. */
static bool
limit_argument(struct change *ch, int argc, char **argv, int *i)
{
	struct store_setting	*t = &ch->setting;
	const char		*value;

	if ((value = ctl_option("--recipients", argc, argv, i)) != NULL) {
		ch->parts |= STORE_PART_RECIPIENTS;
		return limit(value, &t->recipients_set,
		    &t->limits.recipients) ||
		    ctl_refuse("--recipients", LIMIT_VALUES, value);
	}
	if ((value = ctl_option("--messages", argc, argv, i)) != NULL) {
		ch->parts |= STORE_PART_MESSAGES;
		return limit(value, &t->messages_set, &t->limits.messages) ||
		    ctl_refuse("--messages", LIMIT_VALUES, value);
	}
	return ctl_unexpected(argv[*i]);
}

int
quota_set(const struct ctl *c, int argc, char **argv)
{
	struct change	ch = { .login = NULL };
	int		i;

	if (ctl_help(argc, argv, usage_set))
		return CTL_GOOD;
	for (i = 1; i < argc; i++)
		if (!ctl_change_argument(&ch, argc, argv, &i) &&
		    !limit_argument(&ch, argc, argv, &i))
			return ctl_usage(usage_set);
	if (ch.login == NULL || ch.parts == 0)
		return ctl_usage(usage_set);
	return ctl_change(c, &ch);
}

int
quota_reset(const struct ctl *c, int argc, char **argv)
{
	struct change	ch = { .reset = true };
	int		i;

	if (ctl_help(argc, argv, usage_reset))
		return CTL_GOOD;
	for (i = 1; i < argc; i++)
		if (!ctl_change_argument(&ch, argc, argv, &i) &&
		    !ctl_unexpected(argv[i]))
			return ctl_usage(usage_reset);
	return ch.login == NULL ? ctl_usage(usage_reset) : ctl_change(c, &ch);
}
