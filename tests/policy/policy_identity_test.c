/*
 * policy_sender, policy_identity, policy_sign: the same addresses are allowed
 * as envelope sender, as author, and for signing.
 */
#include "test.h"

#include "policy/policy_address.h"
#include "policy/policy_identity.h"
#include "policy/policy_sign.h"

static const char *const several[] = { "alice@example.org",
    "@shop.example.org", "@.customers.example" };
static const char *const everything[] = { "*" };
static const struct user_rules alice = { .login = "alice@example.org",
    .senders = several, .nsenders = NELEM(several) };
static const struct user_rules root = { .login = "root",
    .senders = everything, .nsenders = 1 };
static const struct user_rules bare = { .login = "carol@example.org" };
static const struct user_rules bare_alice = { .login = "alice@example.org" };
static const char *const shop_senders[] = { "@shop.example.org" };
static const struct user_rules shop_user = { .login = "shop",
    .senders = shop_senders, .nsenders = 1 };
static const struct identity_rules folded = { '+', false,
    UNLISTED_OWN_ADDRESS };
static const struct identity_rules exact = { '\0', true,
    UNLISTED_OWN_ADDRESS };
static const struct identity_rules strict = { '+', false, UNLISTED_REFUSE };
static const struct identity_rules loose = { '+', false, UNLISTED_ANY };

static const struct {
	const char			*name;
	const struct identity_rules	*ir;
	const struct user_rules		*user;
	const char			*login, *local, *domain;
	bool				 want;
} uses[] = {
	{ "own address without an entry", &folded, NULL,
	    "dave@example.org", "dave", "example.org", true },
	{ "another's address without an entry", &folded, NULL,
	    "dave@example.org", "alice", "example.org", false },
	{ "another domain without an entry", &folded, NULL,
	    "dave@example.org", "dave", "example.net", false },
	{ "a login that is not an address owns none", &folded, NULL,
	    "dave", "dave", "example.org", false },
	{ "own address, unlisted logins refused", &strict, NULL,
	    "dave@example.org", "dave", "example.org", false },
	{ "listed address, unlisted logins refused", &strict, &alice,
	    "alice@example.org", "alice", "example.org", true },
	{ "an entry without senders is listed", &strict, &bare,
	    "carol@example.org", "carol", "example.org", true },
	{ "another's address, unlisted logins free", &loose, NULL,
	    "dave", "alice", "example.org", true },
	{ "another's address, but listed", &loose, &alice,
	    "alice@example.org", "ceo", "example.org", false },
	{ "another's address, an entry without senders", &loose, &bare,
	    "carol@example.org", "alice", "example.org", false },
	{ "no address, unlisted logins free", &loose, NULL, "dave", NULL, NULL,
	    false },
	{ "an entry without senders is the own address", &folded, &bare,
	    "carol@example.org", "carol", "example.org", true },
	{ "listed address", &folded, &alice,
	    "alice@example.org", "alice", "example.org", true },
	{ "case of local part and login does not matter", &folded, &alice,
	    "ALICE@example.org", "Alice", "example.org", true },
	{ "case matters when asked to", &exact, &alice,
	    "alice@example.org", "Alice", "example.org", false },
	{ "sub-address", &folded, &alice,
	    "alice@example.org", "alice+news", "example.org", true },
	{ "sub-address without a delimiter", &exact, &alice,
	    "alice@example.org", "alice+news", "example.org", false },
	{ "another login's sub-address", &folded, &alice,
	    "alice@example.org", "bob+alice", "example.org", false },
	{ "a local part that begins with the delimiter", &folded, &alice,
	    "alice@example.org", "+alice", "example.org", false },
	{ "any address of a listed domain", &folded, &alice,
	    "alice@example.org", "orders", "shop.example.org", true },
	{ "below a listed domain is not in it", &folded, &alice,
	    "alice@example.org", "x", "eu.shop.example.org", false },
	{ "below a domain listed with a dot", &folded, &alice,
	    "alice@example.org", "x", "one.customers.example", true },
	{ "two levels below", &folded, &alice,
	    "alice@example.org", "x", "a.one.customers.example", true },
	{ "that domain itself is not below itself", &folded, &alice,
	    "alice@example.org", "x", "customers.example", false },
	{ "a name that only ends alike", &folded, &alice,
	    "alice@example.org", "x", "evilcustomers.example", false },
	{ "an address not listed", &folded, &alice,
	    "alice@example.org", "ceo", "example.org", false },
	{ "all addresses", &folded, &root, "root", "any", "one.example", true },
	{ "no address belongs to no login", &folded, &root, "root", NULL, NULL,
	    false },
};

