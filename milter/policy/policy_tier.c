/*
 * policy_tier - how well did this session prove who it is, and what may it do
 * for that?
 *
 * Judged for each message: a session that comes back to a weaker proof falls
 * back to the tier of that. Tiers never widen what the login's own table
 * allows.
 */
#include <string.h>
#include <strings.h>

#include "policy/policy_sender.h"
#include "policy/policy_session.h"
#include "policy/policy_tier.h"
#include "policy_certificate_priv.h"
#include "policy_mechanism_priv.h"

static const char *const class_words[] = {
	[MECHANISM_PLAINTEXT] = "plaintext", [MECHANISM_SCRAM] = "scram",
	[MECHANISM_TOKEN] = "token", [MECHANISM_CERTIFICATE] = "certificate"
};

const char *
policy_class_word(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(class_words) / sizeof(class_words[0]); i++)
		if (strcasecmp(class_words[i], text) == 0)
			return class_words[i];
	return NULL;
}

bool
policy_tier_takes(const struct tier_rules *t, const char *mechanism)
{
	enum mechanism_class	 class = policy_mechanism_class(mechanism);
	const char		*word = class == MECHANISM_OTHER ? NULL :
				     class_words[class];
	size_t			 i;

	if (t->nmechanisms == 0)
		return true;
	for (i = 0; i < t->nmechanisms; i++)
		if ((word != NULL && strcmp(t->mechanisms[i], word) == 0) ||
		    (mechanism != NULL &&
		    strcasecmp(t->mechanisms[i], mechanism) == 0))
			return true;
	return false;
}

static bool
meets(const struct tier_rules *t, const struct session_rules *r,
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
		if (meets(&t[i], r, user, f))
			return &t[i];
	return NULL;
}

bool
policy_tier_allows(const struct tier_rules *t,
    const struct identity_rules *ir, const char *login,
    const struct mailbox *box)
{
	const char	*pattern;
	size_t		 i;

	if (t == NULL || t->nsenders == 0)
		return true;
	if (box->local == NULL || box->domain == NULL)
		return false;
	for (i = 0; i < t->nsenders; i++) {
		pattern = t->senders[i];
		if (strcmp(pattern, TIER_LOGIN) == 0 ?
		    policy_is_own_address(ir, login, box) :
		    policy_sender_fits(ir, pattern, box))
			return true;
	}
	return false;
}
