/*
 * policy_tier - the assurance tier that a session reaches
 *
 * The tier is chosen anew for each message: a session that logs in again with
 * a weaker proof falls back to a lower tier. A tier never allows an address
 * that the login's own entry does not.
 */
#include <string.h>
#include <strings.h>

#include "policy/policy_proof.h"
#include "policy/policy_tier.h"

bool
policy_tier_takes(const struct tier_rules *t, const char *mechanism)
{
	const char	*word;
	size_t		 i;

	if (t->nmechanisms == 0)
		return true;
	word = policy_class_word(policy_mechanism_class(mechanism));
	for (i = 0; i < t->nmechanisms; i++)
		if ((word != NULL && strcmp(t->mechanisms[i], word) == 0) ||
		    (mechanism != NULL &&
		    strcasecmp(t->mechanisms[i], mechanism) == 0))
			return true;
	return false;
}

static bool
tier_is_met(const struct tier_rules *t, const struct session_rules *r,
    const struct user_rules *user, const struct facts *f)
{
	if (!policy_tier_takes(t, f->auth.mechanism))
		return false;
	if (t->min_tls != NULL && (!f->tls.on ||
	    policy_tls_rank(f->tls.version) < policy_tls_rank(t->min_tls)))
		return false;
	return !t->certificate || policy_certificate_fits(r, user, f);
}

const struct tier_rules *
policy_tier(const struct tier_rules *t, size_t n,
    const struct session_rules *r, const struct user_rules *user,
    const struct facts *f)
{
	size_t i;

	if (f->auth.login == NULL || r->direction != DIRECTION_SUBMISSION)
		return NULL;
	for (i = 0; i < n; i++)
		if (tier_is_met(&t[i], r, user, f))
			return &t[i];
	return NULL;
}
