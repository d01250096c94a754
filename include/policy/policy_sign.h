/*
 * policy_sign - the domain whose DKIM keys sign a message
 *
 * Pure: it reads facts and rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_SIGN_H
#define MILLGATE_POLICY_SIGN_H

#include "policy/policy_rules.h"

/*
 * The author domain, when the message is a submission with exactly one author
 * domain, made by a login, a client of a relay, or sendmail(1). Else NULL, and
 * *why is a static text. Call it only after policy_identity has accepted, so
 * that a login gets signatures only for addresses that it may use.
 */
const char	*policy_sign_domain(const struct facts *f, const char **why);

/* Mail that is not signed, though a key could sign it. */
struct sign_exemptions {
	/* of the author */
	const char *const *domains;	size_t ndomains;
	const char *const *recipients;	size_t nrecipients;
};

/*
 * True with a static *why when the author's domain is exempt, or any of the
 * recipients: the signature is one for all of them.
 */
bool		 policy_sign_is_exempt(const struct sign_exemptions *r,
		    const struct identity_rules *ir, const struct facts *f,
		    const char **why);

/*
 * May mail of this login be signed by `domain`, a parent of the author
 * domain? Only if the login may use some address of it. True without a login:
 * sendmail(1) may sign for any domain of the host.
 */
bool		 policy_signs_for(const struct identity_rules *ir,
		    const struct user_rules *user, const char *login,
		    const char *domain);
/* Does the tier allow the same? A tier of NULL allows all. */
bool		 policy_tier_signs_for(const struct tier_rules *t,
		    const char *login, const char *domain);

#endif
