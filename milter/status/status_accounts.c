/*
 * status_accounts - the busiest logins and groups, and the blocks
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/account_plan.h"
#include "session/services.h"
#include "store/store_settings.h"
#include "status_priv.h"

#define SHARE_MAX	999

/* What the store has said, while accounts are looked up. */
struct gathered {
	struct status	*s;
	struct store_top top;
	struct store_setting_rows set;	/* sorted by key */
	uint64_t	 until;		/* ticks: no more plans */
	time_t		 now;
};

/* --- limits --------------------------------------------------------------- */

static unsigned
limit_share(uint64_t used, uint64_t limit)
{
	if (limit == 0)
		return used > 0 ? SHARE_MAX : 0;
	if (used / limit > SHARE_MAX / 100)
		return SHARE_MAX;
	/* limits are at most 2^53 */
	return (unsigned)(used * 100 / limit);
}

static int
limit_by_share(const void *va, const void *vb)
{
	const struct status_limit *a = va, *b = vb;

	if (a->share != b->share)
		return a->share > b->share ? -1 : 1;
	/* the hour, then the other windows from the shortest on */
	return (int)(a->window ^ STORE_HOUR) - (int)(b->window ^ STORE_HOUR);
}

static void
account_limits(struct status_account *a, const struct store_limits *limits,
    const struct store_setting *set, const struct store_usage *usage)
{
	struct status_limit	*l;
	enum store_unit		 u;
	enum store_window	 w;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++) {
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
			if (limits->of[u][w] == STORE_UNLIMITED)
				continue;
			l = &a->limit[a->nlimits++];
			l->unit = u;
			l->window = w;
			l->used = usage->used[u][w];
			l->limit = limits->of[u][w];
			l->set = set != NULL && store_limit_is_set(set, u, w);
			l->share = limit_share(l->used, l->limit);
			l->free = l->used >= l->limit ? usage->fits[w] : 0;
		}
	}
	qsort(a->limit, a->nlimits, sizeof(a->limit[0]), limit_by_share);
}

/* A name that is too long is cut, so that the texts are bounded. */
static const char *
status_name(struct arena *a, const char *key)
{
	return arena_memdup(a, key, strnlen(key, STATUS_NAME));
}

/* --- accounts ------------------------------------------------------------- */

static int
setting_by_key(const void *key, const void *row)
{
	return strcmp(key, ((const struct store_setting_row *)row)->key);
}

/* NULL: nothing is set. */
static const struct store_setting *
find_setting(const struct gathered *g, const char *key)
{
	const struct store_setting_row *row;

	if (g->set.n == 0)
		return NULL;
	row = bsearch(key, g->set.row, g->set.n, sizeof(*row),
	    setting_by_key);
	return row != NULL ? &row->setting : NULL;
}

static struct users_reply
find_entry(void *arg, const char *login)
{
	const struct gathered	*g = arg;
	const struct setup	*st = g->s->setup;

	return users_lookup(st->conf->users, st->users, login,
	    g->s->sv->ticks(), g->s->arena);
}

static const struct plan_rules *
find_plan(struct gathered *g, const char *key)
{
	const struct account_entries entries = { find_entry, g };

	if (g->s->sv->ticks() > g->until)
		return NULL;
	return account_plan(g->s->setup->conf, key, &entries, g->s->arena);
}

static bool
is_group(const char *key)
{
	return account_after(key, GROUP_BUCKET) != NULL ||
	    account_after(key, LISTENER_BUCKET) != NULL ||
	    account_after(key, RELAY_BUCKET) != NULL;
}

static void
account_fill(struct gathered *g, const struct store_row *row,
    struct status_account *a)
{
	struct arena			*arena = g->s->arena;
	const struct plan_rules		*plan = find_plan(g, row->key);
	const struct store_setting	*set = find_setting(g, row->key);
	struct store_limits		 limits = STORE_LIMITS_NONE;
	struct store_usage		 usage;

