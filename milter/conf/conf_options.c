/*
 * conf_options - the table of all options: one row is one option
 *
 * A new option needs a row here, a paragraph in millgate.conf.5 and a line in
 * the sample file. tests/check-options.py compares the three.
 */
#include "conf/conf.h"
#include "conf/conf_options.h"

static const char *const mode_words[] = {
	[MODE_ENFORCE] = "enforce", [MODE_MONITOR] = "monitor"
};
static const char *const results_words[] = {
	[LOGIN_RESULTS_NONE] = "none",
	[LOGIN_RESULTS_ANONYMOUS] = "anonymous",
	[LOGIN_RESULTS_LOGIN] = "login"
};
static const char *const direction_words[] = {
	[DIRECTION_INBOUND] = "inbound",
	[DIRECTION_SUBMISSION] = "submission"
};
static const char *const factor_words[] = {
	[SECOND_FACTOR_NONE] = "none",
	[SECOND_FACTOR_TOKEN_OR_CERTIFICATE] = "token-or-certificate"
};
static const char *const unlisted_words[] = {
	[UNLISTED_OWN_ADDRESS] = "own-address",
	[UNLISTED_REFUSE] = "refuse",
	[UNLISTED_ANY] = "any"
};
static const char *const trust_words[] = {
	[TRUST_NO_LOGIN] = "no", [TRUST_OWN_ADDRESS] = "own-address",
	[TRUST_ANY_LOGIN] = "yes"
};
static const char *const action_words[] = {
	[ACTION_ACCEPT] = "accept", [ACTION_TAG] = "tag",
	[ACTION_HOLD] = "hold", [ACTION_DEFER] = "defer",
	[ACTION_REJECT] = "reject"
};
static const char *const quota_words[] = {
	[ACTION_HOLD] = "hold", [ACTION_DEFER] = "defer",
	[ACTION_REJECT] = "reject"
};
static const char *const several_words[] = {
	[SEVERAL_REFUSE] = "refuse", [SEVERAL_STRICTEST] = "strictest"
};
/* enum test_keys */
static const char *const test_key_words[] = { "pass", "ignore" };
static const char *const store_words[] = {
	[ACTION_ACCEPT] = "accept", [ACTION_DEFER] = "defer"
};

#define WORDS(w)	\
	.words = (w), .max = sizeof(w) / sizeof((w)[0]) - 1

#define CONF(field)	.at = offsetof(struct conf, field)
#define LISTENER(field)	.at = offsetof(struct session_rules, field)
#define RELAY(field)	.at = offsetof(struct relay_rules, field)
#define TIER(field)	.at = offsetof(struct tier_rules, field)
#define PLAN(field)	.at = offsetof(struct plan_rules, field)
#define GROUP(field)	.at = offsetof(struct group_rules, field)
#define USER(field)	.at = offsetof(struct user_rules, field)
#define OVERRIDE(field)	.at = offsetof(struct override_rules, field)
#define MORE(s, field)	.more = offsetof(struct s, field)

#define SAID_SUBMISSION	\
	"yes on a submission listener that is not local, else no"

