/*
 * policy_identity - may the login use the addresses in the header?
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_IDENTITY_H
#define MILLGATE_POLICY_IDENTITY_H

#include "mail/verdict.h"
#include "policy/policy_rules.h"

/* Judged at end of message: every mailbox of From, Sender, Resent-From. */
struct verdict	 policy_identity(const struct session_rules *r,
		    const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

/*
 * Is there a login, and are the envelope sender, unless it is null, and all
 * those addresses its own? Also asked of inbound mail.
 */
bool		 policy_is_own_mail(const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

#endif
