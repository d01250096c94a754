/*
 * policy_quota: one row per sentence of the manual about quota replies; and
 * the most specific place that names a plan decides.
 */
#include "test.h"

#include "policy/policy_quota.h"

#define NOON	1789992000	/* 12:00:00 UTC of a day */

#define HOUR	.window = STORE_HOUR

static const struct store_limits trial = STORE_LIMITS_HOUR(1000, 1);
static const struct store_limits no_mail = STORE_LIMITS_HOUR(0, 0);
static const struct store_limits own = STORE_LIMITS_HOUR(5, 9);
static const struct store_limits of_acme = STORE_LIMITS_HOUR(5000, 0);
static const struct store_limits one = STORE_LIMITS_HOUR(1, STORE_UNLIMITED);
static const struct store_limits gold = { .of = {
	[STORE_RECIPIENTS] = { 1, 1000, 10000, 200000 },
	[STORE_MESSAGES] = { 60, 500, 5000, 100000 },
	[STORE_BYTES] = { 1, 26214400, UINT64_C(2147483648), 1000 },
} };

static const struct quota_facts alice = {
	.key = "alice@example.org", .login = "alice@example.org",
	.plan = "trial", .limits = &trial
};
static const struct quota_facts nothing = {
	.key = "bob", .login = "bob", .plan = "none", .limits = &no_mail
};
static const struct quota_facts set = {
	.key = "carol", .login = "carol", .plan = "trial", .limits = &own,
	.set = 1u << (STORE_RECIPIENTS * STORE_WINDOWS + STORE_HOUR)
};
static const struct quota_facts acme = {
	.key = "group acme", .login = "alice@example.org", .group = "acme",
	.limits = &of_acme
};
static const struct quota_facts local = {
	.key = "listener local", .plan = "trial", .limits = &trial
};
static const struct quota_facts dora = {
	.key = "dora", .login = "dora", .plan = "gold", .limits = &gold,
	.bytes = 30000000
};
static const struct quota_facts tenth = {
	.key = "dora", .login = "dora", .plan = "gold", .limits = &gold,
	.bytes = 30000000, .bytes_alone = 3000000
};
static const struct quota_facts unsized = {
	.key = "dora", .login = "dora", .plan = "gold", .limits = &gold
};

static const struct {
	const char		*name;
	struct quota_rules	 rules;
	enum store_answer	 answer;
	struct store_usage	 usage;
	enum action		 want;
	const char		*code, *status, *text;
} cases[] = {
	{ "what fits is accepted",
	    { ACTION_DEFER, ACTION_DEFER }, STORE_TAKEN, { 0 },
	    ACTION_ACCEPT, "", "", "" },
	{ "what does not fit is deferred, with the time",
	    { ACTION_DEFER, ACTION_DEFER }, STORE_REFUSED,
	    { HOUR, .next_fit = NOON + 7500 },
	    ACTION_DEFER, "451", "4.7.1", "Quota exceeded for "
	    "alice@example.org: plan trial allows 1000 recipients an hour; "
	    "the next one fits at 14:05:00 UTC (in 7500 seconds)" },
	{ "the message limit is named as such",
	    { ACTION_DEFER, ACTION_DEFER }, STORE_REFUSED,
	    { HOUR, .next_fit = NOON + 61, .unit = STORE_MESSAGES },
	    ACTION_DEFER, "451", "4.7.1", "Quota exceeded for "
	    "alice@example.org: plan trial allows 1 message an hour; "
	    "the next one fits at 12:01:01 UTC (in 61 seconds)" },
	{ "or rejected",
	    { ACTION_REJECT, ACTION_DEFER }, STORE_REFUSED,
	    { HOUR, .next_fit = NOON + 60 },
	    ACTION_REJECT, "550", "5.7.1", "Quota exceeded for "
	    "alice@example.org: plan trial allows 1000 recipients an hour; "
	    "the next one fits at 12:01:00 UTC (in 60 seconds)" },
	{ "or held",
	    { ACTION_HOLD, ACTION_DEFER }, STORE_REFUSED,
	    { HOUR, .next_fit = NOON + 60 },
	    ACTION_HOLD, "", "", "Quota exceeded for "
	    "alice@example.org: plan trial allows 1000 recipients an hour; "
	    "the next one fits at 12:01:00 UTC (in 60 seconds)" },
	{ "no time is given when waiting does not help",
	    { ACTION_DEFER, ACTION_DEFER }, STORE_REFUSED,
	    { HOUR, .next_fit = 0 },
	    ACTION_DEFER, "451", "4.7.1", "Quota exceeded for "
	    "alice@example.org: plan trial allows 1000 recipients an hour" },
	{ "for a time that has just passed the wait is 0",
	    { ACTION_DEFER, ACTION_DEFER }, STORE_REFUSED,
	    { HOUR, .next_fit = NOON - 1 },
	    ACTION_DEFER, "451", "4.7.1", "Quota exceeded for "
	    "alice@example.org: plan trial allows 1000 recipients an hour; "
	    "the next one fits at 11:59:59 UTC (in 0 seconds)" },
	{ "a store that fails defers, and tells the client no details",
	    { ACTION_REJECT, ACTION_DEFER }, STORE_UNKNOWN,
	    { .error = "/var/lib/millgate/state.db: disk full" },
	    ACTION_DEFER, "451", "4.3.0",
	    "Quota cannot be checked at the moment; try again later" },
	{ "or lets mail pass",
	    { ACTION_REJECT, ACTION_ACCEPT }, STORE_UNKNOWN, { 0 },
	    ACTION_ACCEPT, "", "",
	    "Quota cannot be checked; accepted without counting" },
};

