/*
 * policy_hint - why a proof did not arrive, and the setting that brings it
 *
 * Pure: what was observed in, words out. The table in policy_hint.c is the
 * whole knowledge about the macros that each rule needs.
 */
#ifndef MILLGATE_POLICY_HINT_H
#define MILLGATE_POLICY_HINT_H

#include <stdbool.h>

#include "mail/facts.h"

#define POLICY_HINT	600
#define POLICY_SETTING	400

/* Was this macro never sent to the listener that refused? */
typedef bool policy_never_fn(const void *arg, const char *macro);

struct policy_missing {
	const char	*macro, *why;	/* static */
	char		 setting[POLICY_SETTING];
};

/*
 * The first macro that `rule` needs and that was never sent. False when all
 * of them have been seen, or the rule needs none: then the refusal is the
 * client's fault alone.
 */
bool	policy_missing_proof(const char *rule, const struct mta_facts *mta,
	    policy_never_fn *never, const void *arg,
	    struct policy_missing *missing);

/* The same in one sentence, for the log line of a refusal by `rule`. */
bool	policy_hint(const char *rule, const struct mta_facts *mta,
	    policy_never_fn *never, const void *arg, char hint[POLICY_HINT]);

/* For a login at an inbound listener, which is accepted. */
extern const char policy_login_hint[];

/* By the macro {v}; NULL is MTA_UNKNOWN. */
enum mta_kind policy_mta_kind(const char *version);

#endif
