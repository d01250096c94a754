/*
 * policy_certificate - is the client certificate the login's?
 *
 * Pure: it reads facts and rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_CERTIFICATE_H
#define MILLGATE_POLICY_CERTIFICATE_H

#include "policy/policy_rules.h"

/*
 * The MTA verified a certificate, and it is the login's: its subject and its
 * issuer are those that listener and user ask for. Texts that begin with a
 * slash are whole subjects, others common names.
 */
bool		 policy_certificate_fits(const struct session_rules *r,
		    const struct user_rules *user, const struct facts *f);
/* Somebody asks for more than a common name that is the login. */
bool		 policy_certificate_asked(const struct session_rules *r,
		    const struct user_rules *user);

#endif
