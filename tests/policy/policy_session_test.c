/*
 * policy_session and policy_connection: one row per sentence of the manual.
 */
#include "test.h"

#include "policy/policy_connection.h"
#include "policy/policy_session.h"

/* A common name, which is a login without login-domain. */
#define CERT_NAME(n)	.cert_name = (n), .cert_login = (n)

static const char *const strong[] = { "SCRAM-SHA-256", "OAUTHBEARER",
    "XOAUTH2" };
static const struct netblock office[] = {
	{ { NETADDR_IPV4, { 192, 0, 2, 0 } }, 24 },
};

static const struct netblock loopback[] = {
	{ { NETADDR_IPV4, { 127 } }, 8 },
};

static const struct netblock shop[] = {
	{ { NETADDR_IPV4, { 203, 0, 113, 0 } }, 24 },
};
static const struct relay_rules relay_office = { .name = "office",
    .who = { .login = "relay office", .networks = office, .nnetworks = 1 } };
static const struct relay_rules relay_printers = { .name = "printers",
    .require_tls = true,
    .who = { .login = "relay printers", .networks = shop, .nnetworks = 1 } };
static const struct relay_rules *const for_office[] = { &relay_office };
static const struct relay_rules *const for_printers[] = { &relay_office,
    &relay_printers };

#define CLIENT(a, b, c, d) \
			.conn = { .client = { NETADDR_IPV4, { a, b, c, d } } }
#define FOR_OFFICE	.direction = DIRECTION_SUBMISSION, \
			.relays = for_office, .nrelays = NELEM(for_office)
#define FOR_PRINTERS	.direction = DIRECTION_SUBMISSION, \
			.relays = for_printers, .nrelays = NELEM(for_printers)
#define ONLY_OFFICE	.networks = office, .nnetworks = NELEM(office)
#define ALLOW_LOOPBACK	.allow_plaintext = loopback, \
			.nallow_plaintext = NELEM(loopback)
#define SUBMISSION	.name = "submission", .require_auth = true, \
			.require_tls = true
#define TLS(v, b)	.tls = { .on = true, .version = v, .bits = b }
#define LOGIN(m)	.auth = { .login = "alice@example.org", .mechanism = m }