const struct conf_option conf_options[] = {
	/* --- outside of sections */
	{ "", "socket", OPT_TEXT, CONF(socket), .syntax = syntax_socket,
	    .def = "unix:/run/millgate/millgate.sock", .help = "socket for "
	    "the MTA: unix:PATH, inet:PORT@HOST or inet6:PORT@HOST" },
	{ "", "socket-mode", OPT_OCTAL, CONF(socket_mode), .def = "0660",
	    .max = 0777, .help = "permissions of a unix socket" },
	{ "", "socket-group", OPT_TEXT, CONF(socket_group), .def = "",
	    .syntax = syntax_group, .help = "who may connect: its members" },
	{ "", "socket-owner", OPT_TEXT, CONF(socket_owner), .def = "",
	    .syntax = syntax_owner, .help = "user:group of a unix socket" },
	{ "", "authserv-id", OPT_TEXT, CONF(authserv_id), .def = "",
	    .syntax = syntax_authserv_id,
	    .help = "name in Authentication-Results; empty: macro {j}" },
	{ "", "submission-results", OPT_WORD, CONF(submission_results),
	    .def = "none", WORDS(results_words),
	    .help = "what Authentication-Results tells of a login: none; "
	    "anonymous, auth=pass alone; login, also who and how" },
	{ "", "login-domain", OPT_TEXT, CONF(login_domain), .def = "",
	    .syntax = syntax_login_domain, .help = "domain of logins without "
	    "one: alice is alice@example.org; empty: none" },
	{ "", "state", OPT_TEXT, CONF(state), .def = STATEDIR "/state.db",
	    .syntax = syntax_state,
	    .help = "state file with the quota counters, or redis://..." },
	{ "", "control-socket", OPT_TEXT, CONF(control_socket),
	    .def_said = "the path of state, followed by -control",
	    .syntax = syntax_control,
	    .help = "unix socket for millgatectl; none: no socket" },
	{ "", "state-password-file", OPT_TEXT, CONF(state_password_file),
	    .def = "", .syntax = syntax_path,
	    .help = "file with the Redis server's password; empty: none" },
	{ "", "state-ca-file", OPT_TEXT, CONF(state_ca_file), .def = "",
	    .syntax = syntax_path, .help = "file with the CA "
	    "certificates for a rediss:// server; empty: the system's" },
	{ "", "state-timeout", OPT_UINT, CONF(state_timeout), .def = "1000",
	    .min = 10, .max = 60000, .help = "milliseconds to wait for "
	    "the Redis server" },
	{ "", "user", OPT_TEXT, CONF(user), .def = "millgate",
	    .syntax = syntax_user,
	    .help = "system user to run as when started as root" },
	{ "", "pid-file", OPT_TEXT, CONF(pid_file), .def = "",
	    .syntax = syntax_path, .help = "file for the process id; "
	    "empty: none" },
	{ "", "auto-restart", OPT_BOOL, CONF(auto_restart), .def = "no",
	    .help = "yes: a parent process starts the daemon again when a "
	    "signal has killed it" },
	{ "", "mode", OPT_WORD, CONF(mode), .def = "enforce",
	    WORDS(mode_words), .help = "enforce; monitor: judge, tag and "
	    "log, but refuse nothing" },
	{ "", "iprev", OPT_BOOL, CONF(iprev), .def = "yes",
	    .help = "check that the name of an inbound client resolves to "
	    "its address" },
	{ "", "trusted-networks", OPT_NETWORKS, CONF(trust.networks),
	    MORE(conf, trust.nnetworks), .def = "",
	    .help = "inbound clients that DMARC and SPF do not judge" },
	{ "", "trust-authenticated", OPT_WORD, CONF(trust.logins),
	    .def = "own-address", WORDS(trust_words),
	    .help = "own-address: a login's inbound mail from its own "
	    "addresses is not judged by DMARC and SPF; yes: from any" },
	{ "", "recipient-delimiter", OPT_CHAR,
	    CONF(identity.recipient_delimiter), .def = "+",
	    .help = "alice+x counts as alice; empty: no extensions" },
	{ "", "case-sensitive-local-parts", OPT_BOOL,
	    CONF(identity.case_sensitive_local), .def = "no",
	    .help = "yes: Alice@ and alice@ are different senders" },
	{ "", "max-header-fields", OPT_UINT, CONF(max_header_fields),
	    .def = "2000", .min = 100, .max = 100000,
	    .help = "header fields of a message; more are refused" },
	{ "", "max-header-bytes", OPT_SIZE, CONF(max_header_bytes),
	    .def = "262144", .min = 16384, .max = 16777216,
	    .help = "bytes of a message's header; more are refused" },
	{ "", "default-plan", OPT_PLAN, CONF(default_plan), .def = "trial",
	    .help = "plan of logins without one" },
	{ "", "users-file", OPT_TEXT, CONF(users_file), .def = "",
	    .syntax = syntax_path, .help = "file with more users" },
	{ "", "users-database", OPT_TEXT, CONF(users_database), .def = "",
	    .syntax = syntax_path, .help = "SQLite file with more users" },
	{ "", "users-query", OPT_TEXT, CONF(users_query), .def = "",
	    .help = "SELECT that finds login ?1 there; its columns are some "
	    "of plan, senders, networks, second_factor, certificates, "
	    "certificate_issuer and blocked" },
	{ "", "unlisted-users", OPT_WORD, CONF(identity.unlisted),
	    .def = "own-address", WORDS(unlisted_words),
	    .help = "senders of a login without an entry: own-address, the "
	    "login itself; any; refuse, none" },

	{ "resolver", "servers", OPT_LIST, CONF(resolver.servers.s),
	    MORE(conf, resolver.servers.n), .def = "",
	    .syntax = syntax_server,
	    .help = "name servers; empty: those of /etc/resolv.conf" },
	{ "resolver", "timeout", OPT_UINT, CONF(resolver.timeout),
	    .def = "20", .min = 1, .max = 240,
	    .help = "seconds for all lookups of one message" },
	/*
	 * SPF may ask 4 * 123 (HELO and MAIL FROM, each evaluated and also
	 * started ahead), the DMARC walks 24 * 8, DKIM once a signature. With
	 * a budget below their sum, a hostile sender could use it up, so that
	 * the author's policy is not looked up any more.
	 */
	{ "resolver", "max-queries", OPT_UINT, CONF(resolver.max_queries),
	    .def = "1000", .min = 800, .max = 10000,
	    .help = "distinct DNS queries for one message" },
	{ "resolver", "trust-anchor", OPT_TEXT, CONF(resolver.trust_anchor),
	    .def = "", .syntax = syntax_path,
	    .help = "file with the DNSSEC root key; empty: no validation" },

	{ "listener", "daemon-ports", OPT_LIST, LISTENER(daemon_ports),
	    MORE(session_rules, ndaemon_ports), .def = "",
	    .syntax = syntax_port, .help = "connections to these ports" },
	{ "listener", "daemon-names", OPT_LIST, LISTENER(daemon_names),
	    MORE(session_rules, ndaemon_names), .def = "",
	    .syntax = syntax_nonempty,
	    .help = "connections to daemons of these names" },
	{ "listener", "daemon-addrs", OPT_LIST, LISTENER(daemon_addrs),
	    MORE(session_rules, ndaemon_addrs), .def = "",
	    .syntax = syntax_address,
	    .help = "connections to these addresses" },
	{ "listener", "local", OPT_BOOL, LISTENER(local), .def = "no",
	    .help = "mail from sendmail(1), without an SMTP connection" },
	{ "listener", "direction", OPT_WORD, LISTENER(direction),
	    .def = "inbound", WORDS(direction_words),
	    .help = "inbound: mail is judged; submission: senders are "
	    "authorized and mail is signed" },
	{ "listener", "networks", OPT_NETWORKS, LISTENER(networks),
	    MORE(session_rules, nnetworks), .def = "",
	    .help = "clients that may use it; empty: all" },
	{ "listener", "require-auth", OPT_BOOL, LISTENER(require_auth),
	    .def_said = SAID_SUBMISSION, .help = "refuse clients without "
	    "a login" },
	{ "listener", "require-tls", OPT_BOOL, LISTENER(require_tls),
	    .def_said = SAID_SUBMISSION, .help = "refuse clients without TLS" },
	{ "listener", "min-tls", OPT_TEXT, LISTENER(min_tls),
	    .def_said = "TLSv1.2 where TLS is required",
	    .syntax = syntax_tls,
	    .help = "oldest TLS version accepted; empty: any" },
	{ "listener", "min-tls-bits", OPT_UINT, LISTENER(min_tls_bits),
	    .def_said = "128 where TLS is required", .max = 512,
	    .help = "bits of the weakest cipher accepted" },
	{ "listener", "mechanisms", OPT_LIST, LISTENER(mechanisms),
	    MORE(session_rules, nmechanisms), .def = "",
	    .syntax = syntax_mechanism,
	    .help = "SASL mechanisms accepted; empty: any" },
	{ "listener", "allow-plaintext", OPT_NETWORKS,
	    LISTENER(allow_plaintext),
	    MORE(session_rules, nallow_plaintext), .def = "",
	    .help = "loopback clients that may use PLAIN and LOGIN without "
	    "TLS" },
	{ "listener", "second-factor", OPT_WORD, LISTENER(second_factor),
	    .def = "none", WORDS(factor_words),
	    .help = "token-or-certificate: a password alone is refused" },
	{ "listener", "certificate-issuers", OPT_LIST,
	    LISTENER(certificate_issuers),
	    MORE(session_rules, ncertificate_issuers), .def = "",
	    .syntax = syntax_issuer,
	    .help = "CAs whose client certificates count; empty: all that "
	    "the MTA trusts" },
	{ "listener", "relay-for", OPT_LIST, LISTENER(relay_for),
	    MORE(session_rules, nrelays), .def = "",
	    .syntax = syntax_nonempty,
	    .help = "relay sections whose clients need no login" },
	{ "listener", "null-sender", OPT_BOOL, LISTENER(null_sender),
	    .def_said = "yes where a login is required or for local, else no",
	    .help = "accept MAIL FROM:<>" },
	{ "listener", "plan", OPT_PLAN, LISTENER(plan), .def = "",
	    .help = "plan of logins without one, and of all clients without "
	    "a login together; empty: default-plan, and no limit" },

	{ "relay", "networks", OPT_NETWORKS, RELAY(who.networks),
	    MORE(relay_rules, who.nnetworks), .def = "",
	    .help = "addresses of its clients" },
	{ "relay", "senders", OPT_LIST, RELAY(who.senders),
	    MORE(relay_rules, who.nsenders), .def = "",
	    .syntax = syntax_sender,
	    .help = "addresses they may send as: user@domain, @domain, "
	    "@.domain (its subdomains), *" },
	{ "relay", "plan", OPT_PLAN, RELAY(who.plan),
	    .def_said = "default-plan", .help = "plan of all its "
	    "clients together" },
	{ "relay", "require-tls", OPT_BOOL, RELAY(require_tls), .def = "no",
	    .help = "refuse clients without TLS" },

	{ "plan", "recipients-per-hour", OPT_LIMIT, PLAN(limits.recipients),
	    .def_said = "unlimited; in a built-in plan its own number",
	    .max = 1000000000, .help = "recipients in a rolling hour, or "
	    "unlimited" },
	{ "plan", "messages-per-hour", OPT_LIMIT, PLAN(limits.messages),
	    .def_said = "unlimited", .max = 1000000000,
	    .help = "messages in a rolling hour, or unlimited" },

	{ "tier", "mechanisms", OPT_LIST, TIER(mechanisms),
	    MORE(tier_rules, nmechanisms), .def = "",
	    .syntax = syntax_tier_mechanism,
	    .help = "SASL mechanisms, or plaintext, scram, token, "
	    "certificate; empty: any" },
	{ "tier", "min-tls", OPT_TEXT, TIER(min_tls), .def = "",
	    .syntax = syntax_tls,
	    .help = "oldest TLS version; empty: any, or none" },
	{ "tier", "certificate", OPT_BOOL, TIER(certificate), .def = "no",
	    .help = "yes: a client certificate of the login is needed" },
	{ "tier", "plan", OPT_PLAN, TIER(plan), .def = "",
	    .help = "plan of logins without one of their own" },
	{ "tier", "senders", OPT_LIST, TIER(senders),
	    MORE(tier_rules, nsenders), .def = "",
	    .syntax = syntax_tier_sender,
	    .help = "limits the addresses that the login may use; login is "
	    "its own address; empty: no limit" },

	{ "group", "domains", OPT_LIST, GROUP(domains),
	    MORE(group_rules, ndomains), .def = "", .syntax = syntax_domain,
	    .help = "domains whose logins are members; .domain: its "
	    "subdomains" },
	{ "group", "users", OPT_LIST, GROUP(users),
	    MORE(group_rules, nusers), .def = "", .syntax = syntax_login,
	    .help = "logins that are members" },
	{ "group", "plan", OPT_PLAN, GROUP(plan), .def = "",
	    .help = "plan of members without one of their own; empty: the "
	    "listener's, or default-plan" },
	{ "group", "recipients-per-hour", OPT_LIMIT, GROUP(limits.recipients),
	    .def = "unlimited", .max = 1000000000,
	    .help = "recipients of all members together in a rolling hour, "
	    "or unlimited" },
	{ "group", "messages-per-hour", OPT_LIMIT, GROUP(limits.messages),
	    .def = "unlimited", .max = 1000000000,
	    .help = "messages of all members together in a rolling hour, or "
	    "unlimited" },

	{ "user", "plan", OPT_PLAN, USER(plan), .def = "",
	    .help = "the user's plan; empty: that of a tier, a group or the "
	    "listener, or default-plan" },
	{ "user", "senders", OPT_LIST, USER(senders),
	    MORE(user_rules, nsenders), .def = "", .syntax = syntax_sender,
	    .help = "addresses the user may send as: user@domain, @domain, "
	    "@.domain (its subdomains), *; empty: the login itself" },
	{ "user", "networks", OPT_NETWORKS, USER(networks),
	    MORE(user_rules, nnetworks), .def = "",
	    .help = "networks the user may send from; empty: any" },
	{ "user", "second-factor", OPT_BOOL, USER(second_factor),
	    .def = "no", .help = "yes: a password alone is refused" },
	{ "user", "certificates", OPT_LIST, USER(certificates),
	    MORE(user_rules, ncertificates), .def = "",
	    .syntax = syntax_certificate,
	    .help = "names in the user's client certificates; empty: the "
	    "common name is the login" },
	{ "user", "certificate-issuer", OPT_TEXT, USER(certificate_issuer),
	    .def = "", .syntax = syntax_issuer,
	    .help = "CA that must have issued them; empty: any that the "
	    "listener accepts" },
	{ "user", "block", OPT_BOOL, USER(block), .def = "no",
	    .help = "yes: the user may not send" },

	{ "signing", "key-directory", OPT_TEXT, CONF(signing.key_directory),
	    .def_said = CONF_KEYS ", if it exists", .syntax = syntax_path,
	    .help = "directory of DKIM keys, as DOMAIN/SELECTOR.private" },
	{ "signing", "key-table", OPT_TEXT, CONF(signing.key_table),
	    .def = "", .syntax = syntax_table, .help = "OpenDKIM's KeyTable" },
	{ "signing", "signing-table", OPT_TEXT, CONF(signing.signing_table),
	    .def = "", .syntax = syntax_table,
	    .help = "OpenDKIM's SigningTable" },
	{ "signing", "canonicalization", OPT_CANON,
	    CONF(signing.rules.header_canon),
	    MORE(conf, signing.rules.body_canon), .def = "relaxed/relaxed",
	    .help = "header/body: simple or relaxed each" },
	{ "signing", "ttl", OPT_UINT, CONF(signing.rules.ttl), .def = "0",
	    .max = 31536000, .help = "seconds until a signature expires; 0: "
	    "never" },
	{ "signing", "timestamp", OPT_BOOL, CONF(signing.rules.timestamp),
	    .def = "yes", .help = "write t= into signatures" },
	{ "signing", "oversign", OPT_LIST, CONF(signing.rules.oversign),
	    .def = "From, To, Cc, Subject, Date, Reply-To, Message-ID, "
	    "MIME-Version, Content-Type, Content-Transfer-Encoding, List-Id, "
	    "List-Unsubscribe, List-Unsubscribe-Post, List-Help, "
	    "List-Subscribe, List-Post, List-Owner, List-Archive, Sender",
	    .syntax = syntax_field,
	    .help = "fields that cannot be added to a signed message" },
	{ "signing", "identity", OPT_BOOL, CONF(signing.rules.identity),
	    .def = "no", .help = "write i=@DOMAIN into signatures" },
	{ "signing", "own-domain-only", OPT_BOOL,
	    CONF(signing.rules.own_domain_only), .def = "no",
	    .help = "never sign with the key of a parent domain" },
	{ "signing", "all-matches", OPT_BOOL, CONF(signing.rules.all_matches),
	    .def = "no", .help = "sign by all matching lines of "
	    "signing-table, not only the first" },

	{ "spf", "on-fail", OPT_WORD, CONF(spf.mfrom.on_fail), .def = "tag",
	    WORDS(action_words), .help = "action when SPF gives fail" },
	{ "spf", "on-softfail", OPT_WORD, CONF(spf.mfrom.on_softfail),
	    .def = "tag", WORDS(action_words),
	    .help = "action when SPF gives softfail" },
	{ "spf", "on-permerror", OPT_WORD, CONF(spf.mfrom.on_permerror),
	    .def = "tag", WORDS(action_words),
	    .help = "action when the sender's SPF record is invalid" },
	{ "spf", "on-temperror", OPT_WORD, CONF(spf.mfrom.on_temperror),
	    .def = "tag", WORDS(action_words),
	    .help = "action when an SPF lookup failed" },
	{ "spf", "helo-on-fail", OPT_WORD, CONF(spf.helo.on_fail),
	    .def = "tag", WORDS(action_words),
	    .help = "action when SPF gives fail for the HELO name" },
	{ "spf", "helo-on-softfail", OPT_WORD, CONF(spf.helo.on_softfail),
	    .def = "tag", WORDS(action_words),
	    .help = "action when SPF gives softfail for the HELO name" },
	{ "spf", "helo-on-permerror", OPT_WORD, CONF(spf.helo.on_permerror),
	    .def = "tag", WORDS(action_words),
	    .help = "action when the HELO name's SPF record is invalid" },
	{ "spf", "helo-on-temperror", OPT_WORD, CONF(spf.helo.on_temperror),
	    .def = "tag", WORDS(action_words),
	    .help = "action when an SPF lookup for the HELO name failed" },
	{ "spf", "max-void-lookups", OPT_UINT, CONF(spf.max_voids),
	    .def = "2", .min = 0, .max = 20,
	    .help = "SPF terms of one check whose lookups may find nothing" },
	{ "spf", "received-spf", OPT_BOOL, CONF(spf.received_spf),
	    .def = "no", .help = "also insert a Received-SPF field" },

	{ "dkim", "verify", OPT_BOOL, CONF(dkim.verify), .def = "yes",
	    .help = "verify signatures of inbound mail" },
	{ "dkim", "max-signatures", OPT_UINT, CONF(dkim.max_signatures),
	    .def = "10", .min = 1, .max = 100, .help = "signatures evaluated" },
	{ "dkim", "max-signature-bytes", OPT_UINT,
	    CONF(dkim.max_signature_bytes), .def = "32768", .min = 1024,
	    .max = 1048576, .help = "octets of one DKIM-Signature field" },
	{ "dkim", "max-signed-names", OPT_UINT, CONF(dkim.max_signed_names),
	    .def = "512", .min = 32, .max = 10000, .help = "names in an h=" },
	{ "dkim", "clock-skew", OPT_UINT, CONF(dkim.clock_skew), .def = "300",
	    .max = 86400, .help = "seconds that t= and x= may be off" },
	{ "dkim", "min-key-bits", OPT_UINT, CONF(dkim.min_key_bits),
	    .def = "1024", .min = 1024, .max = 8192, .help = "of an RSA key" },
	{ "dkim", "max-age", OPT_UINT, CONF(dkim.max_age), .def = "0",
	    .max = 31536000, .help = "seconds that a signature is valid" },
	{ "dkim", "test-keys", OPT_WORD, CONF(dkim.test_keys),
	    .def = "pass", WORDS(test_key_words),
	    .help = "what a valid signature by a key with t=y counts" },
	{ "dkim", "required-fields", OPT_LIST, CONF(dkim.required_fields),
	    .def = "From", .syntax = syntax_field, .help = "that it covers" },

	{ "dmarc", "on-reject", OPT_WORD, CONF(dmarc.on_reject),
	    .def = "reject", WORDS(action_words),
	    .help = "action when DMARC fails and the policy is reject" },
	{ "dmarc", "on-quarantine", OPT_WORD, CONF(dmarc.on_quarantine),
	    .def = "hold", WORDS(action_words),
	    .help = "action when DMARC fails and the policy is quarantine" },
	{ "dmarc", "on-none", OPT_WORD, CONF(dmarc.on_none), .def = "tag",
	    WORDS(action_words),
	    .help = "action when DMARC fails and the policy is none" },
	{ "dmarc", "on-temperror", OPT_WORD, CONF(dmarc.on_temperror),
	    .def = "defer", WORDS(action_words),
	    .help = "action when a failed lookup could have made mail pass "
	    "a policy of reject" },
	{ "dmarc", "on-missing-from", OPT_WORD, CONF(dmarc.on_missing_from),
	    .def = "reject", WORDS(action_words),
	    .help = "action when there is no From field" },
	{ "dmarc", "on-repeated-from", OPT_WORD,
	    CONF(dmarc.on_repeated_from), .def = "reject",
	    WORDS(action_words),
	    .help = "action when there is more than one From field" },
	{ "dmarc", "on-bad-from", OPT_WORD, CONF(dmarc.on_bad_from),
	    .def = "reject", WORDS(action_words),
	    .help = "action when From is malformed or has no address" },
	{ "dmarc", "several-domains", OPT_WORD, CONF(dmarc.several_domains),
	    .def = "refuse", WORDS(several_words),
	    .help = "for a From of several domains: refuse takes "
	    "on-bad-from; strictest takes the strictest policy" },

	{ "dmarc", "record-outcomes", OPT_BOOL, CONF(outcomes.record),
	    .def = "no", .help = "count DMARC outcomes in the state file" },
	{ "dmarc", "keep-outcomes", OPT_UINT, CONF(outcomes.days),
	    .def = "30", .min = 1, .max = 3650,
	    .help = "days that recorded outcomes are kept" },

	{ "override", "networks", OPT_NETWORKS, OVERRIDE(networks),
	    MORE(override_rules, nnetworks), .def = "",
	    .help = "clients it applies to; empty: all" },
	{ "override", "author-domains", OPT_LIST, OVERRIDE(author_domains),
	    MORE(override_rules, nauthor_domains), .def = "",
	    .syntax = syntax_domain,
	    .help = "From domains it applies to; empty: all" },
	{ "override", "signers", OPT_LIST, OVERRIDE(signers),
	    MORE(override_rules, nsigners), .def = "",
	    .syntax = syntax_domain,
	    .help = "domains of which a valid DKIM signature is required; "
	    "empty: none" },
	{ "override", "recipients", OPT_LIST, OVERRIDE(recipients),
	    MORE(override_rules, nrecipients), .def = "",
	    .syntax = syntax_sender,
	    .help = "recipients it applies to; empty: all" },
	{ "override", "action", OPT_WORD, OVERRIDE(action), .def = "tag",
	    WORDS(action_words), .help = "action instead of DMARC's" },
	{ "override", "reason", OPT_TEXT, OVERRIDE(reason), .def = "",
	    .syntax = syntax_reason, .help = "shown in log and header" },

	{ "quota", "action", OPT_WORD, CONF(quota.action), .def = "defer",
	    WORDS(quota_words), .help = "action when a quota is exceeded" },
	{ "quota", "on-store-failure", OPT_WORD,
	    CONF(quota.on_store_failure), .def = "defer", WORDS(store_words),
	    .help = "action when the state cannot be used" },
	{ "quota", "warn-at", OPT_PERCENTS, CONF(warn.share),
	    MORE(conf, warn.n), .def = "80, 100", .min = 1, .max = 100,
	    .help = "percentages of a limit at which a warning is logged "
	    "and notify-command runs; empty: none" },
	{ "quota", "notify-command", OPT_TEXT, CONF(notify.command),
	    .def = "", .syntax = syntax_command,
	    .help = "program with its arguments, run for each warning; "
	    "empty: none" },
	{ "quota", "notify-timeout", OPT_UINT, CONF(notify.timeout),
	    .def = "10", .min = 1, .max = 3600,
	    .help = "seconds until notify-command is killed" },
	{ "quota", "notify-parallel", OPT_UINT, CONF(notify.parallel),
	    .def = "4", .min = 1, .max = NOTIFIER_PARALLEL_MAX,
	    .help = "notify-commands that run at once; further warnings "
	    "run none" },

	{ "fuse", "networks", OPT_UINT, CONF(fuse.limit[FUSE_NETWORKS]),
	    .def = "0", .min = 0, .max = FUSE_LIMIT_MAX,
	    .help = "client networks of a login in an hour; 0: no limit" },
	{ "fuse", "refused", OPT_UINT, CONF(fuse.limit[FUSE_REFUSED]),
	    .def = "0", .min = 0, .max = 10000,
	    .help = "refused recipients of a login an hour; 0: no limit" },
	{ "fuse", "from", OPT_UINT, CONF(fuse.limit[FUSE_FROM]),
	    .def = "0", .min = 0, .max = FUSE_LIMIT_MAX,
	    .help = "From addresses of a login in an hour; 0: no limit" },
	{ "fuse", "action", OPT_WORD, CONF(fuse.action), .def = "defer",
	    WORDS(quota_words),
	    .help = "action for mail of a login that exceeded a limit" },
	{ "fuse", "for", OPT_UINT, CONF(fuse.seconds),
	    .def = "3600", .min = 60, .max = 2592000,
	    .help = "seconds that the login is blocked" },
};
const size_t conf_noptions = sizeof(conf_options) / sizeof(conf_options[0]);