static void
words(void **state)
{
	struct verdict	v;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		v = policy_quota(&cases[i].rules, cases[i].answer,
		    &cases[i].usage, &alice, NOON);
		if (v.action != cases[i].want)
			row_fail(cases[i].name, "action %s",
			    action_name(v.action));
		if (strcmp(v.code, cases[i].code) != 0 ||
		    strcmp(v.status, cases[i].status) != 0 ||
		    strcmp(v.text, cases[i].text) != 0)
			row_fail(cases[i].name, "%s %s %s", v.code, v.status,
			    v.text);
	}
}

static const struct {
	const char		*name;
	const struct quota_facts *account;
	struct store_usage	 usage;
	const char		*text;
} accounts[] = {
	{ "a group is named beside the login", &acme,
	    { HOUR, .refused = true, .next_fit = NOON + 60 },
	    "Quota exceeded for alice@example.org: group acme allows 5000 "
	    "recipients an hour; the next one fits at 12:01:00 UTC (in 60 "
	    "seconds)" },
	{ "no messages at all for a group", &acme,
	    { HOUR, .refused = true, .unit = STORE_MESSAGES },
	    "alice@example.org may not send: group acme allows no messages" },
	{ "a limit that was set is not the plan's", &set,
	    { HOUR, .refused = true, .next_fit = NOON + 60 },
	    "Quota exceeded for carol: its own setting allows 5 recipients an "
	    "hour; the next one fits at 12:01:00 UTC (in 60 seconds)" },
	{ "the other one still is", &set,
	    { HOUR, .refused = true, .unit = STORE_MESSAGES,
	    .next_fit = NOON + 60 },
	    "Quota exceeded for carol: plan trial allows 9 messages an "
	    "hour; the next one fits at 12:01:00 UTC (in 60 seconds)" },
	{ "a plan of 0 allows none", &nothing, { HOUR, .refused = true },
	    "bob may not send: plan none allows no recipients" },
	{ "nor messages", &nothing,
	    { HOUR, .refused = true, .unit = STORE_MESSAGES },
	    "bob may not send: plan none allows no messages" },
	{ "without a login the listener is named", &local,
	    { HOUR, .refused = true, .next_fit = NOON },
	    "Quota exceeded for listener local: plan trial allows 1000 "
	    "recipients an hour; the next one fits at 12:00:00 UTC (in 0 "
	    "seconds)" },
};

