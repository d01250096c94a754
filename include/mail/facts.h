/*
 * facts - the facts about a session and a message: plain data
 *
 * The session's stages gather them through the doors; the judges read them.
 * Strings belong to the connection's or the message's arena; NULL means that
 * there is none. Nothing here is escaped: the writers of logs, replies and
 * headers escape it.
 */
#ifndef MILLGATE_FACTS_H
#define MILLGATE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "mail/result.h"

enum direction { DIRECTION_INBOUND, DIRECTION_SUBMISSION };

/* A value from the MTA; "never sent" differs from "empty". */
enum sent { SENT_NOT, SENT_EMPTY, SENT_VALUE };

/* The MTA, by its macro {v}. */
enum mta_kind { MTA_UNKNOWN, MTA_POSTFIX, MTA_SENDMAIL };

/* From the MTA's negotiation. */
struct mta_facts {
	bool		 known;		/* false: no MTA, or too old */
	enum mta_kind	 kind;
	const char	*version;	/* {v}, "Postfix 3.7.11"; may be NULL */
	unsigned	 protocol;	/* milter protocol: 2, 3, 4 or 6 */
	bool		 takes_lists;	/* sends the macros that we request */
};

struct conn_facts {
	struct mta_facts mta;
	struct netaddr	 client;	/* v4-mapped turned into IPv4 */
	bool		 client_known;	/* false: unknown address family */
	const char	*client_name;	/* from the MTA; may be "[1.2.3.4]" */
	const char	*helo;
	const char	*daemon_name, *daemon_port, *daemon_addr;
	bool		 local;		/* sendmail(1), not SMTP */
};

struct tls_facts {
	bool		 on;
	const char	*version;	/* "TLSv1.3" */
	const char	*cipher;
	int		 bits;
	bool		 cert_verified;	/* the MTA checked it against a CA */
	/* common names; NULL: none */
	const char	*cert_name, *cert_issuer_name;
	const char	*cert_login;	/* the name as a whole login */
	/* "/O=x/CN=y", decoded; NULL: Postfix sends the common names only */
	const char	*cert_subject, *cert_issuer;
};

struct auth_facts {
	/* {auth_authen}, qualified by login-domain; NULL: none */
	const char	*login;
	const char	*mechanism;	/* {auth_type}, upper case */
	/* the login as an address, A-labels; NULL: not an address */
	const char	*address;
};

/* What the site's sender-login-maps say of an address. */
enum owned {
	OWNED_UNLISTED,		/* in no table, or none was asked */
	OWNED_YES,		/* it is this login's */
	OWNED_OTHERS,		/* it is only other logins' */
	OWNED_UNKNOWN		/* the lookup failed */
};

struct mailbox {
	const char	*local;		/* unquoted */
	const char	*domain;	/* A-label form, lower case */
	const char	*address;	/* local@domain, quoted if need be */
	enum owned	 owned;		/* on submissions of a login */
};

struct mailbox_list {
	size_t		 n;
	struct mailbox	*box;
};

struct env_facts {
	const char	*sender;	/* without brackets; "" = null sender */
	const char	*sender_local;	/* unquoted local part; NULL if null */
	const char	*sender_domain;	/* A-label form, lower case; NULL */
	/* not an address: local part and domain are mailaddr_loose's */
	bool		 sender_bad;
	enum owned	 sender_owned : 8;
	unsigned	 recipients;	/* accepted so far */
	struct mailbox_list recipient_list; /* only if a rule reads it */
	const char	*queue_id;	/* NULL while not known */
};

/* One SPF check: HELO and MAIL FROM are two of them. */
struct spf_facts {
	bool		 done;
	enum result	 result;
	const char	*domain;	/* the checked one */
	const char	*reason;	/* for log and comment, our own words */
	const char	*explanation;	/* printable ASCII, only after fail */
	bool		 postmaster;	/* null sender: postmaster@HELO */
	unsigned	 terms, voids;	/* RFC 7208 4.6.4 */
};

/* RFC 8601 2.7.3; fail: no reverse name resolves to the client's address. */
struct iprev_facts {
	bool		 done;
	enum result	 result;	/* pass fail temperror permerror */
	const char	*name;		/* the confirmed one; only for pass */
	const char	*reason;
};

