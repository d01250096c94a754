/*
 * ctl_user - millgatectl user: explain, block and unblock
 *
 *	user explain: see ctl_explain.c
 *	user block LOGIN [--for 2h] [--reason TEXT] [--json] [--state PATH]
 *	user unblock LOGIN [--json] [--state PATH]
 *	user forget LOGIN|--all: the running daemon asks the database again
 *
 * A block with an end defers mail (451), one without an end rejects it (550).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/json.h"
#include "conf/conf.h"
#include "store/store_settings.h"
#include "ctl_ask_priv.h"
#include "ctl_common_priv.h"
#include "ctl_explain_priv.h"
#include "ctl_quota_priv.h"

#define LONGEST		(UINT64_C(10) * 366 * 86400)	/* ten years */

static const char usage[] =
    "usage:\n"
    "  millgatectl [-c FILE] user explain LOGIN [--listener NAME] [--json]\n"
    "\texplain what a login may send, how much, and why\n"
    "  millgatectl [-c FILE] user block LOGIN [--for TIME] [--reason TEXT]"
    " [--json]\n"
    "\trefuse its mail, for a time such as 2h or until it is unblocked\n"
    "  millgatectl [-c FILE] user unblock LOGIN [--json]\n"
    "\taccept its mail again\n"
    "  millgatectl [-c FILE] user forget LOGIN|--all\n"
    "\task users-database again, not the cache\n";

static const char usage_block[] =
    "usage: millgatectl [-c FILE] user block LOGIN [--for N{s|m|h|d|w}]\n"
    "           [--reason TEXT] [--json] [--state PATH]\n"
    "\n"
    "Refuse the mail of a login, for a time such as 2h or until it is\n"
    "unblocked. The reply to the client contains TEXT.\n"
    "LOGIN may also be \"group NAME\", \"listener NAME\" or \"relay NAME\".\n";

static const char usage_unblock[] =
    "usage: millgatectl [-c FILE] user unblock LOGIN [--json] [--state PATH]\n"
    "\n"
    "Accept the mail of a login again.\n";

/* Seconds of "90s", "30m", "2h", "1d", "1w"; 0: invalid, or too long. */
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

	if (!ascii_is_digit(text[0]) || strlen(text) > 10)
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

	if (seconds == 0)
		return ctl_refuse("--for", "a time such as 90s, 30m, 2h, 1d "
		    "or 1w, ten years at most", text);
	t->blocked_until = time(NULL) + (time_t)seconds;
	t->block = STORE_BLOCK_DEFER;
	return true;
}

/* The store refuses text that is not printable ASCII. */
static bool
set_reason(struct store_setting *t, const char *text)
{
	if (strlen(text) >= STORE_REASON)
		return ctl_complain("--reason takes at most %d characters",
		    STORE_REASON - 1);
	memcpy(t->reason, text, strlen(text));
	return true;
}

enum { OPT_FOR = CTL_OPT_OWN, OPT_REASON };

static bool
block_option(void *arg, int option, char *value)
{
	struct quota_change *ch = arg;

	return option == OPT_FOR ? set_end(&ch->setting, value) :
	    set_reason(&ch->setting, value);
}

static int
user_block(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "for",	required_argument, NULL, OPT_FOR },
		{ "reason",	required_argument, NULL, OPT_REASON },
		CTL_OPTION_JSON,
		CTL_OPTION_STATE,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage_block, options,
	    block_option, 1, 1 };
	struct quota_change	ch = QUOTA_BLOCK;
	int			status = ctl_parse(c, &syntax, &ch, argc, argv);

	return status != CTL_PARSED ? status : quota_change(c, &ch);
}

static int
user_unblock(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		CTL_OPTION_JSON,
		CTL_OPTION_STATE,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage_unblock, options,
	    NULL, 1, 1 };
	struct quota_change	ch = QUOTA_UNBLOCK;
	int			status = ctl_parse(c, &syntax, NULL, argc,
				    argv);

	return status != CTL_PARSED ? status : quota_change(c, &ch);
}

static const char usage_forget[] =
    "usage: millgatectl [-c FILE] user forget LOGIN|--all\n"
    "\n"
    "Make the running daemon forget what users-database said about LOGIN, or\n"
    "about all logins, and all answers of sender-login-maps, so that the\n"
    "databases are asked again.\n";

static bool
forget_option(void *arg, int option, char *value)
{
	bool *all = arg;

	(void)option;		/* there is one */
	(void)value;
	*all = true;
	return true;
}

static int
forget(const struct conf *conf, const char *login)
{
	struct arena	*a = arena_new(0);
	struct buf	 text = BUF_INIT;
	struct json	 answer;
	const char	*command = login == NULL ? "forget-all" :
			    arena_printf(a, "forget %s", login);
	int		 status = CTL_TROUBLE;

	if (ctl_ask(conf, command, &text, &answer)) {
		status = json_get_true(answer, "forgotten") ? CTL_GOOD :
		    CTL_NO;
		if (status == CTL_NO)
			ctl_complain("the daemon has no users-database or "
			    "database in sender-login-maps");
	}
	buf_free(&text);
	arena_free(&a);
	return status;
}

static int
user_forget(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, CTL_OPT_OWN },
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage_forget, options,
	    forget_option, 0, 1 };
	bool		 all = false;
	const char	*login = NULL;
	struct arena	*a = arena_new(0);
	struct conf	*conf;
	int		 status = ctl_parse(c, &syntax, &all, argc, argv);

	if (status == CTL_PARSED && !all && c->operand[0] != NULL)
		login = users_login(a, c->operand[0]);
	if (status == CTL_PARSED && all != (login == NULL))
		status = ctl_usage(usage_forget);
	if (status == CTL_PARSED) {
		conf = ctl_load_conf(c);
		status = conf != NULL ? forget(conf, login) : CTL_TROUBLE;
		conf_unref(&conf);
	}
	arena_free(&a);
	return status;
}

int
ctl_user(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_command commands[] = {
		{ "explain",	ctl_explain },
		{ "block",	user_block },
		{ "unblock",	user_unblock },
		{ "forget",	user_forget },
		{ NULL,		NULL }
	};

	return ctl_dispatch(commands, usage, c, argc, argv);
}
