/*
 * policy_block: one row per sentence of the manual about blocks, and about
 * the blocks that the fuse sets.
 */
#include "test.h"

#include "policy/policy_block.h"

#define NOON	1789992000	/* 2026-09-21 12:00:00 UTC */

static const struct {
	const char		*name;
	struct store_setting	 setting;
	enum action		 want;
	const char		*reply, *text;
} cases[] = {
	{ "no block", { .blocked_until = 0 }, ACTION_ACCEPT, " ", "" },
	{ "for good",
	    { .blocked_until = STORE_FOREVER, .block = STORE_BLOCK_REJECT },
	    ACTION_REJECT, "550 5.7.1",
	    "alice@example.org is blocked and may not send" },
	{ "for good, with a reason",
	    { .blocked_until = STORE_FOREVER, .block = STORE_BLOCK_REJECT,
	    .reason = "see ticket 7" }, ACTION_REJECT, "550 5.7.1",
	    "alice@example.org is blocked and may not send: see ticket 7" },
	{ "for a time: the reply has its end",
	    { .blocked_until = NOON + 7200, .reason = "looks stolen" },
	    ACTION_DEFER, "451 4.7.1",
	    "alice@example.org is blocked until 2026-09-21 14:00:00 UTC (for "
	    "7200 more seconds): looks stolen" },
	{ "for a time, rejected",
	    { .blocked_until = NOON + 1, .block = STORE_BLOCK_REJECT },
	    ACTION_REJECT, "550 5.7.1",
	    "alice@example.org is blocked until 2026-09-21 12:00:01 UTC (for "
	    "1 more seconds)" },
	{ "for a time, held",
	    { .blocked_until = NOON + 86400, .block = STORE_BLOCK_HOLD,
	    .reason = "fuse" }, ACTION_HOLD, " ",
	    "alice@example.org is blocked until 2026-09-22 12:00:00 UTC (for "
	    "86400 more seconds): fuse" },
	{ "at its last second the block has ended",
	    { .blocked_until = NOON, .reason = "x" }, ACTION_ACCEPT, " ",
	    "" },
};

static void
every_block(void **state)
{
	struct verdict	v;
	char		reply[16];
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		v = policy_block(&cases[i].setting, "alice@example.org",
		    NOON);
		snprintf(reply, sizeof(reply), "%s %s", v.code, v.status);
		if (v.action != cases[i].want ||
		    strcmp(reply, cases[i].reply) != 0 ||
		    strcmp(v.text, cases[i].text) != 0)
			row_fail(cases[i].name, "%s %s %s",
			    action_name(v.action), reply, v.text);
		if (v.action != ACTION_ACCEPT)
			assert_string_equal(v.rule, "blocked");
	}
}

/* The longest reason is not cut, even with a long login. */
static void
the_reason_fits(void **state)
{
	struct store_setting	t = { .blocked_until = NOON + 1 };
	struct verdict		v;
	char			key[300];

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	memset(t.reason, 'r', sizeof(t.reason) - 2);
	t.reason[sizeof(t.reason) - 2] = '!';
	v = policy_block(&t, key, NOON);
	assert_int_equal(v.text[strlen(v.text) - 1], '!');
}

static const struct {
	const char		*name;
	struct fuse_rules	 rules;
	struct fuse_trip	 trip;
	enum store_block	 block;
	const char		*reason;
} trips[] = {
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
	for (i = 0; i < NELEM(trips); i++) {
		t = policy_fuse(&trips[i].rules, &trips[i].trip, NOON);
		if (t.block != trips[i].block ||
		    t.blocked_until != NOON + 3600 || t.changed != NOON ||
		    strcmp(t.reason, trips[i].reason) != 0)
			row_fail(trips[i].name, "%d %s", (int)t.block,
			    t.reason);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block),
		cmocka_unit_test(the_reason_fits),
		cmocka_unit_test(every_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
