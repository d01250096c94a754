/*
 * ctl_explain - millgatectl user explain: what a login may send, how much,
 * and why
 *
 *	user explain LOGIN [--listener NAME] [--json]
 *
 * Reads the configuration, the keys and the state; no daemon is needed. Judges
 * and lookups are the same as for a message; no rule is written here. Keys or a
 * state that cannot be read are reported on stderr, and the rest is printed.
 * Exit status 1: no message of the login can be accepted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/users_query.h"
#include "daemon/privileges.h"
#include "dkim/keybase.h"
#include "dkim/keyring.h"
#include "mail/domain.h"
#include "policy/policy_limit.h"
#include "session/services.h"
#include "store/store_settings.h"
#include "ctl_common_priv.h"
#include "ctl_explain_priv.h"

/* --- plans --------------------------------------------------------------- */

static struct plan_choice
choose(const struct explanation *e, const struct session_rules *listener,
    const struct tier_rules *tier)
{
	struct plan_places places = {
		.user = e->user,
		.tier = tier,
		.listener = listener,
		.by_default = e->conf->default_plan,
		.group = e->group,
		.ngroups = e->ngroups,
	};

	return policy_plan(&places);
}

/* A listener where clients log in; a local one gets mail of sendmail(1). */
static bool
takes_logins(const struct session_rules *r)
{
	return r->direction == DIRECTION_SUBMISSION && !r->local;
}

static void
add_plan(struct explanation *e, const struct session_rules *listener)
{
	struct explained_plan *p = &e->plan[e->nplans++];

	p->listener = listener;
	p->choice = choose(e, listener, NULL);
}

/* Is the plan the same on all listeners? */
static bool
all_alike(const struct explanation *e)
{
	size_t i;

	for (i = 1; i < e->nplans; i++)
		if (e->plan[i].choice.plan != e->plan[0].choice.plan ||
		    e->plan[i].choice.place != e->plan[0].choice.place ||
		    e->plan[i].choice.name != e->plan[0].choice.name)
			return false;
	return true;
}

/* The plans of the tiers that a session may reach, where one applies. */
static void
add_tiers(struct explanation *e)
{
	const struct conf	*c = e->conf;
	struct plan_choice	 choice;
	size_t			 i;

	for (i = 0; i < c->ntiers; i++) {
		choice = choose(e, NULL, &c->tiers[i]);
		if (choice.place != PLAN_OF_TIER)
			continue;
		e->plan[e->nplans].listener = NULL;
		e->plan[e->nplans++].choice = choice;
	}
}

/* One plan for all listeners if it is the same on each. */
static void
gather_plans(struct explanation *e, const struct session_rules *listener)
{
	const struct conf	*c = e->conf;
	size_t			 i;

	e->plan = arena_array(e->arena, c->nlisteners + 1 + c->ntiers,
	    sizeof(*e->plan));
	for (i = 0; i < c->nlisteners && listener == NULL; i++)
		if (takes_logins(c->listeners[i]))
			add_plan(e, c->listeners[i]);
	if (e->nplans == 0)
		add_plan(e, listener);
	if (listener == NULL && all_alike(e)) {
		e->nplans = 1;
		e->plan[0].listener = NULL;
	}
	add_tiers(e);
}

/* --- identities ------------------------------------------------- */

static bool
login_is_address(const struct explanation *e)
{
	const char *at = strrchr(e->login, '@');

	return at != NULL && at != e->login &&
	    domain_canonical(e->arena, at + 1, strlen(at + 1)) != NULL;
}

static void
gather_senders(struct explanation *e)
{
	static const char *const anybody[] = { "*" };
	const char		**own;

	if (e->user != NULL && e->user->nsenders > 0) {
		e->nsenders = e->user->nsenders;
		e->sender = e->user->senders;
	} else if (e->user == NULL &&
	    e->conf->identity.unlisted == UNLISTED_ANY) {
		e->nsenders = 1;
		e->sender = anybody;
	} else if (login_is_address(e) && (e->user != NULL ||
	    e->conf->identity.unlisted == UNLISTED_OWN_ADDRESS)) {
		own = arena_array(e->arena, 1, sizeof(*own));
		own[0] = e->login;
		e->nsenders = 1;
		e->sender = own;
	}
}

