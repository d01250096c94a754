/*
 * authres - Authentication-Results (RFC 8601): our field, and whose field it is
 *
 * The writer quotes or drops every foreign word: nothing from the wire can
 * close a token, open a comment, start a method or add a line.
 */
#ifndef MILLGATE_AUTHRES_H
#define MILLGATE_AUTHRES_H

#include <stdbool.h>

#include "mail/facts.h"
#include "mail/verdict.h"

struct arena;

/*
 * The value of our field for these facts, beginning with a blank, folded
 * with LF TAB: "authserv-id; auth=...; iprev=...; spf=...; dkim=...; dmarc=...".
 * Methods whose facts are not `done` are left out (auth: no login); none at
 * all gives "none". `v` is the final verdict; `monitor` says that it was not
 * carried out; both only show in the dmarc comment and policy property:
 *
 *   dmarc=fail (p=reject dis=reject record=example.org)
 *   dmarc=fail (p=reject dis=none enforce=reject record=example.org)
 *
 * Lines are of 78 octets where words allow it, never more than 998. A value
 * of more than 255 octets, a local part of more than 64, one that is no UTF-8
 * or has control characters, or one in which a text search would find a
 * result ("dkim=pass@example.org") is left out; of an address the domain
 * stays. The reason of a result other than pass is a comment.
 */
const char *authres_format(struct arena *a, const char *authserv_id,
	    const struct facts *f, const struct verdict *v, bool monitor);

#endif
