/*
 * authres - Authentication-Results (RFC 8601): our field, and whose field it is
 *
 * The writer quotes or drops every foreign word: nothing from the wire can
 * close a token, open a comment, start a method or add a line.
 */
#ifndef MILLGATE_AUTHRES_H
#define MILLGATE_AUTHRES_H

#include <stdbool.h>

#include "facts.h"
#include "verdict.h"

struct arena;

/*
 * True when the field's value claims this authserv-id: any case, comments,
 * folding, quoting, version number. What cannot be parsed up to its id but
 * contains the id as a word claims it too (fail closed).
 */
bool	authres_claims(const char *value, const char *authserv_id);

/*
 * The value of our field for these facts, beginning with a blank, folded
 * with LF TAB: "authserv-id; auth=...; spf=...; dkim=...; dmarc=...".
 * Methods whose facts are not `done` are left out; none at all gives "none".
 * `v` is the final verdict; `monitor` says that it was not carried out; both
 * only show in the dmarc comment and policy property.
 */
const char *authres_format(struct arena *a, const char *authserv_id,
	    const struct facts *f, const struct verdict *v, bool monitor);

#endif
