/*
 * policy_sign - the domain whose keys sign a message
 *
 * Pure: it reads facts and rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_SIGN_H
#define MILLGATE_POLICY_SIGN_H

#include "policy/policy_rules.h"

/*
 * The domain whose keys sign this message, or NULL with *why (static text):
 * the one author domain of a submission that a login, a relay's client or
 * sendmail(1) made.
 * Only asked after policy_identity accepted; so a login signs only for what
 * it may use.
 */
const char	*policy_sign_domain(const struct facts *f, const char **why);

/*
 * May this login's mail be signed as `domain`, which is not the author's own
 * but one above it? Only if the login may use some address of that domain.
 * Without a login the answer is yes: sendmail(1) speaks for the whole host.
 */
bool		 policy_signs_for(const struct identity_rules *ir,
		    const struct user_rules *user, const char *login,
		    const char *domain);
/* The same of a tier, which may be NULL. */
bool		 policy_tier_signs_for(const struct tier_rules *t,
		    const char *login, const char *domain);

#endif
