/*
 * ctl_quota_show - millgatectl quota show: how much each account has sent in
 * the last hour, and in the other windows that are limited
 *
 *	quota show [LOGIN] [--top N] [--json] [--state PATH]
 *
 * Reads the state, with or without a running daemon. Plans and limits come from
 * the configuration. With --state it may be missing; then the output has none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/monotonic.h"
#include "conf/account_plan.h"
#include "conf/users.h"
#include "conf/users_query.h"
#include "daemon/privileges.h"
#include "session/services.h"
#include "store/store_settings.h"
#include "ctl_common_priv.h"
#include "ctl_quota_priv.h"

#define LOGIN_WIDTH	48	/* longer ones push their row to the right */

struct show {
	const char	*login;		/* as on the command line; NULL: all */
	const char	*key;		/* of the login; NULL: not known yet */
	size_t		 top;		/* 0: all */
	/* */
	struct arena	*arena;
	struct conf	*conf;		/* NULL: no plans */
	struct users_query *query;	/* NULL: none */
	bool		 failed;	/* it did, which has been reported */
	bool		 silent;	/* it did not answer in time */
	struct store	*store;
	struct store_setting_rows set;	/* sorted by key */
	time_t		 now;
};

static const char usage[] =
    "usage: millgatectl [-c FILE] quota show [LOGIN] [--top N] [--json]\n"
    "           [--state PATH]\n"
    "\n"
    "Show how much each login, group, listener and relay has sent in the last\n"
    "hour, and in each window with a limit: all of them, one, or the N\n"
    "busiest.\n";

/* --- accounts ------------------------------------------------------------ */

