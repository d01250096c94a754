/*
 * policy_tier: the first tier whose conditions a session meets, and the
 * addresses it allows. One row per sentence of the manual.
 */
#include "test.h"

#include "policy/policy_address.h"
#include "policy/policy_sign.h"
#include "policy/policy_tier.h"

/* A common name, which is a login without login-domain. */
#define CERT_NAME(n)	.cert_name = (n), .cert_login = (n)

static const char *const weak[] = { "plaintext" };
static const char *const good[] = { "scram", "CRAM-MD5" };
static const char *const token[] = { "token" };
static const char *const external[] = { "certificate" };

static const struct tier_rules tiers[] = {
	{ .name = "external", .mechanisms = external, .nmechanisms = 1 },
	{ .name = "two-factors", .mechanisms = good,
	    .nmechanisms = NELEM(good), .certificate = true },
	{ .name = "token", .mechanisms = token, .nmechanisms = 1 },
	{ .name = "modern", .mechanisms = good, .nmechanisms = NELEM(good),
	    .min_tls = "TLSv1.3" },
	{ .name = "password", .mechanisms = weak, .nmechanisms = 1,
	    .min_tls = "TLSv1.2" },
};

#define SESSION(m, v)	{ .auth = { "alice@example.org", m }, \
			.tls = { .on = true, .version = v } }
#define SHOWING(m, v, c, ok) \
			{ .auth = { "alice@example.org", m }, \
			.tls = { .on = true, .version = v, CERT_NAME(c), \
			.cert_verified = ok } }
#define OWN_CERT	"alice@example.org"

static const struct {
	const char	*name;
	struct facts	 facts;
	const char	*want;		/* NULL: none */
} rows[] = {
	{ "a password", SESSION("PLAIN", "TLSv1.2"), "password" },
	{ "by the other mechanism for it", SESSION("login", "TLSv1.3"),
	    "password" },
	{ "an unknown mechanism is a password", SESSION("FOO", "TLSv1.3"),
	    "password" },
	{ "one that the MTA does not name", SESSION(NULL, "TLSv1.3"),
	    "password" },
	{ "TLS too old for any of them", SESSION("PLAIN", "TLSv1.1"), NULL },
	{ "TLS that nobody knows", SESSION("PLAIN", "TLSv9"), NULL },
	{ "no TLS", { .auth = { "alice@example.org", "PLAIN" } }, NULL },
	{ "SCRAM", SESSION("SCRAM-SHA-256", "TLSv1.3"), "modern" },
	{ "SCRAM with channel binding", SESSION("SCRAM-SHA-1-PLUS",
	    "TLSv1.3"), "modern" },
	{ "SCRAM over TLS too old for the tier", SESSION("SCRAM-SHA-256",
	    "TLSv1.2"), NULL },
	{ "a mechanism by its name", SESSION("CRAM-MD5", "TLSv1.3"),
	    "modern" },
	{ "another one that sends no password", SESSION("DIGEST-MD5",
	    "TLSv1.3"), NULL },
	{ "a token", SESSION("OAUTHBEARER", "TLSv1.2"), "token" },
	{ "the other token", SESSION("XOAUTH2", "TLSv1.2"), "token" },
	{ "a login by certificate", SHOWING("EXTERNAL", "TLSv1.2", OWN_CERT,
	    true), "external" },
	{ "SCRAM and a certificate of the login", SHOWING("SCRAM-SHA-1",
	    "TLSv1.2", OWN_CERT, true), "two-factors" },
	{ "one that nobody verified", SHOWING("SCRAM-SHA-1", "TLSv1.3",
	    OWN_CERT, false), "modern" },
	{ "somebody else's", SHOWING("SCRAM-SHA-1", "TLSv1.3", "bob", true),
	    "modern" },
	{ "a password and a certificate", SHOWING("PLAIN", "TLSv1.3",
	    OWN_CERT, true), "password" },
	{ "nobody", { .tls = { .on = true, .version = "TLSv1.3" } }, NULL },
};

static const struct session_rules submission = {
	.direction = DIRECTION_SUBMISSION
};
static const struct session_rules inbound;

