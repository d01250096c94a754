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

#include "ctl.h"
#include "ctl_setting.h"
#include "ctl_user.h"

#define LONGEST		(UINT64_C(10) * 366 * 86400)	/* ten years */

static int
usage_block(void)
{
	fputs("usage: millgatectl user block LOGIN [--for N{s|m|h|d|w}] "
	    "[--reason TEXT]\n\t[--json] [--state PATH]\n", stderr);
	return CTL_TROUBLE;
}

static int
usage_unblock(void)
{
	fputs("usage: millgatectl user unblock LOGIN [--json] "
	    "[--state PATH]\n", stderr);
	return CTL_TROUBLE;
}

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
	return false;
}

int
user_block(const struct ctl *c, int argc, char **argv)
{
	struct change	ch = { .parts = STORE_PART_BLOCK };
	int		i;

	ch.setting.blocked_until = STORE_FOREVER;
	ch.setting.block = STORE_BLOCK_REJECT;
	for (i = 1; i < argc; i++)
		if (!ctl_change_argument(&ch, argc, argv, &i) &&
		    !block_argument(&ch, argc, argv, &i))
			return usage_block();
	return ch.login == NULL ? usage_block() : ctl_change(c, &ch);
}

int
user_unblock(const struct ctl *c, int argc, char **argv)
{
	struct change	ch = { .parts = STORE_PART_BLOCK };
	int		i;

	for (i = 1; i < argc; i++)
		if (!ctl_change_argument(&ch, argc, argv, &i))
			return usage_unblock();
	return ch.login == NULL ? usage_unblock() : ctl_change(c, &ch);
}
