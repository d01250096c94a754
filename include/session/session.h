/*
 * session - one SMTP connection as the MTA shows it, and its messages
 *
 * The driver (mta/mfi.c or mta/replay.c) calls one function per event, in the
 * order in which the MTA sends them, from one thread at a time. Each function
 * returns the verdict on that event. In monitor mode all verdicts are ACCEPT,
 * and the log has the verdicts that enforce mode would have returned.
 *
 * Bounds: the configured number and octets of header fields (a larger header
 * is refused with 552 5.3.4 at the end of the message), 1,000 octets of an
 * address, as many recipients as the quota allows. The body is never stored.
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

/*
 * The driver's function for the value of a macro, such as "{auth_type}" or
 * "i", at the current event. NULL: the MTA has not sent it.
 */
typedef const char *session_macro_fn(void *ctx, const char *name);

struct session	*session_new(struct services *sv, session_macro_fn *macro,
		    void *ctx);
void		 session_free(struct session **sp);

/*
 * The result of the negotiation, before session_connect: the milter protocol's
 * version, and whether the MTA sends the macros that we request. Not called
 * when there is no MTA.
 */
void		 session_negotiated(struct session *s, unsigned protocol,
		    bool takes_lists);
/* After session_negotiated: the MTA agreed to send no message bodies. */
void		 session_no_bodies(struct session *s);
/* `client` may be NULL: the MTA does not know the address. */
struct verdict	 session_connect(struct session *s, const char *client_name,
		    const struct sockaddr *client);
struct verdict	 session_helo(struct session *s, const char *helo);
/*
 * `path` as in the command: "<a@b>", "<>", or without brackets. `params`: the
 * parameters after it, "SIZE=1000", with NULL at the end; NULL: none.
 */
struct verdict	 session_mail(struct session *s, const char *path,
		    const char *const *params);
/*
 * In place of session_mail: log and count a message that is deferred, whatever
 * the mode, because the daemon stops or takes on no more.
 */
void		 session_defer(struct session *s, const char *path,
		    const struct verdict *v);
struct verdict	 session_rcpt(struct session *s, const char *path);
/* `value` has its leading blank; lines are folded with LF or CRLF. */
struct verdict	 session_header(struct session *s, const char *name,
		    const char *value);
struct verdict	 session_eoh(struct session *s);
struct verdict	 session_body(struct session *s, const void *data, size_t len);
/*
 * Judge the message. *edits is NULL when the message is refused. Otherwise the
 * driver applies *edits, which is valid until the next event, holds the message
 * if the verdict is HOLD, and then calls session_commit and session_end.
 */
struct verdict	 session_eom(struct session *s, const struct edits **edits);
/*
 * Commit the quota; the verdict may become stricter. If it is HOLD now, the
 * driver holds the message unless it has done so already. `failed` NULL: all
 * was applied. Otherwise the text for the client; the message is deferred and
 * not counted on the quota. Must not be called after a refusal by session_eom.
 */
struct verdict	 session_commit(struct session *s, const char *failed);
/*
 * The final verdict, which is logged and counted. `failed` as above, for what
 * was done after session_commit.
 */
struct verdict	 session_end(struct session *s, const char *failed);
/* The message ends early: RSET, refused by others, a new MAIL, disconnect. */
void		 session_abort(struct session *s);

#endif
