/*
 * policy_sign - the domain whose DKIM keys sign a message
 *
 * Only submissions with a known submitter are signed: a login or a client of
 * a relay whose addresses policy_identity accepted, or sendmail(1) on this
 * host. Mail of any other client is not signed, from any network.
 */
#include <string.h>

#include "mail/domain.h"
#include "policy/policy_address.h"
#include "policy/policy_sign.h"

const char *
policy_sign_domain(const struct facts *f, const char **why)
{
	*why = NULL;
	if (f->direction != DIRECTION_SUBMISSION)
		*why = "inbound";
	else if (f->auth.login == NULL && f->relay == NULL &&
	    !f->conn.local)
		*why = "no login";
	else if (f->from.state != FROM_OK || f->from.ndomains == 0)
		*why = "no author domain";
	else if (f->from.ndomains > 1)
		*why = "several author domains";
	return *why == NULL ? f->from.domain[0] : NULL;
}

bool
policy_sign_is_exempt(const struct sign_exemptions *r,
    const struct identity_rules *ir, const struct facts *f, const char **why)
{
	const struct mailbox_list	*list = &f->env.recipient_list;
	size_t				 i;

	*why = "the author's domain is exempt";
	for (i = 0; i < f->from.ndomains; i++)
		if (policy_domain_is_listed(r->domains, r->ndomains,
		    f->from.domain[i]))
			return true;
	*why = "a recipient is exempt";
	for (i = 0; i < list->n; i++)
		if (policy_box_is_listed(ir, r->recipients, r->nrecipients,
		    &list->box[i]))
			return true;
	*why = NULL;
	return false;
}

/*
 * A tenant of a subdomain must not sign for the parent domain: by relaxed
 * alignment its signature would give DMARC a pass.
 */
bool
policy_signs_for(const struct identity_rules *ir,
    const struct user_rules *user, const char *login, const char *domain)
{
	size_t i;

	if (login == NULL)
		return true;
	if (user == NULL && ir->unlisted != UNLISTED_OWN_ADDRESS)
		return ir->unlisted == UNLISTED_ANY;
	if (user == NULL || user->nsenders == 0)
		return policy_pattern_reaches(login, domain);
	for (i = 0; i < user->nsenders; i++)
		if (policy_pattern_reaches(user->senders[i], domain))
			return true;
	return false;
}

bool
policy_tier_signs_for(const struct tier_rules *t, const char *login,
    const char *domain)
{
	const char	*at;
	size_t		 i;

	if (t == NULL || t->nsenders == 0 || login == NULL)
		return true;
	at = strrchr(login, '@');
	for (i = 0; i < t->nsenders; i++)
		if (strcmp(t->senders[i], TIER_LOGIN) == 0 ?
		    at != NULL && domain_equal(at + 1, domain) :
		    policy_pattern_reaches(t->senders[i], domain))
			return true;
	return false;
}