static const struct {
	const char		*name;
	struct session_rules	 rules;
	struct user_rules	 user;
	bool			 has_user;
	struct facts		 facts;
	struct identity_rules	 identity;
	const char		*want;		/* rule */
	const char		*reply;
} rows[] = {
	{ .name = "a listener without rules accepts", .want = "ok" },
	{ .name = "TLS is required before a login",
	    .rules = { SUBMISSION }, .want = "tls-required",
	    .reply = "530 5.7.0" },
	{ .name = "a login without TLS is refused for TLS",
	    .rules = { SUBMISSION }, .facts = { LOGIN("PLAIN") },
	    .want = "tls-required", .reply = "530 5.7.0" },
	{ .name = "TLS, but no login",
	    .rules = { SUBMISSION }, .facts = { TLS("TLSv1.3", 256) },
	    .want = "auth-required", .reply = "530 5.7.0" },
	{ .name = "TLS and a login",
	    .rules = { SUBMISSION },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("PLAIN") }, .want = "ok" },
	{ .name = "PLAIN without TLS, though the listener asks for nothing",
	    .facts = { LOGIN("PLAIN") }, .want = "plaintext-mechanism",
	    .reply = "530 5.7.0" },
	{ .name = "login in lower case is the same mechanism",
	    .facts = { LOGIN("login") }, .want = "plaintext-mechanism",
	    .reply = "530 5.7.0" },
	{ .name = "SCRAM without TLS does not send the password",
	    .facts = { LOGIN("SCRAM-SHA-256") }, .want = "ok" },
	{ .name = "nor does CRAM-MD5",
	    .facts = { LOGIN("CRAM-MD5") }, .want = "ok" },
	{ .name = "a token without TLS is as good as a password",
	    .facts = { LOGIN("XOAUTH2") },
	    .want = "plaintext-mechanism", .reply = "530 5.7.0" },
	{ .name = "an unknown mechanism is taken for plaintext",
	    .facts = { LOGIN("SCRAMBLED") },
	    .want = "plaintext-mechanism", .reply = "530 5.7.0" },
	{ .name = "and so is one that the MTA does not send",
	    .facts = { LOGIN(NULL) },
	    .want = "plaintext-mechanism", .reply = "530 5.7.0" },
	{ .name = "loopback may send a password where the listener allows it",
	    .rules = { ALLOW_LOOPBACK },
	    .facts = { LOGIN("PLAIN"), CLIENT(127, 0, 0, 1) }, .want = "ok" },
	{ .name = "other clients may not",
	    .rules = { ALLOW_LOOPBACK },
	    .facts = { LOGIN("PLAIN"), CLIENT(192, 0, 2, 1) },
	    .want = "plaintext-mechanism", .reply = "530 5.7.0" },
	{ .name = "a client without a known address may not",
	    .rules = { ALLOW_LOOPBACK }, .facts = { LOGIN("PLAIN") },
	    .want = "plaintext-mechanism", .reply = "530 5.7.0" },
	{ .name = "loopback may not where the listener does not allow it",
	    .facts = { LOGIN("LOGIN"), CLIENT(127, 0, 0, 1) },
	    .want = "plaintext-mechanism", .reply = "530 5.7.0" },
	{ .name = "where TLS is required, loopback also needs it",
	    .rules = { SUBMISSION, ALLOW_LOOPBACK },
	    .facts = { LOGIN("PLAIN"), CLIENT(127, 0, 0, 1) },
	    .want = "tls-required", .reply = "530 5.7.0" },
	{ .name = "TLS too old",
	    .rules = { SUBMISSION, .min_tls = "TLSv1.2" },
	    .facts = { TLS("TLSv1.1", 256), LOGIN("PLAIN") },
	    .want = "min-tls", .reply = "530 5.7.0" },
	{ .name = "TLSv1 is older than TLSv1.2",
	    .rules = { SUBMISSION, .min_tls = "TLSv1.2" },
	    .facts = { TLS("TLSv1", 256), LOGIN("PLAIN") },
	    .want = "min-tls", .reply = "530 5.7.0" },
	{ .name = "an unknown version is too old",
	    .rules = { SUBMISSION, .min_tls = "TLSv1.2" },
	    .facts = { TLS("WTLS", 256), LOGIN("PLAIN") },
	    .want = "min-tls", .reply = "530 5.7.0" },
	{ .name = "exactly the required version",
	    .rules = { SUBMISSION, .min_tls = "TLSv1.2" },
	    .facts = { TLS("TLSv1.2", 256), LOGIN("PLAIN") }, .want = "ok" },
	{ .name = "cipher too weak",
	    .rules = { SUBMISSION, .min_tls_bits = 128 },
	    .facts = { TLS("TLSv1.2", 112), LOGIN("PLAIN") },
	    .want = "min-tls-bits", .reply = "530 5.7.0" },
	{ .name = "cipher just strong enough",
	    .rules = { SUBMISSION, .min_tls_bits = 128 },
	    .facts = { TLS("TLSv1.2", 128), LOGIN("PLAIN") }, .want = "ok" },
	{ .name = "mechanism not in the list",
	    .rules = { SUBMISSION, .mechanisms = strong,
	    .nmechanisms = NELEM(strong) },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("PLAIN") },
	    .want = "mechanism", .reply = "530 5.7.9" },
	{ .name = "mechanism in the list",
	    .rules = { SUBMISSION, .mechanisms = strong,
	    .nmechanisms = NELEM(strong) },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("XOAUTH2") }, .want = "ok" },
	{ .name = "the entry of the login cannot be read",
	    .rules = { SUBMISSION }, .facts = { TLS("TLSv1.3", 256),
	    LOGIN("PLAIN"), .login_unknown = true },
	    .want = "users-unknown", .reply = "451 4.3.0" },
	{ .name = "it cannot be read, and that is refused",
	    .rules = { SUBMISSION }, .facts = { TLS("TLSv1.3", 256),
	    LOGIN("PLAIN"), .login_unknown = true },
	    .identity = { .users_failure = USERS_FAILURE_REFUSE },
	    .want = "users-unknown", .reply = "550 5.3.0" },
	{ .name = "a blocked login is refused before other checks",
	    .rules = { SUBMISSION }, .has_user = true,
	    .user = { .block = true }, .facts = { LOGIN("PLAIN") },
	    .want = "blocked", .reply = "550 5.7.1" },
	{ .name = "on any listener", .has_user = true,
	    .user = { .block = true },
	    .facts = { LOGIN("PLAIN"), .conn = { .local = true } },
	    .want = "blocked", .reply = "550 5.7.1" },
	{ .name = "from outside the user's networks",
	    .rules = { SUBMISSION }, .has_user = true,
	    .user = { .networks = office, .nnetworks = 1 },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("PLAIN"), .conn = {
	    .client = { NETADDR_IPV4, { 198, 51, 100, 7 } } } },
	    .want = "networks", .reply = "550 5.7.1" },
	{ .name = "from inside the user's networks",
	    .rules = { SUBMISSION }, .has_user = true,
	    .user = { .networks = office, .nnetworks = 1 },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("PLAIN"), .conn = {
	    .client = { NETADDR_IPV4, { 192, 0, 2, 77 } } } }, .want = "ok" },
	{ .name = "second factor: a password is not one",
	    .rules = { SUBMISSION,
	    .second_factor = SECOND_FACTOR_TOKEN_OR_CERTIFICATE },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("SCRAM-SHA-256") },
	    .want = "second-factor", .reply = "530 5.7.9" },
	{ .name = "second factor: a token is one",
	    .rules = { SUBMISSION,
	    .second_factor = SECOND_FACTOR_TOKEN_OR_CERTIFICATE },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("OAUTHBEARER") },
	    .want = "ok" },
	{ .name = "second factor: the login's verified certificate is one",
	    .rules = { SUBMISSION,
	    .second_factor = SECOND_FACTOR_TOKEN_OR_CERTIFICATE },
	    .facts = { .tls = { .on = true, .version = "TLSv1.3", .bits = 256,
	    .cert_verified = true, CERT_NAME("alice@example.org") },
	    LOGIN("PLAIN") }, .want = "ok" },
	{ .name = "second factor: a certificate nobody verified is none",
	    .rules = { SUBMISSION,
	    .second_factor = SECOND_FACTOR_TOKEN_OR_CERTIFICATE },
	    .facts = { .tls = { .on = true, .version = "TLSv1.3", .bits = 256,
	    CERT_NAME("alice@example.org") }, LOGIN("PLAIN") },
	    .want = "second-factor", .reply = "530 5.7.9" },
	{ .name = "second factor: somebody else's certificate is none",
	    .rules = { SUBMISSION,
	    .second_factor = SECOND_FACTOR_TOKEN_OR_CERTIFICATE },
	    .facts = { .tls = { .on = true, .version = "TLSv1.3", .bits = 256,
	    .cert_verified = true, CERT_NAME("bob@example.org") },
	    LOGIN("PLAIN") },
	    .want = "second-factor", .reply = "530 5.7.9" },
	{ .name = "second factor demanded of this user alone",
	    .rules = { SUBMISSION }, .has_user = true,
	    .user = { .second_factor = true },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("PLAIN") },
	    .want = "second-factor", .reply = "530 5.7.9" },
	{ .name = "second factor demanded, and nobody logged in",
	    .rules = { .second_factor = SECOND_FACTOR_TOKEN_OR_CERTIFICATE },
	    .want = "auth-required", .reply = "530 5.7.0" },
	{ .name = "from outside the listener's networks, with all else right",
	    .rules = { SUBMISSION, ONLY_OFFICE },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("PLAIN"),
	    CLIENT(198, 51, 100, 7) },
	    .want = "listener-networks", .reply = "550 5.7.1" },
	{ .name = "the listener's networks are judged before TLS",
	    .rules = { SUBMISSION, ONLY_OFFICE },
	    .facts = { CLIENT(198, 51, 100, 7) },
	    .want = "listener-networks", .reply = "550 5.7.1" },
	{ .name = "from inside the listener's networks",
	    .rules = { SUBMISSION, ONLY_OFFICE },
	    .facts = { TLS("TLSv1.3", 256), LOGIN("PLAIN"),
	    CLIENT(192, 0, 2, 9) }, .want = "ok" },
	{ .name = "inbound, too", .rules = { ONLY_OFFICE },
	    .facts = { CLIENT(198, 51, 100, 7) },
	    .want = "listener-networks", .reply = "550 5.7.1" },
	{ .name = "a client of no known address is in no network",
	    .rules = { ONLY_OFFICE },
	    .want = "listener-networks", .reply = "550 5.7.1" },
	{ .name = "a relay's client needs neither login nor TLS",
	    .rules = { SUBMISSION, .min_tls = "TLSv1.2", FOR_OFFICE,
	    .second_factor = SECOND_FACTOR_TOKEN_OR_CERTIFICATE },
	    .facts = { CLIENT(192, 0, 2, 9) }, .want = "ok" },
	{ .name = "a client of no relay needs both",
	    .rules = { SUBMISSION, FOR_OFFICE },
	    .facts = { CLIENT(198, 51, 100, 7) },
	    .want = "tls-required", .reply = "530 5.7.0" },
	{ .name = "a client of no known address is no relay's",
	    .rules = { SUBMISSION, FOR_OFFICE },
	    .want = "tls-required", .reply = "530 5.7.0" },
	{ .name = "a login from a relay's network is judged as a login",
	    .rules = { SUBMISSION, FOR_OFFICE },
	    .facts = { CLIENT(192, 0, 2, 9), LOGIN("PLAIN") },
	    .want = "tls-required", .reply = "530 5.7.0" },
	{ .name = "and so is its mechanism",
	    .rules = { .require_auth = true, FOR_OFFICE },
	    .facts = { CLIENT(192, 0, 2, 9), LOGIN("PLAIN") },
	    .want = "plaintext-mechanism", .reply = "530 5.7.0" },
	{ .name = "a relay may ask for TLS",
	    .rules = { SUBMISSION, FOR_PRINTERS },
	    .facts = { CLIENT(203, 0, 113, 5) },
	    .want = "tls-required", .reply = "530 5.7.0" },
	{ .name = "and then for what its listener calls good",
	    .rules = { SUBMISSION, .min_tls = "TLSv1.2", FOR_PRINTERS },
	    .facts = { CLIENT(203, 0, 113, 5), TLS("TLSv1.1", 256) },
	    .want = "min-tls", .reply = "530 5.7.0" },
	{ .name = "a relay's client over TLS",
	    .rules = { SUBMISSION, .min_tls = "TLSv1.2", FOR_PRINTERS },
	    .facts = { CLIENT(203, 0, 113, 5), TLS("TLSv1.2", 256) },
	    .want = "ok" },
	{ .name = "a relay does not widen the listener's networks",
	    .rules = { SUBMISSION, ONLY_OFFICE, FOR_PRINTERS },
	    .facts = { CLIENT(203, 0, 113, 5), TLS("TLSv1.3", 256) },
	    .want = "listener-networks", .reply = "550 5.7.1" },
	{ .name = "sendmail(1) has neither TLS nor a login",
	    .rules = { SUBMISSION }, .facts = { .conn = { .local = true } },
	    .want = "ok" },
};

