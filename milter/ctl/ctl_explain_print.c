/*
 * ctl_explain_print - an explanation as a table and as JSON
 *
 * Nothing is looked up here. Control characters are escaped in the table; JSON
 * has null for a value that is missing.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "policy/policy_limit.h"
#include "ctl_common_priv.h"
#include "ctl_explain_priv.h"

/* --- texts for both forms ------------------------------------------------ */

static const char *const *
list_networks(const struct explanation *e)
{
	size_t		  i, n = e->user != NULL ? e->user->nnetworks : 0;
	const char	**list = arena_array(e->arena, n, sizeof(*list));
	char		  text[NETADDR_TEXT];

	for (i = 0; i < n; i++)
		list[i] = arena_printf(e->arena, "%s/%u", netaddr_format(
		    &e->user->networks[i].addr, text),
		    e->user->networks[i].bits);
	return list;
}

/* The sections that require a second factor: "user", "listener NAME" */
static const char *const *
list_factors(const struct explanation *e, size_t *n)
{
	const char	**list = arena_array(e->arena, e->nstrict + 1,
			      sizeof(*list));
	size_t		  i;

	*n = 0;
	if (e->user != NULL && e->user->second_factor)
		list[(*n)++] = "user";
	for (i = 0; i < e->nstrict; i++)
		list[(*n)++] = arena_printf(e->arena, "listener %s",
		    e->strict[i]->name);
	return list;
}

/* "domain/selector (algorithm)", or "... (algorithm, database)" */
static const char *const *
list_keys(const struct explanation *e, const struct explained_keys *keys)
{
	const char	**list = arena_array(e->arena, keys->n, sizeof(*list));
	size_t		  i;

	for (i = 0; i < keys->n; i++)
		list[i] = arena_printf(e->arena, "%s/%s (%s%s%s)",
		    keys->key[i].domain, keys->key[i].selector,
		    keys->key[i].algorithm,
		    keys->key[i].database != NULL ? ", " : "",
		    keys->key[i].database != NULL ? keys->key[i].database :
		    "");
	return list;
}

/* The kind of section, or the option, that names the plan. */
static const char *
place_name(enum plan_place place)
{
	switch (place) {
	case PLAN_OF_USER:
		return "user";
	case PLAN_OF_TIER:
		return "tier";
	case PLAN_OF_GROUP:
		return "group";
	case PLAN_OF_LISTENER:
		return "listener";
	case PLAN_BY_DEFAULT:
		break;
	}
	return "default-plan";
}

/* --- the table ----------------------------------------------------------- */

/* A login from the command line may hold control characters. */
void
explain_print_text(const char *text)
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
print_limit_each(const struct store_limits *l, enum store_unit unit,
    enum store_window window)
{
	ctl_print_limit(unit, l->of[unit][window]);
	printf(" %s", policy_limit_each(window));
}

/* "1000 recipients, unlimited messages an hour, 25M bytes a message" */
static void
print_limits(const struct store_limits *l, const struct message_limits *m)
{
	enum store_window	w;
	enum store_unit		u;

	ctl_print_limit(STORE_RECIPIENTS,
	    l->of[STORE_RECIPIENTS][STORE_HOUR]);
	fputs(", ", stdout);
	print_limit_each(l, STORE_MESSAGES, STORE_HOUR);
	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
			if (l->of[u][w] == STORE_UNLIMITED ||
			    (w == STORE_HOUR && u != STORE_BYTES))
				continue;
			fputs(", ", stdout);
			print_limit_each(l, u, w);
		}
	if (m->recipients != STORE_UNLIMITED) {
		fputs(", ", stdout);
		ctl_print_limit(STORE_RECIPIENTS, m->recipients);
		fputs(" a message", stdout);
	}
	if (m->bytes != STORE_UNLIMITED) {
		fputs(", ", stdout);
		ctl_print_limit(STORE_BYTES, m->bytes);
		fputs(" a message", stdout);
	}
}

