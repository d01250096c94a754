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
 * An answer that refuses has the reply code, the rule and the text after the
 * action. Folds of an inserted value are shown as one blank, unless
 * replay_exact was called.
 */
#ifndef MILLGATE_REPLAY_H
#define MILLGATE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/verdict.h"

struct replay;
struct services;

/* `sv` must outlive it. Records of `sv` go to the outcome, not to the log. */
struct replay	*replay_new(struct services *sv);
void		 replay_free(struct replay **rp);

/* Set or replace a macro's value; NULL: the macro is not sent any more. */
void		 replay_macro(struct replay *r, const char *name,
		    const char *value);
/*
 * Begin a new connection; an open one is closed. `address` NULL: the MTA does
 * not know it; "local": sendmail(1). False: it is not an IP address.
 */
bool		 replay_connect(struct replay *r, const char *address,
		    const char *name);
struct verdict	 replay_helo(struct replay *r, const char *helo);
struct verdict	 replay_mail(struct replay *r, const char *path);
/* With the parameters of MAIL, "SIZE=1000", and NULL at the end. */
struct verdict	 replay_mail_with(struct replay *r, const char *path,
		    const char *const *params);
struct verdict	 replay_rcpt(struct replay *r, const char *path);
/*
 * Send a message as it is in a file: header, empty line, body. Lines end with
 * LF or CRLF. The session gets the body with CRLF, as an MTA sends it.
 */
struct verdict	 replay_message(struct replay *r, const char *text,
		    size_t len);
void		 replay_abort(struct replay *r);

/* The lines since replay_clear; valid until the next event. */
const char	*replay_outcome(const struct replay *r);
void		 replay_clear(struct replay *r);
/* From now on, inserted fields are shown with their line ends and folds. */
void		 replay_exact(struct replay *r);
/*
 * The edits since replay_clear, in the order to apply them, as elements of a
 * JSON array: {"kind":"insert","name":N,"index":0,"value":V}. `index` 0 is
 * above all fields. V is what follows the colon, and begins with a blank; its
 * folds are LF. To delete, `index` is the instance of the name, from 1, and
 * `value` is null.
 */
const char	*replay_edits_json(const struct replay *r);
/* The last record as JSON; "{}": there was none. */
const char	*replay_record_json(const struct replay *r);

#endif
