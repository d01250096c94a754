/*
 * stages_iprev - does the client's name lead back to it? (RFC 8601 2.7.3)
 *
 * The PTR question starts at MAIL; each name in its answer is asked for as it
 * arrives. The end of the message finds the answers there: the same question
 * twice is one. Postfix has asked for the same names when it accepted the
 * connection, so a name server near by knows them.
 */
#include <string.h>

#include "dns/resolver.h"
#include "stages_priv.h"

/* As RFC 7208 5.5 bounds "ptr"; who has more has no name of his own. */
#define IPREV_NAMES	5

static struct lookup *
ask_forward(struct iprev *ip, const char *name)
{
	return lookups_start(ip->lookups, name,
	    ip->client.family == NETADDR_IPV6 ? DNS_AAAA : DNS_A);
}

/* A callback: runs in the resolver's thread and keeps nothing. */
static void
on_names(void *arg, const struct dns_answer *names)
{
	size_t i;

	for (i = 0; i < names->n && i < IPREV_NAMES; i++)
		ask_forward(arg, names->rr[i].data);
}

void
stage_iprev_start(struct session *s)
{
	char name[80];

	s->iprev.names = NULL;
	if (!s->setup->conf->iprev || !s->f.conn.client_known)
		return;
	s->iprev.lookups = s->lookups;
	s->iprev.client = s->f.conn.client;
	netaddr_reverse_name(&s->f.conn.client, name);
	s->iprev.names = lookups_start(s->lookups, name, DNS_PTR);
	lookup_then(s->iprev.names, on_names, &s->iprev);
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

/* One name that leads back is enough. */
static void
compare(struct session *s, const struct dns_answer *names,
    struct iprev_facts *f)
{
	const struct dns_answer	*forward;
	bool			 failed = false;
	size_t			 i;

	for (i = 0; i < names->n && i < IPREV_NAMES; i++) {
		forward = lookup_wait(ask_forward(&s->iprev,
		    names->rr[i].data));
		if (has_address(forward, &s->f.conn.client)) {
			f->result = RESULT_PASS;
			f->name = names->rr[i].data;
			f->reason = "its name leads back to it";
			return;
		}
		failed = failed || forward->status == DNS_TEMPFAIL;
	}
	f->result = failed ? RESULT_TEMPERROR : RESULT_FAIL;
	f->reason = failed ? "a lookup of its name failed" :
	    "its name does not lead back to it";
}

void
stage_iprev_collect(struct session *s)
{
	struct iprev_facts	*f = &s->f.iprev;
	const struct dns_answer	*names;

	if (s->iprev.names == NULL)
		return;
	f->done = true;
	names = lookup_wait(s->iprev.names);
	if (names->n > 0) {
		compare(s, names, f);
	} else if (names->status == DNS_TEMPFAIL) {
		f->result = RESULT_TEMPERROR;
		f->reason = "the lookup of its name failed";
	} else {
		f->result = RESULT_PERMERROR;
		f->reason = "the address has no name";
	}
}