static void
may_use_table(void **state)
{
	struct mailbox	box = { NULL };
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(uses); i++) {
		box.local = uses[i].local;
		box.domain = uses[i].domain;
		box.address = "x";
		if (policy_may_use(uses[i].ir, uses[i].user, uses[i].login,
		    &box) != (uses[i].want ? MAY_USE : MAY_NOT_USE))
			row_fail(uses[i].name, "want %d", uses[i].want);
	}
}

/* Entries and tables: whoever allows it; what is only implied gives way. */
static const struct {
	const char			*name;
	const struct identity_rules	*ir;
	const struct user_rules		*user;
	const char			*login;
	enum owned			 owned;
	enum may_use			 want;
} owned_uses[] = {	/* of alice@example.org */
	{ "a table gives it", &folded, NULL, "dave", OWNED_YES, MAY_USE },
	{ "a table gives it, unlisted logins refused", &strict, NULL, "dave",
	    OWNED_YES, MAY_USE },
	{ "a table gives it to a login with an entry", &folded, &shop_user,
	    "shop", OWNED_YES, MAY_USE },
	{ "others' address", &folded, NULL, "dave", OWNED_OTHERS,
	    MAY_NOT_USE },
	{ "others' address is the login itself", &folded, NULL,
	    "alice@example.org", OWNED_OTHERS, MAY_NOT_USE },
	{ "others' address is the login of an entry without senders",
	    &folded, &bare_alice, "alice@example.org", OWNED_OTHERS,
	    MAY_NOT_USE },
	{ "others' address, unlisted logins free", &loose, NULL, "dave",
	    OWNED_OTHERS, MAY_NOT_USE },
	{ "others' address, but written in the entry", &folded, &alice,
	    "alice@example.org", OWNED_OTHERS, MAY_USE },
	{ "in no table, the login itself", &folded, NULL,
	    "alice@example.org", OWNED_UNLISTED, MAY_USE },
	{ "in no table", &folded, NULL, "dave", OWNED_UNLISTED, MAY_NOT_USE },
	{ "in no table, unlisted logins free", &loose, NULL, "dave",
	    OWNED_UNLISTED, MAY_USE },
	{ "unknown", &folded, NULL, "dave", OWNED_UNKNOWN, MAY_USE_UNKNOWN },
	{ "unknown, the login itself", &folded, NULL, "alice@example.org",
	    OWNED_UNKNOWN, MAY_USE_UNKNOWN },
	{ "unknown, unlisted logins free", &loose, NULL, "dave",
	    OWNED_UNKNOWN, MAY_USE_UNKNOWN },
	{ "unknown, but written in the entry", &folded, &alice,
	    "alice@example.org", OWNED_UNKNOWN, MAY_USE },
};

static void
owned_table(void **state)
{
	struct mailbox	box = { "alice", "example.org", "alice@example.org" };
	enum may_use	got;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(owned_uses); i++) {
		box.owned = owned_uses[i].owned;
		got = policy_may_use(owned_uses[i].ir, owned_uses[i].user,
		    owned_uses[i].login, &box);
		if (got != owned_uses[i].want)
			row_fail(owned_uses[i].name, "got %d", got);
	}
}

/* Unknown owners: deferred or refused, in every field. */
static void
unknown_owners(void **state)
{
	const struct session_rules	 submission = {
		.direction = DIRECTION_SUBMISSION, .null_sender = true };
	struct identity_rules		 ir = { '+', false, UNLISTED_REFUSE,
					     .tables = true };
	struct mailbox			 box = { "ceo", "example.org",
					     "ceo@example.org",
					     OWNED_UNKNOWN };
	struct mailbox			 own = { "dave", "example.org",
					     "dave@example.org", OWNED_YES };
	struct facts			 f = {
		.direction = DIRECTION_SUBMISSION,
		.auth = { .login = "dave" },
		.env = { "ceo@example.org", "ceo", "example.org",
		    .sender_owned = OWNED_UNKNOWN },
		.from = { .from = { 1, &box } } };
	struct verdict			 v;

	(void)state;
	v = policy_sender(&submission, &ir, NULL, NULL, &f);
	assert_string_equal(v.rule, "owners-unknown");
	assert_string_equal(v.code, "451");
	v = policy_identity(&submission, &ir, NULL, NULL, &f);
	assert_string_equal(v.rule, "owners-unknown");
	assert_string_equal(v.code, "451");
	f.from.from.box = &own;
	f.from.others = (struct mailbox_list){ 1, &box };
	v = policy_identity(&submission, &ir, NULL, NULL, &f);
	assert_string_equal(v.rule, "owners-unknown");
	assert_false(policy_is_own_mail(&ir, NULL, NULL, &f));
	ir.users_failure = USERS_FAILURE_REFUSE;
	v = policy_sender(&submission, &ir, NULL, NULL, &f);
	assert_string_equal(v.code, "550");
	v = policy_identity(&submission, &ir, NULL, NULL, &f);
	assert_string_equal(v.code, "550");
	/* with tables, a login without an entry may have the null sender */
	f.env = (struct env_facts){ .sender = "" };
	v = policy_sender(&submission, &ir, NULL, NULL, &f);
	assert_string_equal(v.rule, "ok");
	ir.tables = false;
	v = policy_sender(&submission, &ir, NULL, NULL, &f);
	assert_string_equal(v.rule, "unlisted-user");
}

