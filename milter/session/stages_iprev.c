/*
 * stages_iprev - does a name of the client resolve to its address?
 * (RFC 8601 2.7.3)
 *
 * The PTR query starts at MAIL; its answer starts the queries for the
 * addresses of the names. The end of the message repeats them and gets the
 * answers that are already there, because equal queries are sent once. Postfix
 * has looked up the same names when it accepted the connection, so the local
 * name server has them in its cache.
 */
#include <string.h>

#include "base/arena.h"
#include "dns/resolver.h"
#include "stages_priv.h"

/* RFC 7208 5.5 sets the same bound for "ptr"; further names are ignored. */
#define IPREV_NAMES	5

static struct lookup *
ask_forward(struct iprev *ip, const char *name)
{
	return lookups_start(ip->lookups, name,
	    ip->client.family == NETADDR_IPV6 ? DNS_AAAA : DNS_A);
}

/* A callback: it runs in the resolver's thread. */
static void
iprev_on_names(void *arg, const struct dns_answer *names)
{
	size_t i;

	for (i = 0; names != NULL && i < names->n && i < IPREV_NAMES; i++)
		ask_forward(arg, names->rr[i].data);
}

void
stage_iprev_start(struct message *m)
{
	char name[80];

	if (!m->setup->conf->iprev || !m->f.conn.client_known)
		return;
	m->iprev = arena_alloc(m->arena, sizeof(*m->iprev));
	m->iprev->lookups = m->lookups;
	m->iprev->client = m->f.conn.client;
	netaddr_reverse_name(&m->f.conn.client, name);
	m->iprev->names = lookups_start(m->lookups, name, DNS_PTR);
	lookup_then(m->iprev->names, iprev_on_names, m->iprev);
}

static bool
has_address(const struct dns_answer *forward, const struct netaddr *client)
{
	struct netaddr	a;
	size_t		i;

	for (i = 0; i < forward->n; i++)
		if (netaddr_from_octets(forward->rr[i].data,
		    forward->rr[i].len, &a) && netaddr_equal(&a, client))
			return true;
	return false;
}

/* One name that resolves to the client's address is enough. */
static void
iprev_compare(struct message *m, const struct dns_answer *names,
    struct iprev_facts *f)
{
	const struct dns_answer	*forward;
	bool			 failed = false;
	size_t			 i;

	for (i = 0; i < names->n && i < IPREV_NAMES; i++) {
		forward = lookup_wait(ask_forward(m->iprev,
		    names->rr[i].data));
		if (has_address(forward, &m->f.conn.client)) {
			f->result = RESULT_PASS;
			f->name = names->rr[i].data;
			f->reason = "its name resolves to it";
			return;
		}
		failed = failed || forward->status == DNS_TEMPFAIL;
	}
	f->result = failed ? RESULT_TEMPERROR : RESULT_FAIL;
	f->reason = failed ? "a lookup of its name failed" :
	    "its name does not resolve to it";
}

void
stage_iprev_collect(struct message *m)
{
	struct iprev_facts	*f = &m->f.iprev;
	const struct dns_answer	*names;

	if (m->iprev == NULL)
		return;
	f->done = true;
	names = lookup_wait(m->iprev->names);
	if (names->n > 0) {
		iprev_compare(m, names, f);
	} else if (names->status == DNS_TEMPFAIL) {
		f->result = RESULT_TEMPERROR;
		f->reason = "the lookup of its name failed";
	} else {
		f->result = RESULT_PERMERROR;
		f->reason = "the address has no name";
	}
}
