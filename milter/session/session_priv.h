/*
 * session_priv - the session as session*.c and stages*.c see it
 *
 * session.c says who and when, the stages (stages_priv.h) gather facts, the
 * judges decide. Two arenas own all memory: the connection's and the message's.
 */
#ifndef MILLGATE_SESSION_PRIV_H
#define MILLGATE_SESSION_PRIV_H

#include "dmarc/dmarc.h"
#include "mail/edits.h"
#include "mail/facts.h"
#include "mail/headers.h"
#include "policy/policy_rules.h"
#include "session/observed.h"
#include "session/services.h"
#include "session/session.h"
#include "spf/spf_check.h"

/* The authors', the sender's, and one each for so many signatures. */
#define SESSION_WALKS	24
/* Author domains that are evaluated; a message with more is refused. */
#define SESSION_AUTHORS	4

/* The tree walk of one domain: asked at once, judged when needed. */
struct walk {
	const char	*domain;
	struct dmarc_walk names;
	struct lookup	*lookup[DMARC_WALK_MAX];
	bool		 judged;
	struct dmarc_walk_result result;
};

/* The client's names and what they lead to. */
struct iprev {
	struct lookups	*lookups;
	struct netaddr	 client;
	struct lookup	*names;		/* NULL: not asked */
};

struct session {
	struct services	*sv;
	session_macro_fn *macro;
	void		*macro_ctx;
	struct arena	*conn_arena, *arena;	/* connection, message */
	char		*helo;		/* what f.conn.helo points to */
	struct facts	 f;
	struct mta_facts mta;		/* as negotiated, before connect */
	enum sent	 sent[OBSERVED_ROWS];
	struct observed_listener *seen;	/* of the latest message */

	/* --- of the message; all zero between messages ---------------- */
	bool		 open;		/* between MAIL and its end */
	struct setup	*setup;
	const struct session_rules *rules;
	const struct user_rules *user;	/* of the login, or of the relay */
	const struct tier_rules *tier;	/* NULL: none */
	const char	*users_error;	/* why a login is not known; NULL */
	const char	*authserv_id;
	struct lookups	*lookups;
	struct headers	 headers;
	bool		 too_large;	/* header over the limits */
	bool		 headers_ended;	/* and their authors are known */
	struct dkim_verifier *verifier;
	struct dkim_signer *signer;
	const char	*sign_why;	/* why it is not signed */
	size_t		 nsigned;
	struct spf_limits spf_limits;
	struct spf_question spf_mfrom, spf_helo;
	struct walk	 walk[SESSION_WALKS];
	size_t		 nwalks;
	struct iprev	 iprev;
	struct reservation *reservation;
	struct store_usage usage[STORE_ACCOUNTS];
	const char	*store_error;	/* the last one; NULL: none */
	struct edits	 edits;
	struct verdict	 verdict;	/* the worst so far, as enforced */
	unsigned	 refused;	/* recipients */
	bool		 blocked;	/* the login, or one of its groups */
	bool		 unentitled;	/* to the addresses that it uses */
	uint64_t	 began;		/* ticks */
};

/* session_log.c: the message's line */
void		 session_log(struct session *s, const char *action,
		    const char *event);

#endif