	memset(a, 0, sizeof(*a));
	a->key = status_name(arena, row->key);
	a->recipients = row->recipients;
	a->messages = row->messages;
	if (plan != NULL) {
		a->plan = plan->name;
		limits = plan->limits;
	}
	if (set != NULL)
		limits = store_limits_in_force(limits, set);
	if (store_usage(g->s->sv->store, row->key, g->now, limits, &usage) !=
	    STORE_UNKNOWN) {
		account_limits(a, &limits, set, &usage);
		a->free = usage.next_fit;
	}
	a->blocked = set != NULL && set->blocked_until != 0;
	if (a->blocked)
		a->block = set->block;
}

static void
gather_rows(struct gathered *g)
{
	struct status	*s = g->s;
	size_t		 i;

	for (i = 0; i < g->top.rows.n; i++)
		account_fill(g, &g->top.rows.row[i],
		    &s->login[s->nlogins++]);
	for (i = 0; i < g->top.others.n; i++)
		account_fill(g, &g->top.others.row[i],
		    &s->group[s->ngroups++]);
}

/* --- blocks --------------------------------------------------------------- */

/*
 * For a shell: an apostrophe ends the quotes, and begins them again. NULL: the
 * key is too long.
 */
static const char *
lift_command(struct arena *a, const char *key)
{
	struct buf	 b = BUF_INIT;
	const char	*p, *text;

	if (strnlen(key, STATUS_NAME) == STATUS_NAME)
		return NULL;
	buf_printf(&b, "millgatectl user unblock %s'",
	    key[0] == '-' ? "-- " : "");
	for (p = key; *p != '\0'; p++) {
		if (*p == '\'')
			buf_addstr(&b, "'\\''");
		else
			buf_addch(&b, *p);
	}
	buf_addch(&b, '\'');
	text = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return text;
}

/* The newest first. */
static int
block_by_time(const void *va, const void *vb)
{
	const struct store_setting_row *a = va, *b = vb;

	if (a->setting.changed != b->setting.changed)
		return a->setting.changed > b->setting.changed ? -1 : 1;
	return strcmp(a->key, b->key);
}

/* Call it last: it changes the order of the settings. */
static void
gather_blocks(struct gathered *g)
{
	struct status			*s = g->s;
	const struct store_setting_row	*row;
	struct status_block		*b;
	size_t				 i;

	if (g->set.n > 0)
		qsort(g->set.row, g->set.n, sizeof(*g->set.row),
		    block_by_time);
	for (i = 0; i < g->set.n; i++) {
		row = &g->set.row[i];
		if (row->setting.blocked_until == 0)
			continue;
		if (s->blocks_total++ >= STATUS_BLOCKS)
			continue;
		b = &s->block[s->nblocks++];
		b->key = status_name(s->arena, row->key);
		b->setting = row->setting;
		b->fuse = strncmp(row->setting.reason, "fuse: ", 6) == 0;
		b->lift = lift_command(s->arena, row->key);
	}
}

void
status_accounts(struct status *s)
{
	struct services	*sv = s->sv;
	struct gathered	 g = { .s = s, .top = { .most = STATUS_ACCOUNTS,
		.is_other = is_group } };
	char		 error[STORE_ERROR] = "";
	bool		 good;

	g.until = sv->ticks() + STATUS_PLANS_MS;
	g.now = services_time_begin(sv);
	good = store_settings_list(sv->store, g.now, &g.set, error) !=
	    STORE_UNKNOWN && store_top(sv->store, g.now, &g.top, error) !=
	    STORE_UNKNOWN;
	services_time_end(sv);
	if (good) {
		gather_rows(&g);
		gather_blocks(&g);
	} else {
		services_store_failed(sv);
		s->store_why = arena_strdup(s->arena, error);
	}
	store_top_free(&g.top);
	store_setting_rows_free(&g.set);
}
