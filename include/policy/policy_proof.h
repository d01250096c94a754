/*
 * policy_proof - what TLS, SASL and a client certificate prove
 *
 * Pure: it reads facts and rules, and nothing else.
 */
#ifndef MILLGATE_POLICY_PROOF_H
#define MILLGATE_POLICY_PROOF_H

#include "policy/policy_rules.h"

enum mechanism_class {
	MECHANISM_PLAINTEXT,	/* the password itself, and unknown ones */
	MECHANISM_SCRAM,
	MECHANISM_TOKEN,	/* of an identity provider */
	MECHANISM_CERTIFICATE,	/* EXTERNAL */
	MECHANISM_OTHER		/* a password that is not sent itself */
};

/* The class of a SASL mechanism. NULL counts as an unknown one. */
enum mechanism_class policy_mechanism_class(const char *mechanism);
/* "plaintext", "scram", "token", "certificate"; MECHANISM_OTHER: NULL. */
const char	*policy_class_word(enum mechanism_class class);
/* "scram" for "SCRAM": the word of a class, in any case; NULL: none. */
const char	*policy_class_find(const char *text);

/*
 * 3 for "SSLv3", 10 for "TLSv1", 12 for "TLSv1.2": a later version has a
 * higher rank. 0 for NULL and for unknown versions.
 */
int		 policy_tls_rank(const char *version);

/*
 * Did the MTA verify a client certificate that belongs to the login, by the
 * subject and the issuer that listener and user require? A text that begins
 * with a slash is a whole subject, any other a common name. `user` may be
 * NULL.
 */
bool		 policy_certificate_fits(const struct session_rules *r,
		    const struct user_rules *user, const struct facts *f);
/* Does the listener or the user name issuers or certificates? */
bool		 policy_certificate_asked(const struct session_rules *r,
		    const struct user_rules *user);

#endif
