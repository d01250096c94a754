/*
 * commaize - an address field as Sendmail rewrites it on delivery
 *
 * Signing the rewritten form keeps a signature valid behind Sendmail.
 */
#ifndef MILLGATE_COMMAIZE_H
#define MILLGATE_COMMAIZE_H

#include <stdbool.h>

struct arena;

/* True for the fields that Sendmail parses as address lists. */
bool		 commaize_applies(const char *name);
/*
 * The value of an address field as Sendmail will send it, up to folding:
 * addresses separated by ", ", display names quoted where Sendmail requires
 * it. Returns `value` itself when the result cannot be predicted.
 */
const char	*commaize(struct arena *a, const char *value);

#endif
