/*
 * policy_session - may this session submit mail?
 *
 * Judges the connection, TLS and the login against the listener's rules.
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_SESSION_H
#define MILLGATE_POLICY_SESSION_H

#include "mail/verdict.h"
#include "policy/policy_rules.h"

/* Judged at MAIL. `user` is NULL when the login has no entry. */
struct verdict	 policy_session(const struct session_rules *r,
		    const struct identity_rules *ir,
		    const struct user_rules *user, const struct facts *f);

#endif
