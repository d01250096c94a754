/*
 * session_priv - the session as session*.c and stages*.c see it
 *
 * session.c handles the events. It calls the stages (stages_priv.h), which
 * gather facts into `f` of the message, and then the judges of room policy,
 * which turn facts into verdicts. Two arenas own the memory: the connection's
 * and the message's.
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
/* Different addresses whose owners are looked up; others are refused. */
#define SESSION_OWNERS	50
/* A message with more author domains is refused. */
#define SESSION_AUTHORS	4

/*
 * The tree walk of one domain (RFC 9989). All its queries start at once; the
 * answers are judged when the result is needed. Until then it is small: the
 * names of the walk are made from the domain whenever they are needed.
 */
struct walk {
	struct walk	*next;
	const char	*domain;
	const struct dmarc_walk_result *result;	/* NULL: not judged yet */
	struct lookup	*lookup[];		/* of each name */
};
_Static_assert(sizeof(struct walk) <= 3 * sizeof(void *),
    "a walk waits for the end of the message");

/* The lookups of the client's names, and of the addresses of these names. */
struct iprev {
	struct lookups	*lookups;
	struct netaddr	 client;
	struct lookup	*names;
};

/* What is counted of a submission. */
struct counted {
	struct reservation *reservation;
	uint64_t	 declared;	/* octets, by SIZE=; 0: not declared */
	uint64_t	 size;		/* octets so far */
	unsigned	 recipients;	/* of the reservation */
	bool		 by_bytes;	/* an account limits octets */
	const char	*full;		/* limit of the last refusal, or NULL */
	time_t		 fits;		/* end of that refusal; 0: never */
};

/*
 * A message, from MAIL to its last answer; it lies in its own arena. Most of
 * its parts are allocated when they are first needed, because thousands of
 * sessions may wait in the midst of a message.
 */
struct message {
	struct services	*sv;
	struct arena	*arena;
	struct setup	*setup;
	struct facts	 f;		/* with a copy of the connection's */
	const struct session_rules *rules;
	const struct user_rules *user;	/* of the login, or of the relay */
	const struct tier_rules *tier;	/* NULL: none */
	const char	*users_error;	/* why the lookup failed; NULL: not */
	const char	*owners;	/* the table that knew an address */
	const char	*authserv_id;
	struct lookups	*lookups;	/* inbound; NULL: none */
	struct headers	 headers;
	struct dkim_verifier *verifier;	/* NULL: none */
	struct dkim_signer *signer;	/* NULL: none */
	struct keybase_reply *keys;	/* NULL: no database was asked */
	const char	*sign_why;	/* why it is not signed */
	uint32_t	 nsigned;	/* signatures */
	uint32_t	 ned25519;	/* of these */
	struct spf_limits spf_limits;
	struct spf_question *spf_mfrom, *spf_helo;	/* NULL: not asked */
	struct walk	*walks;		/* the last one first */
	size_t		 nwalks;
	struct iprev	*iprev;		/* NULL: not asked */
	struct counted	*counted;	/* NULL: not counted */
	const char	*store_error;	/* the last one; NULL: none */
	struct edits	 edits;
	const struct verdict *verdict;	/* the worst so far, as enforced */
	uint64_t	 began;		/* ticks */
	unsigned	 refused;	/* recipients */
	/* the lower half of monotonic_us at its end; 0: it has not ended */
	uint32_t	 ended_us;
	bool		 too_large;	/* the header is over the limits */
	bool		 headers_ended;	/* the author has been parsed */
	bool		 blocked;	/* the login, or one of its groups */
	bool		 users_stale;	/* an old answer: a database is away */
	bool		 unentitled;	/* may not use its sender or author */
};

/* A connection: what outlives a message. It lies in its own arena. */
struct session {
	struct services	*sv;
	session_macro_fn *macro;
	void		*macro_ctx;
	struct arena	*arena;
	char		*helo;		/* conn.helo points to it */
	struct conn_facts conn;
	struct mta_facts mta;		/* as negotiated, before connect */
	bool		 no_bodies;	/* the MTA agreed to send none */
	enum sent	 sent[OBSERVED_ROWS];
	struct observed_listener *seen;	/* of the latest message */
	struct message	*message;	/* NULL between messages */
};

/*
 * session_log.c: count the message, or a recipient, and write its log line;
 * `taken` is the answer to the MTA
 */
void		 session_log(struct session *s, enum action taken,
		    const char *event);

#endif
