/*
 * idna - U-labels to A-labels (RFC 5890, 5891, UTS 46 non-transitional)
 *
 * The door to libidn2. domain.c asks it for names with octets outside ASCII
 * only; everybody else asks domain.c.
 */
#ifndef MILLGATE_IDNA_H
#define MILLGATE_IDNA_H

struct arena;

/*
 * `name` in UTF-8, a NUL behind it, any case. The answer is ASCII, but not
 * yet a checked domain name: mapping may have made empty labels or octets
 * such as "/". NULL: not valid UTF-8, or IDNA forbids a label.
 */
const char	*idna_to_ascii(struct arena *a, const char *name);

#endif
