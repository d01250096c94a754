/*
 * policy_sign - for which domain may this message be signed?
 *
 * Only a submission that somebody answers for: a login or a relay's client
 * whose identities policy_identity accepted, or sendmail(1) on this host. Any
 * other client without a login is nobody, wherever it connects from.
 */
#include <string.h>

#include "mail/domain.h"
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

/* Some address of the domain is what this pattern stands for. */
static bool
reaches(const char *pattern, const char *domain)
{
	const char *at;

	if (strcmp(pattern, "*") == 0)
		return true;
	if (strncmp(pattern, "@.", 2) == 0)
		return domain_is_within(domain, pattern + 2) &&
		    !domain_equal(domain, pattern + 2);
	at = strrchr(pattern, '@');
	return at != NULL && domain_equal(at + 1, domain);
}

/*
 * A tenant that was given a subdomain says nothing for the domain above it,
 * although relaxed alignment would make a DMARC pass of such a signature.
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
		return reaches(login, domain);
	for (i = 0; i < user->nsenders; i++)
		if (reaches(user->senders[i], domain))
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
		    reaches(t->senders[i], domain))
			return true;
	return false;
}
