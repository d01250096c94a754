/*
 * policy_plan - which plan limits a login, and why: the most specific wins
 */
#include "policy/policy_plan.h"

static const struct group_rules *
group_with_plan(const struct plan_places *in)
{
	size_t i;

	for (i = 0; i < in->ngroups; i++)
		if (in->group[i]->plan != NULL)
			return in->group[i];
	return NULL;
}

struct plan_choice
policy_plan(const struct plan_places *in)
{
	struct plan_choice c = { in->by_default, PLAN_BY_DEFAULT,
	    "default-plan" };
	const struct group_rules *group;

	if (in->user != NULL && in->user->plan != NULL) {
		c.plan = in->user->plan;
		c.place = PLAN_OF_USER;
		c.name = in->user->login;
	} else if (in->tier != NULL && in->tier->plan != NULL) {
		c.plan = in->tier->plan;
		c.place = PLAN_OF_TIER;
		c.name = in->tier->name;
	} else if ((group = group_with_plan(in)) != NULL) {
		c.plan = group->plan;
		c.place = PLAN_OF_GROUP;
		c.name = group->name;
	} else if (in->listener != NULL && in->listener->plan != NULL) {
		c.plan = in->listener->plan;
		c.place = PLAN_OF_LISTENER;
		c.name = in->listener->name;
	}
	return c;
}