static void
session_table(void **state)
{
	struct verdict	v;
	char		reply[16];
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		v = policy_session(&rows[i].rules, &rows[i].identity,
		    rows[i].has_user ? &rows[i].user : NULL, &rows[i].facts);
		if (strcmp(v.rule, rows[i].want) != 0)
			row_fail(rows[i].name, "got %s, want %s", v.rule,
			    rows[i].want);
		if (rows[i].reply == NULL)
			continue;
		snprintf(reply, sizeof(reply), "%s %s", v.code, v.status);
		if (strcmp(reply, rows[i].reply) != 0 || v.text[0] == '\0')
			row_fail(rows[i].name, "reply %s %s", reply, v.text);
	}
}

/* The client, and who reads the log, learns what is not allowed. */
static void
the_reply_names_the_mechanism(void **state)
{
	struct session_rules	r = { .mechanisms = strong,
				    .nmechanisms = NELEM(strong) };
	struct facts		f = { LOGIN("CRAM-MD5") };
	struct identity_rules	ir = { .recipient_delimiter = 0 };
	struct verdict		v;

	(void)state;
	v = policy_session(&r, &ir, NULL, &f);
	assert_string_equal(v.text, "Authentication mechanism CRAM-MD5 is not "
	    "allowed here");
	f = (struct facts){ TLS("TLSv1.3", 256), .auth.login = "a@b.c" };
	v = policy_session(&r, &ir, NULL, &f);
	assert_non_null(strstr(v.text, "mechanism (none)"));
}

