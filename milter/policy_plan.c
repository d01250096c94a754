/*
 * policy_plan - which plan limits a login, and why: the most specific wins
 */
#include "policy.h"

struct plan_choice
policy_plan(const struct plan_places *in)
{
	struct plan_choice c = { in->by_default, PLAN_BY_DEFAULT,
	    "default-plan" };

	if (in->user != NULL && in->user->plan != NULL) {
		c.plan = in->user->plan;
		c.place = PLAN_OF_USER;
		c.name = in->user->login;
	} else if (in->listener != NULL && in->listener->plan != NULL) {
		c.plan = in->listener->plan;
		c.place = PLAN_OF_LISTENER;
		c.name = in->listener->name;
	}
	return c;
}
