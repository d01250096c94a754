/*
 * policy_identity - may the login use these senders and authors?
 *
 * Judges the envelope sender at MAIL and the header at end of message.
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_IDENTITY_H
#define MILLGATE_POLICY_IDENTITY_H

#include "mail/verdict.h"
#include "policy/policy_rules.h"

/*
 * The envelope sender, judged at MAIL. `user` is NULL when the login has no
 * entry; `tier` may be NULL.
 */
struct verdict	 policy_sender(const struct session_rules *r,
		    const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

/* Every mailbox of From, Sender and Resent-From, at end of message. */
struct verdict	 policy_identity(const struct session_rules *r,
		    const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

/*
 * True when there is a login, and it may use the envelope sender (which may
 * be null) and every author address. Inbound listeners ask this, too.
 */
bool		 policy_is_own_mail(const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

#endif
