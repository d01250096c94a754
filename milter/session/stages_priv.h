/*
 * stages_priv - the stages of a session, in the order in which they are called
 *
 * A stage gathers facts and may do I/O for it; it never answers the MTA. Some
 * stages also ask a judge that needs what they have just gathered, and return
 * its verdict. Those that read macros of the MTA get the session, all others
 * the message alone. session.c calls them:
 *
 *	event		stages
 *	connect, helo	stage_connect, stage_note_macros
 *	MAIL		stage_listener, stage_login, stage_sender,
 *			stage_sender_owner, stage_quota_open, stage_size_open,
 *			stage_fuse_client,
 *			inbound: stage_inbound_start
 *	RCPT		stage_was_refused, stage_quota_recipient,
 *			stage_recipient, stage_fuse_refused
 *	header		stage_size_field, stage_field, stage_trace_beyond
 *	end of headers	stage_headers, stage_author_owners, submission:
 *			stage_fuse_from, stage_sign_start
 *	body		stage_size_body
 *	end of message	inbound: stage_inbound_collect,
 *			submission: stage_size_judge, stage_sign_finish
 *			stage_trace
 *	commit		stage_quota_commit
 *	last answer	stage_observe, stage_hint (by session_log.c),
 *			stage_outcome, stage_tally, stage_quota_close,
 *			stage_end
 */
#ifndef MILLGATE_STAGES_PRIV_H
#define MILLGATE_STAGES_PRIV_H

#include "session_priv.h"

/* --- session.c ---------------------------------------------------------- */

/* Keep the worse one of the message's verdict and `v`. */
void		 message_judge(struct message *m, struct verdict v);

/* --- stages.c: facts of the connection and the envelope ----------------- */

/* A copy of the macro's value in `a`. NULL: not sent, or empty. */
const char	*stage_macro(struct session *s, struct arena *a,
		    const char *name);
void		 stage_connect(struct session *s, const char *client_name,
		    const struct sockaddr *client);
void		 stage_listener(struct session *s);
void		 stage_login(struct session *s);
void		 stage_sender(struct session *s, const char *path);
void		 stage_recipient(struct message *m, const char *path);

/* --- stages_owners.c: who owns the addresses, by the site's tables ------ */

void		 stage_sender_owner(struct message *m);
/* All mailboxes of From, Sender and Resent-From. */
void		 stage_author_owners(struct message *m);

/* --- stages_observed.c: which macros the MTA sends, and hints ----------- */

/* Note which macros of this stage the MTA has sent. */
void		 stage_note_macros(struct session *s,
		    enum macro_stage stage);
/* Called by stage_listener: count the session and its macros there. */
void		 stage_observe_listener(struct session *s);
/*
 * Count the end of a message, or (`event` "rcpt") a refused recipient; `taken`
 * is the answer to the MTA.
 */
void		 stage_observe(struct session *s, enum action taken,
		    const char *event);
/* The hint for the log line. NULL: there is none, or none is due. */
const char	*stage_hint(struct session *s);

/* --- stages_quota.c: what a submission counts on ------------------------ */

/*
 * Find the accounts and their settings. The verdict is on the message: a
 * block, or settings that cannot be read.
 */
struct verdict	 stage_quota_open(struct message *m);
/* Reserve one more recipient; the verdict is on this recipient alone. */
struct verdict	 stage_quota_recipient(struct message *m);
struct verdict	 stage_quota_commit(struct message *m);
/* Give back what is reserved and not committed. */
void		 stage_quota_close(struct message *m);

/* --- stages_size.c: the octets of a message ------------------------------ */

/*
 * After stage_quota_open: judge the declared size, and defer a message that
 * must be counted in a session without bodies. `params` are those of MAIL,
 * with NULL at the end; or NULL.
 */
struct verdict	 stage_size_open(struct session *s,
		    const char *const *params);
void		 stage_size_field(struct message *m, const char *name,
		    const char *value);
void		 stage_size_body(struct message *m, size_t len);
/* Judge the counted size, at the end of the message. */
struct verdict	 stage_size_judge(struct message *m);

/* --- stages_fuse.c: report what a login does to the fuse ---------------- */

/* Each returns the block of the login if the fuse trips, else ACCEPT. */
struct verdict	 stage_fuse_client(struct message *m);
struct verdict	 stage_fuse_refused(struct message *m);
struct verdict	 stage_fuse_from(struct message *m);
/* Has the MTA refused this recipient itself, and only reports it? */
bool		 stage_was_refused(struct session *s);

/* --- stages_mail.c: facts of the message, and signing ------------------- */

void		 stage_inbound_start(struct message *m);
/* After each field but those of a header that is too large. */
void		 stage_field(struct message *m);
/* End of headers: parse the author, start the lookups that depend on it. */
void		 stage_headers(struct message *m);
void		 stage_inbound_collect(struct message *m);
/* False: it is not known which keys sign, see m->keys. */
bool		 stage_sign_start(struct message *m);
/* Plan the signature fields. False: the message could not be signed. */
bool		 stage_sign_finish(struct message *m);
/* Stop lookups, verification and signing. */
void		 stage_end(struct message *m);

/* --- stages_trace.c ------------------------------------------------------ */

/*
 * A field of a header that is too large, at once or since an earlier field.
 * Remember that, and the field itself if stage_trace needs it.
 */
void		 stage_trace_beyond(struct message *m, const char *name,
		    const char *value);
/*
 * Plan the trace fields of the end of a message: Received-SPF and
 * Authentication-Results. `monitor`: the verdict is not enforced.
 */
void		 stage_trace(struct message *m, bool monitor);

/* --- stages_iprev.c: called by stage_inbound_start and _collect --------- */

void		 stage_iprev_start(struct message *m);
void		 stage_iprev_collect(struct message *m);

/* --- stages_tally.c: the metrics ---------------------------------------- */

/* Count the results of a message that has ended, and how long it took. */
void		 stage_tally(struct message *m, enum action taken);
/* A call to the store, which began at `begun` of monotonic_us, has ended. */
void		 stage_store_end(struct message *m, enum tally_store call,
		    uint64_t begun);

/* --- stages_dmarc.c: called by stages_mail.c ---------------------------- */

/* Start the lookups of one domain's walk, if there is room for it. */
void		 stage_walk_start(struct message *m, const char *domain);
void		 stage_authors_start(struct message *m);
void		 stage_dmarc(struct message *m);
/* Record the DMARC outcome of the message; called by session.c. */
void		 stage_outcome(struct message *m, enum action taken);

#endif
