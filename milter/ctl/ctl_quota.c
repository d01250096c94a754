/*
 * ctl_quota - millgatectl quota: who has sent how much in the last hour
 *
 *	quota show [LOGIN] [--top N] [--json] [--state PATH]
 *	quota set, quota reset: see ctl_quota_set.c
 *
 * Reads the state file beside a running daemon, or without one. Plans and
 * limits come from the configuration; with --state it may be missing, and
 * they are not shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/users.h"
#include "conf/users_query.h"
#include "policy/policy_plan.h"
#include "session/services.h"
#include "store/store_settings.h"
#include "ctl_priv.h"
#include "ctl_quota_priv.h"
#include "ctl_setting_priv.h"
#include "ctl_usage_priv.h"

#define LOGIN_WIDTH	48	/* longer ones push their row to the right */

struct show {
	const char	*login, *state;
	const char	*key;		/* of the login; NULL: not known yet */
	size_t		 top;		/* 0: all */
	bool		 json;
	/* */
	struct arena	*arena;
	struct conf	*conf;		/* NULL: no plans */
	struct users_query *query;	/* NULL: none */
	struct store	*store;
	struct store_setting_rows set;	/* sorted by key */
	time_t		 now;
};

static const char usage_show[] =
    "usage: millgatectl [-c FILE] quota show [LOGIN] [--top N] [--json]\n"
    "           [--state PATH]\n"
    "\n"
    "What each login, group, listener and relay has used of its hour; one of\n"
    "them, or the N busiest.\n";

static const char usage_all[] =
    "usage: millgatectl [-c FILE] quota show [LOGIN] ...   who sent how much\n"
    "       millgatectl [-c FILE] quota set LOGIN ...      another limit\n"
    "       millgatectl [-c FILE] quota reset LOGIN ...    forget the hour\n"
    "\n"
    "`millgatectl quota show --help' and so on say more.\n";

static bool
number(const char *text, size_t *n)
{
	char		*end;
	unsigned long	 value;

	if (text[0] < '0' || text[0] > '9')
		return false;
	value = strtoul(text, &end, 10);
	*n = value;
	return *end == '\0' && value > 0;
}

static bool
arguments(struct show *s, int argc, char **argv)
{
	const char	*value;
	int		 i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			s->json = true;
		} else if ((value = ctl_option("--top", argc, argv, &i)) !=
		    NULL) {
			if (!number(value, &s->top))
				return ctl_refuse("--top", "a number from 1 "
				    "on", value);
		} else if ((value = ctl_option("--state", argc, argv, &i)) !=
		    NULL) {
			s->state = value;
		} else if (argv[i][0] != '-' && s->login == NULL) {
			s->login = argv[i];
		} else {
			return ctl_unexpected(argv[i]);
		}
	}
	return true;
}

/* The configuration names the state file, unless --state did. */
static bool
prepare(struct show *s, const char *conf_path)
{
	struct store_place	 place = { .spec = NULL };
	char			*why = NULL;

	s->conf = conf_load(conf_path, &why);
	if (s->conf == NULL) {
		fputs(why, stderr);
		fputs(why[0] != '\0' && why[strlen(why) - 1] == '\n' ? "" :
		    "\n", stderr);
		free(why);
		if (s->state == NULL)
			return false;
		fputs("millgatectl: plans are not shown\n", stderr);
	}
	if (s->state == NULL)
		s->state = s->conf->state;
	if (s->conf != NULL) {
		place = conf_state(s->conf);
		s->query = setup_users(s->conf);
	}
	place.spec = s->state;
	s->store = store_open_at(&place, STORE_READ, &why);
	if (s->store == NULL) {
		fprintf(stderr, "%s\n", why);
		free(why);
	}
	return s->store != NULL;
}

/* Of the relay or the listener that has this bucket; NULL: none has. */
static const struct plan_rules *
plan_of_bucket(const struct conf *c, const char *key)
{
	static const char	 lead[] = LISTENER_BUCKET;
	size_t			 i;

	for (i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].who.login, key) == 0)
			return c->relays[i].who.plan;
	if (strncmp(key, lead, strlen(lead)) != 0)
		return NULL;
	for (i = 0; i < c->nlisteners; i++)
		if (strcmp(c->listeners[i]->name, key + strlen(lead)) == 0)
			return c->listeners[i]->plan;
	return NULL;
}