static struct mailbox ok_box = { "alice", "example.org",
    "alice@example.org" };
static struct mailbox foreign_box = { "ceo", "example.org",
    "ceo@example.org" };
static struct mailbox mixed[] = {
	{ "alice", "example.org", "alice@example.org" },
	{ "ceo", "example.org", "ceo@example.org" },
};
static const char *one_domain[] = { "example.org" };
static const char *two_domains[] = { "example.org", "shop.example.org" };

#define ALICE	.auth = { .login = "alice@example.org", .mechanism = "PLAIN" }
#define GOOD	.from = { .from = { 1, &ok_box }, .ndomains = 1, \
		.domain = one_domain }

static const struct {
	const char	*name;
	struct facts	 facts;
	const char	*want, *reply;
} messages[] = {
	{ "own From", { ALICE, GOOD }, "ok", NULL },
	{ "foreign From", { ALICE, .from = { .from = { 1, &foreign_box } } },
	    "from", "550 5.7.1" },
	{ "one of two From mailboxes is foreign",
	    { ALICE, .from = { .from = { 2, mixed } } },
	    "from", "550 5.7.1" },
	{ "foreign Sender", { ALICE, .from = { .from = { 1, &ok_box },
	    .others = { 1, &foreign_box } } }, "other-author", "550 5.7.1" },
	{ "Sender that cannot be parsed", { ALICE, .from = {
	    .from = { 1, &ok_box }, .others_bad = true } },
	    "other-author-syntax", "550 5.7.1" },
	{ "no From", { ALICE, .from = { .state = FROM_MISSING } },
	    "from-missing", "550 5.7.1" },
	{ "two From fields", { ALICE, .from = { .state = FROM_REPEATED } },
	    "from-repeated", "550 5.7.1" },
	{ "unparsable From", { ALICE, .from = { .state = FROM_UNPARSABLE } },
	    "from-syntax", "550 5.7.1" },
	{ "no login, and the listener allows it", { GOOD }, "ok", NULL },
	{ "no login, unparsable From",
	    { .from = { .state = FROM_UNPARSABLE } },
	    "from-syntax", "550 5.7.1" },
};

static void
identity_table(void **state)
{
	const struct session_rules submission = {
		.direction = DIRECTION_SUBMISSION };
	const struct session_rules inbound = {
		.direction = DIRECTION_INBOUND };
	struct verdict	v;
	char		reply[16];
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(messages); i++) {
		v = policy_identity(&submission, &folded, &alice, NULL,
		    &messages[i].facts);
		if (strcmp(v.rule, messages[i].want) != 0)
			row_fail(messages[i].name, "got %s", v.rule);
		snprintf(reply, sizeof(reply), "%s %s", v.code, v.status);
		if (messages[i].reply != NULL &&
		    strcmp(reply, messages[i].reply) != 0)
			row_fail(messages[i].name, "reply %s", reply);
		v = policy_identity(&inbound, &folded, NULL, NULL,
		    &messages[i].facts);
		assert_int_equal(v.action, ACTION_ACCEPT);
	}
}

static const struct {
	const char	*name;
	bool		 null_allowed;
	struct facts	 facts;
	const char	*want;
} senders[] = {
	{ "own sender", false, { ALICE, .env = { "alice@example.org", "alice",
	    "example.org" } }, "ok" },
	{ "foreign sender", false, { ALICE, .env = { "ceo@example.org", "ceo",
	    "example.org" } }, "sender" },
	{ "null sender", false, { ALICE, .env = { "", NULL, NULL } },
	    "null-sender" },
	{ "null sender where it is allowed", true,
	    { ALICE, .env = { "", NULL, NULL } }, "ok" },
	{ "unparsable sender", true,
	    { ALICE, .env = { .sender = "?", .sender_bad = true } },
	    "sender-syntax" },
	{ "local part alone", false, { ALICE, .env = { "alice", "alice",
	    NULL } }, "sender" },
	{ "sendmail(1)", false, { .conn = { .local = true },
	    .env = { "ceo@example.org", "ceo", "example.org" } }, "ok" },
};

