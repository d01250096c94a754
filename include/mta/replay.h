/*
 * replay - the offline driver: the same session events from text
 *
 * Every answer, edit and record becomes one line of the outcome:
 *   mail accept
 *   rcpt defer 451 4.7.1 quota Quota exceeded ...
 *   eom reject 550 5.7.1 dmarc-reject ...
 *   delete Authentication-Results 3
 *   insert Authentication-Results: mx.example.net; spf=pass ...
 *   log id=- event=eom action=reject ...
 * The third to last words of an answer are reply, rule and text. Folds of an
 * inserted value are shown as one blank.
 */
#ifndef MILLGATE_REPLAY_H
#define MILLGATE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/verdict.h"

struct replay;
struct services;

/* `sv` must outlive it; its records come to the outcome. */
struct replay	*replay_new(struct services *sv);
void		 replay_free(struct replay **rp);

/* Set or replace a macro's value; NULL removes it. */
void		 replay_macro(struct replay *r, const char *name,
		    const char *value);
/*
 * A new connection (an open one is closed). `address` NULL: unknown to the
 * MTA; "local": sendmail(1). False: it is no address.
 */
bool		 replay_connect(struct replay *r, const char *address,
		    const char *name);
struct verdict	 replay_helo(struct replay *r, const char *helo);
struct verdict	 replay_mail(struct replay *r, const char *path);
struct verdict	 replay_rcpt(struct replay *r, const char *path);
/*
 * A message as in a file: header, empty line, body; lines end with LF or
 * CRLF. The body reaches the session with CRLF, as an MTA sends it.
 */
struct verdict	 replay_message(struct replay *r, const char *text,
		    size_t len);
void		 replay_abort(struct replay *r);

/* The lines since the last clear. */
const char	*replay_outcome(const struct replay *r);
void		 replay_clear(struct replay *r);
/* The last record as JSON, "{}" when there was none. */
const char	*replay_record_json(const struct replay *r);

#endif
