/*
 * directory_ldap_escape - values in search bases and filters of LDAP
 *
 * Whatever a value contains, it stays one value: of an RDN in a base (RFC
 * 4514 2.4), of an assertion in a filter (RFC 4515 3).
 */
#ifndef MILLGATE_DIRECTORY_LDAP_ESCAPE_H
#define MILLGATE_DIRECTORY_LDAP_ESCAPE_H

#include "directory/directory.h"

struct buf;

/*
 * Append the value. A backslash and two hexadecimal digits mean the same in
 * both syntaxes; all octets but letters, digits and "-._@" are written so.
 */
void	directory_ldap_escape(struct buf *out, const char *value);
/* Append the base; NULL values add nothing. */
void	directory_ldap_base(struct buf *out, const struct directory_text *t);
/*
 * Append the filter. In "(member=uid=VALUE,ou=people)" the value is a part of
 * a DN within the assertion, and is escaped for both.
 */
void	directory_ldap_filter(struct buf *out, const struct directory_text *t);
/* Append the URL of a host for libldap; a socket's path is percent-encoded. */
void	directory_ldap_url(struct buf *out, const struct directory_place *p,
	    const struct directory_host *h);
/* Has the text a value? */
bool	directory_ldap_depends(const struct directory_text *t);

#endif
