/*
 * directory_ldap_why - result codes of LDAP in words, with what to do
 */
#include <ldap.h>

#include <string.h>

#include "base/why.h"
#include "directory_ldap_why_priv.h"

static const struct advice {
	int		 code;		/* RFC 4511 4.1.9, or the library's */
	const char	*text;
} advices[] = {
	{ LDAP_TIMELIMIT_EXCEEDED, "check the index of the attribute, or "
	    "raise the time-out" },
	{ LDAP_SIZELIMIT_EXCEEDED, "write a query that asks for one entry" },
	{ LDAP_STRONG_AUTH_REQUIRED, "remove ?tls=no, or set a bind DN" },
	{ LDAP_REFERRAL, "name the server that has this base" },
	{ LDAP_ADMINLIMIT_EXCEEDED, "check the index of the attribute" },
	{ LDAP_CONFIDENTIALITY_REQUIRED, "remove ?tls=no" },
	{ LDAP_NO_SUCH_OBJECT, "check the base of the query, and what the "
	    "bind DN may read" },
	{ LDAP_INVALID_DN_SYNTAX, "check the bind DN and the base of the "
	    "query" },
	{ LDAP_INAPPROPRIATE_AUTH, "set a bind DN and a password file" },
	{ LDAP_INVALID_CREDENTIALS, "check the bind DN and the password "
	    "file" },
	{ LDAP_INSUFFICIENT_ACCESS, "let the bind DN read these entries" },
	{ LDAP_FILTER_ERROR, "check the parentheses of the query's filter" },
};

bool
directory_ldap_why(int code, const char *text, char why[DIRECTORY_ERROR])
{
	const char	*advice = "check that the server runs";
	bool		 more = text != NULL && *text != '\0';
	size_t		 i;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].code == code)
			advice = advices[i].text;
	return why_print(why, DIRECTORY_ERROR, "%s%s%.200s; %s",
	    ldap_err2string(code), more ? ": " : "", more ? text : "", advice);
}
