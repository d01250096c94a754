/*
 * policy_fuse: the numbers are in the reason, and the action is the block's.
 */
#include "test.h"

#include "policy/policy_fuse.h"

#define NOW	1789992000

static const struct {
	const char		*name;
	struct fuse_rules	 rules;
	struct fuse_trip	 trip;
	enum store_block	 block;
	const char		*reason;
} cases[] = {
	{ "networks, deferred",
	    { .action = ACTION_DEFER, .seconds = 3600 },
	    { FUSE_NETWORKS, 11, 10 }, STORE_BLOCK_DEFER,
	    "fuse: 11 client networks in an hour (limit 10)" },
	{ "refused recipients, rejected",
	    { .action = ACTION_REJECT, .seconds = 3600 },
	    { FUSE_REFUSED, 101, 100 }, STORE_BLOCK_REJECT,
	    "fuse: 101 refused recipients in an hour (limit 100)" },
	{ "From addresses, held",
	    { .action = ACTION_HOLD, .seconds = 3600 },
	    { FUSE_FROM, 4, 3 }, STORE_BLOCK_HOLD,
	    "fuse: 4 From addresses in an hour (limit 3)" },
};

static void
every_trip(void **state)
{
	struct store_setting	t;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		t = policy_fuse(&cases[i].rules, &cases[i].trip, NOW);
		if (t.block != cases[i].block ||
		    t.blocked_until != NOW + 3600 || t.changed != NOW ||
		    strcmp(t.reason, cases[i].reason) != 0)
			row_fail(cases[i].name, "%d %s", (int)t.block,
			    t.reason);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
