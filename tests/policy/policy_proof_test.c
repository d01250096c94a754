/*
 * policy_proof: certificates by name and issuer, one row per sentence of the
 * manual.
 */
#include "test.h"

#include "policy/policy_proof.h"
#include "policy/policy_session.h"

/* A common name, which is a login without login-domain. */
#define CERT_NAME(n)	.cert_name = (n), .cert_login = (n)

static const char *const ca_name[] = { "Staff CA" };
static const char *const ca_subject[] = { "/O=Example/CN=Staff CA" };
static const char *const two_cas[] = { "Other CA", "Staff CA" };
static const char *const laptop[] = { "Laptop 7", "Alice B. Carroll" };
static const char *const whole[] = { "/O=Example/CN=Alice B. Carroll" };

#define LISTENER(l)	.rules = { .certificate_issuers = (l), \
			.ncertificate_issuers = NELEM(l) }
#define NAMES(l)	.certificates = (l), .ncertificates = NELEM(l)
/* as Postfix sends them, and as Sendmail does */
#define POSTFIX(cn, ca)	.tls = { .cert_verified = true, CERT_NAME(cn), \
			.cert_issuer_name = ca }
#define SENDMAIL(s, cn)	.tls = { .cert_verified = true, .cert_subject = s, \
			CERT_NAME(cn), \
			.cert_issuer = "/O=Example/CN=Staff CA", \
			.cert_issuer_name = "Staff CA" }

static const struct {
	const char		*name;
	struct session_rules	 rules;
	struct user_rules	 user;
	struct tls_facts	 tls;
	bool			 want;
} rows[] = {
	{ "no certificate", .want = false },
	{ "the common name is the login",
	    POSTFIX("alice@example.org", "Any CA"), .want = true },
	{ "in whatever case",
	    POSTFIX("Alice@Example.ORG", "Any CA"), .want = true },
	{ "not verified",
	    .tls = { CERT_NAME("alice@example.org") }, .want = false },
	{ "verified, but without a common name",
	    .tls = { .cert_verified = true }, .want = false },
	{ "of another login",
	    POSTFIX("bob@example.org", "Any CA"), .want = false },
	{ "the listener's issuer", LISTENER(ca_name),
	    POSTFIX("alice@example.org", "Staff CA"), .want = true },
	{ "the same subject from another issuer", LISTENER(ca_name),
	    POSTFIX("alice@example.org", "Partner CA"), .want = false },
	{ "an issuer in another case is another one", LISTENER(ca_name),
	    POSTFIX("alice@example.org", "staff CA"), .want = false },
	{ "an issuer that begins as the listener's", LISTENER(ca_name),
	    POSTFIX("alice@example.org", "Staff CA 2"), .want = false },
	{ "no issuer sent", LISTENER(ca_name),
	    POSTFIX("alice@example.org", NULL), .want = false },
	{ "the second of the listener's issuers", LISTENER(two_cas),
	    POSTFIX("alice@example.org", "Staff CA"), .want = true },
	{ "a whole issuer", LISTENER(ca_subject),
	    SENDMAIL("/CN=alice@example.org", "alice@example.org"),
	    .want = true },
	{ "a whole issuer, which Postfix does not send",
	    LISTENER(ca_subject),
	    POSTFIX("alice@example.org", "Staff CA"), .want = false },
	{ "a whole issuer with another common name",
	    LISTENER(ca_subject), .tls = { .cert_verified = true,
	    CERT_NAME("alice@example.org"),
	    .cert_issuer = "/O=Example/CN=Staff CA",
	    .cert_issuer_name = "Partner CA" }, .want = false },
	{ "the user's issuer", .user = { .certificate_issuer = "Staff CA" },
	    POSTFIX("alice@example.org", "Staff CA"), .want = true },
	{ "the same subject from another issuer than the user's",
	    .user = { .certificate_issuer = "Staff CA" },
	    POSTFIX("alice@example.org", "Partner CA"), .want = false },
	{ "the user's issuer is not one of the listener's", LISTENER(ca_name),
	    .user = { .certificate_issuer = "Other CA" },
	    POSTFIX("alice@example.org", "Other CA"), .want = false },
	{ "the listener's issuer is not the user's", LISTENER(two_cas),
	    .user = { .certificate_issuer = "Other CA" },
	    POSTFIX("alice@example.org", "Staff CA"), .want = false },
	{ "a name of the user's list", .user = { NAMES(laptop) },
	    POSTFIX("alice b. carroll", "Any CA"), .want = true },
	{ "the login is not in the user's list", .user = { NAMES(laptop) },
	    POSTFIX("alice@example.org", "Any CA"), .want = false },
	{ "a part of a name in the user's list", .user = { NAMES(laptop) },
	    POSTFIX("Laptop", "Any CA"), .want = false },
	{ "a whole subject", .user = { NAMES(whole) },
	    SENDMAIL("/O=Example/CN=Alice B. Carroll", "Alice B. Carroll"),
	    .want = true },
	{ "a whole subject, which Postfix does not send",
	    .user = { NAMES(whole) },
	    POSTFIX("Alice B. Carroll", "Any CA"), .want = false },
	{ "a whole subject as a common name", .user = { NAMES(whole) },
	    POSTFIX("/O=Example/CN=Alice B. Carroll", "Any CA"),
	    .want = false },
	{ "a subject that goes on", .user = { NAMES(whole) },
	    SENDMAIL("/O=Example/CN=Alice B. Carroll/OU=x",
	    "Alice B. Carroll"), .want = false },
	{ "an organization that looks like a common name",
	    .user = { NAMES(whole) },
	    SENDMAIL("/O=Example/CN=Alice B. Carroll", NULL), .want = false },
	{ "beside the common name of another one", .user = { NAMES(whole) },
	    SENDMAIL("/O=Example/CN=Alice B. Carroll", "Carroll"),
	    .want = false },
	{ "a common name that is not part of it", .user = { NAMES(whole) },
	    SENDMAIL("/O=Example/CN=Alice B. Carroll", "Alice"),
	    .want = false },
};

static void
certificates(void **state)
{
	struct facts	f = { .auth = { "alice@example.org", "PLAIN" } };
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		f.tls = rows[i].tls;
		if (policy_certificate_fits(&rows[i].rules, &rows[i].user,
		    &f) != rows[i].want)
			row_fail(rows[i].name, "want %s",
			    rows[i].want ? "yes" : "no");
	}
}

/* EXTERNAL: the certificate is the login, so it must be the right one. */
static void
login_by_certificate(void **state)
{
	static const struct {
		const char	*name, *issuer;
		bool		 asked;
		const char	*want;
	} external[] = {
		{ "any that the MTA accepts", "Partner CA", false, "ok" },
		{ "of the issuer", "Staff CA", true, "ok" },
		{ "of another issuer", "Partner CA", true, "certificate" },
	};
	static const struct identity_rules identity = { 0 };
	struct session_rules	 rules = { .certificate_issuers = ca_name };
	struct facts		 f = {
		.auth = { "alice@example.org", "EXTERNAL" },
		.tls = { .on = true, .cert_verified = true,
		    CERT_NAME("alice@example.org") },
	};
	struct verdict		 v;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(external); i++) {
		rules.ncertificate_issuers = external[i].asked;
		f.tls.cert_issuer_name = external[i].issuer;
		v = policy_session(&rules, &identity, NULL, &f);
		if (strcmp(v.rule, external[i].want) != 0)
			row_fail(external[i].name, "got %s", v.rule);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates),
		cmocka_unit_test(login_by_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
