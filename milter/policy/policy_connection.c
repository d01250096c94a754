/*
 * policy_connection - the listener that a connection belongs to
 *
 * The macros {daemon_name}, {daemon_port} and {daemon_addr} and the client's
 * address decide, or that the mail came from sendmail(1). The direction is
 * configured, never guessed. An unset condition always matches; a listener
 * without any condition matches nothing. When a macro is missing that could
 * have chosen a submission listener, the connection is not treated as inbound.
 */
#include <string.h>
#include <strings.h>

#include "base/netaddr.h"
#include "policy/policy_connection.h"

typedef bool equal_fn(const char *a, const char *b);

static bool
same_word(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

/* Sendmail writes "IPv6:2001:db8:0:0:0:0:0:7", Postfix "2001:db8::7". */
static bool
same_address(const char *a, const char *b)
{
	struct netaddr one, other;

	return netaddr_parse(a, &one) && netaddr_parse(b, &other) &&
	    netaddr_equal(&one, &other);
}

/* An empty list matches all; a macro that was not sent matches no other. */
static bool
is_listed(const char *const *list, size_t n, const char *value,
    equal_fn *equal)
{
	size_t i;

	if (n == 0)
		return true;
	if (value == NULL)
		return false;
	for (i = 0; i < n; i++)
		if (equal(list[i], value))
			return true;
	return false;
}

bool
policy_has_condition(const struct session_rules *r)
{
	return r->ndaemon_ports + r->ndaemon_names + r->ndaemon_addrs +
	    r->nclient_networks > 0;
}

static bool
takes_client(const struct session_rules *r, const struct conn_facts *conn)
{
	return r->nclient_networks == 0 || (conn->client_known &&
	    netblocks_contain(r->client_networks, r->nclient_networks,
	    &conn->client));
}

static bool
listener_matches(const struct session_rules *r, const struct conn_facts *conn)
{
	if (r->local || conn->local)
		return r->local && conn->local;
	if (!policy_has_condition(r))
		return false;
	return takes_client(r, conn) &&
	    is_listed(r->daemon_ports, r->ndaemon_ports, conn->daemon_port,
	    same_word) &&
	    is_listed(r->daemon_names, r->ndaemon_names, conn->daemon_name,
	    same_word) &&
	    is_listed(r->daemon_addrs, r->ndaemon_addrs, conn->daemon_addr,
	    same_address);
}

const struct session_rules *
policy_connection(const struct session_rules *const *rules, size_t n,
    const struct conn_facts *conn)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (listener_matches(rules[i], conn))
			return rules[i];
	return NULL;
}

/* A macro that was not sent could have had any value. */
static bool
could_be_listed(const char *const *list, size_t n, const char *value,
    equal_fn *equal)
{
	return value == NULL || is_listed(list, n, value, equal);
}

static bool
could_match(const struct session_rules *r, const struct conn_facts *conn)
{
	return r->direction == DIRECTION_SUBMISSION && !r->local &&
	    policy_has_condition(r) && takes_client(r, conn) &&
	    could_be_listed(r->daemon_ports, r->ndaemon_ports,
	    conn->daemon_port, same_word) &&
	    could_be_listed(r->daemon_names, r->ndaemon_names,
	    conn->daemon_name, same_word) &&
	    could_be_listed(r->daemon_addrs, r->ndaemon_addrs,
	    conn->daemon_addr, same_address);
}

bool
policy_connection_undecided(const struct session_rules *const *rules,
    size_t n, const struct conn_facts *conn,
    const struct session_rules *found)
{
	size_t i;

	if (!conn->mta.known || conn->local)
		return false;
	for (i = 0; i < n && rules[i] != found; i++)
		if (could_match(rules[i], conn))
			return true;
	return false;
}
