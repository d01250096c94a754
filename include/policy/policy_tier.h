/*
 * policy_tier - the assurance tier that a session reaches
 *
 * Pure: it reads facts and rules, and nothing else. The addresses that a tier
 * allows are in policy_address.h and policy_sign.h.
 */
#ifndef MILLGATE_POLICY_TIER_H
#define MILLGATE_POLICY_TIER_H

#include "policy/policy_rules.h"

/* Is the mechanism, or its class, in the tier's list? */
bool		 policy_tier_takes(const struct tier_rules *t,
		    const char *mechanism);
/*
 * The first of n tiers that this session reaches. NULL: none, or no login, or
 * an inbound listener.
 */
const struct tier_rules *policy_tier(const struct tier_rules *t, size_t n,
		    const struct session_rules *r,
		    const struct user_rules *user, const struct facts *f);

#endif
