/*
 * domain - domain names as text: validate, fold, compare (RFC 1035, 5321,
 * 5890). A U-label is turned into its A-label.
 */
#ifndef MILLGATE_DOMAIN_H
#define MILLGATE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define DOMAIN_MAX	253
#define LABEL_MAX	63

/*
 * The canonical form of a domain as met in mail: lower case, A-labels, no
 * final dot. NULL when it is none: empty, an empty or over-long label, more
 * than 253 octets, octets other than letters, digits, hyphen and underscore
 * after conversion, an address literal. One label alone is accepted.
 */
const char	*domain_canonical(struct arena *a, const char *text,
		    size_t len);
/* Labels of a canonical name. */
unsigned	 domain_labels(const char *domain);
/* The part that begins `n` labels from the right: ("a.b.c", 2) is "b.c". */
const char	*domain_suffix(const char *domain, unsigned n);
/* `domain` is `parent` or below it; both canonical. */
bool		 domain_is_within(const char *domain, const char *parent);
/* Case-insensitive, one final dot ignored. */
bool		 domain_equal(const char *a, const char *b);

#endif
