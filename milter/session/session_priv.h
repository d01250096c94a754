/*
 * session_priv - the session as session*.c and stages*.c see it
 *
 * session.c handles the events. It calls the stages (stages_priv.h), which
 * gather facts into `f`, and then the judges of room policy, which turn facts
 * into verdicts. Two arenas own the memory: the connection's and the message's.
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

/* DMARC walks of a message: for authors, the sender, and DKIM signers. */
#define SESSION_WALKS	24
/* A message with more author domains is refused. */
#define SESSION_AUTHORS	4

/*
 * The tree walk of one domain (RFC 9989). All its queries start at once; the
 * answers are judged when the result is needed.
 */
struct walk {
	const char	*domain;
	struct dmarc_walk names;
	struct lookup	*lookup[DMARC_WALK_MAX];
	bool		 judged;
	struct dmarc_walk_result result;
};

/* The lookups of the client's names, and of the addresses of these names. */
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
	char		*helo;		/* f.conn.helo points to it */
	struct facts	 f;
	struct mta_facts mta;		/* as negotiated, before connect */
	enum sent	 sent[OBSERVED_ROWS];
	struct observed_listener *seen;	/* of the latest message */

	/* --- the message ------------------------------------------------ */
	bool		 open;		/* between MAIL and its end */
	struct setup	*setup;
	const struct session_rules *rules;
	const struct user_rules *user;	/* of the login, or of the relay */
	const struct tier_rules *tier;	/* NULL: none */
	const char	*users_error;	/* why the lookup failed; NULL: not */
	const char	*authserv_id;
	struct lookups	*lookups;
	struct headers	 headers;
	bool		 too_large;	/* the header is over the limits */
	bool		 headers_ended;	/* the author has been parsed */
	struct dkim_verifier *verifier;
	struct dkim_signer *signer;
	const char	*sign_why;	/* why it is not signed */
	size_t		 nsigned;	/* signatures */
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
	bool		 unentitled;	/* may not use its sender or author */
	uint64_t	 began;		/* ticks */
};

/* session_log.c: write the log line of the message, or of a recipient */
void		 session_log(struct session *s, const char *action,
		    const char *event);

#endif
