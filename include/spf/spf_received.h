/*
 * spf_received - Received-SPF fields: write ours, recognize forged ones
 *
 * Pure.
 */
#ifndef MILLGATE_SPF_RECEIVED_H
#define MILLGATE_SPF_RECEIVED_H

#include <stdbool.h>

struct arena;
struct facts;

/*
 * The value of a Received-SPF field (RFC 7208 9.1) for the HELO or the MAIL
 * FROM check, in the arena. It begins with a blank and is folded with LF TAB.
 * Words from the wire are quoted, or left out when they cannot be. NULL: that
 * check was not done.
 */
const char *spf_received_format(struct arena *a, const struct facts *f,
	    const char *receiver, bool helo);
/*
 * True when a reader could take a field with this value for one that we
 * wrote as `receiver`: its receiver= is our name (in any case, quoting or
 * comments), is "unknown" or empty, or is missing; or our name opens its
 * comment. A malformed field that contains our name counts as ours, too.
 */
bool	spf_received_claims(const char *value, const char *receiver);

#endif
