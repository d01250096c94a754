/*
 * spf_macro - macro strings of SPF (RFC 7208 section 7): check and expand
 *
 * Pure. Nothing is allocated but the result; the work for one string is
 * bounded by its length times the length of the longest value.
 */
#ifndef MILLGATE_SPF_MACRO_H
#define MILLGATE_SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"

struct arena;

#define SPF_NAME_MAX		253	/* octets of an expanded name */
#define SPF_EXPLANATION_MAX	255	/* octets of an expanded explanation */

enum spf_macro_place {
	MACRO_NAME,		/* domain-spec: neither %{c}, %{r}, %{t} */
	MACRO_MODIFIER,		/* value of an unknown modifier: any letter */
	MACRO_TEXT		/* explanation: any letter, and blanks */
};

/* The values of the letters; no member but `validated` is NULL. */
struct spf_macro_values {
	const char	*sender;	/* s */
	const char	*local;		/* l */
	const char	*sender_domain;	/* o */
	const char	*domain;	/* d: of the record under evaluation */
	const char	*validated;	/* p; NULL gives "unknown" */
	const char	*helo;		/* h */
	const char	*receiver;	/* r */
	struct netaddr	 client;	/* i, c, v */
	uint64_t	 now;		/* t */
};

/* The syntax of a macro-string (explain-string for MACRO_TEXT). */
bool		 spf_macro_valid(const char *text, size_t len,
		    enum spf_macro_place place);
/* A domain-spec: MACRO_NAME that ends in a macro or in a top label. */
bool		 spf_macro_valid_name(const char *text, size_t len);
/* True when %{p} occurs, which needs lookups before expansion. */
bool		 spf_macro_uses_p(const char *text, size_t len);

/*
 * Expand a valid domain-spec to a name without its final dot, cut from the
 * left at a dot to at most 253 octets (RFC 7208 7.3). The name may still be
 * illegal; the resolver checks it.
 */
const char	*spf_macro_name(struct arena *a,
		    const struct spf_macro_values *v, const char *text,
		    size_t len);
/*
 * Expand a valid explain-string to printable ASCII, cut at SPF_EXPLANATION_MAX.
 * Other octets, which come from the sender's address, become "?".
 */
const char	*spf_macro_text(struct arena *a,
		    const struct spf_macro_values *v, const char *text,
		    size_t len);

#endif
