/*
 * policy_plan - the plan that applies to a login
 *
 * Pure: it reads rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_PLAN_H
#define MILLGATE_POLICY_PLAN_H

#include "policy/policy_rules.h"

/* Where the configuration says which plan applies, by rising precedence. */
enum plan_place {
	PLAN_BY_DEFAULT,
	PLAN_OF_LISTENER,
	PLAN_OF_GROUP,
	PLAN_OF_TIER,
	PLAN_OF_USER
};

struct plan_places {
	const struct user_rules *user;		/* NULL: no entry */
	const struct session_rules *listener;	/* NULL: not known */
	const struct plan_rules *by_default;
	/* that the login is in, the most specific first */
	const struct group_rules *const *group;	size_t ngroups;
	const struct tier_rules *tier;		/* NULL: none */
};

struct plan_choice {
	const struct plan_rules *plan;
	enum plan_place	 place;
	const char	*name;			/* of the section, the option */
};

/* The most specific place that names a plan. */
struct plan_choice policy_plan(const struct plan_places *in);

#endif
