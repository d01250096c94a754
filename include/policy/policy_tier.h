/*
 * policy_tier - the assurance tier that a session reaches, and its limits
 *
 * Pure: it reads facts and rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_TIER_H
#define MILLGATE_POLICY_TIER_H

#include "policy/policy_rules.h"

/* "scram" for "SCRAM"; NULL: no such word. */
const char	*policy_class_word(const char *text);
/* The mechanism, or its class, is one of the tier's. */
bool		 policy_tier_takes(const struct tier_rules *t,
		    const char *mechanism);
/* The first of n tiers that this login's session reaches, or NULL. */
const struct tier_rules *policy_tier(const struct tier_rules *t, size_t n,
		    const struct session_rules *r,
		    const struct user_rules *user, const struct facts *f);
/* `t` may be NULL, which allows all. */
bool		 policy_tier_allows(const struct tier_rules *t,
		    const struct identity_rules *ir, const char *login,
		    const struct mailbox *box);

#endif
