/*
 * conf_options - the table of all options: one row is one option
 *
 * Here are the options outside of sections and the resolver's;
 * conf_options_who.c and conf_options_mail.c have the other sections. A new
 * option needs a row, a paragraph in millgate.conf.5 and a line in the sample
 * file. tests/check-options.py compares the three.
 */
#include "conf/conf.h"
#include "conf_options_priv.h"

static const char *const log_words[] = {
	[LOG_FORMAT_TEXT] = "text", [LOG_FORMAT_JSON] = "json"
};
static const char *const mode_words[] = {
	[MODE_ENFORCE] = "enforce", [MODE_MONITOR] = "monitor"
};
static const char *const results_words[] = {
	[LOGIN_RESULTS_NONE] = "none",
	[LOGIN_RESULTS_ANONYMOUS] = "anonymous",
	[LOGIN_RESULTS_LOGIN] = "login"
};
static const char *const unlisted_words[] = {
	[UNLISTED_OWN_ADDRESS] = "own-address",
	[UNLISTED_REFUSE] = "refuse",
	[UNLISTED_ANY] = "any"
};
static const char *const users_failure_words[] = {
	[USERS_FAILURE_DEFER] = "defer", [USERS_FAILURE_REFUSE] = "refuse"
};
static const char *const trust_words[] = {
	[TRUST_NO_LOGIN] = "no", [TRUST_OWN_ADDRESS] = "own-address",
	[TRUST_ANY_LOGIN] = "yes"
};

