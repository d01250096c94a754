/*
 * policy_connection: the listener of a connection, and connections that stay
 * undecided because the MTA did not send all macros
 */
#include "test.h"

#include "policy/policy_connection.h"

static const char *const p587[] = { "587" }, *const p25[] = { "25" };
static const char *const msp[] = { "MSP" };
static const char *const addr[] = { "192.0.2.1" };
static const struct session_rules submission = {
	.name = "submission", .direction = DIRECTION_SUBMISSION,
	.daemon_ports = p587, .ndaemon_ports = 1
};
static const struct session_rules named = {
	.name = "named", .direction = DIRECTION_SUBMISSION,
	.daemon_names = msp, .ndaemon_names = 1,
	.daemon_addrs = addr, .ndaemon_addrs = 1
};
static const char *const addr6[] = { "2001:db8::7" };
static const struct session_rules by_address = {
	.name = "by_address", .direction = DIRECTION_SUBMISSION,
	.daemon_addrs = addr6, .ndaemon_addrs = 1
};
static const struct session_rules mx = {
	.name = "mx", .daemon_ports = p25, .ndaemon_ports = 1
};
static const struct netblock lan_block = {
	{ NETADDR_IPV4, { 192, 0, 2, 0 } }, 24
};
static const struct session_rules lan = {
	.name = "lan", .direction = DIRECTION_SUBMISSION,
	.client_networks = &lan_block, .nclient_networks = 1
};
#define CLIENT(a, b, c, d)	.client_known = true, \
				.client = { NETADDR_IPV4, { a, b, c, d } }
static const struct session_rules local = {
	.name = "local", .direction = DIRECTION_SUBMISSION, .local = true
};

#define LISTENERS(...)	{ __VA_ARGS__, NULL }
#define MTA		.mta = { .known = true }

static void
a_listener_is_chosen_or_undecided(void **state)
{
	static const struct {
		const char		*name;
		const struct session_rules *listeners[5];
		struct conn_facts	 conn;
		const char		*want;	/* NULL: inbound; "?" */
	} rows[] = {
		{ "by its port", LISTENERS(&submission, &mx),
		    { MTA, .daemon_port = "587" }, "submission" },
		{ "another port is mail from elsewhere",
		    LISTENERS(&submission, &mx), { MTA, .daemon_port = "26" },
		    NULL },
		{ "no port: it could be a submission",
		    LISTENERS(&submission, &mx), { MTA }, "?" },
		{ "no port, and no submission is configured",
		    LISTENERS(&mx), { MTA }, NULL },
		{ "no port, offline", LISTENERS(&submission, &mx),
		    { .daemon_name = "x" }, NULL },
		{ "no name: it could be, as the address is right",
		    LISTENERS(&mx, &named),
		    { MTA, .daemon_port = "26", .daemon_addr = "192.0.2.1" },
		    "?" },
		{ "no name, but another address", LISTENERS(&mx, &named),
		    { MTA, .daemon_port = "26", .daemon_addr = "192.0.2.9" },
		    NULL },
		{ "the first listener that matches decides",
		    LISTENERS(&mx, &named), { MTA, .daemon_port = "25" },
		    "mx" },
		{ "but not if a listener before it could match",
		    LISTENERS(&named, &mx), { MTA, .daemon_port = "25" },
		    "?" },
		{ "a listener before it that cannot match does not count",
		    LISTENERS(&submission, &mx),
		    { MTA, .daemon_port = "25" }, "mx" },
		{ "an address as Postfix writes it", LISTENERS(&by_address),
		    { MTA, .daemon_addr = "2001:db8::7" }, "by_address" },
		{ "an address as Sendmail writes it", LISTENERS(&by_address),
		    { MTA, .daemon_addr = "IPv6:2001:DB8:0:0:0:0:0:7" },
		    "by_address" },
		{ "another address", LISTENERS(&by_address),
		    { MTA, .daemon_addr = "2001:db8::70" }, NULL },
		{ "no address", LISTENERS(&by_address),
		    { MTA, .daemon_addr = "x" }, NULL },
		{ "a client in the network", LISTENERS(&lan, &mx),
		    { MTA, .daemon_port = "25", CLIENT(192, 0, 2, 7) },
		    "lan" },
		{ "a client elsewhere", LISTENERS(&lan, &mx),
		    { MTA, .daemon_port = "25", CLIENT(192, 0, 3, 7) },
		    "mx" },
		{ "a client without an address", LISTENERS(&lan, &mx),
		    { MTA, .daemon_port = "25" }, "mx" },
		{ "sendmail(1) is in no network", LISTENERS(&lan, &local),
		    { MTA, .local = true, CLIENT(192, 0, 2, 7) }, "local" },
		{ "sendmail(1) has no port", LISTENERS(&submission, &local),
		    { MTA, .local = true }, "local" },
		{ "sendmail(1) without a listener", LISTENERS(&submission),
		    { MTA, .local = true }, NULL },
	};
	const struct session_rules	*r;
	const char			*got;
	size_t				 i, n;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		for (n = 0; rows[i].listeners[n] != NULL; n++)
			;
		r = policy_connection(rows[i].listeners, n, &rows[i].conn);
		got = policy_connection_undecided(rows[i].listeners, n,
		    &rows[i].conn, r) ? "?" : r != NULL ? r->name : NULL;
		if ((got == NULL) != (rows[i].want == NULL) ||
		    (got != NULL && strcmp(got, rows[i].want) != 0))
			row_fail(rows[i].name, "%s", got != NULL ? got :
			    "inbound");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_chosen_or_undecided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