/* --- the answer ---------------------------------------------------------- */

/* The listeners that require a second factor of all logins. */
static void
gather_strict(struct explanation *e, const struct session_rules *listener)
{
	const struct conf	*c = e->conf;
	const struct session_rules *r;
	size_t			 i;

	e->strict = arena_array(e->arena, c->nlisteners, sizeof(*e->strict));
	for (i = 0; i < c->nlisteners; i++) {
		r = c->listeners[i];
		if (takes_logins(r) && (listener == NULL || listener == r) &&
		    r->second_factor != SECOND_FACTOR_NONE)
			e->strict[e->nstrict++] = r;
	}
}

static bool
allows_none(const struct store_limits *conf, const struct message_limits *m,
    const struct store_setting *setting)
{
	struct store_limits limits = store_limits_in_force(*conf, setting);

	return policy_limits_allow_none(&limits) || m->recipients == 0 ||
	    m->bytes == 0;
}

/* Does every plan that could apply allow no mail? */
static bool
plans_allow_none(const struct explanation *e)
{
	size_t i;

	for (i = 0; i < e->nplans; i++)
		if (!allows_none(&e->plan[i].choice.plan->limits,
		    &e->plan[i].choice.plan->message, &e->setting))
			return false;
	return true;
}

/* Mail of a login that is on hold is accepted, and held. */
static bool
is_refused(const struct store_setting *s)
{
	return s->blocked_until != 0 && s->block != STORE_BLOCK_HOLD;
}

/* The reason why no message of the login can be accepted; NULL: some can. */
static const char *
find_why_not(const struct explanation *e)
{
	size_t i;

	if (e->user != NULL && e->user->block)
		return "its entry has block = yes";
	if (is_refused(&e->setting))
		return "it is blocked by the operator or the fuse";
	if (e->user == NULL && e->conf->identity.unlisted ==
	    UNLISTED_REFUSE && !e->conf->identity.tables)
		return "it has no entry, and unlisted-users = refuse";
	if (e->nsenders == 0 && !e->conf->identity.tables)
		return strchr(e->login, '@') != NULL ?
		    "it is not an address, and no senders are configured "
		    "for it" : "it is not an address, and no senders are "
		    "configured for it; set login-domain";
	if (plans_allow_none(e))
		return "its plan, or the limit set for it, allows no mail";
	for (i = 0; i < e->ngroups; i++) {
		if (is_refused(&e->group_setting[i]))
			return arena_printf(e->arena, "group %s is blocked",
			    e->group[i]->name);
		if (allows_none(&e->group[i]->limits,
		    &e->group[i]->message, &e->group_setting[i]))
			return arena_printf(e->arena, "group %s allows no mail",
			    e->group[i]->name);
	}
	return NULL;
}

static void
gather_settings(struct explanation *e, struct store *state, time_t now)
{
	char	error[STORE_ERROR];
	size_t	i;

	store_setting_get(state, users_account(e->arena, e->login), now,
	    &e->setting, error);
	for (i = 0; i < e->ngroups; i++)
		store_setting_get(state, e->group[i]->key, now,
		    &e->group_setting[i], error);
}

/*
 * Find all that is printed. `listener` NULL: for all listeners where clients
 * log in.
 */
static void
explain_gather(struct explanation *e, const struct session_rules *listener,
    time_t now)
{
	e->entry = users_lookup(e->conf->users, e->query, e->login, 0,
	    e->arena);
	e->user = e->entry.user;
	e->unknown = e->entry.why;
	e->ngroups = groups_of(e->conf->groups, e->login, e->arena, e->group,
	    GROUPS_OF_LOGIN);
	if (e->state != NULL)
		gather_settings(e, e->state, now);
	gather_plans(e, listener);
	gather_senders(e);
	gather_strict(e, listener);
	explain_keys(e);
	e->why_not = find_why_not(e);
}

/* --- the command --------------------------------------------------------- */

