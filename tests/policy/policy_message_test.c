/*
 * policy_message: the limits of one message, of a plan and of groups
 */
#include "test.h"

#include "policy/policy_message.h"
#include "store/usage.h"

#define NONE	UINT64_MAX

static const struct message_limits none = { NONE, NONE };
static const struct message_limits gold = { 100, 26214400 };
static const struct message_limits small = { 20, 1000 };
static const struct message_limits closed = { 0, 0 };

static const struct store_limits hourly = STORE_LIMITS_HOUR(1000, 1000);
static const struct store_limits bytes_a_day = { .of = {
	[STORE_RECIPIENTS] = { NONE, NONE, NONE, NONE },
	[STORE_MESSAGES] = { NONE, NONE, NONE, NONE },
	[STORE_BYTES] = { NONE, NONE, 1000, NONE },
} };

static const struct quota_facts of_gold[] = {
	{ .key = "alice", .login = "alice", .plan = "gold", .message = &gold,
	    .limits = &hourly },
};
static const struct quota_facts of_group[] = {
	{ .key = "alice", .login = "alice", .plan = "gold", .message = &gold,
	    .limits = &hourly },
	{ .key = "group a", .login = "alice", .group = "a", .message = &none,
	    .limits = &hourly },
	{ .key = "group b", .login = "alice", .group = "b",
	    .message = &small,
	    .limits = &hourly },
};
static const struct quota_facts of_relay[] = {
	{ .key = "relay web", .plan = "small", .message = &small,
	    .limits = &hourly },
};
static const struct quota_facts of_closed[] = {
	{ .key = "bob", .login = "bob", .plan = "none", .message = &closed,
	    .limits = &hourly },
};
static const struct quota_facts of_daily[] = {
	{ .key = "eve", .login = "eve", .plan = "daily", .message = &none,
	    .limits = &bytes_a_day },
};
static const struct quota_facts of_free[] = {
	{ .key = "carol", .login = "carol", .plan = "free", .message = &none,
	    .limits = &hourly },
};

#define ACCOUNTS(q)	.nquotas = NELEM(q), \
			.quota = (struct quota_facts *)(uintptr_t)(q)
#define ACCEPTED(n)	.env = { .recipients = (n) }

static const struct {
	const char	*name;
	struct facts	 facts;
	const char	*code, *status, *text;
} recipients[] = {
	{ "the last that is allowed", { ACCOUNTS(of_gold), ACCEPTED(99) },
	    "", "", "" },
	{ "the one beyond", { ACCOUNTS(of_gold), ACCEPTED(100) },
	    "452", "4.5.3", "Too many recipients for alice: plan gold allows "
	    "100 a message; send to the others in another message" },
	{ "sendmail(1) cannot send to the others",
	    { ACCOUNTS(of_gold), ACCEPTED(100), .conn = { .local = true } },
	    "550", "5.5.3", "Too many recipients for alice: plan gold allows "
	    "100 a message" },
	{ "the lowest limit of several is named",
	    { ACCOUNTS(of_group), ACCEPTED(100) },
	    "452", "4.5.3", "Too many recipients for alice: group b allows 20 "
	    "a message; send to the others in another message" },
	{ "and holds", { ACCOUNTS(of_group), ACCEPTED(20) },
	    "452", "4.5.3", "Too many recipients for alice: group b allows 20 "
	    "a message; send to the others in another message" },
	{ "a relay has no login", { ACCOUNTS(of_relay), ACCEPTED(20) },
	    "452", "4.5.3", "Too many recipients for relay web: plan small "
	    "allows 20 a message; send to the others in another message" },
	{ "a limit of 0 allows none", { ACCOUNTS(of_closed) },
	    "452", "4.5.3", "Too many recipients for bob: plan none allows 0 "
	    "a message" },
	{ "no limit", { ACCOUNTS(of_free), ACCEPTED(100000) }, "", "", "" },
	{ "mail that is not counted", { ACCEPTED(100000) }, "", "", "" },
};

static void
recipients_of_a_message(void **state)
{
	struct verdict	v;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(recipients); i++) {
		v = policy_message_recipient(&recipients[i].facts);
		if (strcmp(v.code, recipients[i].code) != 0 ||
		    strcmp(v.status, recipients[i].status) != 0 ||
		    strcmp(v.text, recipients[i].text) != 0)
			row_fail(recipients[i].name, "%s %s %s", v.code,
			    v.status, v.text);
	}
}

static const struct {
	const char	*name;
	struct facts	 facts;
	uint64_t	 bytes;
	const char	*text;		/* "": it is accepted */
} sizes[] = {
	{ "as many as are allowed", { ACCOUNTS(of_gold) }, 26214400, "" },
	{ "one more", { ACCOUNTS(of_gold) }, 26214401, "Message too large for "
	    "alice: plan gold allows 25M bytes a message, this one has "
	    "26214401" },
	{ "the lowest limit of several", { ACCOUNTS(of_group) }, 1001,
	    "Message too large for alice: group b allows 1000 bytes a "
	    "message, this one has 1001" },
	{ "no limit", { ACCOUNTS(of_free) }, UINT64_MAX, "" },
	{ "mail that is not counted", { 0 }, UINT64_MAX, "" },
};

static void
bytes_of_a_message(void **state)
{
	struct verdict	v;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(sizes); i++) {
		v = policy_message_bytes(&sizes[i].facts, sizes[i].bytes);
		if (strcmp(v.text, sizes[i].text) != 0)
			row_fail(sizes[i].name, "%s", v.text);
		if (v.text[0] != '\0' && (strcmp(v.code, "552") != 0 ||
		    strcmp(v.status, "5.3.4") != 0))
			row_fail(sizes[i].name, "%s %s", v.code, v.status);
	}
}

static void
bodies_are_needed_where_bytes_are_limited(void **state)
{
	const struct facts	free_one = { ACCOUNTS(of_free) };
	const struct facts	limited = { ACCOUNTS(of_group) };
	const struct facts	daily = { ACCOUNTS(of_daily) };
	const struct facts	not_counted = { 0 };

	(void)state;
	assert_false(policy_message_counts_bytes(&not_counted));
	assert_false(policy_message_counts_bytes(&free_one));
	assert_true(policy_message_counts_bytes(&limited));
	assert_true(policy_message_counts_bytes(&daily));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recipients_of_a_message),
		cmocka_unit_test(bytes_of_a_message),
		cmocka_unit_test(bodies_are_needed_where_bytes_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
