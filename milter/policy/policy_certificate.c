/*
 * policy_certificate - does the client's certificate belong to this login?
 *
 * The MTA verified it against the CAs that it trusts; which of them count,
 * and which names are the login's, is said here. A whole subject is one line
 * in which one attribute's value can look like another attribute: the common
 * name, which the MTA sends by itself, has to be in it as well.
 */
#include <string.h>
#include <strings.h>

#include "policy_certificate_priv.h"

/* "/CN=name" stands in the subject, and no more than that name. */
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

/* `text` begins with a slash: all of the subject. */
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

/* A common name compares as logins do; a whole subject octet by octet. */
static bool
name_is(const char *text, const struct tls_facts *tls)
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
		return f->tls.cert_name != NULL &&
		    strcasecmp(f->auth.login, f->tls.cert_name) == 0;
	for (i = 0; i < user->ncertificates; i++)
		if (name_is(user->certificates[i], &f->tls))
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