static void
print_plan(const struct explained_plan *p)
{
	const struct plan_choice *c = &p->choice;

	print_label("plan");
	printf("%s, by %s", c->plan->name, place_name(c->place));
	if (c->place != PLAN_BY_DEFAULT)
		printf(" %s", c->name);
	if (p->listener != NULL && c->place != PLAN_OF_LISTENER)
		printf(", on listener %s", p->listener->name);
	fputs(": ", stdout);
	print_limits(&c->plan->limits, &c->plan->message);
	putchar('\n');
}

static void
print_set_limits(const char *whose, const struct store_setting *s)
{
	const char		*comma = "";
	enum store_window	 w;
	enum store_unit		 u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
			if (!store_limit_is_set(s, u, w))
				continue;
			if (comma[0] == '\0') {
				print_label("set for it");
				printf("%s: ", whose);
			}
			fputs(comma, stdout);
			comma = ", ";
			print_limit_each(&s->limits, u, w);
			ctl_print_until(s->until[u][w]);
		}
	if (comma[0] != '\0')
		putchar('\n');
}

static void
print_setting(const char *whose, const struct store_setting *s)
{
	print_set_limits(whose, s);
	if (s->blocked_until != 0) {
		print_label("blocked");
		fputs(whose, stdout);
		ctl_print_block(s);
		putchar('\n');
	}
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
		print_limits(&e->group[i]->limits, &e->group[i]->message);
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
		explain_print_text(list[i]);
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

void
explain_print(const struct explanation *e)
{
	const struct user_rules	*u = e->user;
	const struct conf	*c = e->conf;
	const char *const	*list;
	size_t			 i, n;

	explain_print_text(e->login);
	printf(" may %ssend%s%s.\n", e->why_not != NULL ? "not " : "",
	    e->why_not != NULL ? ": " : "",
	    e->why_not != NULL ? e->why_not : "");
	print_label("entry");
	if (u != NULL)
		print_place(u->file, u->line);
	puts(u == NULL ? "none" : "");
	if (c->users_database != NULL) {
		print_label("users-database");
		puts(ctl_database_said(c, &e->entry, e->arena));
	}
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
	explain_print_tables(e);
	print_list("networks", list_networks(e),
	    u != NULL ? u->nnetworks : 0, "any");
	list = list_factors(e, &n);
	print_list("second factor", list, n, "not required");
	if (u != NULL && u->ncertificates > 0)
		print_list("certificates", u->certificates, u->ncertificates,
		    "");
	print_list("signed by", list_keys(e, &e->keys), e->keys.n,
	    e->keys_unknown != NULL ? "not known" : "no key");
	if (e->pending.n > 0)
		print_list("pending keys", list_keys(e, &e->pending),
		    e->pending.n, "");
	if (e->keys_unknown != NULL)
		printf("%-14s %s\n", "keys not known", e->keys_unknown);
}

/* --- JSON ---------------------------------------------------------------- */

static void
json_list(struct buf *b, const char *name, const char *const *list, size_t n)
{
	size_t i;

	json_put_open(b, name, '[');
	for (i = 0; i < n; i++)
		json_put_text(b, NULL, list[i]);
	buf_addch(b, ']');
}

/* Those of the hour always, the others where they are limited. */
static void
json_limits(struct buf *b, const struct store_limits *l,
    const struct message_limits *m)
{
	enum store_window	w;
	enum store_unit		u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
			if (l->of[u][w] != STORE_UNLIMITED ||
			    (w == STORE_HOUR && u != STORE_BYTES))
				ctl_json_limit(b, policy_limit_name(u, w),
				    l->of[u][w]);
	if (m->recipients != STORE_UNLIMITED)
		ctl_json_limit(b, "recipients-per-message", m->recipients);
	if (m->bytes != STORE_UNLIMITED)
		ctl_json_limit(b, "bytes-per-message", m->bytes);
}

static void
json_place(struct buf *b, const char *file, unsigned line)
{
	json_put_or_null(b, "file", file);
	json_put_number(b, "line", line);
}

/* The ends of the limits that have one. */
static void
json_ends(struct buf *b, const struct store_setting *s)
{
	enum store_window	w;
	enum store_unit		u;

	json_put_open(b, "until", '{');
	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
			if (store_limit_is_set(s, u, w) &&
			    s->until[u][w] < STORE_FOREVER)
				json_put_number(b, policy_limit_name(u, w),
				    (uint64_t)s->until[u][w]);
	buf_addch(b, '}');
}

static void
json_setting(struct buf *b, const struct store_setting *s)
{
	enum store_window	w;
	enum store_unit		u;
	bool			ends = false;

	json_put_open(b, "set", '{');
	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
			if (!store_limit_is_set(s, u, w))
				continue;
			ends |= s->until[u][w] < STORE_FOREVER;
			ctl_json_limit(b, policy_limit_name(u, w),
			    s->limits.of[u][w]);
		}
	if (ends)
		json_ends(b, s);
	if (s->blocked_until != 0) {
		json_put_name(b, "blocked-until");
		buf_printf(b, "%lld", (long long)s->blocked_until);
		json_put_or_null(b, "block", ctl_block_name(s->block));
		json_put_or_null(b, "reason", s->reason);
	}
	buf_addch(b, '}');
}

