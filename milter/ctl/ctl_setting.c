/*
 * ctl_setting - change what is set for a login or bucket, then show it
 *
 * Asks the running daemon, or does it where none runs. Root becomes the owner
 * of the state file first, so that nothing beside it will belong to root.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "store/store_settings.h"
#include "ctl_priv.h"
#include "ctl_quota_priv.h"
#include "ctl_setting_priv.h"

const char *
ctl_option(const char *name, int argc, char **argv, int *i)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0)
		return NULL;
	if (argv[*i][len] == '=')
		return argv[*i] + len + 1;
	if (argv[*i][len] != '\0' || *i + 1 >= argc)
		return NULL;
	return argv[++*i];
}

bool
ctl_change_argument(struct change *ch, int argc, char **argv, int *i)
{
	const char *value;

	if (strcmp(argv[*i], "--json") == 0)
		ch->json = true;
	else if ((value = ctl_option("--state", argc, argv, i)) != NULL)
		ch->state = value;
	else if (argv[*i][0] != '-' && ch->login == NULL)
		ch->login = argv[*i];
	else
		return false;
	return true;
}

/* --- whose it is ----------------------------------------------------------- */

/* The rest of "group NAME"; NULL: it does not begin so. */
static const char *
after(const char *text, const char *lead)
{
	size_t len = strlen(lead);

	return strncmp(text, lead, len) == 0 && text[len] != '\0' ?
	    text + len : NULL;
}

static const struct session_rules *
find_listener(const struct conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nlisteners; i++)
		if (strcmp(c->listeners[i]->name, name) == 0)
			return c->listeners[i];
	return NULL;
}

/* Without a plan, what comes without a login has no account at all. */
static bool
has_listener(const struct conf *c, const char *name)
{
	const struct session_rules *l = find_listener(c, name);

	if (l != NULL && l->plan == NULL)
		fprintf(stderr, "millgatectl: listener %s has no plan: what "
		    "comes there without a login is not counted, limited or "
		    "blocked until its section names one\n", name);
	return l != NULL;
}

static bool
has_relay(const struct conf *c, const char *key)
{
	size_t i;

	for (i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].who.login, key) == 0)
			return true;
	return false;
}

/* What is counted under a name with a blank; NULL: it is a login, or wrong. */
static const char *
bucket(const struct conf *c, const char *text)
{
	const struct group_rules	*group;
	const char			*name;
	bool				 known;

	if ((name = after(text, GROUP_BUCKET)) != NULL) {
		group = c != NULL ? groups_find(c->groups, name) : NULL;
		text = group != NULL ? group->key : text;
		known = group != NULL;
	} else if ((name = after(text, LISTENER_BUCKET)) != NULL) {
		known = c != NULL && has_listener(c, name);
	} else if (after(text, RELAY_BUCKET) != NULL) {
		known = c != NULL && has_relay(c, text);
	} else {
		return NULL;
	}
	if (!known && c != NULL)
		fprintf(stderr, "millgatectl: the configuration has no "
		    "%s\n", text);
	return text;
}

const char *
ctl_account(struct arena *a, const struct conf *c, const char *text)
{
	const char *key = bucket(c, text), *name = after(text, LOGIN_BUCKET);

	if (key != NULL)
		return arena_strdup(a, key);
	return name != NULL ? users_account(a, name) : users_login(a, text);
}

/* NULL: that was said. */
static const char *
account(struct arena *a, const struct conf *c, const char *text)
{
	const char *key = ctl_account(a, c, text);

	if (key == NULL)
		fprintf(stderr, "millgatectl: that is no login, and not "
		    "\"group NAME\", \"listener NAME\" or \"relay NAME\"; if "
		    "it is a login all the same, write \"login NAME\"\n");
	return key;
}

/* --- doing it ------------------------------------------------------------ */

static int
complain(char *why)
{
	size_t len = strlen(why);

	fprintf(stderr, "%s%s", why, len > 0 && why[len - 1] == '\n' ? "" :
	    "\n");
	free(why);
	return CTL_TROUBLE;
}

static int
apply(const struct change *ch, const struct store_place *state,
    const char *key)
{
	char			 error[STORE_ERROR], *why = NULL;
	enum store_answer	 answer;
	struct store		*s;

	if (!privileges_as_owner(state->spec, &why))
		return complain(why);
	s = store_open_at(state, STORE_CHANGE, &why);
	if (s == NULL)
		return complain(why);
	if (ch->reset)
		answer = store_reset(s, key, time(NULL), error);
	else
		answer = store_setting_put(s, key, ch->parts, &ch->setting,
		    error);
	store_close(&s);
	if (answer == STORE_TAKEN)
		return CTL_GOOD;
	fprintf(stderr, "%s\n", error);
	return CTL_TROUBLE;
}

int
ctl_change(const struct ctl *c, struct change *ch)
{
	struct arena	*a = arena_new(1024);
	char		*why = NULL;
	struct conf	*conf = conf_load(c->conf_path, &why);
	struct store_place state = { .spec = NULL };
	const char	*key = NULL;
	int		 status = CTL_TROUBLE;

	if (conf != NULL)
		state = conf_state(conf);
	if (ch->state != NULL)
		state.spec = ch->state;
	if (state.spec == NULL)
		complain(why);
	else
		key = account(a, conf, ch->login);
	if (conf == NULL && state.spec != NULL)
		free(why);
	ch->setting.changed = time(NULL);
	if (key != NULL)
		status = apply(ch, &state, key);
	if (status == CTL_GOOD)
		status = quota_show_key(c, key, ch->state,
		    c->json || ch->json);
	conf_unref(&conf);
	arena_free(&a);
	return status;
}
