/*
 * facts - what is known about a session and a message: plain data
 *
 * Gathered by stages.c through the doors, read by the judges. Strings are
 * borrowed from the connection's or the message's arena; NULL means that
 * there is none. Nothing here is escaped: who writes a string into a log,
 * a reply or a header escapes it there.
 */
#ifndef MILLGATE_FACTS_H
#define MILLGATE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "mail/result.h"

enum direction { DIRECTION_INBOUND, DIRECTION_SUBMISSION };

/* What the MTA told us, or did not: "never sent" is not "empty". */
enum sent { SENT_NOT, SENT_EMPTY, SENT_VALUE };

/* The MTA, by its macro {v}. */
enum mta_kind { MTA_UNKNOWN, MTA_POSTFIX, MTA_SENDMAIL };

/* What the MTA offered when it negotiated. */
struct mta_facts {
	bool		 known;		/* false: no MTA, or one too old */
	enum mta_kind	 kind;
	const char	*version;	/* {v}, "Postfix 3.7.11"; may be NULL */
	unsigned	 protocol;	/* milter protocol: 2, 3, 4 or 6 */
	bool		 takes_lists;	/* sends the macros that we ask for */
};

struct conn_facts {
	struct mta_facts mta;
	struct netaddr	 client;	/* v4-mapped turned into IPv4 */
	bool		 client_known;	/* false: unknown address family */
	const char	*client_name;	/* the MTA's idea, maybe "[1.2.3.4]" */
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
	/* "/O=x/CN=y", decoded; NULL: Postfix tells the common names only */
	const char	*cert_subject, *cert_issuer;
};

struct auth_facts {
	const char	*login;		/* {auth_authen}; NULL: none */
	const char	*mechanism;	/* {auth_type}, upper case */
	/* that the login is, its domain in A-labels; NULL: it is none */
	const char	*address;
};

struct mailbox {
	const char	*local;		/* unquoted */
	const char	*domain;	/* A-label form, lower case */
	const char	*address;	/* local@domain, local quoted if need be */
};

struct mailbox_list {
	size_t		 n;
	struct mailbox	*box;
};

struct env_facts {
	const char	*sender;	/* without brackets; "" = null sender */
	const char	*sender_local;	/* unquoted local part; NULL if null */
	const char	*sender_domain;	/* A-label form, lower case; NULL */
	bool		 sender_bad;	/* could not be parsed */
	unsigned	 recipients;	/* accepted ones */
	struct mailbox_list recipient_list; /* only where overrides ask */
	const char	*queue_id;	/* NULL while not known */
};

/* One SPF check: HELO and MAIL FROM are two of them. */
struct spf_facts {
	bool		 done;
	enum result	 result;
	const char	*domain;	/* that was checked */
	const char	*reason;	/* for log and comment, our own words */
	const char	*explanation;	/* printable ASCII, only after a fail */
	bool		 postmaster;	/* null sender: postmaster@HELO */
	unsigned	 terms, voids;
};

/* RFC 8601 2.7.3; fail: no name of the client's leads back to it. */
struct iprev_facts {
	bool		 done;
	enum result	 result;	/* pass fail temperror permerror */
	const char	*name;		/* that leads back; only for pass */
	const char	*reason;
};

struct dkim_signature {
	enum result	 result;
	const char	*reason;	/* our own words */
	const char	*domain;	/* d=, A-label form, lower case */
	const char	*selector;	/* s= */
	const char	*identity;	/* i= as written, or NULL */
	const char	*algorithm;	/* a= */
	const char	*b;		/* the first 8 or so of b= */
	unsigned	 key_bits;
	bool		 testing;	/* key has t=y */
	bool		 partial;	/* l= does not cover the whole body */
	/* no key: a verdict that could still have been pass */
	bool		 temperror;
};

struct dkim_facts {
	bool		 done;
	size_t		 n;
	struct dkim_signature *sig;	/* in the order of the message */
	size_t		 skipped;	/* over the cap: not evaluated */
};

/* The author: what all From fields of a message say (RFC 5322 3.6.2). */
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
	const char	*bad_field;	/* name of the field that is bad */
	/* different author domains in From */
	size_t		 ndomains;
	const char	**domain;
};

struct dmarc_record;

struct dmarc_facts {
	bool		 done;
	enum result	 result;	/* none pass fail temperror permerror */
	enum dmarc_policy policy;	/* that applies: after sp, np, t=y */
	const char	*author_domain;
	const char	*org_domain;	/* of the author domain */
	const char	*record_domain;	/* where the record was found */
	/* the record; as long-lived as the walk that found it */
	const struct dmarc_record *record;
	const char	*reason;	/* our own words */
	bool		 spf_aligned, dkim_aligned;
	/* fail or temperror now, yet a lookup that failed could have said pass */
	bool		 could_be_pass;
	/* temperror: the strictest policy that another author fails; or NULL */
	const struct dmarc_facts *fails_too;
};

/* A rule of the site in place of a DMARC policy; name NULL: none. */
struct override_facts {
	const char	*name;		/* of the section, or of the option */
	const char	*reason;	/* the operator's words, or NULL */
	const char	*rule;		/* static: what would have been */
};

/* Accounts that one message counts on: the login's, those of its groups. */
#define QUOTA_ACCOUNTS	4

/* What is left of an account's hour after this message's reservations. */
struct quota_facts {
	const char	*key;		/* folded login, or a named bucket */
	const char	*login;		/* that sends; NULL: none */
	const char	*plan;		/* NULL: a group has its own limits */
	const char	*group;		/* its name; NULL: a login's account */
	uint32_t	 used, limit;	/* recipients; UINT32_MAX: unlimited */
	uint32_t	 messages_used, messages_limit;
	bool		 set, messages_set;	/* the limit is not the plan's */
};

struct facts {
	enum direction	 direction;
	const char	*listener;
	const char	*relay;		/* that lets in without a login; NULL */
	const char	*tier;		/* of this message's proof; NULL: none */
	struct conn_facts conn;
	struct tls_facts tls;
	struct auth_facts auth;
	bool		 login_unknown;	/* whether it is listed */
	struct env_facts env;
	struct from_facts from;
	struct iprev_facts iprev;
	struct spf_facts spf_helo, spf_mfrom;
	struct dkim_facts dkim;
	struct dmarc_facts dmarc;
	struct override_facts override;
	/* the login's or the listener's account first, then its groups' */
	size_t		 nquotas;	/* 0: this message is not counted */
	struct quota_facts quota[QUOTA_ACCOUNTS];
};

#endif