/* A group's own limits, as a plan without a name; NULL: there is none. */
static const struct plan_rules *
limits_of_group(const struct show *s, const char *key)
{
	static const char	 lead[] = GROUP_BUCKET;
	const struct group_rules *group;
	struct plan_rules	*plan;

	if (strncmp(key, lead, strlen(lead)) != 0)
		return NULL;
	group = groups_find(s->conf->groups, key + strlen(lead));
	if (group == NULL)
		return NULL;
	plan = arena_alloc(s->arena, sizeof(*plan));
	plan->limits = group->limits;
	return plan;
}

static bool
begins(const char *key, const char *lead)
{
	return strncmp(key, lead, strlen(lead)) == 0;
}

/*
 * Of a login, where the listener does not matter; NULL: not known, or what
 * comes so is not counted.
 */
static const struct plan_rules *
plan_of(const struct show *s, const char *login)
{
	const struct group_rules *group[GROUPS_OF_LOGIN];
	const struct plan_rules	*plan;
	struct plan_places	 places = { .group = group };
	struct users_reply	 entry;

	if (s->conf == NULL)
		return NULL;
	plan = plan_of_bucket(s->conf, login);
	if (plan == NULL)
		plan = limits_of_group(s, login);
	if (plan != NULL || begins(login, LISTENER_BUCKET) ||
	    begins(login, RELAY_BUCKET) || begins(login, GROUP_BUCKET))
		return plan;
	entry = users_lookup(s->conf->users, s->query, login,
	    (uint64_t)s->now * 1000, s->arena);
	if (entry.answer == USERS_UNKNOWN)
		return NULL;
	places.user = entry.user;
	places.ngroups = groups_of(s->conf->groups, login, s->arena, group,
	    GROUPS_OF_LOGIN);
	places.by_default = s->conf->default_plan;
	return policy_plan(&places).plan;
}

/* --- the rows ------------------------------------------------------------ */

