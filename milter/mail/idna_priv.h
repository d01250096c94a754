/*
 * idna - U-labels to A-labels (RFC 5890, 5891, UTS 46 non-transitional)
 *
 * The door to libidn2. Only domain.c uses it, for names with octets outside
 * ASCII; other files call domain.c.
 */
#ifndef MILLGATE_IDNA_H
#define MILLGATE_IDNA_H

struct arena;

/*
 * `name` is NUL-terminated UTF-8 in any case. The result, in `a`, is ASCII
 * but not yet a checked domain name: the mapping may produce empty labels or
 * octets like "/". NULL: not valid UTF-8, or a label that IDNA forbids.
 */
const char	*idna_to_ascii(struct arena *a, const char *name);

#endif
