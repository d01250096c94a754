/*
 * policy_plan: the most specific place that names a plan decides.
 */
#include "test.h"

#include "policy.h"

static const struct plan_rules of_user = { "of user", { 1, 1 } };
static const struct plan_rules of_listener = { "of listener", { 2, 2 } };
static const struct plan_rules of_site = { "of site", { 3, 3 } };

static const struct user_rules user = { .login = "alice", .plan = &of_user };
static const struct user_rules planless = { .login = "bob" };
static const struct session_rules listener = {
	.name = "submission", .plan = &of_listener
};
static const struct session_rules bare = { .name = "local" };

static const struct {
	const char		*name;
	struct plan_places	 in;
	const struct plan_rules	*want;
	enum plan_place		 place;
	const char		*section;
} cases[] = {
	{ "the user's own comes first", { &user, &listener, &of_site },
	    &of_user, PLAN_OF_USER, "alice" },
	{ "a user without one has the listener's",
	    { &planless, &listener, &of_site },
	    &of_listener, PLAN_OF_LISTENER, "submission" },
	{ "so has a login without an entry", { NULL, &listener, &of_site },
	    &of_listener, PLAN_OF_LISTENER, "submission" },
	{ "the site's is for all others", { &planless, &bare, &of_site },
	    &of_site, PLAN_BY_DEFAULT, "default-plan" },
	{ "and where no listener is known", { NULL, NULL, &of_site },
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
