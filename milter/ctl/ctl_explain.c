/*
 * ctl_explain - millgatectl user explain: what a login may send, how much,
 * and why
 *
 *	user explain LOGIN [--listener NAME] [--json]
 *
 * Reads the configuration, the keys and the state file; no daemon is needed.
 * Keys or a state file that cannot be read are told on stderr, and the rest
 * is printed. Exit status 1: the login may not send.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/users_query.h"
#include "dkim/keyring.h"
#include "session/services.h"
#include "store/store_settings.h"
#include "ctl_priv.h"
#include "ctl_usage_priv.h"
#include "ctl_user_priv.h"
#include "explain_priv.h"

/* --- the table ----------------------------------------------------------- */

/* What is typed on the command line may hold anything. */
static void
print_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 127)
			printf("\\x%02x", (unsigned char)*text);
		else
			putchar(*text);
	}
}

static void
print_label(const char *label)
{
	printf("%-15s", label);
}

static void
print_place(const char *file, unsigned line)
{
	if (file != NULL)
		fputs(file, stdout);
	if (file != NULL && line > 0)	/* a database has no lines */
		printf(":%u", line);
}

static void
print_limit(uint32_t limit, const char *unit)
{
	if (limit == STORE_UNLIMITED)
		printf("unlimited %s", unit);
	else
		printf("%lu %s", (unsigned long)limit, unit);
}

static void
print_limits(struct store_limits limits)
{
	print_limit(limits.recipients, "recipients");
	fputs(", ", stdout);
	print_limit(limits.messages, "messages");
	fputs(" an hour", stdout);
}

static void
print_plan(const struct explained_plan *p)
{
	const struct plan_choice *c = &p->choice;

	print_label("plan");
	printf("%s, by %s", c->plan->name, explain_place(c->place));
	if (c->place != PLAN_BY_DEFAULT)
		printf(" %s", c->name);
	if (p->listener != NULL && c->place != PLAN_OF_LISTENER)
		printf(", on listener %s", p->listener->name);
	fputs(": ", stdout);
	print_limits(c->plan->limits);
	putchar('\n');
}

static void
print_block(const char *whose, const struct store_setting *s)
{
	char		when[40];
	struct tm	tm;

	print_label("blocked");
	fputs(whose, stdout);
	if (s->blocked_until < STORE_FOREVER) {
		gmtime_r(&s->blocked_until, &tm);
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
		printf(" until %s UTC", when);
	}
	printf("%s%s%s\n", s->block == STORE_BLOCK_HOLD ? ", mail is held" :
	    "", s->reason[0] != '\0' ? ": " : "", s->reason);
}

static void
print_setting(const char *whose, const struct store_setting *s)
{
	if (s->recipients_set || s->messages_set) {
		print_label("set for it");
		printf("%s: ", whose);
		if (s->recipients_set)
			print_limit(s->limits.recipients, "recipients");
		if (s->recipients_set && s->messages_set)
			fputs(", ", stdout);
		if (s->messages_set)
			print_limit(s->limits.messages, "messages");
		fputs(" an hour\n", stdout);
	}
	if (s->blocked_until != 0)
		print_block(whose, s);
}

static void
print_groups(const struct explanation *e)
{
	size_t i;

	for (i = 0; i < e->ngroups; i++) {
		print_label("group");
		printf("%s (", e->group[i]->name);
		print_place(e->group[i]->file, e->group[i]->line);
		fputs("): ", stdout);
		print_limits(e->group[i]->limits);
		putchar('\n');
		print_setting(e->group[i]->key, &e->group_setting[i]);
	}
}

static void
print_items(const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		print_text(list[i]);
	}
}

static void
print_list(const char *label, const char *const *list, size_t n,
    const char *none)
{
	print_label(label);
	print_items(list, n);
	puts(n == 0 ? none : "");
}

static void
print_table(const struct explanation *e)
{
	const struct user_rules	*u = e->user;
	const struct conf	*c = e->conf;
	const char *const	*list;
	size_t			 i, n;

	print_text(e->login);
	printf(" may %ssend%s%s.\n", e->why_not != NULL ? "not " : "",
	    e->why_not != NULL ? ": " : "",
	    e->why_not != NULL ? e->why_not : "");
	print_label("entry");
	if (u != NULL)
		print_place(u->file, u->line);
	puts(u == NULL ? "none" : "");
	for (i = 0; i < e->nplans; i++)
		print_plan(&e->plan[i]);
	print_setting("login", &e->setting);
	print_groups(e);
	print_list("senders", e->sender, e->nsenders, "none");
	for (i = 0; i < c->ntiers; i++)
		if (c->tiers[i].nsenders > 0) {
			print_label("of these, tier");
			printf("%s: ", c->tiers[i].name);
			print_items(c->tiers[i].senders, c->tiers[i].nsenders);
			putchar('\n');
		}
	print_list("networks", explain_networks(e),
	    u != NULL ? u->nnetworks : 0, "any");
	list = explain_factors(e, &n);
	print_list("second factor", list, n, "not demanded");
	if (u != NULL && u->ncertificates > 0)
		print_list("certificates", u->certificates, u->ncertificates,
		    "");
	print_list("signed by", explain_keys(e), e->nkeys, "no key");
}

