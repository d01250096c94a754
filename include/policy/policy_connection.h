/*
 * policy_connection - the listener that a connection belongs to
 *
 * Pure: it reads facts and rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_CONNECTION_H
#define MILLGATE_POLICY_CONNECTION_H

#include "policy/policy_rules.h"

/* A listener without any condition matches no connection, unless it is local. */
bool		 policy_has_condition(const struct session_rules *r);
/* The first listener that matches, or NULL. */
const struct session_rules *policy_connection(
		    const struct session_rules *const *rules, size_t n,
		    const struct conn_facts *conn);

/*
 * True when a submission listener before `found` (the result of
 * policy_connection, maybe NULL) could have matched if the MTA had sent all
 * macros. False without an MTA.
 */
bool		 policy_connection_undecided(
		    const struct session_rules *const *rules, size_t n,
		    const struct conn_facts *conn,
		    const struct session_rules *found);

#endif
