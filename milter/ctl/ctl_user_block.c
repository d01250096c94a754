/*
 * ctl_user_block - millgatectl user block and unblock
 *
 *	user block LOGIN [--for 2h] [--reason TEXT] [--json] [--state PATH]
 *	user unblock LOGIN [--json] [--state PATH]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/store_settings.h"
#include "ctl_priv.h"
#include "ctl_setting_priv.h"
#include "ctl_usage_priv.h"
#include "ctl_user_priv.h"

#define LONGEST		(UINT64_C(10) * 366 * 86400)	/* ten years */

static const char usage_block[] =
    "usage: millgatectl [-c FILE] user block LOGIN [--for N{s|m|h|d|w}]\n"
    "           [--reason TEXT] [--json] [--state PATH]\n"
    "\n"
    "Refuse the mail of LOGIN, or of \"group NAME\" and the like, until it is\n"
    "unblocked or for a time such as 2h; the client is told TEXT.\n";

static const char usage_unblock[] =
    "usage: millgatectl [-c FILE] user unblock LOGIN [--json] [--state PATH]\n"
    "\n"
    "Let it send again.\n";

/* "90s", "30m", "2h", "1d", "1w"; 0: it is no such thing, or too long. */
static uint64_t
duration(const char *text)
{
	static const struct {
		char		unit;
		uint64_t	seconds;
	} units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 },
	};
	uint64_t	 n;
	char		*end;
	size_t		 i;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 10)
		return 0;
	n = strtoull(text, &end, 10);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (end[0] == units[i].unit && end[1] == '\0')
			return n * units[i].seconds <= LONGEST ?
			    n * units[i].seconds : 0;
	return 0;
}

static bool
set_end(struct store_setting *t, const char *text)
{
	uint64_t seconds = duration(text);

	if (seconds == 0) {
		fprintf(stderr, "millgatectl: --for takes a time such as 90s, "
		    "30m, 2h, 1d or 1w, ten years at most\n");
		return false;
	}
	t->blocked_until = time(NULL) + (time_t)seconds;
	t->block = STORE_BLOCK_DEFER;
	return true;
}

/* The store refuses what is not printable; what is too long we see here. */
static bool
set_reason(struct store_setting *t, const char *text)
{
	if (strlen(text) >= STORE_REASON) {
		fprintf(stderr, "millgatectl: a reason has %d characters at "
		    "most\n", STORE_REASON - 1);
		return false;
	}
	memcpy(t->reason, text, strlen(text));
	return true;
}

static bool
block_argument(struct change *ch, int argc, char **argv, int *i)
{
	const char *value;

	if ((value = ctl_option("--for", argc, argv, i)) != NULL)
		return set_end(&ch->setting, value);
	if ((value = ctl_option("--reason", argc, argv, i)) != NULL)
		return set_reason(&ch->setting, value);
	return ctl_unexpected(argv[*i]);
}

int
user_block(const struct ctl *c, int argc, char **argv)
{
	struct change	ch = { .parts = STORE_PART_BLOCK };
	int		i;

	if (ctl_help(argc, argv, usage_block))
		return CTL_GOOD;
	ch.setting.blocked_until = STORE_FOREVER;
	ch.setting.block = STORE_BLOCK_REJECT;
	for (i = 1; i < argc; i++)
		if (!ctl_change_argument(&ch, argc, argv, &i) &&
		    !block_argument(&ch, argc, argv, &i))
			return ctl_usage(usage_block);
	return ch.login == NULL ? ctl_usage(usage_block) : ctl_change(c, &ch);
}

int
user_unblock(const struct ctl *c, int argc, char **argv)
{
	struct change	ch = { .parts = STORE_PART_BLOCK };
	int		i;

	if (ctl_help(argc, argv, usage_unblock))
		return CTL_GOOD;
	for (i = 1; i < argc; i++)
		if (!ctl_change_argument(&ch, argc, argv, &i) &&
		    !ctl_unexpected(argv[i]))
			return ctl_usage(usage_unblock);
	return ch.login == NULL ? ctl_usage(usage_unblock) :
	    ctl_change(c, &ch);
}
