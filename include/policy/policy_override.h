/*
 * policy_override - trusted clients, and exceptions from DMARC and SPF
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
 * True when DMARC and SPF do not judge this client; *o has the reason, or is
 * cleared. `own_mail` is the answer of policy_is_own_mail.
 */
bool		 policy_trust(const struct trust_rules *r,
		    const struct facts *f, bool own_mail,
		    struct override_facts *o);

/* Whose action a section replaces. */
enum override_of { OVERRIDE_DMARC, OVERRIDE_SPF, OVERRIDE_BOTH };

/*
 * One override section. It fits when each list that is not empty matches the
 * message. Domains are canonical; ".x" is the subdomains of x.
 */
struct override_rules {
	const char	*name;
	const struct netblock *networks;	size_t nnetworks;
	const char *const *author_domains;	size_t nauthor_domains;
	const char *const *signers;		size_t nsigners;
	const char *const *recipients;		size_t nrecipients;
	enum override_of of;
	enum action	 action;
	const char	*reason;	/* NULL: none given */
};

/*
 * The first of n sections that fits replaces `v`, the verdict of
 * policy_dmarc; *o names the section. Only the results fail, temperror and
 * permerror can be replaced.
 */
struct verdict	 policy_override(const struct override_rules *r, size_t n,
		    const struct identity_rules *ir, const struct facts *f,
		    struct override_facts *o, struct verdict v);

/*
 * The same for the verdict of policy_spf, where HELO or MAIL FROM is fail,
 * softfail, permerror or temperror.
 */
struct verdict	 policy_override_spf(const struct override_rules *r, size_t n,
		    const struct identity_rules *ir, const struct facts *f,
		    struct override_facts *o, struct verdict v);

#endif
