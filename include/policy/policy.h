/*
 * policy - all judges and the rules that they read
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 * The rules are filled by conf.c and are immutable while a session uses them.
 */
#ifndef MILLGATE_POLICY_H
#define MILLGATE_POLICY_H

#include "mail/facts.h"
#include "store/store.h"
#include "mail/verdict.h"

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

/* The first listener that matches, or NULL. */
const struct session_rules *policy_connection(
		    const struct session_rules *const *rules, size_t n,
		    const struct conn_facts *conn);

/*
 * No listener, or one too many: before `found`, which policy_connection gave,
 * stands a submission listener that could have matched, had the MTA sent the
 * macros that it asks about. False without an MTA.
 */
bool		 policy_connection_undecided(
		    const struct session_rules *const *rules, size_t n,
		    const struct conn_facts *conn,
		    const struct session_rules *found);

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

/* Where the configuration says which plan applies, by rising precedence. */
enum plan_place {
	PLAN_BY_DEFAULT,
	PLAN_OF_LISTENER,
	PLAN_OF_GROUP,
	PLAN_OF_TIER,
	PLAN_OF_USER
};

struct plan_places {
	const struct user_rules *user;		/* NULL: no entry */
	const struct session_rules *listener;	/* NULL: not known */
	const struct plan_rules *by_default;
	/* that the login is in, the most specific first */
	const struct group_rules *const *group;	size_t ngroups;
	const struct tier_rules *tier;		/* NULL: none */
};

struct plan_choice {
	const struct plan_rules *plan;
	enum plan_place	 place;
	const char	*name;			/* of the section, the option */
};

/* The most specific place that names a plan. */
struct plan_choice policy_plan(const struct plan_places *in);

struct identity_rules {
	char		 recipient_delimiter;	/* 0: none */
	bool		 case_sensitive_local;
	enum unlisted_users unlisted;
};

/* What a SASL mechanism proves. */
enum mechanism_class {
	MECHANISM_PLAINTEXT,	/* the password itself, and all unknown ones */
	MECHANISM_SCRAM,
	MECHANISM_TOKEN,	/* of an identity provider */
	MECHANISM_CERTIFICATE,	/* EXTERNAL */
	MECHANISM_OTHER		/* a password that is not sent itself */
};

/* NULL is an unknown one. */
enum mechanism_class policy_mechanism_class(const char *mechanism);

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

/* "scram" for "SCRAM"; NULL: no such word. */
const char	*policy_class_word(const char *text);
/* The mechanism, or its class, is one of the tier's. */
bool		 policy_tier_takes(const struct tier_rules *t,
		    const char *mechanism);
/* The first of n tiers that this login's session reaches, or NULL. */
const struct tier_rules *policy_tier(const struct tier_rules *t, size_t n,
		    const struct session_rules *r,
		    const struct user_rules *user, const struct facts *f);
/* `t` may be NULL, which allows all. */
bool		 policy_tier_allows(const struct tier_rules *t,
		    const struct identity_rules *ir, const char *login,
		    const struct mailbox *box);
/* Of two known versions the later one has the higher rank; else 0. */
int		 policy_tls_rank(const char *version);

/*
 * The MTA verified a certificate, and it is the login's: its subject and its
 * issuer are those that listener and user ask for. Texts that begin with a
 * slash are whole subjects, others common names.
 */
bool		 policy_certificate_fits(const struct session_rules *r,
		    const struct user_rules *user, const struct facts *f);
/* Somebody asks for more than a common name that is the login. */
bool		 policy_certificate_asked(const struct session_rules *r,
		    const struct user_rules *user);

/* The section that lets this client in without a login, or NULL. */
const struct relay_rules *policy_relay(const struct session_rules *r,
		    const struct facts *f);

/*
 * Who answers for the message: the login, or for a relay's client `user`,
 * which is the relay's; NULL: nobody.
 */
const char	*policy_submitter(const struct user_rules *user,
		    const struct facts *f);

/*
 * The address that this submitter is, if it is one, as addresses are written
 * in facts: what it is called in replies may have a domain in UTF-8.
 */
const char	*policy_own_address(const struct user_rules *user,
		    const struct facts *f);

/* Judged at MAIL. `user` is NULL when the login has no entry. */
struct verdict	 policy_session(const struct session_rules *r,
		    const struct user_rules *user, const struct facts *f);

/*
 * May the login use this mailbox? Also the answer for the signing key: a
 * domain's key signs only what this allows.
 */
bool		 policy_may_use(const struct identity_rules *ir,
		    const struct user_rules *user, const char *login,
		    const struct mailbox *box);

/* "a@x", "@x", "@.x" (subdomains), "*"; the box has both of its parts. */
bool		 policy_pattern_fits(const struct identity_rules *ir,
		    const char *pattern, const struct mailbox *box);

/*
 * The same for what somebody may send as: a quoted local part in which others
 * could read another address fits only what is written like it.
 */
bool		 policy_sender_fits(const struct identity_rules *ir,
		    const char *pattern, const struct mailbox *box);

/* The box, or its base, is the address that the login is. */
bool		 policy_is_own_address(const struct identity_rules *ir,
		    const char *login, const struct mailbox *box);

