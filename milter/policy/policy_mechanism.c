/*
 * policy_mechanism - what a SASL mechanism proves, and what it gives away
 *
 * A password or a bearer token that is sent as it is needs TLS (RFC 4616,
 * RFC 7628 4). So does what we do not know: it is taken for plaintext.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "policy_mechanism_priv.h"

/* A name, or with an asterisk behind it all that begins so. */
static bool
is_one_of(const char *const *list, const char *mechanism)
{
	size_t len;

	for (; *list != NULL; list++) {
		len = strcspn(*list, "*");
		if (strncasecmp(*list, mechanism, len) == 0 &&
		    ((*list)[len] == '*' || mechanism[len] == '\0'))
			return true;
	}
	return false;
}

enum mechanism_class
policy_mechanism_class(const char *mechanism)
{
	static const char *const scram[] = { "SCRAM-*", NULL };
	static const char *const token[] = { "OAUTHBEARER", "XOAUTH2", NULL };
	static const char *const certificate[] = { "EXTERNAL", NULL };
	/* the password itself is not sent; XCLIENT: not by this client */
	static const char *const other[] = { "CRAM-MD5", "DIGEST-MD5", "GS2-*",
	    "GSSAPI", "GSS-SPNEGO", "KERBEROS_V4", "NTLM", "OTP", "SRP",
	    "XCLIENT", NULL };

	if (mechanism == NULL)
		return MECHANISM_PLAINTEXT;
	if (is_one_of(scram, mechanism))
		return MECHANISM_SCRAM;
	if (is_one_of(token, mechanism))
		return MECHANISM_TOKEN;
	if (is_one_of(certificate, mechanism))
		return MECHANISM_CERTIFICATE;
	return is_one_of(other, mechanism) ? MECHANISM_OTHER :
	    MECHANISM_PLAINTEXT;
}
