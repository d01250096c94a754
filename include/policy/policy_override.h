/*
 * policy_override - trusted clients, and sections that decide instead of DMARC
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_OVERRIDE_H
#define MILLGATE_POLICY_OVERRIDE_H

#include "mail/verdict.h"
#include "policy/policy_rules.h"

enum trust_logins { TRUST_NO_LOGIN, TRUST_OWN_ADDRESS, TRUST_ANY_LOGIN };

/* Inbound clients that DMARC and SPF do not judge. */
struct trust_rules {
	const struct netblock *networks;	size_t nnetworks;
	enum trust_logins logins;
};

/*
 * True: trusted; *o says why. Clears *o otherwise. `own_mail` is what
 * policy_is_own_mail says.
 */
bool		 policy_trust(const struct trust_rules *r,
		    const struct facts *f, bool own_mail,
		    struct override_facts *o);

/*
 * One override section: it fits when each list that is not empty names the
 * message. Domains are canonical, with a dot in front for what is below.
 */
struct override_rules {
	const char	*name;
	const struct netblock *networks;	size_t nnetworks;
	const char *const *author_domains;	size_t nauthor_domains;
	const char *const *signers;		size_t nsigners;
	const char *const *recipients;		size_t nrecipients;
	enum action	 action;
	const char	*reason;	/* NULL: none given */
};

/*
 * The first of n sections that fits decides instead of `v`, the verdict of
 * policy_dmarc, and *o says which. Only a fail, temperror or permerror is
 * changed.
 */
struct verdict	 policy_override(const struct override_rules *r, size_t n,
		    const struct identity_rules *ir, const struct facts *f,
		    struct override_facts *o, struct verdict v);

#endif
