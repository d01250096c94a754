/*
 * commaize - an address field as Sendmail writes it when it delivers
 */
#ifndef MILLGATE_COMMAIZE_H
#define MILLGATE_COMMAIZE_H

#include <stdbool.h>

struct arena;

/* A field that Sendmail takes for a list of addresses. */
bool		 commaize_applies(const char *name);
/*
 * The value of such a field with its addresses apart by ", ", and names that
 * need it in quotes: in relaxed form what Sendmail will send. The value itself
 * when nothing changes, or when it cannot be foretold.
 */
const char	*commaize(struct arena *a, const char *value);

#endif