/* --- the command ----------------------------------------------------------- */

struct command {
	const char	*login, *listener;
	bool		 json;
};

static bool
arguments(struct command *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listener",	required_argument,	NULL, 'l' },
		{ "json",	no_argument,		NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (ch == 'l')
			o->listener = optarg;
		else if (ch == 'j')
			o->json = true;
		else
			return false;
	}
	if (optind + 1 != argc)
		return false;
	o->login = argv[optind];
	return true;
}

/* NULL in *listener for all; false: there is none of that name. */
static bool
find_listener(const struct conf *c, const char *name,
    const struct session_rules **listener)
{
	size_t i;

	*listener = NULL;
	if (name == NULL)
		return true;
	for (i = 0; i < c->nlisteners; i++)
		if (strcmp(c->listeners[i]->name, name) == 0)
			*listener = c->listeners[i];
	if (*listener == NULL)
		fprintf(stderr, "millgatectl: no listener \"%s\"\n", name);
	return *listener != NULL;
}

/* NULL: nothing signs, or the keys cannot be read, which is told. */
static struct keyring *
load_keys(const struct conf *c)
{
	char		*why = NULL;
	struct keyring	*keys;

	if (c->signing.key_directory != NULL)
		keys = keyring_load(c->signing.key_directory, &why);
	else if (c->signing.key_table != NULL)
		keys = keyring_load_tables(c->signing.key_table,
		    c->signing.signing_table, &why);
	else
		return NULL;
	if (keys == NULL)
		fprintf(stderr, "%s\nmillgatectl: keys are not shown\n", why);
	free(why);
	return keys;
}

static struct store *
open_state(const struct conf *c)
{
	struct store_place	 place = conf_state(c);
	char			*why = NULL;
	struct store		*s = store_open_at(&place, STORE_READ, &why);
	struct store_setting	 any;
	char			 error[STORE_ERROR];

	/* a server is asked for the first time by this */
	if (s != NULL && store_setting_get(s, "", 0, &any, error) ==
	    STORE_UNKNOWN) {
		why = xstrdup(error);
		store_close(&s);
	}
	if (s == NULL)
		fprintf(stderr, "%s\nmillgatectl: what is set there is not "
		    "shown\n", why);
	free(why);
	return s;
}

/* "login NAME" is NAME, as for the commands that change something. */
static const char *
login_of(struct arena *a, const char *text)
{
	size_t		 lead = strlen(LOGIN_BUCKET);
	const char	*login = users_login(a, text);

	if (login == NULL)
		login = strncmp(text, LOGIN_BUCKET, lead) == 0 &&
		    text[lead] != '\0' ? text + lead : text;
	return login;
}

static int
explain(const struct conf *c, const struct command *o, struct arena *a)
{
	struct explanation	 e = { .arena = a, .conf = c };
	const struct session_rules *listener;
	struct keyring		*keys;
	struct store		*state;

	if (!find_listener(c, o->listener, &listener))
		return CTL_TROUBLE;
	keys = load_keys(c);
	state = open_state(c);
	e.query = setup_users(c);
	explain_login(&e, login_of(a, o->login), listener, keys, state,
	    time(NULL));
	if (e.unknown != NULL)
		fprintf(stderr, "%s\n", e.unknown);
	else if (o->json)
		explain_print_json(&e);
	else
		print_table(&e);
	users_query_free(&e.query);
	store_close(&state);
	keyring_free(&keys);
	if (e.unknown != NULL)
		return CTL_TROUBLE;
	return e.why_not == NULL ? CTL_GOOD : CTL_NO;
}

static const char usage_text[] =
    "usage: millgatectl [-c FILE] user explain LOGIN [--listener NAME]\n"
    "           [--json]\n"
    "\n"
    "What LOGIN may send, how much, and why. Status 1: nothing.\n";

int
user_explain(const struct ctl *c, int argc, char **argv)
{
	struct command	 o = { .json = c->json };
	struct arena	*a;
	struct conf	*conf;
	char		*why = NULL;
	int		 status;

	if (ctl_help(argc, argv, usage_text))
		return CTL_GOOD;
	if (!arguments(&o, argc, argv))
		return ctl_usage(usage_text);
	conf = conf_load(c->conf_path, &why);
	if (conf == NULL) {
		fprintf(stderr, "%s\n", why);
		free(why);
		return CTL_TROUBLE;
	}
	a = arena_new(4096);
	status = explain(conf, &o, a);
	arena_free(&a);
	conf_unref(&conf);
	return status;
}