/* What is set for a key; NULL: nothing. */
static const struct store_setting_row *
setting_row(const struct store_setting_rows *set, const char *key)
{
	size_t	low = 0, high = set->n, middle;
	int	order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(set->row[middle].key, key);
		if (order == 0)
			return &set->row[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Those for which something is set come last, if they have not sent. */
static void
add_silent(struct store_rows *rows, const struct store_setting_rows *set)
{
	bool		*seen = xcalloc(set->n + 1, sizeof(*seen));
	const struct store_setting_row *found;
	size_t		 i, n = rows->n;

	for (i = 0; i < n; i++) {
		found = setting_row(set, rows->row[i].key);
		if (found != NULL)
			seen[found - set->row] = true;
	}
	rows->row = xrealloc(rows->row, (n + set->n + 1) *
	    sizeof(*rows->row));
	for (i = 0; i < set->n; i++) {
		if (seen[i])
			continue;
		memset(&rows->row[rows->n], 0, sizeof(*rows->row));
		rows->row[rows->n++].key = xstrdup(set->row[i].key);
	}
	free(seen);
}

static bool
gather_one(struct show *s, struct store_rows *rows, char error[STORE_ERROR])
{
	const struct store_limits	 any = {
		STORE_UNLIMITED, STORE_UNLIMITED
	};
	const char			*key = s->key;
	struct store_usage		 u;

	if (key == NULL)
		key = ctl_account(s->arena, s->conf, s->login);
	if (key == NULL)
		key = users_account(s->arena, s->login);
	if (store_usage(s->store, key, s->now, any, &u) == STORE_UNKNOWN) {
		memcpy(error, u.error, STORE_ERROR);
		return false;
	}
	rows->n = 1;
	rows->row = xcalloc(1, sizeof(*rows->row));
	rows->row[0].key = xstrdup(key);
	rows->row[0].recipients = u.recipients;
	rows->row[0].messages = u.messages;
	return true;
}

/* One row, or all; false: *error says why. */
static bool
gather(struct show *s, struct store_rows *rows, char error[STORE_ERROR])
{
	if (store_settings_list(s->store, s->now, &s->set, error) ==
	    STORE_UNKNOWN)
		return false;
	if (s->login != NULL)
		return gather_one(s, rows, error);
	if (store_list(s->store, s->now, rows, error) == STORE_UNKNOWN)
		return false;
	add_silent(rows, &s->set);
	return true;
}

/* All that is known of a key. */
static struct quota_row
look(const struct show *s, const struct store_row *sent)
{
	struct quota_row		 row = {
		.key = sent->key, .recipients = sent->recipients,
		.messages = sent->messages, .plan = plan_of(s, sent->key),
		.limits = { STORE_UNLIMITED, STORE_UNLIMITED },
	};
	const struct store_setting_row	*set = setting_row(&s->set, sent->key);
	struct store_usage		 u;

	if (row.plan != NULL)
		row.limits = row.plan->limits;
	if (set != NULL)
		row.setting = set->setting;
	if (row.setting.recipients_set)
		row.limits.recipients = row.setting.limits.recipients;
	if (row.setting.messages_set)
		row.limits.messages = row.setting.limits.messages;
	if (store_usage(s->store, sent->key, s->now, row.limits, &u) !=
	    STORE_UNKNOWN)
		row.next_fit = u.next_fit;
	return row;
}

static void
print_json(const struct show *s, const struct store_rows *rows, size_t n)
{
	struct quota_row	row;
	size_t			i;

	putchar('[');
	for (i = 0; i < n; i++) {
		row = look(s, &rows->row[i]);
		fputs(i > 0 ? ",\n" : "\n", stdout);
		quota_json_row(&row, s->arena);
		arena_reset(s->arena);
	}
	puts(n > 0 ? "\n]" : "]");
}

static void
print_table(const struct show *s, const struct store_rows *rows, size_t n)
{
	struct quota_row	row;
	size_t			i, len, width = strlen("LOGIN");

	for (i = 0; i < n; i++) {
		len = quota_key_width(rows->row[i].key);
		if (len > width && len <= LOGIN_WIDTH)
			width = len;
	}
	quota_table_head((int)width);
	for (i = 0; i < n; i++) {
		row = look(s, &rows->row[i]);
		quota_table_row(&row, (int)width);
		arena_reset(s->arena);
	}
}

static int
print(struct show *s)
{
	struct store_rows	rows = { 0, NULL };
	char			error[STORE_ERROR] = "";
	size_t			n;

	if (!gather(s, &rows, error)) {
		fprintf(stderr, "%s\n", error);
		store_rows_free(&rows);
		return CTL_TROUBLE;
	}
	n = s->top > 0 && s->top < rows.n ? s->top : rows.n;
	if (s->json)
		print_json(s, &rows, n);
	else
		print_table(s, &rows, n);
	store_rows_free(&rows);
	return CTL_GOOD;
}

static int
show(struct show *s, const char *conf_path)
{
	int status = CTL_TROUBLE;

	s->arena = arena_new(4096);
	s->now = time(NULL);
	if (prepare(s, conf_path))
		status = print(s);
	store_setting_rows_free(&s->set);
	store_close(&s->store);
	users_query_free(&s->query);
	conf_unref(&s->conf);
	arena_free(&s->arena);
	return status;
}

int
quota_show_key(const struct ctl *c, const char *key, const char *state,
    bool json)
{
	struct show s = { .login = key, .key = key, .state = state,
	    .json = json };

	return show(&s, c->conf_path);
}

static int
quota_show(const struct ctl *c, int argc, char **argv)
{
	struct show s = { .json = c->json };

	if (ctl_help(argc, argv, usage_show))
		return CTL_GOOD;
	return arguments(&s, argc, argv) ? show(&s, c->conf_path) :
	    ctl_usage(usage_show);
}

int
ctl_quota(const struct ctl *c, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "show") == 0)
		return quota_show(c, argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "set") == 0)
		return quota_set(c, argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "reset") == 0)
		return quota_reset(c, argc - 1, argv + 1);
	if (ctl_help(argc, argv, usage_all))
		return CTL_GOOD;
	return ctl_usage(usage_all);
}