/* The reply names the unit and the window that is full. */
static const struct {
	const char		*name;
	const struct quota_facts *account;
	enum action		 rule;
	struct store_usage	 usage;
	const char		*reply;
} windows[] = {
	{ "one a minute", &dora, ACTION_DEFER,
	    { .window = STORE_MINUTE, .next_fit = NOON + 5 },
	    "451 4.7.1 Quota exceeded for dora: plan gold allows 1 recipient "
	    "a minute; the next one fits at 12:00:05 UTC (in 5 seconds)" },
	{ "a day, and less than a day to wait", &dora, ACTION_DEFER,
	    { .window = STORE_DAY, .next_fit = NOON + 86399 },
	    "451 4.7.1 Quota exceeded for dora: plan gold allows 10000 "
	    "recipients a day; the next one fits at 11:59:59 UTC (in 86399 "
	    "seconds)" },
	{ "from a day on with the date", &dora, ACTION_DEFER,
	    { .window = STORE_DAY, .next_fit = NOON + 86400 },
	    "451 4.7.1 Quota exceeded for dora: plan gold allows 10000 "
	    "recipients a day; the next one fits at 2026-09-22 12:00:00 UTC "
	    "(in 86400 seconds)" },
	{ "messages a month", &dora, ACTION_REJECT,
	    { .unit = STORE_MESSAGES, .window = STORE_MONTH,
	    .next_fit = NOON + 2592000 },
	    "550 5.7.1 Quota exceeded for dora: plan gold allows 100000 "
	    "messages a month; the next one fits at 2026-10-21 12:00:00 UTC "
	    "(in 2592000 seconds)" },
	{ "bytes an hour: when this message fits", &dora, ACTION_DEFER,
	    { .unit = STORE_BYTES, .window = STORE_DAY,
	    .next_fit = NOON + 900 },
	    "451 4.7.1 Quota exceeded for dora: plan gold allows 2G bytes a "
	    "day; this message fits at 12:15:00 UTC (in 900 seconds)" },
	{ "without SIZE= when the next one fits", &unsized, ACTION_DEFER,
	    { .unit = STORE_BYTES, .window = STORE_DAY,
	    .next_fit = NOON + 900 },
	    "451 4.7.1 Quota exceeded for dora: plan gold allows 2G bytes a "
	    "day; the next one fits at 12:15:00 UTC (in 900 seconds)" },
	{ "one byte", &unsized, ACTION_DEFER,
	    { .unit = STORE_BYTES, .window = STORE_MINUTE,
	    .next_fit = NOON + 1 },
	    "451 4.7.1 Quota exceeded for dora: plan gold allows 1 byte a "
	    "minute; the next one fits at 12:00:01 UTC (in 1 seconds)" },
	{ "a message that is larger than the window never fits", &dora,
	    ACTION_DEFER, { .unit = STORE_BYTES, HOUR },
	    "552 5.3.4 Message too large for dora: plan gold allows 25M bytes "
	    "an hour, this one needs 30000000" },
	{ "it would fit with fewer recipients", &tenth, ACTION_DEFER,
	    { .unit = STORE_BYTES, HOUR },
	    "452 4.5.3 Too many recipients for dora: plan gold allows 25M "
	    "bytes an hour, this message needs 30000000; send to the others "
	    "in another message" },
	{ "then, too, it can be rejected", &tenth, ACTION_REJECT,
	    { .unit = STORE_BYTES, HOUR },
	    "552 5.3.4 Message too large for dora: plan gold allows 25M bytes "
	    "an hour, this one needs 30000000" },
	{ "it can be held", &dora, ACTION_HOLD,
	    { .unit = STORE_BYTES, HOUR },
	    "  Message too large for dora: plan gold allows 25M bytes an "
	    "hour, this one needs 30000000" },
};

static void
which_window_is_full(void **state)
{
	struct quota_rules	rules = { .on_store_failure = ACTION_DEFER };
	struct verdict		v;
	char			reply[VERDICT_TEXT + 20];
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(windows); i++) {
		rules.action = windows[i].rule;
		v = policy_quota(&rules, STORE_REFUSED, &windows[i].usage,
		    windows[i].account, NOON);
		snprintf(reply, sizeof(reply), "%s %s %s", v.code, v.status,
		    v.text);
		if (strcmp(reply, windows[i].reply) != 0)
			row_fail(windows[i].name, "%s", reply);
	}
}

static void
whose_limit_it_was(void **state)
{
	static const struct quota_rules rules = { ACTION_DEFER, ACTION_DEFER };
	struct verdict	v;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(accounts); i++) {
		v = policy_quota(&rules, STORE_REFUSED, &accounts[i].usage,
		    accounts[i].account, NOON);
		if (strcmp(v.text, accounts[i].text) != 0)
			row_fail(accounts[i].name, "%s", v.text);
	}
}

