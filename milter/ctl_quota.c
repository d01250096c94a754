/*
 * ctl_quota - millgatectl quota: who has sent how much in the last hour
 *
 *	quota show [LOGIN] [--top N] [--json] [--state PATH]
 *
 * Reads the state file beside a running daemon, or without one. Plans and
 * limits come from the configuration; with --state it may be missing, and
 * they are not shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"
#include "conf.h"
#include "ctl.h"
#include "log.h"
#include "store.h"
#include "users.h"

#define BAR		20
#define LOGIN_WIDTH	48	/* longer ones push their row to the right */

struct show {
	const char	*login, *state;
	size_t		 top;		/* 0: all */
	bool		 json;
	/* */
	struct arena	*arena;
	struct conf	*conf;		/* NULL: no plans */
	struct store	*store;
	time_t		 now;
};

static int
usage(void)
{
	fputs("usage: millgatectl quota show [LOGIN] [--top N] [--json] "
	    "[--state PATH]\n", stderr);
	return CTL_TROUBLE;
}

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

/* "--name VALUE" or "--name=VALUE"; moves *i when the value is the next. */
static const char *
option(const char *name, int argc, char **argv, int *i)
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

static bool
arguments(struct show *s, int argc, char **argv)
{
	const char	*value;
	int		 i;

	if (argc < 2 || strcmp(argv[1], "show") != 0)
		return false;
	for (i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			s->json = true;
		} else if ((value = option("--top", argc, argv, &i)) != NULL) {
			if (!number(value, &s->top))
				return false;
		} else if ((value = option("--state", argc, argv, &i)) !=
		    NULL) {
			s->state = value;
		} else if (argv[i][0] != '-' && s->login == NULL) {
			s->login = argv[i];
		} else {
			return false;
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
	if (s->conf != NULL)
		place = conf_state(s->conf);
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

/* Of a login, where the listener does not matter; NULL: not known. */
static const struct plan_rules *
plan_of(const struct show *s, const char *login)
{
	const struct group_rules *group[GROUPS_OF_LOGIN];
	const struct plan_rules	*plan;
	struct plan_places	 places = { .group = group };

	if (s->conf == NULL)
		return NULL;
	plan = plan_of_bucket(s->conf, login);
	if (plan == NULL)
		plan = limits_of_group(s, login);
	if (plan != NULL)
		return plan;
	places.user = users_find(s->conf->users, login);
	places.ngroups = groups_of(s->conf->groups, login, s->arena, group,
	    GROUPS_OF_LOGIN);
	places.by_default = s->conf->default_plan;
	return policy_plan(&places).plan;
}

/* --- the rows ------------------------------------------------------------ */

/* One row, or the first ones of all; false: *error says why. */
static bool
gather(struct show *s, struct store_rows *rows, char error[STORE_ERROR])
{
	const struct store_limits	 any = {
		STORE_UNLIMITED, STORE_UNLIMITED
	};
	const char			*folded;
	struct store_usage		 u;

	if (s->login == NULL)
		return store_list(s->store, s->now, rows, error) !=
		    STORE_UNKNOWN;
	folded = users_login(s->arena, s->login);
	if (folded == NULL)
		folded = s->login;
	if (store_usage(s->store, folded, s->now, any, &u) == STORE_UNKNOWN) {
		memcpy(error, u.error, STORE_ERROR);
		return false;
	}
	rows->n = 1;
	rows->row = xcalloc(1, sizeof(*rows->row));
	rows->row[0].key = xstrdup(folded);
	rows->row[0].recipients = u.recipients;
	rows->row[0].messages = u.messages;
	return true;
}

/* When the next recipient fits; 0: now, never, or not known. */
static time_t
next_fit(const struct show *s, const char *login,
    const struct plan_rules *plan)
{
	struct store_usage u;

	if (plan == NULL || store_usage(s->store, login, s->now, plan->limits,
	    &u) == STORE_UNKNOWN)
		return 0;
	return u.next_fit;
}

static void
limit_add(struct record *r, const char *key, uint32_t limit)
{
	if (limit != STORE_UNLIMITED)
		record_num(r, key, limit);
}

static void
print_json(const struct show *s, const struct store_rows *rows, size_t n)
{
	const struct plan_rules	*plan;
	struct record		 r;
	struct buf		 b = BUF_INIT;
	time_t			 when;
	size_t			 i;

	putchar('[');
	for (i = 0; i < n; i++) {
		plan = plan_of(s, rows->row[i].key);
		record_init(&r, s->arena);
		record_str(&r, "login", rows->row[i].key);
		record_str(&r, "plan", plan != NULL ? plan->name : NULL);
		record_num(&r, "recipients", rows->row[i].recipients);
		if (plan != NULL)
			limit_add(&r, "recipients_limit",
			    plan->limits.recipients);
		record_num(&r, "messages", rows->row[i].messages);
		if (plan != NULL)
			limit_add(&r, "messages_limit",
			    plan->limits.messages);
		when = next_fit(s, rows->row[i].key, plan);
		if (when > 0)
			record_num(&r, "next_fit", (uint64_t)when);
		buf_reset(&b);
		record_json(&r, &b);
		printf("%s\n%s", i > 0 ? "," : "", buf_str(&b));
		arena_reset(s->arena);
	}
	puts(n > 0 ? "\n]" : "]");
	buf_free(&b);
}

/* --- the table ----------------------------------------------------------- */

/* A login may hold anything: a terminal gets printable ASCII. */
static const char *
printable(struct buf *b, const char *text)
{
	buf_reset(b);
	for (; *text != '\0'; text++) {
		if (*text >= ' ' && *text <= '~')
			buf_addch(b, *text);
		else
			buf_printf(b, "\\x%02x", (unsigned char)*text);
	}
	return buf_str(b);
}

/* "12/1000", or "12" without a limit. */
static const char *
of_limit(struct buf *b, uint32_t used, uint32_t limit)
{
	buf_reset(b);
	buf_printf(b, "%lu", (unsigned long)used);
	if (limit != STORE_UNLIMITED)
		buf_printf(b, "/%lu", (unsigned long)limit);
	return buf_str(b);
}

/* How full it is, 0 to 100; more than the limit is full. */
static unsigned
percent(uint32_t used, uint32_t limit)
{
	if (limit == STORE_UNLIMITED)
		return 0;
	if (limit == 0 || used >= limit)
		return 100;
	return (unsigned)((uint64_t)used * 100 / limit);
}

static void
print_bar(const struct store_row *row, struct store_limits limits)
{
	unsigned	full = percent(row->recipients, limits.recipients);
	unsigned	other = percent(row->messages, limits.messages);
	unsigned	i;

	if (other > full)
		full = other;
	fputs("  [", stdout);
	for (i = 0; i < BAR; i++)
		putchar(i * 100 < full * BAR ? '#' : '.');
	printf("] %3u%%", full);
}

static void
print_row(const struct show *s, const struct store_row *row, int width)
{
	const struct store_limits	 none = {
		STORE_UNLIMITED, STORE_UNLIMITED
	};
	const struct plan_rules		*plan = plan_of(s, row->key);
	struct store_limits		 limits = plan != NULL ? plan->limits :
	    none;
	struct buf			 login = BUF_INIT, rcpt = BUF_INIT;
	struct buf			 msg = BUF_INIT;
	time_t				 when = next_fit(s, row->key, plan);

	printf("%-*s  %-12s  %15s  %15s", width, printable(&login, row->key),
	    plan != NULL && plan->name != NULL ? plan->name : "-",
	    of_limit(&rcpt, row->recipients, limits.recipients),
	    of_limit(&msg, row->messages, limits.messages));
	if (plan != NULL && isatty(STDOUT_FILENO))
		print_bar(row, limits);
	if (when > 0)
		printf("  next fits at %02d:%02d:%02d UTC",
		    (int)(when / 3600 % 24), (int)(when / 60 % 60),
		    (int)(when % 60));
	putchar('\n');
	buf_free(&login);
	buf_free(&rcpt);
	buf_free(&msg);
}

static void
print_table(const struct show *s, const struct store_rows *rows, size_t n)
{
	struct buf	b = BUF_INIT;
	size_t		i, len, width = strlen("LOGIN");

	for (i = 0; i < n; i++) {
		len = strlen(printable(&b, rows->row[i].key));
		if (len > width && len <= LOGIN_WIDTH)
			width = len;
	}
	printf("%-*s  %-12s  %15s  %15s\n", (int)width, "LOGIN", "PLAN",
	    "RECIPIENTS", "MESSAGES");
	for (i = 0; i < n; i++)
		print_row(s, &rows->row[i], (int)width);
	buf_free(&b);
}

static int
show(struct show *s)
{
	struct store_rows	rows = { 0, NULL };
	char			error[STORE_ERROR] = "";
	size_t			n;

	if (!gather(s, &rows, error)) {
		fprintf(stderr, "%s\n", error);
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

int
ctl_quota(const struct ctl *c, int argc, char **argv)
{
	struct show	s = { .json = c->json };
	int		status = CTL_TROUBLE;

	if (!arguments(&s, argc, argv))
		return usage();
	s.arena = arena_new(4096);
	s.now = time(NULL);
	if (prepare(&s, c->conf_path))
		status = show(&s);
	store_close(&s.store);
	conf_unref(&s.conf);
	arena_free(&s.arena);
	return status;
}
