/*
 * policy_relay - which clients need no login, and whose mail is it then?
 *
 * A relay section lets the clients of its networks in on the listeners that
 * name it, and binds them to identities as a user section does. Who logs in
 * is judged as that login, wherever he comes from.
 */
#include "policy/policy_relay.h"

const struct relay_rules *
policy_relay(const struct session_rules *r, const struct facts *f)
{
	size_t i;

	if (r->direction != DIRECTION_SUBMISSION || f->conn.local ||
	    f->auth.login != NULL)
		return NULL;
	for (i = 0; i < r->nrelays; i++)
		if (netblocks_contain(r->relays[i]->who.networks,
		    r->relays[i]->who.nnetworks, &f->conn.client))
			return r->relays[i];
	return NULL;
}

const char *
policy_submitter(const struct user_rules *user, const struct facts *f)
{
	if (f->auth.login != NULL)
		return f->auth.login;
	return f->relay != NULL && user != NULL ? user->login : NULL;
}

const char *
policy_own_address(const struct user_rules *user, const struct facts *f)
{
	return f->auth.login != NULL && f->auth.address != NULL ?
	    f->auth.address : policy_submitter(user, f);
}