/* At the time in the reply there must be room in all accounts. */
static void
the_last_to_make_room_is_named(void **state)
{
	static const struct {
		const char		*name;
		struct store_usage	 usage[3];
		size_t			 want;
	} rows[] = {
		{ "no account refused", { { 0 } }, 0 },
		{ "the login",
		    { { HOUR, .refused = true, .next_fit = 60 } }, 0 },
		{ "the group alone", { { 0 },
		    { HOUR, .refused = true, .next_fit = 60 } }, 1 },
		{ "the later of two",
		    { { HOUR, .refused = true, .next_fit = 60 },
		    { HOUR, .refused = true, .next_fit = 120 } }, 1 },
		{ "the login when both are the same",
		    { { HOUR, .refused = true, .next_fit = 60 },
		    { HOUR, .refused = true, .next_fit = 60 } }, 0 },
		{ "never is later than any time",
		    { { HOUR, .refused = true, .next_fit = 60 },
		    { HOUR, .refused = true, .next_fit = 0 },
		    { HOUR, .refused = true, .next_fit = 900 } }, 1 },
		{ "a time of an account with room does not count",
		    { { HOUR, .refused = true, .next_fit = 60 },
		    { HOUR, .next_fit = 900 } }, 0 },
	};
	size_t i, got;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		got = policy_quota_fullest(rows[i].usage, 3);
		if (got != rows[i].want)
			row_fail(rows[i].name, "got %zu", got);
	}
}

/* A login of a thousand octets does not cut the time from the reply. */
static void
hostile_login(void **state)
{
	static const char	 tail[] = ": plan trial allows 1 recipient an "
	    "hour; the next one fits at 12:00:01 UTC (in 1 seconds)";
	struct quota_rules	 rules = { ACTION_DEFER, ACTION_DEFER };
	struct store_usage	 usage = { HOUR, .next_fit = NOON + 1 };
	struct quota_facts	 q = { .plan = "trial", .limits = &one };
	char			 login[1001];
	struct verdict		 v;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(login) - 1; i++)
		login[i] = "a%s\r\n\xe9\x01"[i % 7];
	login[sizeof(login) - 1] = '\0';
	q.key = login;
	v = policy_quota(&rules, STORE_REFUSED, &usage, &q, NOON);
	assert_true(strlen(v.text) > sizeof(tail));
	assert_string_equal(v.text + strlen(v.text) - strlen(tail), tail);
	for (i = 0; v.text[i] != '\0'; i++)
		assert_in_range(v.text[i], ' ', '~');
}

static const struct plan_rules of_user = {
	"of user", STORE_LIMITS_HOUR(1, 1) };
static const struct plan_rules of_listener = {
	"of listener", STORE_LIMITS_HOUR(2, 2) };
static const struct plan_rules of_group = {
	"of group", STORE_LIMITS_HOUR(4, 4) };
static const struct plan_rules of_site = {
	"of site", STORE_LIMITS_HOUR(3, 3) };

static const struct user_rules entry = { .login = "alice", .plan = &of_user };
static const struct user_rules planless = { .login = "bob" };
static const struct session_rules listener = {
	.name = "submission", .plan = &of_listener
};
static const struct session_rules bare = { .name = "local" };

static const struct plan_rules of_tier = {
	"of tier", STORE_LIMITS_HOUR(5, 5) };
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
} choices[] = {
	{ "the user's own comes first", { &entry, &listener, &of_site,
	    both, 2 }, &of_user, PLAN_OF_USER, "alice" },
	{ "that before the tier's",
	    { &entry, &listener, &of_site, both, 2, &high },
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
	{ "and so does a login without an entry",
	    { NULL, &listener, &of_site, NULL, 0 },
	    &of_listener, PLAN_OF_LISTENER, "submission" },
	{ "the default plan is for all others",
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
	for (i = 0; i < NELEM(choices); i++) {
		c = policy_plan(&choices[i].in);
		if (c.plan != choices[i].want || c.place != choices[i].place ||
		    strcmp(c.name, choices[i].section) != 0)
			row_fail(choices[i].name, "%s by %s", c.plan->name,
			    c.name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(whose_limit_it_was),
		cmocka_unit_test(which_window_is_full),
		cmocka_unit_test(the_last_to_make_room_is_named),
		cmocka_unit_test(hostile_login),
		cmocka_unit_test(the_most_specific_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