static const char *const ports[] = { "587", "465" };
static const char *const names[] = { "ORIGINATING" };
static const struct session_rules by_port = { .name = "port",
    .daemon_ports = ports, .ndaemon_ports = 2 };
static const struct session_rules by_name = { .name = "name",
    .daemon_names = names, .ndaemon_names = 1 };
static const struct session_rules by_both = { .name = "both",
    .daemon_ports = ports, .ndaemon_ports = 2,
    .daemon_names = names, .ndaemon_names = 1 };
static const struct session_rules by_local = { .name = "local",
    .local = true };
static const struct session_rules by_nothing = { .name = "nothing" };

static const struct {
	const char		*name;
	struct conn_facts	 conn;
	const char		*want;
} connections[] = {
	{ "both conditions hold",
	    { .daemon_port = "587", .daemon_name = "originating" }, "both" },
	{ "port alone", { .daemon_port = "465" }, "port" },
	{ "name alone",
	    { .daemon_port = "2525", .daemon_name = "ORIGINATING" }, "name" },
	{ "neither", { .daemon_port = "25", .daemon_name = "smtpd" }, NULL },
	{ "the MTA said nothing", { .client_name = "x" }, NULL },
	{ "sendmail(1) goes to its own listener",
	    { .local = true, .daemon_port = "587" }, "local" },
};

static void
connection_table(void **state)
{
	const struct session_rules *const listeners[] = { &by_nothing,
	    &by_both, &by_port, &by_name, &by_local };
	const struct session_rules	*got;
	size_t				 i;

	(void)state;
	for (i = 0; i < NELEM(connections); i++) {
		got = policy_connection(listeners, NELEM(listeners),
		    &connections[i].conn);
		if ((got == NULL) != (connections[i].want == NULL) ||
		    (got != NULL &&
		    strcmp(got->name, connections[i].want) != 0))
			row_fail(connections[i].name, "got %s",
			    got != NULL ? got->name : "none");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_table),
		cmocka_unit_test(the_reply_names_the_mechanism),
		cmocka_unit_test(connection_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
