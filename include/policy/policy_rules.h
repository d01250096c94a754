/*
 * policy_rules - the rules that judges read: plain data
 *
 * The configuration fills them; they are immutable while a session uses them.
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
	/* its connections: each list that is not empty must match */
	const char *const *daemon_ports;	size_t ndaemon_ports;
	const char *const *daemon_names;	size_t ndaemon_names;
	const char *const *daemon_addrs;	size_t ndaemon_addrs;
	const struct netblock *client_networks;	size_t nclient_networks;
	bool		 local;			/* sendmail(1) */
	/* no listener: a missing macro could have chosen a submission one */
	bool		 undecided;
	/* its clients; none: all */
	const struct netblock *networks;	size_t nnetworks;
	/* what is required */
	bool		 require_auth, require_tls;
	const char	*min_tls;		/* "TLSv1.2"; NULL: any */
	int		 min_tls_bits;
	const char *const *mechanisms;	size_t nmechanisms;	/* 0: any */
	/* loopback clients that may send a password without TLS */
	const struct netblock *allow_plaintext;	size_t nallow_plaintext;
	enum second_factor second_factor;
	/* CAs whose certificates count; none: all that the MTA trusts */
	const char *const *certificate_issuers;	size_t ncertificate_issuers;
	bool		 null_sender;		/* allowed on submission */
	/* relays, whose clients need no login: names, and their sections */
	const char *const *relay_for;	size_t nrelays;
	const struct relay_rules *const *relays;
	/* of logins without a plan; NULL: the default plan */
	const struct plan_rules *plan;
};

/*
 * The keys under which mail is counted. A login is its own key. The others
 * begin with a word and a blank, since no login in the configuration has a
 * blank; the name of the section follows.
 */
#define LISTENER_BUCKET	"listener "	/* clients without a login */
#define RELAY_BUCKET	"relay "	/* clients of a relay */
#define GROUP_BUCKET	"group "	/* all members of a group */
#define LOGIN_BUCKET	"login "	/* a login that begins like a key */
/* Octets of a key in a reply, so that the rest of the sentence fits. */
#define REPLY_KEY_MAX	120

/* One login's entry: conf's user section or a line of users-file. */
struct user_rules {
	const char	*login;			/* folded */
	const struct plan_rules *plan;		/* NULL: none of its own */
	/* "a@x", "@x", "@.x" (subdomains), "*"; folded */
	const char *const *senders;	size_t nsenders;
	const struct netblock *networks;	size_t nnetworks;
	bool		 second_factor;		/* required of this user */
	/* names of this user's certificates; none: the login */
	const char *const *certificates;	size_t ncertificates;
	const char	*certificate_issuer;	/* NULL: any */
	bool		 block;			/* may not send at all */
	const char	*file;			/* place of the entry */
	unsigned	 line;
};

/* Clients that need no login. */
struct relay_rules {
	const char	*name;
	bool		 require_tls;
	struct user_rules who;	/* login: RELAY_BUCKET and the name */
};

struct plan_rules {
	const char	*name;
	struct store_limits limits;
	struct message_limits message;
};

/* A limit for all members together, and a plan for members without one. */
struct group_rules {
	const char	*name;
	const char	*key;			/* GROUP_BUCKET name */
	const struct plan_rules *plan;		/* NULL: none */
	struct store_limits limits;
	struct message_limits message;		/* of each member */
	/* canonical; ".x" is the subdomains of x */
	const char *const *domains;	size_t ndomains;
	const char *const *users;	size_t nusers;	/* folded logins */
	const char	*file;			/* place of the section */
	unsigned	 line;
};

/* The addresses that a login without an entry may use. */
enum unlisted_users { UNLISTED_OWN_ADDRESS, UNLISTED_REFUSE, UNLISTED_ANY };

/* What happens while the entry of a login cannot be looked up. */
enum users_failure { USERS_FAILURE_DEFER, USERS_FAILURE_REFUSE };

struct identity_rules {
	char		 recipient_delimiter;	/* 0: none */
	bool		 case_sensitive_local;
	enum unlisted_users unlisted;
	enum users_failure users_failure;
	bool		 tables;	/* there are sender-login-maps */
};

/* In a tier's senders: the login's own address. */
#define TIER_LOGIN	"login"

/* An assurance tier: what a session must prove, and its plan and senders. */
struct tier_rules {
	const char	*name;
	/* names in upper case, class words in lower case; 0: any */
	const char *const *mechanisms;	size_t nmechanisms;
	const char	*min_tls;		/* NULL: any, or none */
	bool		 certificate;		/* of the login */
	const struct plan_rules *plan;		/* NULL: none */
	/* sender patterns and TIER_LOGIN; 0: no further limit */
	const char *const *senders;	size_t nsenders;
};

#define NOTIFIER_PARALLEL_MAX	64
#define NOTIFIER_WORDS		32	/* of a command line */

/* The command that is run for an event. */
struct notifier_rules {
	const char	*command;	/* NULL: none */
	unsigned	 timeout;	/* seconds */
	unsigned	 parallel;
};

#endif