/* Mail without a login has an account only if its listener has a plan. */
static bool
has_listener(const struct conf *c, const char *name)
{
	const struct session_rules *l = ctl_find_listener(c, name);

	if (l != NULL && l->plan == NULL)
		ctl_complain("listener %s has no plan: mail without a login "
		    "is not counted, limited or blocked there; set plan in its "
		    "section", name);
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

/* The account of a group, listener or relay; NULL: the text is none of them. */
static const char *
bucket(const struct conf *c, const char *text)
{
	const struct group_rules	*group;
	const char			*name;
	bool				 known;

	if ((name = account_after(text, GROUP_BUCKET)) != NULL) {
		group = c != NULL ? groups_find(c->groups, name) : NULL;
		text = group != NULL ? group->key : text;
		known = group != NULL;
	} else if ((name = account_after(text, LISTENER_BUCKET)) != NULL) {
		known = c != NULL && has_listener(c, name);
	} else if (account_after(text, RELAY_BUCKET) != NULL) {
		known = c != NULL && has_relay(c, text);
	} else {
		return NULL;
	}
	if (!known && c != NULL)
		ctl_complain("the configuration has no %s", text);
	return text;
}

const char *
quota_account(struct arena *a, const struct conf *c, const char *text)
{
	const char *key = bucket(c, text);
	const char *name = account_after(text, LOGIN_BUCKET);

	if (key != NULL)
		return arena_strdup(a, key);
	if (name == NULL)
		name = users_login(a, text);
	if (name != NULL && c != NULL)
		name = users_qualify(c->users, a, name);
	return name != NULL ? users_account(a, name) : NULL;
}

/* The first failure is reported. After a time-out the database is not asked. */
static struct users_reply
quota_entry(void *arg, const char *login)
{
	struct show		*s = arg;
	uint64_t		 start = monotonic_ms();
	struct users_reply	 r;

	r = users_lookup(s->conf->users, s->silent ? NULL : s->query, login,
	    (uint64_t)s->now * 1000, s->arena);
	if (s->silent && r.answer == USERS_NONE)
		r.answer = USERS_UNKNOWN;
	if (r.answer != USERS_UNKNOWN || s->silent)
		return r;
	s->silent = monotonic_ms() - start >= s->conf->users_timeout;
	if (!s->failed)
		ctl_complain("plans are missing in the output: %s", r.why);
	s->failed = true;
	return r;
}

/* --- the rows ------------------------------------------------------------ */

/* Binary search; NULL: nothing is set for this key. */
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

/* Append accounts that have not sent, but for which something is set. */
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

static void
gather_one(struct show *s, struct store_rows *rows)
{
	const char *key = s->key;

	if (key == NULL)
		key = quota_account(s->arena, s->conf, s->login);
	if (key == NULL)
		key = users_account(s->arena, s->login);
	rows->n = 1;
	rows->row = xcalloc(1, sizeof(*rows->row));
	rows->row[0].key = xstrdup(key);
}

/* One row, or all. False: the reason is in `error`. */
static bool
quota_gather(struct show *s, struct store_rows *rows, char error[STORE_ERROR])
{
	if (store_settings_list(s->store, s->now, &s->set, error) ==
	    STORE_UNKNOWN)
		return false;
	if (s->login != NULL) {
		gather_one(s, rows);
		return true;
	}
	if (store_list(s->store, s->now, rows, error) == STORE_UNKNOWN)
		return false;
	add_silent(rows, &s->set);
	return true;
}

/* The plan, limits, settings and counts of an account. */
static bool
quota_look(struct show *s, const char *key, struct quota_row *row)
{
	const struct store_setting_row *set = setting_row(&s->set, key);
	const struct account_entries entries = { quota_entry, s };

	memset(row, 0, sizeof(*row));
	row->key = key;
	if (s->conf != NULL)
		row->plan = account_plan(s->conf, key, &entries, s->arena);
	row->limits = (struct store_limits)STORE_LIMITS_NONE;
	if (row->plan != NULL)
		row->limits = row->plan->limits;
	if (set != NULL)
		row->setting = set->setting;
	row->limits = store_limits_in_force(row->limits, &row->setting);
	if (store_usage(s->store, key, s->now, row->limits, &row->usage) !=
	    STORE_UNKNOWN)
		return true;
	fprintf(stderr, "%s\n", row->usage.error);
	return false;
}

static bool
print_json(struct show *s, const struct store_rows *rows, size_t n)
{
	struct quota_row	row;
	size_t			i;

	for (i = 0; i < n; i++) {
		if (!quota_look(s, rows->row[i].key, &row))
			break;
		fputs(i > 0 ? ",\n" : "[\n", stdout);
		quota_json_row(&row, s->arena);
		arena_reset(s->arena);
	}
	if (i == n)
		puts(n > 0 ? "\n]" : "[]");
	return i == n;
}

/* Does any account have a limit of bytes? */
static bool
shows_bytes(const struct show *s)
{
	const struct store_setting	*t;
	enum store_window		 w;
	size_t				 i;

	if (s->conf != NULL && s->conf->counts_bytes)
		return true;
	for (i = 0; i < s->set.n; i++) {
		t = &s->set.row[i].setting;
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
			if (store_limit_is_set(t, STORE_BYTES, w))
				return true;
	}
	return false;
}

static bool
print_table(struct show *s, const struct store_rows *rows, size_t n)
{
	struct quota_table	table = { .bytes = shows_bytes(s) };
	struct quota_row	row;
	size_t			i, len, width = strlen("LOGIN");

	for (i = 0; i < n; i++) {
		len = quota_key_width(rows->row[i].key);
		if (len > width && len <= LOGIN_WIDTH)
			width = len;
	}
	table.width = (int)width;
	for (i = 0; i < n; i++) {
		if (!quota_look(s, rows->row[i].key, &row))
			return false;
		if (i == 0)
			quota_table_head(&table);
		quota_table_row(&table, &row);
		arena_reset(s->arena);
	}
	if (n == 0)
		quota_table_head(&table);
	return true;
}

static int
print_rows(struct show *s, bool json)
{
	struct store_rows	rows = { 0, NULL };
	char			error[STORE_ERROR] = "";
	size_t			n;
	bool			good;

	if (!quota_gather(s, &rows, error)) {
		fprintf(stderr, "%s\n", error);
		store_rows_free(&rows);
		return CTL_TROUBLE;
	}
	n = s->top > 0 && s->top < rows.n ? s->top : rows.n;
	good = json ? print_json(s, &rows, n) : print_table(s, &rows, n);
	store_rows_free(&rows);
	return good ? CTL_GOOD : CTL_TROUBLE;
}

/* --- the command --------------------------------------------------------- */

/* With --state, the configuration may be missing. */
static bool
open_store(struct show *s, const struct ctl *c)
{
	struct store_place	 place;
	char			*why = NULL;

	s->conf = ctl_load_conf(c);
	place = ctl_state(c, s->conf);
	if (place.spec == NULL)
		return false;
	if (s->conf == NULL)
		ctl_complain("the output has no plans and limits");
	else
		s->query = setup_users(s->conf);
	if (privileges_as_owner(place.spec, &why))
		s->store = store_open_at(&place, STORE_READ, &why);
	if (s->store == NULL)
		ctl_fail(why);
	return s->store != NULL;
}

static int
show(struct show *s, const struct ctl *c)
{
	int status = CTL_TROUBLE;

	s->arena = arena_new(4096);
	s->now = time(NULL);
	if (open_store(s, c))
		status = print_rows(s, c->json);
	store_setting_rows_free(&s->set);
	store_close(&s->store);
	users_query_free(&s->query);
	conf_unref(&s->conf);
	arena_free(&s->arena);
	return status;
}

int
quota_show_key(const struct ctl *c, const char *key)
{
	struct show s = { .login = key, .key = key };

	return show(&s, c);
}

static bool
show_option(void *arg, int option, char *value)
{
	struct show	*s = arg;
	char		*end;

	(void)option;		/* there is one */
	s->top = strtoul(value, &end, 10);
	return (ascii_is_digit(value[0]) && *end == '\0' && s->top > 0) ||
	    ctl_refuse("--top", "a number of at least 1", value);
}

int
ctl_quota_show(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "top", required_argument, NULL, CTL_OPT_OWN },
		CTL_OPTION_JSON,
		CTL_OPTION_STATE,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options, show_option,
	    0, 1 };
	struct show	s = { .login = NULL };
	int		status = ctl_parse(c, &syntax, &s, argc, argv);

	if (status != CTL_PARSED)
		return status;
	s.login = c->noperands > 0 ? c->operand[0] : NULL;
	return show(&s, c);
}