static const struct conf_option conf_options_base[] = {
	{ "", "socket", OPT_TEXT, CONF(socket), .syntax = syntax_socket,
	    .def = "unix:/run/millgate/millgate.sock",
	    .restart = true, .help = "socket for "
	    "the MTA: unix:PATH, inet:PORT@HOST or inet6:PORT@HOST" },
	{ "", "socket-mode", OPT_OCTAL, CONF(socket_mode), .def = "0660",
	    .max = 0777,
	    .restart = true, .help = "permissions of a unix socket" },
	{ "", "socket-group", OPT_TEXT, CONF(socket_group), .def = "",
	    .syntax = syntax_group,
	    .restart = true, .help = "who may connect: its members" },
	{ "", "socket-owner", OPT_TEXT, CONF(socket_owner), .def = "",
	    .syntax = syntax_owner,
	    .restart = true, .help = "user:group of a unix socket" },
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
	    .restart = true,
	    .help = "state file with the quota counters, or redis://..." },
	{ "", "control-socket", OPT_TEXT, CONF(control_socket),
	    .def_said = "the path of state, followed by -control",
	    .syntax = syntax_control,
	    .restart = true,
	    .help = "unix socket for millgatectl; none: no socket" },
	{ "", "state-password-file", OPT_TEXT, CONF(state_password_file),
	    .def = "", .syntax = syntax_path,
	    .restart = true,
	    .help = "file with the Redis server's password; empty: none" },
	{ "", "state-ca-file", OPT_TEXT, CONF(state_ca_file), .def = "",
	    .syntax = syntax_path,
	    .restart = true, .help = "file with the CA "
	    "certificates for a rediss:// server; empty: the system's" },
	{ "", "state-timeout", OPT_UINT, CONF(state_timeout), .def = "1000",
	    .min = 10, .max = 60000,
	    .restart = true, .help = "milliseconds to wait for "
	    "the Redis server" },
	{ "", "http-listen", OPT_TEXT, CONF(http_listen), .def = "",
	    .syntax = syntax_http,
	    .restart = true, .help = "serve metrics and health on "
	    "ADDRESS:PORT or unix:PATH; empty: no HTTP" },
	{ "", "http-token-file", OPT_TEXT, CONF(http_token_file), .def = "",
	    .syntax = syntax_path,
	    .restart = true, .help = "file with the token that HTTP clients "
	    "must send; empty: none" },
	{ "", "metrics-file", OPT_TEXT, CONF(metrics_file), .def = "",
	    .syntax = syntax_path, .help = "file for node_exporter, written "
	    "every 15 seconds; empty: none" },
	{ "", "user", OPT_TEXT, CONF(user), .def = "millgate",
	    .syntax = syntax_user,
	    .restart = true,
	    .help = "system user to run as when started as root" },
	{ "", "pid-file", OPT_TEXT, CONF(pid_file), .def = "",
	    .syntax = syntax_path,
	    .restart = true, .help = "file for the process id; "
	    "empty: none" },
	{ "", "key-process", OPT_BOOL, CONF(key_process), .def = "yes",
	    .restart = true,
	    .help = "yes: private keys are in a process of their own, which "
	    "only signs" },
	{ "", "auto-restart", OPT_BOOL, CONF(auto_restart), .def = "no",
	    .restart = true,
	    .help = "yes: a parent process starts the daemon again when a "
	    "signal has killed it" },
	{ "", "sandbox", OPT_BOOL, CONF(sandbox), .def = "yes",
	    .restart = true, .help = "the daemon can use no file, server or "
	    "system call that it does not need" },
	{ "", "log-format", OPT_WORD, CONF(log_format), .def = "text",
	    .restart = true, WORDS(log_words),
	    .help = "text: key=value pairs; json: an object a line" },
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
	{ "", "max-sessions", OPT_UINT, CONF(max_sessions), .def = "10000",
	    .min = 1, .max = 1000000,
	    .help = "sessions at once; messages of further ones are "
	    "deferred" },
	{ "", "max-memory", OPT_SIZE, CONF(max_memory), .def = "unlimited",
	    .min = 67108864, .max = 1099511627776, .help = "memory of the "
	    "daemon; new messages are deferred while it has more" },
	{ "", "default-plan", OPT_PLAN, CONF(default_plan), .def = "trial",
	    .help = "plan of logins without one" },
	{ "", "users-file", OPT_TEXT, CONF(users_file), .def = "",
	    .syntax = syntax_path, .help = "file with more users" },
	{ "", "users-database", OPT_TEXT, CONF(users_database), .def = "",
	    .syntax = syntax_database, .help = "database with more users: "
	    "pgsql://USER@HOST/NAME, mysql://..., ldap://BINDDN@HOST, "
	    "ldaps://..., ldapi://SOCKET, or an SQLite file" },
	{ "", "users-query", OPT_TEXT, CONF(users_query), .def = "",
	    .help = "query that finds login $1 there: a SELECT, or for LDAP "
	    "BASE?COLUMN=ATTRIBUTE,...?sub?FILTER; columns are some of plan, "
	    "senders, networks, second_factor, certificates, "
	    "certificate_issuer and blocked" },
	{ "", "users-password-file", OPT_TEXT, CONF(users_password_file),
	    .def = "", .syntax = syntax_path,
	    .help = "file with the password for users-database; empty: none" },
	{ "", "users-ca-file", OPT_TEXT, CONF(users_ca_file), .def = "",
	    .syntax = syntax_path, .help = "file with the CA certificates "
	    "for users-database; empty: the system's" },
	{ "", "users-timeout", OPT_UINT, CONF(users_timeout), .def = "1000",
	    .min = 100, .max = 60000,
	    .help = "milliseconds to wait for a database" },
	{ "", "users-cache", OPT_UINT, CONF(users_cache), .def = "60",
	    .max = 86400, .help = "seconds for which an answer of a database "
	    "is used again; 0: each is asked for" },
	{ "", "users-stale", OPT_UINT, CONF(users_stale), .def = "3600",
	    .max = 2592000, .help = "seconds for which it is used after "
	    "that, while the database does not answer" },
	{ "", "on-users-failure", OPT_WORD, CONF(identity.users_failure),
	    .def = "defer", WORDS(users_failure_words), .help = "mail of a "
	    "login whose entry cannot be looked up: defer, refuse" },
	{ "", "sender-login-maps", OPT_LIST, CONF(sender_login_maps.s),
	    MORE(conf, sender_login_maps.n), .def = "",
	    .syntax = syntax_nonempty,
	    .help = "Postfix's tables of owners, as "
	    "smtpd_sender_login_maps has them: pgsql:, mysql:, ldap:, "
	    "sqlite:, texthash: and a file, inline:{...}" },
	{ "", "local-domains", OPT_LIST, CONF(local_domains.s),
	    MORE(conf, local_domains.n), .def = "",
	    .syntax = syntax_whole_domain, .help = "domains whose local "
	    "parts are looked up alone in sender-login-maps" },
	{ "", "unlisted-users", OPT_WORD, CONF(identity.unlisted),
	    .def = "own-address", WORDS(unlisted_words),
	    .help = "senders of a login without an entry: own-address, the "
	    "login itself; any; refuse, none" },

	{ "resolver", "servers", OPT_LIST, CONF(resolver.servers.s),
	    MORE(conf, resolver.servers.n), .def = "",
	    .syntax = syntax_server,
	    .restart = true,
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
	    .restart = true,
	    .help = "file with the DNSSEC root key; empty: no validation" },
};

#define BASE_N	(sizeof(conf_options_base) / sizeof(conf_options_base[0]))

const struct conf_option *
conf_option(size_t i)
{
	if (i < BASE_N)
		return &conf_options_base[i];
	i -= BASE_N;
	if (i < conf_options_who_n)
		return &conf_options_who[i];
	i -= conf_options_who_n;
	return i < conf_options_mail_n ? &conf_options_mail[i] : NULL;
}

size_t
conf_options_count(void)
{
	return BASE_N + conf_options_who_n + conf_options_mail_n;
}
