/*
 * policy_sender - may the login use this envelope sender, or this mailbox?
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_SENDER_H
#define MILLGATE_POLICY_SENDER_H

#include "mail/verdict.h"
#include "policy/policy_rules.h"

/*
 * May the login use this mailbox? Also the answer for the signing key: a
 * domain's key signs only what this allows.
 */
bool		 policy_may_use(const struct identity_rules *ir,
		    const struct user_rules *user, const char *login,
		    const struct mailbox *box);

/* "a@x", "@x", "@.x" (subdomains), "*"; the box has both of its parts. */
bool		 policy_pattern_fits(const struct identity_rules *ir,
		    const char *pattern, const struct mailbox *box);

/*
 * The same for what somebody may send as: a quoted local part in which others
 * could read another address fits only what is written like it.
 */
bool		 policy_sender_fits(const struct identity_rules *ir,
		    const char *pattern, const struct mailbox *box);

/* The box, or its base, is the address that the login is. */
bool		 policy_is_own_address(const struct identity_rules *ir,
		    const char *login, const struct mailbox *box);

/* Judged at MAIL: the envelope sender. `tier` may be NULL. */
struct verdict	 policy_sender(const struct session_rules *r,
		    const struct identity_rules *ir,
		    const struct user_rules *user,
		    const struct tier_rules *tier, const struct facts *f);

#endif
