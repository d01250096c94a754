/*
 * ctl_explain_json - what millgatectl user explain --json prints
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "conf/conf.h"
#include "explain_priv.h"

static void
member_name(struct buf *b, const char *name)
{
	if (b->len > 0 && b->data[b->len - 1] != '{' &&
	    b->data[b->len - 1] != '[')
		buf_addstr(b, ", ");
	if (name != NULL)
		buf_printf(b, "\"%s\": ", name);
}

static void
member_text(struct buf *b, const char *name, const char *text)
{
	member_name(b, name);
	if (text != NULL)
		json_string(b, text);
	else
		buf_addstr(b, "null");
}

static void
member_list(struct buf *b, const char *name, const char *const *list, size_t n)
{
	size_t i;

	member_name(b, name);
	buf_addch(b, '[');
	for (i = 0; i < n; i++)
		member_text(b, NULL, list[i]);
	buf_addch(b, ']');
}

static void
json_limit(struct buf *b, const char *name, uint32_t limit)
{
	member_name(b, name);
	if (limit == STORE_UNLIMITED)
		buf_addstr(b, "\"unlimited\"");
	else
		buf_printf(b, "%lu", (unsigned long)limit);
}

static void
json_place(struct buf *b, const char *file, unsigned line)
{
	member_text(b, "file", file);
	member_name(b, "line");
	buf_printf(b, "%u", line);
}

static void
json_setting(struct buf *b, const struct store_setting *s)
{
	static const char *const blocks[] = {
		[STORE_BLOCK_DEFER] = "defer", [STORE_BLOCK_REJECT] = "reject",
		[STORE_BLOCK_HOLD] = "hold"
	};

	member_name(b, "set");
	buf_addch(b, '{');
	if (s->recipients_set)
		json_limit(b, "recipients-per-hour", s->limits.recipients);
	if (s->messages_set)
		json_limit(b, "messages-per-hour", s->limits.messages);
	if (s->blocked_until != 0) {
		member_name(b, "blocked-until");
		buf_printf(b, "%lld", (long long)s->blocked_until);
		member_text(b, "block", blocks[s->block]);
		member_text(b, "reason", s->reason);
	}
	buf_addch(b, '}');
}

static void
json_plan(struct buf *b, const struct explained_plan *p)
{
	const struct plan_choice *c = &p->choice;

	member_name(b, NULL);
	buf_addch(b, '{');
	member_text(b, "plan", c->plan->name);
	member_text(b, "by", explain_place(c->place));
	member_text(b, "name", c->name);
	if (p->listener != NULL)
		member_text(b, "listener", p->listener->name);
	json_limit(b, "recipients-per-hour", c->plan->limits.recipients);
	json_limit(b, "messages-per-hour", c->plan->limits.messages);
	buf_addch(b, '}');
}

static void
json_group(struct buf *b, const struct group_rules *g,
    const struct store_setting *setting)
{
	member_name(b, NULL);
	buf_addch(b, '{');
	member_text(b, "group", g->name);
	json_place(b, g->file, g->line);
	json_limit(b, "recipients-per-hour", g->limits.recipients);
	json_limit(b, "messages-per-hour", g->limits.messages);
	json_setting(b, setting);
	buf_addch(b, '}');
}

static void
json_quota(struct buf *b, const struct explanation *e)
{
	size_t i;

	member_name(b, "plans");
	buf_addch(b, '[');
	for (i = 0; i < e->nplans; i++)
		json_plan(b, &e->plan[i]);
	buf_addch(b, ']');
	json_setting(b, &e->setting);
	member_name(b, "groups");
	buf_addch(b, '[');
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
	member_text(&b, "login", e->login);
	member_name(&b, "may-send");
	buf_addstr(&b, e->why_not == NULL ? "true" : "false");
	member_text(&b, "why-not", e->why_not);
	member_name(&b, "entry");
	if (u != NULL) {
		buf_addch(&b, '{');
		json_place(&b, u->file, u->line);
		buf_addch(&b, '}');
	} else {
		buf_addstr(&b, "null");
	}
	json_quota(&b, e);
	member_list(&b, "senders", e->sender, e->nsenders);
	member_name(&b, "tiers");
	buf_addch(&b, '{');
	for (n = 0; n < e->conf->ntiers; n++)
		member_list(&b, e->conf->tiers[n].name,
		    e->conf->tiers[n].senders, e->conf->tiers[n].nsenders);
	buf_addch(&b, '}');
	member_list(&b, "networks", explain_networks(e),
	    u != NULL ? u->nnetworks : 0);
	list = explain_factors(e, &n);
	member_list(&b, "second-factor", list, n);
	member_list(&b, "certificates", u != NULL ? u->certificates : NULL,
	    u != NULL ? u->ncertificates : 0);
	member_list(&b, "keys", explain_keys(e), e->nkeys);
	printf("%s}\n", buf_str(&b));
	buf_free(&b);
}
