/*
 * policy_plan: the most specific place that names a plan decides.
 */
#include "test.h"

#include "policy/policy_plan.h"

static const struct plan_rules of_user = { "of user", { 1, 1 } };
static const struct plan_rules of_listener = { "of listener", { 2, 2 } };
static const struct plan_rules of_group = { "of group", { 4, 4 } };
static const struct plan_rules of_site = { "of site", { 3, 3 } };

static const struct user_rules user = { .login = "alice", .plan = &of_user };
static const struct user_rules planless = { .login = "bob" };
static const struct session_rules listener = {
	.name = "submission", .plan = &of_listener
};
static const struct session_rules bare = { .name = "local" };

static const struct plan_rules of_tier = { "of tier", { 5, 5 } };
static const struct tier_rules high = { .name = "high", .plan = &of_tier };
static const struct tier_rules low = { .name = "low" };

static const struct group_rules free_group = { .name = "all" };
static const struct group_rules paid_group = {
	.name = "acme", .plan = &of_group
};
static const struct group_rules other_group = {
	.name = "other", .plan = &of_site
};
static const struct group_rules *const no_plan[] = { &free_group };
static const struct group_rules *const second[] = { &free_group, &paid_group };
static const struct group_rules *const both[] = { &paid_group, &other_group };

static const struct {
	const char		*name;
	struct plan_places	 in;
	const struct plan_rules	*want;
	enum plan_place		 place;
	const char		*section;
} cases[] = {
	{ "the user's own comes first", { &user, &listener, &of_site,
	    both, 2 }, &of_user, PLAN_OF_USER, "alice" },
	{ "that before the tier's",
	    { &user, &listener, &of_site, both, 2, &high },
	    &of_user, PLAN_OF_USER, "alice" },
	{ "the tier's before the group's",
	    { &planless, &listener, &of_site, both, 2, &high },
	    &of_tier, PLAN_OF_TIER, "high" },
	{ "a tier without one leaves it to the group",
	    { NULL, &listener, &of_site, both, 2, &low },
	    &of_group, PLAN_OF_GROUP, "acme" },
	{ "a user without one has the group's",
	    { &planless, &listener, &of_site, both, 2 },
	    &of_group, PLAN_OF_GROUP, "acme" },
	{ "the first group that has one",
	    { NULL, &listener, &of_site, second, 2 },
	    &of_group, PLAN_OF_GROUP, "acme" },
	{ "a group without one leaves it to the listener",
	    { &planless, &listener, &of_site, no_plan, 1 },
	    &of_listener, PLAN_OF_LISTENER, "submission" },
	{ "so has a login without an entry",
	    { NULL, &listener, &of_site, NULL, 0 },
	    &of_listener, PLAN_OF_LISTENER, "submission" },
	{ "the site's is for all others",
	    { &planless, &bare, &of_site, NULL, 0 },
	    &of_site, PLAN_BY_DEFAULT, "default-plan" },
	{ "and where no listener is known",
	    { NULL, NULL, &of_site, no_plan, 1 },
	    &of_site, PLAN_BY_DEFAULT, "default-plan" },
};

static void
the_most_specific_wins(void **state)
{
	struct plan_choice	c;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		c = policy_plan(&cases[i].in);
		if (c.plan != cases[i].want || c.place != cases[i].place ||
		    strcmp(c.name, cases[i].section) != 0)
			row_fail(cases[i].name, "%s by %s", c.plan->name,
			    c.name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_specific_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
