/*
 * policy_hint - the MTA setting to look at after a refusal
 *
 * A rule needs macros of the MTA. When one of them never arrived, the texts
 * here tell the operator why, and what to set in Postfix or Sendmail.
 * Pure: observations in, texts out.
 */
#ifndef MILLGATE_POLICY_HINT_H
#define MILLGATE_POLICY_HINT_H

#include <stdbool.h>

#include "mail/facts.h"

#define POLICY_HINT	600
#define POLICY_SETTING	400

/* True when no session of the listener has had this macro. */
typedef bool policy_never_fn(const void *arg, const char *macro);

struct policy_missing {
	const char	*macro, *why;	/* static */
	char		 setting[POLICY_SETTING];
};

/*
 * The first macro that `rule` needs and that was never sent. False when all
 * of them have been seen, or the rule needs none: then the client alone is
 * the cause of the refusal.
 */
bool	policy_missing_proof(const char *rule, const struct mta_facts *mta,
	    policy_never_fn *never, const void *arg,
	    struct policy_missing *missing);

/* The same in one sentence, for the log line of a refusal by `rule`. */
bool	policy_hint(const char *rule, const struct mta_facts *mta,
	    policy_never_fn *never, const void *arg, char hint[POLICY_HINT]);

/* Logged when mail is refused because this login is not an address. */
void	policy_domain_hint(const char *login, char hint[POLICY_HINT]);

/* Logged when a client logs in at an inbound listener, and is accepted. */
extern const char policy_login_hint[];

/* The MTA by its macro {v}; NULL is MTA_UNKNOWN. */
enum mta_kind policy_mta_kind(const char *version);

#endif
