/*
 * domain - domain names as text: check, fold case, compare (RFC 1035, 5321,
 * 5890)
 */
#ifndef MILLGATE_DOMAIN_H
#define MILLGATE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define DOMAIN_MAX	253
#define LABEL_MAX	63

/*
 * The canonical form of a domain found in mail: lower case, A-labels, no
 * final dot; in `a`. NULL when the text is not a domain name: empty, with an
 * empty label or one of more than 63 octets, of more than 253 octets in all,
 * with octets other than letters, digits, hyphen and underscore after
 * conversion, or an address literal. A single label is accepted.
 */
const char	*domain_canonical(struct arena *a, const char *text,
		    size_t len);
/* The number of labels of a canonical name. */
unsigned	 domain_labels(const char *domain);
/* The last `n` labels: ("a.b.c", 2) gives "b.c". */
const char	*domain_suffix(const char *domain, unsigned n);
/* True when `domain` is `parent` or below it; both must be canonical. */
bool		 domain_is_within(const char *domain, const char *parent);
/* Compares without regard to ASCII case and to one final dot. */
bool		 domain_equal(const char *a, const char *b);

#endif