static void
json_plan(struct buf *b, const struct explained_plan *p)
{
	const struct plan_choice *c = &p->choice;

	json_put_open(b, NULL, '{');
	json_put_text(b, "plan", c->plan->name);
	json_put_text(b, "by", place_name(c->place));
	json_put_or_null(b, "name", c->name);
	if (p->listener != NULL)
		json_put_or_null(b, "listener", p->listener->name);
	json_limits(b, &c->plan->limits, &c->plan->message);
	buf_addch(b, '}');
}

static void
json_group(struct buf *b, const struct group_rules *g,
    const struct store_setting *setting)
{
	json_put_open(b, NULL, '{');
	json_put_text(b, "group", g->name);
	json_place(b, g->file, g->line);
	json_limits(b, &g->limits, &g->message);
	json_setting(b, setting);
	buf_addch(b, '}');
}

static void
json_quota(struct buf *b, const struct explanation *e)
{
	size_t i;

	json_put_open(b, "plans", '[');
	for (i = 0; i < e->nplans; i++)
		json_plan(b, &e->plan[i]);
	buf_addch(b, ']');
	json_setting(b, &e->setting);
	json_put_open(b, "groups", '[');
	for (i = 0; i < e->ngroups; i++)
		json_group(b, e->group[i], &e->group_setting[i]);
	buf_addch(b, ']');
}

void
explain_print_json(const struct explanation *e)
{
	const struct user_rules	*u = e->user;
	const char *const	*list;
	struct buf		 b = BUF_INIT;
	size_t			 n;

	buf_addch(&b, '{');
	json_put_text(&b, "login", e->login);
	json_put_bool(&b, "may-send", e->why_not == NULL);
	json_put_or_null(&b, "why-not", e->why_not);
	if (u != NULL) {
		json_put_open(&b, "entry", '{');
		json_place(&b, u->file, u->line);
		buf_addch(&b, '}');
	} else {
		json_put_or_null(&b, "entry", NULL);
	}
	ctl_json_database(&b, e->conf, &e->entry);
	json_quota(&b, e);
	json_list(&b, "senders", e->sender, e->nsenders);
	json_put_open(&b, "tiers", '{');
	for (n = 0; n < e->conf->ntiers; n++)
		json_list(&b, e->conf->tiers[n].name,
		    e->conf->tiers[n].senders, e->conf->tiers[n].nsenders);
	buf_addch(&b, '}');
	explain_json_tables(&b, e);
	json_list(&b, "networks", list_networks(e),
	    u != NULL ? u->nnetworks : 0);
	list = list_factors(e, &n);
	json_list(&b, "second-factor", list, n);
	json_list(&b, "certificates", u != NULL ? u->certificates : NULL,
	    u != NULL ? u->ncertificates : 0);
	json_list(&b, "keys", list_keys(e, &e->keys), e->keys.n);
	json_list(&b, "pending-keys", list_keys(e, &e->pending),
	    e->pending.n);
	json_put_or_null(&b, "keys-unknown", e->keys_unknown);
	printf("%s}\n", buf_str(&b));
	buf_free(&b);
}
