/*
 * policy_connection - the listener that a connection belongs to
 *
 * Pure: it reads facts and rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_CONNECTION_H
#define MILLGATE_POLICY_CONNECTION_H

#include "policy/policy_rules.h"

/* The first listener that matches, or NULL. */
const struct session_rules *policy_connection(
		    const struct session_rules *const *rules, size_t n,
		    const struct conn_facts *conn);

/*
 * No listener, or one too many: before `found`, which policy_connection gave,
 * stands a submission listener that could have matched, had the MTA sent the
 * macros that it asks about. False without an MTA.
 */
bool		 policy_connection_undecided(
		    const struct session_rules *const *rules, size_t n,
		    const struct conn_facts *conn,
		    const struct session_rules *found);

#endif
