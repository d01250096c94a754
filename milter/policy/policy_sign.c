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
