/*
 * policy_rules - the rules that judges read: plain data
 *
 * Filled from the configuration, and immutable while a session uses them.
 */
#ifndef MILLGATE_POLICY_RULES_H
#define MILLGATE_POLICY_RULES_H

#include "mail/facts.h"
#include "store/usage.h"

enum second_factor { SECOND_FACTOR_NONE, SECOND_FACTOR_TOKEN_OR_CERTIFICATE };

/* One listener: who may use it, and how. */
struct session_rules {
	const char	*name;
	enum direction	 direction;
	/* which connections: any of these that is set must match */
	const char *const *daemon_ports;	size_t ndaemon_ports;
	const char *const *daemon_names;	size_t ndaemon_names;
	const char *const *daemon_addrs;	size_t ndaemon_addrs;
	bool		 local;			/* sendmail(1) */
	/* no listener: the MTA left out what would have chosen one */
	bool		 undecided;
	/* clients that it serves; none: all */
	const struct netblock *networks;	size_t nnetworks;
	/* what is required */
	bool		 require_auth, require_tls;
	const char	*min_tls;		/* "TLSv1.2"; NULL: any */
	int		 min_tls_bits;
	const char *const *mechanisms;	size_t nmechanisms;	/* 0: any */
	/* loopback clients that may show a password without TLS */
	const struct netblock *allow_plaintext;	size_t nallow_plaintext;
	enum second_factor second_factor;
	/* whose certificates prove something; none: all the MTA's CAs */
	const char *const *certificate_issuers;	size_t ncertificate_issuers;
	bool		 null_sender;		/* allowed on submission */
	/* who needs no login; the names, and as many sections */
	const char *const *relay_for;	size_t nrelays;
	const struct relay_rules *const *relays;
	/* of logins that have none; NULL: the default plan */
	const struct plan_rules *plan;
};

/*
 * Who comes without a login is counted under this and the listener's name;
 * no login in the configuration has a blank in it.
 */
#define LISTENER_BUCKET	"listener "

/* One login's entry: conf's user section or a line of users-file. */
struct user_rules {
	const char	*login;			/* folded */
	const struct plan_rules *plan;		/* NULL: none of its own */
	/* "a@x", "@x", "@.x" (subdomains), "*"; folded */
	const char *const *senders;	size_t nsenders;
	const struct netblock *networks;	size_t nnetworks;
	bool		 second_factor;		/* demanded of this user */
	/* names of this user's certificates; none: the login */
	const char *const *certificates;	size_t ncertificates;
	const char	*certificate_issuer;	/* NULL: any */
	bool		 block;			/* sends nothing at all */
	const char	*file;			/* where it was written */
	unsigned	 line;
};

/* And a login that begins like one of these. */
#define LOGIN_BUCKET	"login "

/* What clients without a login are counted under; the name follows. */
#define RELAY_BUCKET	"relay "

/* Clients that need no login. */
struct relay_rules {
	const char	*name;
	bool		 require_tls;
	struct user_rules who;	/* its login is RELAY_BUCKET and the name */
};

struct plan_rules {
	const char	*name;
	struct store_limits limits;
};

/*
 * A group's mail is counted under this and the group's name; no login in the
 * configuration has a blank in it.
 */
#define GROUP_BUCKET	"group "

/* A limit above its members' own, and a plan for those that have none. */
struct group_rules {
	const char	*name;
	const char	*key;			/* GROUP_BUCKET name */
	const struct plan_rules *plan;		/* NULL: none */
	struct store_limits limits;
	/* canonical, with a dot in front for what is below */
	const char *const *domains;	size_t ndomains;
	const char *const *users;	size_t nusers;	/* folded logins */
	const char	*file;			/* where it was written */
	unsigned	 line;
};

/* What a login without an entry may send as. */
enum unlisted_users { UNLISTED_OWN_ADDRESS, UNLISTED_REFUSE, UNLISTED_ANY };

struct identity_rules {
	char		 recipient_delimiter;	/* 0: none */
	bool		 case_sensitive_local;
	enum unlisted_users unlisted;
};

/* In a tier's senders: the login's own address. */
#define TIER_LOGIN	"login"

/* An assurance tier: what a session must show, and what it may do then. */
struct tier_rules {
	const char	*name;
	/* names in upper case, class words in lower case; 0: any */
	const char *const *mechanisms;	size_t nmechanisms;
	const char	*min_tls;		/* NULL: any, or none */
	bool		 certificate;		/* of the login */
	const struct plan_rules *plan;		/* NULL: says nothing */
	/* sender patterns and TIER_LOGIN; 0: no further limit */
	const char *const *senders;	size_t nsenders;
};

#define NOTIFIER_PARALLEL_MAX	64
#define NOTIFIER_WORDS		32	/* of a command */

/* The command that is run for an event. */
struct notifier_rules {
	const char	*command;	/* NULL: none */
	unsigned	 timeout;	/* seconds */
	unsigned	 parallel;
};

#endif
