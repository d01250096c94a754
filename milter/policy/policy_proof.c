/*
 * policy_proof - what TLS, SASL and a client certificate prove
 *
 * A password or a bearer token that is sent as it is needs TLS (RFC 4616,
 * RFC 7628 section 4). An unknown mechanism is taken for plaintext.
 *
 * The MTA verifies certificates against the CAs that it trusts; the rules say
 * which CAs count and which names are the login's. In a whole subject on one
 * line, the value of one attribute can look like another attribute. So the
 * common name, which the MTA also sends by itself, must be in it as well.
 */
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "policy/policy_proof.h"

/* Is it in the list, or does it begin with an item that ends in "*"? */
static bool
mechanism_is_one_of(const char *const *list, const char *mechanism)
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
	if (mechanism_is_one_of(scram, mechanism))
		return MECHANISM_SCRAM;
	if (mechanism_is_one_of(token, mechanism))
		return MECHANISM_TOKEN;
	if (mechanism_is_one_of(certificate, mechanism))
		return MECHANISM_CERTIFICATE;
	return mechanism_is_one_of(other, mechanism) ? MECHANISM_OTHER :
	    MECHANISM_PLAINTEXT;
}

static const char *const class_words[] = {
	[MECHANISM_PLAINTEXT] = "plaintext", [MECHANISM_SCRAM] = "scram",
	[MECHANISM_TOKEN] = "token", [MECHANISM_CERTIFICATE] = "certificate",
	[MECHANISM_OTHER] = NULL
};

const char *
policy_class_word(enum mechanism_class class)
{
	return class_words[class];
}

const char *
policy_class_find(const char *text)
{
	size_t i;

	for (i = 0; i < MECHANISM_OTHER; i++)
		if (strcasecmp(class_words[i], text) == 0)
			return class_words[i];
	return NULL;
}

int
policy_tls_rank(const char *version)
{
	if (version == NULL)
		return 0;
	if (strcasecmp(version, "SSLv3") == 0)
		return 3;
	if (strcasecmp(version, "TLSv1") == 0)
		return 10;
	if (strncasecmp(version, "TLSv1.", 6) == 0 &&
	    ascii_is_digit(version[6]) && version[7] == '\0')
		return 10 + (version[6] - '0');
	return 0;
}

/* Is "/CN=name", with no more than that name, in the subject? */
static bool
subject_names(const char *subject, const char *name)
{
	size_t		 len = strlen(name);
	const char	*p = subject;

	while ((p = strstr(p, "/CN=")) != NULL) {
		p += strlen("/CN=");
		if (strncmp(p, name, len) == 0 &&
		    (p[len] == '/' || p[len] == '\0'))
			return true;
	}
	return false;
}

/* `text` begins with a slash: a whole subject. */
static bool
subject_is(const char *text, const char *subject, const char *name)
{
	if (subject == NULL || strcmp(text, subject) != 0)
		return false;
	return strstr(text, "/CN=") == NULL ||
	    (name != NULL && subject_names(text, name));
}

static bool
issuer_is(const char *text, const struct tls_facts *tls)
{
	if (text[0] == '/')
		return subject_is(text, tls->cert_issuer,
		    tls->cert_issuer_name);
	return tls->cert_issuer_name != NULL &&
	    strcmp(text, tls->cert_issuer_name) == 0;
}

static bool
issuer_counts(const struct session_rules *r, const struct user_rules *user,
    const struct tls_facts *tls)
{
	bool	listed = r->ncertificate_issuers == 0;
	size_t	i;

	for (i = 0; i < r->ncertificate_issuers && !listed; i++)
		listed = issuer_is(r->certificate_issuers[i], tls);
	return listed && (user == NULL || user->certificate_issuer == NULL ||
	    issuer_is(user->certificate_issuer, tls));
}

/* A common name compares as logins do, a whole subject octet by octet. */
static bool
certificate_is(const char *text, const struct tls_facts *tls)
{
	if (text[0] == '/')
		return subject_is(text, tls->cert_subject, tls->cert_name);
	return tls->cert_name != NULL &&
	    strcasecmp(text, tls->cert_name) == 0;
}

bool
policy_certificate_fits(const struct session_rules *r,
    const struct user_rules *user, const struct facts *f)
{
	size_t i;

	if (f->auth.login == NULL || !f->tls.cert_verified ||
	    !issuer_counts(r, user, &f->tls))
		return false;
	if (user == NULL || user->ncertificates == 0)
		return f->tls.cert_login != NULL &&
		    strcasecmp(f->auth.login, f->tls.cert_login) == 0;
	for (i = 0; i < user->ncertificates; i++)
		if (certificate_is(user->certificates[i], &f->tls))
			return true;
	return false;
}

bool
policy_certificate_asked(const struct session_rules *r,
    const struct user_rules *user)
{
	return r->ncertificate_issuers > 0 || (user != NULL &&
	    (user->ncertificates > 0 || user->certificate_issuer != NULL));
}