/* NULL: it cannot be read, which is reported. */
static struct store *
open_state(const struct ctl *c, const struct conf *conf)
{
	struct store_place	 place = ctl_state(c, conf);
	char			*why = NULL;
	struct store		*s = NULL;
	struct store_setting	 any;
	char			 error[STORE_ERROR];

	if (privileges_as_owner(place.spec, &why))
		s = store_open_at(&place, STORE_READ, &why);
	/* a server is asked only when something is read */
	if (s != NULL && store_setting_get(s, "", 0, &any, error) ==
	    STORE_UNKNOWN) {
		why = xstrdup(error);
		store_close(&s);
	}
	if (s == NULL)
		fprintf(stderr, "%s\nmillgatectl: the output has no limits "
		    "and blocks of the state\n", why);
	free(why);
	return s;
}

/* "login NAME" means NAME, as in the commands that change something. */
static const char *
login_of(struct arena *a, const struct conf *conf, const char *text)
{
	size_t		 lead = strlen(LOGIN_BUCKET);
	const char	*login = users_login(a, text);

	if (login == NULL)
		login = strncmp(text, LOGIN_BUCKET, lead) == 0 &&
		    text[lead] != '\0' ? text + lead : text;
	return users_qualify(conf->users, a, login);
}

/* The options of the command line. */
struct explain_options {
	const char	*listener, *address;	/* or NULL */
};

static int
explain(const struct ctl *c, const struct conf *conf,
    const struct explain_options *o, struct arena *a)
{
	struct explanation	 e = { .arena = a, .conf = conf,
		.login = login_of(a, conf, c->operand[0]) };
	const struct session_rules *rules = NULL;
	char			*why = NULL;

	if (o->listener != NULL &&
	    (rules = ctl_find_listener(conf, o->listener)) == NULL) {
		ctl_complain("there is no listener \"%s\"", o->listener);
		return CTL_TROUBLE;
	}
	e.ring = ctl_keyring(c, conf);
	if (e.ring == NULL && (conf->signing.key_directory != NULL ||
	    conf->signing.key_table != NULL))
		e.keys_unknown = "they cannot be read";
	e.state = open_state(c, conf);
	e.query = setup_users(conf);
	e.base = setup_keybase(conf, &why);
	explain_gather(&e, rules, time(NULL));
	if (o->address != NULL && !explain_address(&e, o->address))
		e.unknown = arena_printf(a, "millgatectl: %s is not an address",
		    o->address);
	if (e.unknown != NULL)
		fprintf(stderr, "%s\n", e.unknown);
	else if (c->json)
		explain_print_json(&e);
	else
		explain_print(&e);
	users_query_free(&e.query);
	store_close(&e.state);
	keyring_free(&e.ring);
	keybase_free(&e.base);
	if (e.unknown != NULL)
		return CTL_TROUBLE;
	return e.why_not == NULL && (o->address == NULL ||
	    e.address.may_use == MAY_USE) ? CTL_GOOD : CTL_NO;
}

static const char usage[] =
    "usage: millgatectl [-c FILE] user explain LOGIN [--listener NAME]\n"
    "           [--address ADDRESS] [--json]\n"
    "\n"
    "Explain what LOGIN may send, how much, and why.\n"
    "  --address ADDRESS  may it use this address, and which table says so?\n"
    "Exit status 1: it may not send, or not as ADDRESS.\n";

static bool
explain_option(void *arg, int option, char *value)
{
	struct explain_options *o = arg;

	*(option == CTL_OPT_OWN ? &o->listener : &o->address) = value;
	return true;
}

int
ctl_explain(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listener", required_argument, NULL, CTL_OPT_OWN },
		{ "address", required_argument, NULL, CTL_OPT_OWN + 1 },
		CTL_OPTION_JSON,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options,
	    explain_option, 1, 1 };
	struct explain_options o = { NULL, NULL };
	struct arena	*a;
	struct conf	*conf;
	int		 status = ctl_parse(c, &syntax, &o, argc, argv);

	if (status != CTL_PARSED)
		return status;
	conf = ctl_load_conf(c);
	if (conf == NULL)
		return CTL_TROUBLE;
	a = arena_new(4096);
	status = explain(c, conf, &o, a);
	arena_free(&a);
	conf_unref(&conf);
	return status;
}
