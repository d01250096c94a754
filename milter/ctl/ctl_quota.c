/*
 * ctl_quota - millgatectl quota: its subcommands, and changes of a setting
 *
 *	quota show: see ctl_quota_show.c
 *	quota set: see ctl_quota_set.c
 *	quota reset LOGIN [--json] [--state PATH]
 *
 * The running daemon makes the change; without one it is made here. Root first
 * becomes the owner of the state file, so that SQLite's files beside it do not
 * belong to root.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "daemon/privileges.h"
#include "store/store_settings.h"
#include "ctl_common_priv.h"
#include "ctl_quota_priv.h"

static const char usage[] =
    "usage: millgatectl [-c FILE] quota show [LOGIN] ...  show what was sent\n"
    "       millgatectl [-c FILE] quota set LOGIN ...     set a limit\n"
    "       millgatectl [-c FILE] quota reset LOGIN ...   set the counts to 0\n"
    "\n"
    "See also `millgatectl quota show --help', and so on.\n";

static const char usage_reset[] =
    "usage: millgatectl [-c FILE] quota reset LOGIN [--json] [--state PATH]\n"
    "\n"
    "Forget what a login has sent, in all windows.\n"
    "LOGIN may also be \"group NAME\", \"listener NAME\" or \"relay NAME\".\n";

/* --- a change ------------------------------------------------------------ */

/* NULL: it is not an account, which is reported. */
static const char *
account_of(struct arena *a, const struct conf *c, const char *text)
{
	const char *key = quota_account(a, c, text);

	if (key == NULL)
		ctl_complain("not a login, \"group NAME\", \"listener NAME\" "
		    "or \"relay NAME\"; write \"login NAME\" for a login with "
		    "blanks, control characters or more than 255 octets");
	return key;
}

char *
quota_apply(const struct quota_change *ch, const struct store_place *state,
    const char *key)
{
	char			 error[STORE_ERROR], *why = NULL;
	enum store_answer	 answer;
	struct store		*s;

	if (!privileges_as_owner(state->spec, &why))
		return why;
	s = store_open_at(state, STORE_CHANGE, &why);
	if (s == NULL)
		return why;
	if (ch->reset)
		answer = store_reset(s, key, time(NULL), error);
	else
		answer = store_setting_put(s, key, ch->parts, &ch->setting,
		    error);
	store_close(&s);
	return answer == STORE_TAKEN ? NULL : xstrdup(error);
}

static int
apply_change(const struct quota_change *ch, const struct store_place *state,
    const char *key)
{
	char *why = quota_apply(ch, state, key);

	return why == NULL ? CTL_GOOD : ctl_fail(why);
}

int
quota_change(const struct ctl *c, struct quota_change *ch)
{
	struct arena		*a = arena_new(1024);
	char			*why = NULL;
	struct conf		*conf = conf_load(c->conf_path, &why);
	struct store_place	 state = ctl_state(c, conf);
	const char		*key = NULL;
	int			 status = CTL_TROUBLE;

	if (state.spec != NULL)
		key = account_of(a, conf, c->operand[0]);
	if (conf == NULL && state.spec == NULL)
		ctl_fail(why);
	else
		free(why);
	ch->setting.changed = time(NULL);
	if (key != NULL)
		status = apply_change(ch, &state, key);
	if (status == CTL_GOOD)
		status = quota_show_key(c, key);
	conf_unref(&conf);
	arena_free(&a);
	return status;
}

/* --- quota reset --------------------------------------------------------- */

static int
quota_reset(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		CTL_OPTION_JSON,
		CTL_OPTION_STATE,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage_reset, options, NULL,
	    1, 1 };
	struct quota_change	ch = { .reset = true };
	int			status = ctl_parse(c, &syntax, NULL, argc,
				    argv);

	return status != CTL_PARSED ? status : quota_change(c, &ch);
}

int
ctl_quota(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_command commands[] = {
		{ "show",	ctl_quota_show },
		{ "set",	ctl_quota_set },
		{ "reset",	quota_reset },
		{ NULL,		NULL }
	};

	return ctl_dispatch(commands, usage, c, argc, argv);
}
