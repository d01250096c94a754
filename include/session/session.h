/*
 * session - one SMTP connection as the MTA shows it, and its messages
 *
 * The driver (mfi.c, replay.c) calls one function per event, in the order in
 * which the MTA sends them, from one thread at a time. Every function
 * answers with a verdict on that event; in monitor mode the verdicts are all
 * ACCEPT and the log says what they would have been.
 *
 * Bounds: header fields and their octets as configured (a message beyond is
 * refused with 552 5.3.4 at its end), 1,000 octets of an address, recipients
 * as the quota says; the body is never stored.
 */
#ifndef MILLGATE_SESSION_H
#define MILLGATE_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/verdict.h"

struct edits;
struct services;
struct session;
struct sockaddr;

/* The value of a macro, "{auth_type}" or "i", at this event; NULL: not sent. */
typedef const char *session_macro_fn(void *ctx, const char *name);

struct session	*session_new(struct services *sv, session_macro_fn *macro,
		    void *ctx);
void		 session_free(struct session **sp);

/*
 * What the MTA offered, before connect: the protocol's version, and whether
 * it sends the macros that we ask for. Not called when there is no MTA.
 */
void		 session_negotiated(struct session *s, unsigned protocol,
		    bool takes_lists);
/* `client` may be NULL: the MTA does not know the address. */
struct verdict	 session_connect(struct session *s, const char *client_name,
		    const struct sockaddr *client);
struct verdict	 session_helo(struct session *s, const char *helo);
/* `path` as in the command, "<a@b>", "<>", or without brackets. */
struct verdict	 session_mail(struct session *s, const char *path);
struct verdict	 session_rcpt(struct session *s, const char *path);
/* `value` with its leading blank, folds LF or CRLF. */
struct verdict	 session_header(struct session *s, const char *name,
		    const char *value);
struct verdict	 session_eoh(struct session *s);
struct verdict	 session_body(struct session *s, const void *data, size_t len);
/*
 * The judgement of the message. *edits is valid until the next event; the
 * driver applies it, then calls session_commit.
 */
struct verdict	 session_eom(struct session *s, const struct edits **edits);
/*
 * The last word after the edits have been applied (`applied` false: they
 * could not, and the message is deferred). Counts the quota, writes the log
 * line. Only ACCEPT, TAG, HOLD (then the driver holds the message, if it has
 * not yet) or a refusal; never called after a refusal by session_eom.
 */
struct verdict	 session_commit(struct session *s, bool applied);
/* The message is given up: RSET, refusal, a new MAIL, disconnect. */
void		 session_abort(struct session *s);

#endif
