/*
 * policy_sign - for which domain may this message be signed?
 *
 * Only a submission that somebody answers for: a login whose identities
 * policy_identity accepted, or sendmail(1) on this host. A client without a
 * login is nobody, wherever it connects from.
 */
#include "policy.h"

const char *
policy_sign_domain(const struct facts *f, const char **why)
{
	*why = NULL;
	if (f->direction != DIRECTION_SUBMISSION)
		*why = "inbound";
	else if (f->auth.login == NULL && !f->conn.local)
		*why = "no login";
	else if (f->from.state != FROM_OK || f->from.ndomains == 0)
		*why = "no author domain";
	else if (f->from.ndomains > 1)
		*why = "several author domains";
	return *why == NULL ? f->from.domain[0] : NULL;
}
