/*
 * conf_options_who - options of the sections that say who may send: listener,
 * relay, plan, tier, group, user
 */
#include "conf/conf.h"
#include "conf_options_priv.h"

static const char *const direction_words[] = {
	[DIRECTION_INBOUND] = "inbound",
	[DIRECTION_SUBMISSION] = "submission"
};
static const char *const factor_words[] = {
	[SECOND_FACTOR_NONE] = "none",
	[SECOND_FACTOR_TOKEN_OR_CERTIFICATE] = "token-or-certificate"
};

#define LISTENER(field)	.at = offsetof(struct session_rules, field)
#define RELAY(field)	.at = offsetof(struct relay_rules, field)
#define TIER(field)	.at = offsetof(struct tier_rules, field)
#define PLAN(field)	.at = offsetof(struct plan_rules, field)
#define GROUP(field)	.at = offsetof(struct group_rules, field)
#define USER(field)	.at = offsetof(struct user_rules, field)

#define NUMBER_MAX	1000000000
#define NUMBER		OPT_LIMIT, .max = NUMBER_MAX
#define BYTES		OPT_SIZE, .max = 1L << 50
/* The limit of a unit in a window, in a plan or in a group; then its type. */
#define LIMIT(section, field, unit_name, unit, window_name, window, what, ...) \
	{ section, unit_name "-per-" window_name, __VA_ARGS__, \
	    field(limits.of[unit][window]), .def = "unlimited", \
	    .help = what " in a rolling " window_name ", or unlimited" }
/* Those of all windows. */
#define LIMITS(section, field, unit_name, unit, what, ...) \
	LIMIT(section, field, unit_name, unit, "minute", STORE_MINUTE, what, \
	    __VA_ARGS__), \
	LIMIT(section, field, unit_name, unit, "hour", STORE_HOUR, what, \
	    __VA_ARGS__), \
	LIMIT(section, field, unit_name, unit, "day", STORE_DAY, what, \
	    __VA_ARGS__), \
	LIMIT(section, field, unit_name, unit, "month", STORE_MONTH, what, \
	    __VA_ARGS__)

#define SAID_SUBMISSION	\
	"yes on a submission listener that is not local, else no"

const struct conf_option conf_options_who[] = {
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
	{ "listener", "client-networks", OPT_NETWORKS,
	    LISTENER(client_networks),
	    MORE(session_rules, nclient_networks), .def = "",
	    .help = "connections from these clients" },
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

	LIMIT("plan", PLAN, "recipients", STORE_RECIPIENTS, "minute",
	    STORE_MINUTE, "recipients", NUMBER),
	{ "plan", "recipients-per-hour", OPT_LIMIT,
	    PLAN(limits.of[STORE_RECIPIENTS][STORE_HOUR]),
	    .def_said = "unlimited; in a built-in plan its own number",
	    .max = NUMBER_MAX, .help = "recipients in a rolling hour, or "
	    "unlimited" },
	LIMIT("plan", PLAN, "recipients", STORE_RECIPIENTS, "day", STORE_DAY,
	    "recipients", NUMBER),
	LIMIT("plan", PLAN, "recipients", STORE_RECIPIENTS, "month",
	    STORE_MONTH, "recipients", NUMBER),
	LIMITS("plan", PLAN, "messages", STORE_MESSAGES, "messages", NUMBER),
	LIMITS("plan", PLAN, "bytes", STORE_BYTES, "bytes", BYTES),
	{ "plan", "recipients-per-message", NUMBER,
	    PLAN(message.recipients), .def = "unlimited",
	    .help = "recipients of one message, or unlimited" },
	{ "plan", "bytes-per-message", BYTES, PLAN(message.bytes),
	    .def = "unlimited",
	    .help = "bytes of one message, or unlimited" },

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
	LIMITS("group", GROUP, "recipients", STORE_RECIPIENTS,
	    "recipients of all members together", NUMBER),
	LIMITS("group", GROUP, "messages", STORE_MESSAGES,
	    "messages of all members together", NUMBER),
	LIMITS("group", GROUP, "bytes", STORE_BYTES,
	    "bytes of all members together", BYTES),
	{ "group", "recipients-per-message", NUMBER,
	    GROUP(message.recipients), .def = "unlimited",
	    .help = "recipients of one message of a member, or unlimited" },
	{ "group", "bytes-per-message", BYTES, GROUP(message.bytes),
	    .def = "unlimited",
	    .help = "bytes of one message of a member, or unlimited" },

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
};
const size_t conf_options_who_n = sizeof(conf_options_who) /
    sizeof(conf_options_who[0]);
