/*
 * policy_relay - clients that need no login, and who answers for a message
 *
 * Pure: it reads facts and rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_RELAY_H
#define MILLGATE_POLICY_RELAY_H

#include "policy/policy_rules.h"

/* The section that lets this client in without a login, or NULL. */
const struct relay_rules *policy_relay(const struct session_rules *r,
		    const struct facts *f);

/*
 * Who answers for the message: the login, or for a relay's client `user`,
 * which is the relay's; NULL: nobody.
 */
const char	*policy_submitter(const struct user_rules *user,
		    const struct facts *f);

/*
 * The address that this submitter is, if it is one, as addresses are written
 * in facts: what it is called in replies may have a domain in UTF-8.
 */
const char	*policy_own_address(const struct user_rules *user,
		    const struct facts *f);

#endif
