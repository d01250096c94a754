/*
 * advice - which setting of the MTA to change, in words
 *
 * Pure: what was observed and configured in, sentences out. The rows of the
 * table in advice.c are the whole knowledge about macros; the settings of
 * Postfix and Sendmail are judged in advice_postfix.c and advice_sendmail.c.
 */
#ifndef MILLGATE_ADVICE_H
#define MILLGATE_ADVICE_H

#include "facts.h"

#define ADVICE_HINT	400

/* Was this macro never sent to the listener that refused? */
typedef bool advice_never_fn(const void *arg, const char *macro);

/*
 * For the log line of a refusal by `rule`: the setting that keeps the proof
 * from us. False when the macros that this rule needs have been seen, or the
 * rule needs none: then the client alone is to blame.
 */
bool	advice_hint(const char *rule, const struct mta_facts *mta,
	    advice_never_fn *never, const void *arg, char hint[ADVICE_HINT]);

/* By the macro {v}; NULL is MTA_UNKNOWN. */
enum mta_kind advice_mta_kind(const char *version);

#endif