static void
sender_table(void **state)
{
	struct session_rules	r = { .direction = DIRECTION_SUBMISSION };
	struct verdict		v;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(senders); i++) {
		r.null_sender = senders[i].null_allowed;
		v = policy_sender(&r, &folded, &alice, NULL,
		    &senders[i].facts);
		if (strcmp(v.rule, senders[i].want) != 0)
			row_fail(senders[i].name, "got %s", v.rule);
	}
}

#define OUTBOUND	.direction = DIRECTION_SUBMISSION

static const struct {
	const char	*name;
	struct facts	 facts;
	const char	*want;		/* domain, or *why */
} signs[] = {
	{ "a login's message", { OUTBOUND, ALICE, GOOD }, "example.org" },
	{ "sendmail(1)", { OUTBOUND, GOOD, .conn = { .local = true } },
	    "example.org" },
	{ "no login, no relay", { OUTBOUND, GOOD }, "no login" },
	{ "inbound is never signed", { ALICE, GOOD }, "inbound" },
	{ "two author domains", { OUTBOUND, ALICE, .from = { .ndomains = 2,
	    .domain = two_domains } }, "several author domains" },
	{ "no author", { OUTBOUND, ALICE, .from = { .state = FROM_MISSING } },
	    "no author domain" },
};

static void
sign_table(void **state)
{
	const char	*got, *why;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(signs); i++) {
		got = policy_sign_domain(&signs[i].facts, &why);
		if (got == NULL)
			got = why;
		if (strcmp(got, signs[i].want) != 0)
			row_fail(signs[i].name, "got %s", got);
	}
}

static const char *const subdomain[] = { "@shop.example.org" };
static const char *const address[] = { "desk@other.example", "@x.example" };
static const char *const below[] = { "@.customers.example" };
static const struct user_rules shop = { .login = "shop@example.org",
    .senders = subdomain, .nsenders = 1 };
static const struct user_rules desk = { .login = "desk",
    .senders = address, .nsenders = NELEM(address) };
static const struct user_rules reseller = { .login = "reseller",
    .senders = below, .nsenders = 1 };

static const struct {
	const char			*name;
	const struct identity_rules	*ir;
	const struct user_rules		*user;
	const char			*login, *domain;
	bool				 want;
} signers[] = {
	{ "the domain of the login, which has no entry", &folded, NULL,
	    "dave@example.org", "example.org", true },
	{ "in any case", &folded, NULL, "Dave@Example.ORG", "example.org",
	    true },
	{ "the parent of that domain", &folded, NULL,
	    "dave@eu.example.org", "example.org", false },
	{ "a domain that only ends alike", &folded, NULL,
	    "dave@evilexample.org", "example.org", false },
	{ "a login that is not an address has no domain", &folded, NULL,
	    "example.org", "example.org", false },
	{ "an entry without senders", &folded, &bare,
	    "carol@example.org", "example.org", true },
	{ "an entry without senders, parent domain", &folded, &bare,
	    "carol@eu.example.org", "example.org", false },
	{ "unlisted logins are refused", &strict, NULL,
	    "dave@example.org", "example.org", false },
	{ "unlisted logins are free", &loose, NULL, "dave", "example.org",
	    true },
	{ "unlisted logins are free, this one is listed", &loose, &shop,
	    "shop@example.org", "example.org", false },
	{ "a listed subdomain binds to no parent", &folded, &shop,
	    "shop@example.org", "example.org", false },
	{ "a listed domain", &folded, &shop,
	    "shop@example.org", "shop.example.org", true },
	{ "a listed address", &folded, &desk, "desk", "other.example", true },
	{ "the second pattern", &folded, &desk, "desk", "x.example", true },
	{ "the parent of a listed address", &folded, &desk, "desk",
	    "example", false },
	{ "below a domain listed with a dot", &folded, &reseller,
	    "reseller", "one.customers.example", true },
	{ "that domain itself", &folded, &reseller,
	    "reseller", "customers.example", false },
	{ "all addresses", &folded, &root, "root", "example.org", true },
	{ "sendmail(1) has no login", &folded, NULL, NULL, "example.org",
	    true },
};

static void
signs_for_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(signers); i++)
		if (policy_signs_for(signers[i].ir, signers[i].user,
		    signers[i].login, signers[i].domain) != signers[i].want)
			row_fail(signers[i].name, "want %d", signers[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_for_table),
		cmocka_unit_test(may_use_table),
		cmocka_unit_test(owned_table),
		cmocka_unit_test(unknown_owners),
		cmocka_unit_test(identity_table),
		cmocka_unit_test(sender_table),
		cmocka_unit_test(sign_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