static void
the_first_that_is_met(void **state)
{
	const struct tier_rules	*t;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		t = policy_tier(tiers, NELEM(tiers), &submission, NULL,
		    &rows[i].facts);
		if ((t == NULL) != (rows[i].want == NULL) ||
		    (t != NULL && strcmp(t->name, rows[i].want) != 0))
			row_fail(rows[i].name, "got %s", t != NULL ? t->name :
			    "none");
		assert_null(policy_tier(tiers, NELEM(tiers), &inbound, NULL,
		    &rows[i].facts));
		assert_null(policy_tier(NULL, 0, &submission, NULL,
		    &rows[i].facts));
	}
}

/* A certificate of another issuer gives no higher tier (attack case G3). */
static void
a_certificate_of_another_issuer(void **state)
{
	static const char *const	 issuers[] = { "Staff CA" };
	const struct session_rules	 r = {
		.direction = DIRECTION_SUBMISSION,
		.certificate_issuers = issuers, .ncertificate_issuers = 1
	};
	struct facts			 f = SHOWING("SCRAM-SHA-1", "TLSv1.3",
					     OWN_CERT, true);

	(void)state;
	f.tls.cert_issuer_name = "Staff CA";
	assert_string_equal(policy_tier(tiers, NELEM(tiers), &r, NULL,
	    &f)->name, "two-factors");
	f.tls.cert_issuer_name = "Partner CA";
	assert_string_equal(policy_tier(tiers, NELEM(tiers), &r, NULL,
	    &f)->name, "modern");
}

static const char *const own_and_shop[] = { TIER_LOGIN, "@shop.example.org" };
static const struct tier_rules restricted = { .name = "low",
    .senders = own_and_shop, .nsenders = NELEM(own_and_shop) };
static const struct tier_rules open_tier = { .name = "high" };
static const struct identity_rules folded = { '+', false,
    UNLISTED_OWN_ADDRESS };

static const struct {
	const char		*name;
	const struct tier_rules	*tier;
	const char		*login, *local, *domain;
	bool			 want;
} uses[] = {
	{ "no tier allows all", NULL, "a@example.org", "x", "y.example",
	    true },
	{ "a tier without senders, too", &open_tier, "a@example.org", "x",
	    "y.example", true },
	{ "the login's own address", &restricted, "a@example.org", "a",
	    "example.org", true },
	{ "and its sub-addresses", &restricted, "A@example.org", "a+b",
	    "example.org", true },
	{ "a pattern", &restricted, "a@example.org", "x", "shop.example.org",
	    true },
	{ "another address", &restricted, "a@example.org", "b",
	    "example.org", false },
	{ "a login that is no address has none", &restricted, "a", "a",
	    "example.org", false },
	{ "a login is no pattern", &restricted, "*", "b", "example.org",
	    false },
	{ "nor one of a domain", &restricted, "@example.org", "b",
	    "example.org", false },
	{ "no address at all", &restricted, "a@example.org", NULL, NULL,
	    false },
};

static void
senders(void **state)
{
	struct mailbox	box;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(uses); i++) {
		box.local = uses[i].local;
		box.domain = uses[i].domain;
		box.address = "x";
		if (policy_tier_allows(uses[i].tier, &folded, uses[i].login,
		    &box) != uses[i].want)
			row_fail(uses[i].name, "want %d", uses[i].want);
	}
}

/* The key of a parent domain would sign for more than the tier allows. */
static void
keys_of_parent_domains(void **state)
{
	(void)state;
	assert_true(policy_tier_signs_for(NULL, "a@example.org", "b.example"));
	assert_true(policy_tier_signs_for(&open_tier, "a@example.org",
	    "b.example"));
	assert_true(policy_tier_signs_for(&restricted, "a@example.org",
	    "example.org"));
	assert_true(policy_tier_signs_for(&restricted, "a@example.net",
	    "shop.example.org"));
	assert_false(policy_tier_signs_for(&restricted, "a@example.net",
	    "example.org"));
	assert_false(policy_tier_signs_for(&restricted, "*", "example.org"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_is_met),
		cmocka_unit_test(a_certificate_of_another_issuer),
		cmocka_unit_test(senders),
		cmocka_unit_test(keys_of_parent_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