/* Judged at MAIL: the envelope sender. `tier` may be NULL. */
struct verdict	 policy_sender(const struct session_rules *r,
		    const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

/* Judged at end of message: every mailbox of From, Sender, Resent-From. */
struct verdict	 policy_identity(const struct session_rules *r,
		    const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

/*
 * Is there a login, and are the envelope sender, unless it is null, and all
 * those addresses its own? Also asked of inbound mail.
 */
bool		 policy_is_own_mail(const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

struct quota_rules {
	enum action	 action;		/* defer, reject, hold */
	enum action	 on_store_failure;	/* defer, accept */
};

/*
 * Which of the n accounts of a message that was refused has to make room
 * last: the one to name in the reply.
 */
size_t		 policy_quota_fullest(const struct store_usage *usage,
		    size_t n);

/*
 * Words what the store answered to a reservation, for one of its accounts;
 * `now` for the wait.
 */
struct verdict	 policy_quota(const struct quota_rules *r,
		    enum store_answer answer, const struct store_usage *usage,
		    const struct quota_facts *q, time_t now);

/* Judged at MAIL: the block in a setting, as `key` has it; hold is a note. */
struct verdict	 policy_block(const struct store_setting *setting,
		    const char *key, time_t now);

/* --- the fuse: what a stolen login does ---------------------------------- */

enum fuse_kind { FUSE_NETWORKS, FUSE_REFUSED, FUSE_FROM, FUSE_KINDS };
/* Of different values that an hour may have. */
#define FUSE_LIMIT_MAX	60

struct fuse_rules {
	unsigned	 limit[FUSE_KINDS];	/* an hour; 0: off */
	enum action	 action;		/* defer, hold, reject */
	unsigned	 seconds;		/* that the login is blocked */
};

struct fuse_trip {
	enum fuse_kind	 kind;
	unsigned	 count, limit;
};

/* The block of the login, with the numbers in its reason. */
struct store_setting policy_fuse(const struct fuse_rules *r,
		    const struct fuse_trip *trip, time_t now);

struct spf_actions {
	enum action	 on_fail, on_softfail, on_permerror, on_temperror;
};

struct spf_rules {
	struct spf_actions mfrom, helo;
	unsigned	 max_voids;	/* RFC 7208 4.6.4 */
	bool		 received_spf;
};

/* The worse of what the two identities' results mean. */

struct verdict	 policy_spf(const struct spf_rules *r, const struct facts *f);

/* A From of several domains: on_bad_from, or the strictest policy found. */
enum several_domains { SEVERAL_REFUSE, SEVERAL_STRICTEST };

struct dmarc_rules {
	enum action	 on_reject, on_quarantine, on_none;
	/* a lookup failed and the policy is reject or unknown */
	enum action	 on_temperror;
	enum action	 on_missing_from, on_repeated_from;
	enum action	 on_bad_from;	/* cannot be understood, names nobody */
	enum several_domains several_domains;
};

struct verdict	 policy_dmarc(const struct dmarc_rules *r,
		    const struct facts *f);

enum trust_logins { TRUST_NO_LOGIN, TRUST_OWN_ADDRESS, TRUST_ANY_LOGIN };

/* Inbound clients that DMARC and SPF do not judge. */
struct trust_rules {
	const struct netblock *networks;	size_t nnetworks;
	enum trust_logins logins;
};

/*
 * True: trusted; *o says why. Clears *o otherwise. `own_mail` is what
 * policy_is_own_mail says.
 */
bool		 policy_trust(const struct trust_rules *r,
		    const struct facts *f, bool own_mail,
		    struct override_facts *o);

/*
 * One override section: it fits when each list that is not empty names the
 * message. Domains are canonical, with a dot in front for what is below.
 */
struct override_rules {
	const char	*name;
	const struct netblock *networks;	size_t nnetworks;
	const char *const *author_domains;	size_t nauthor_domains;
	const char *const *signers;		size_t nsigners;
	const char *const *recipients;		size_t nrecipients;
	enum action	 action;
	const char	*reason;	/* NULL: none given */
};

/*
 * The first of n sections that fits decides instead of `v`, the verdict of
 * policy_dmarc, and *o says which. Only a fail, temperror or permerror is
 * changed.
 */
struct verdict	 policy_override(const struct override_rules *r, size_t n,
		    const struct identity_rules *ir, const struct facts *f,
		    struct override_facts *o, struct verdict v);

/*
 * The domain whose keys sign this message, or NULL with *why (static text):
 * the one author domain of a submission that a login, a relay's client or
 * sendmail(1) made.
 * Only asked after policy_identity accepted; so a login signs only for what
 * it may use.
 */
const char	*policy_sign_domain(const struct facts *f, const char **why);

/*
 * May this login's mail be signed as `domain`, which is not the author's own
 * but one above it? Only if the login may use some address of that domain.
 * Without a login the answer is yes: sendmail(1) speaks for the whole host.
 */
bool		 policy_signs_for(const struct identity_rules *ir,
		    const struct user_rules *user, const char *login,
		    const char *domain);
/* The same of a tier, which may be NULL. */
bool		 policy_tier_signs_for(const struct tier_rules *t,
		    const char *login, const char *domain);

#endif