struct dkim_signature {
	enum result	 result;
	const char	*reason;	/* our own words */
	const char	*domain;	/* d=, A-label form, lower case */
	const char	*selector;	/* s= */
	/* i= decoded, its local part not quoted; as written if bad; or NULL */
	const char	*identity;
	const char	*algorithm;	/* a= */
	const char	*b;		/* the first 8 or so of b= */
	unsigned	 key_bits;
	bool		 testing;	/* key has t=y */
	bool		 partial;	/* l= does not cover the whole body */
	/* the key's lookup failed; the result could have been pass */
	bool		 temperror;
};

struct dkim_facts {
	bool		 done;
	uint32_t	 verify_us;	/* microseconds of public-key work */
	size_t		 n;
	struct dkim_signature *sig;	/* in the order of the message */
	size_t		 skipped;	/* beyond the limit: not evaluated */
};

/* The author, from all From fields of a message (RFC 5322 3.6.2). */
enum from_state {
	FROM_OK,		/* one field, at least one mailbox */
	FROM_MISSING,
	FROM_REPEATED,		/* more than one field */
	FROM_UNPARSABLE
};

struct from_facts {
	enum from_state	 state;
	struct mailbox_list from;	/* all mailboxes of From */
	/* all of Sender and Resent-From; for submissions */
	struct mailbox_list others;
	bool		 others_bad;	/* one of those cannot be parsed */
	const char	*bad_field;	/* name of the first bad field */
	/* different author domains in From */
	size_t		 ndomains;
	const char	**domain;
};

struct dmarc_record;
struct store_limits;

struct dmarc_facts {
	bool		 done;
	enum result	 result;	/* none pass fail temperror permerror */
	enum dmarc_policy policy;	/* in effect, after sp, np, t=y */
	const char	*author_domain;
	const char	*org_domain;	/* of the author domain */
	const char	*record_domain;	/* where the record was found */
	/* lives as long as the walk that found it */
	const struct dmarc_record *record;
	const char	*reason;	/* our own words */
	bool		 spf_aligned, dkim_aligned;
	/* fail or temperror; without the failed lookup it could be pass */
	bool		 could_be_pass;
	/* temperror: the strictest policy failed by another author; or NULL */
	const struct dmarc_facts *fails_too;
};

/* A site's own rule that replaces an action; name NULL: none. */
struct override_facts {
	const char	*name;		/* of the section, or of the option */
	const char	*reason;	/* the operator's words, or NULL */
	const char	*rule;		/* static: the rule it replaced */
};

/* Accounts that a message counts against: the login's and its groups'. */
#define QUOTA_ACCOUNTS	4
/* The store's units and windows; each account has a limit for each of both. */
#define QUOTA_UNITS	3
#define QUOTA_WINDOWS	4

/* The limits of one message; UINT64_MAX: unlimited. */
struct message_limits {
	uint64_t	 recipients, bytes;
};

/* One account after the reservations of this message. */
struct quota_facts {
	const char	*key;		/* folded login, or a named bucket */
	const char	*login;		/* of the sender; NULL: none */
	const char	*plan;		/* NULL: a group has its own limits */
	const char	*group;		/* its name; NULL: a login's account */
	const struct message_limits *message;
	const struct store_limits *limits;	/* in force */
	unsigned	 set;	/* policy_limit_bit of those not of the plan */
	uint64_t	 bytes;	/* that the message counts here; 0: unknown */
	/* what it would count with this recipient alone; 0: there is no other */
	uint64_t	 bytes_alone;
	/* committed and reserved; recipients of the hour */
	uint64_t	 used;
	/* [unit][window] of the store; NULL: unknown, or no other limits */
	uint64_t	(*windows)[QUOTA_WINDOWS];
};

struct facts {
	enum direction	 direction;
	const char	*listener;
	const char	*relay;		/* matched, so no login needed; NULL */
	const char	*tier;		/* of the message's proof; or NULL */
	struct conn_facts conn;
	struct tls_facts tls;
	struct auth_facts auth;
	bool		 login_unknown;	/* its lookup failed */
	struct env_facts env;
	struct from_facts from;
	struct iprev_facts iprev;
	struct spf_facts spf_helo, spf_mfrom;
	struct dkim_facts dkim;
	struct dmarc_facts dmarc;
	struct override_facts override;		/* of DMARC, or of trust */
	struct override_facts spf_override;
	/* the login's or the listener's account first, then its groups' */
	size_t		 nquotas;	/* 0: this message is not counted */
	struct quota_facts *quota;
};

#endif
