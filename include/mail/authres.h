/*
 * authres - writes our Authentication-Results field (RFC 8601, 8616)
 *
 * Text from the network is quoted or left out: it cannot end a token, open a
 * comment, begin a method or add a line. The reader of other fields is in
 * claims.h.
 */
#ifndef MILLGATE_AUTHRES_H
#define MILLGATE_AUTHRES_H

#include <stdbool.h>

#include "mail/facts.h"
#include "mail/verdict.h"

struct arena;

/* What the field tells about a login. */
enum login_results {
	LOGIN_RESULTS_NONE,		/* nothing, not even that there is one */
	LOGIN_RESULTS_ANONYMOUS,	/* auth=pass */
	LOGIN_RESULTS_LOGIN		/* login, mechanism and tier as well */
};

struct authres_form {
	const char	*authserv_id;
	enum login_results login;
	bool		 monitor;	/* the verdict was not carried out */
};

/*
 * The value of our field for these facts, beginning with a blank, folded
 * with LF TAB, in `a`:
 * "authserv-id; auth=...; iprev=...; spf=...; dkim=...; dmarc=...".
 * A method whose facts are not `done` is left out (auth: without a login);
 * without any method the result is "none", which says that there was nothing
 * to authenticate (RFC 8601 2.2). On a submission with LOGIN_RESULTS_NONE that
 * could be untrue, and there is nothing else to say: NULL, no field.
 *
 * `v` is the final verdict. It and `monitor` show only in the comment of dmarc:
 *
 *   dmarc=fail (p=reject dis=reject record=example.org)
 *   dmarc=fail (p=reject dis=none enforce=reject record=example.org)
 *
 * Lines have 78 octets where the words allow it, and never more than 998.
 * A value is left out when it is longer than 255 octets, is not UTF-8, has
 * control characters, or would look like a result to a text search
 * ("dkim=pass@example.org"). The same holds for a local part, of 64 octets
 * at most; the domain of its address is still written. A comment gives the
 * reason of a result other than pass.
 */
const char *authres_format(struct arena *a, const struct authres_form *form,
	    const struct facts *f, const struct verdict *v);

#endif
