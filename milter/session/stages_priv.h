/*
 * stages_priv - the stages of a session: each gathers facts, with I/O
 *
 * Called by session.c in the order of the events. A stage fills facts and
 * asks judges; it never answers the MTA.
 */
#ifndef MILLGATE_STAGES_PRIV_H
#define MILLGATE_STAGES_PRIV_H

#include "session_priv.h"

/* stages.c: facts of the connection and the envelope */
const char	*stage_macro(struct session *s, struct arena *a,
		    const char *name);
void		 stage_connect(struct session *s, const char *client_name,
		    const struct sockaddr *client);
void		 stage_listener(struct session *s);
void		 stage_login(struct session *s);
void		 stage_recipient(struct session *s, const char *path);
void		 stage_sender(struct session *s, const char *path);

/* stages_observed.c: what the MTA tells, and what it never told */
void		 stage_look(struct session *s, enum macro_stage stage);
void		 stage_attribute(struct session *s);
/* The end of a message, or a refused recipient. */
void		 stage_verdict(struct session *s, const char *event);
/* NULL: none is due. */
const char	*stage_hint(struct session *s);

/* stages_mail.c: facts of the message */
void		 stage_inbound_start(struct session *s);
void		 stage_headers(struct session *s);
void		 stage_inbound_collect(struct session *s);
void		 stage_sign_start(struct session *s);
bool		 stage_sign_finish(struct session *s);
void		 stage_end(struct session *s);

/* stages_quota.c */
/* A block is a verdict on the message. */
struct verdict	 stage_quota_open(struct session *s);
/* One more recipient: the verdict on that one alone. */
struct verdict	 stage_quota_recipient(struct session *s);
struct verdict	 stage_quota_commit(struct session *s);
/* What is reserved is free again. */
void		 stage_quota_close(struct session *s);

/*
 * stages_fuse.c: what the login does; when it is too much, the verdict is
 * that it is blocked
 */
struct verdict	 stage_fuse_client(struct session *s);
struct verdict	 stage_fuse_refused(struct session *s);
struct verdict	 stage_fuse_from(struct session *s);
/* The MTA refused this recipient, and only tells us about it. */
bool		 stage_was_refused(struct session *s);

/* stages_iprev.c */
void		 stage_iprev_start(struct session *s);
void		 stage_iprev_collect(struct session *s);

/* stages_dmarc.c */
void		 stage_walk_start(struct session *s, const char *domain);
void		 stage_authors_start(struct session *s);
void		 stage_outcome(struct session *s, enum action taken);
void		 stage_dmarc(struct session *s);

#endif
