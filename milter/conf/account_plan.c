/*
 * account_plan - the limits of an account, from its key
 */
#include <string.h>

#include "base/arena.h"
#include "conf/account_plan.h"
#include "conf/conf.h"

const char *
account_after(const char *text, const char *lead)
{
	size_t len = strlen(lead);

	return strncmp(text, lead, len) == 0 && text[len] != '\0' ?
	    text + len : NULL;
}

/* NULL: it is not a relay, or has no plan. */
static const struct plan_rules *
plan_of_relay(const struct conf *c, const char *key)
{
	size_t i;

	for (i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].who.login, key) == 0)
			return c->relays[i].who.plan;
	return NULL;
}

static const struct plan_rules *
plan_of_listener(const struct conf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nlisteners; i++)
		if (strcmp(c->listeners[i]->name, name) == 0)
			return c->listeners[i]->plan;
	return NULL;
}

static const struct plan_rules *
limits_of_group(const struct conf *c, const char *name, struct arena *a)
{
	const struct group_rules *group = groups_find(c->groups, name);
	struct plan_rules	*plan;

	if (group == NULL)
		return NULL;
	plan = arena_alloc(a, sizeof(*plan));
	plan->limits = group->limits;
	return plan;
}

static const struct plan_rules *
plan_of_login(const struct conf *c, const char *login,
    const struct account_entries *e, struct arena *a)
{
	const struct group_rules *group[GROUPS_OF_LOGIN];
	struct plan_places	 places = { .group = group };
	struct users_reply	 entry = e->find(e->arg, login);

	if (entry.answer == USERS_UNKNOWN)
		return NULL;
	places.user = entry.user;
	places.ngroups = groups_of(c->groups, login, a, group,
	    GROUPS_OF_LOGIN);
	places.by_default = c->default_plan;
	return policy_plan(&places).plan;
}

const struct plan_rules *
account_plan(const struct conf *c, const char *key,
    const struct account_entries *e, struct arena *a)
{
	const char *name;

	if ((name = account_after(key, LISTENER_BUCKET)) != NULL)
		return plan_of_listener(c, name);
	if (account_after(key, RELAY_BUCKET) != NULL)
		return plan_of_relay(c, key);
	if ((name = account_after(key, GROUP_BUCKET)) != NULL)
		return limits_of_group(c, name, a);
	return plan_of_login(c, key, e, a);
}
