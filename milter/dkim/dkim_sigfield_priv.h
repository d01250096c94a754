/*
 * dkim_sigfield - parse one DKIM-Signature field strictly (RFC 6376 3.5,
 * RFC 8301, RFC 8463, RFC 8616)
 *
 * Every check of a signature that needs neither its key, the clock nor the
 * message. A field that is refused still gives its d=, s=, a= and b= as far as
 * they could be parsed, so that the result can name the signature.
 */
#ifndef MILLGATE_DKIM_SIGFIELD_H
#define MILLGATE_DKIM_SIGFIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct arena;

enum signature_algorithm {
	SIGALG_UNKNOWN, SIGALG_RSA_SHA1, SIGALG_RSA_SHA256,
	SIGALG_ED25519_SHA256
};

struct signed_name {
	const char	*name;		/* not NUL-terminated */
	size_t		 len;
};

struct dkim_sigfield {
	enum signature_algorithm algorithm;
	const char	*algorithm_name;	/* a= as written */
	const char	*domain;	/* d=, canonical */
	const char	*selector;	/* s=, canonical */
	const char	*query;		/* the DNS name of the key */
	/* i= decoded, its local part not quoted; as written if bad; or NULL */
	const char	*identity;
	const char	*identity_domain;	/* canonical; d= without i= */
	const char	*b, *bh;	/* base64 without white space */
	size_t		 b_len, bh_len;
	bool		 header_relaxed, body_relaxed;
	bool		 has_length, has_time, has_expiry;
	uint64_t	 length;	/* l=, UINT64_MAX: that or more */
	int64_t		 time, expiry;	/* INT64_MAX: more than 12 digits */
	size_t		 nnames;
	struct signed_name *names;	/* h= */

	/* for the header hash: the part of the value that is left out */
	size_t		 b_from, b_to;
	/* libopendkim does not give the result of the RFC for this value */
	bool		 unusual;
};

/*
 * Parse a field's value (`len` octets, folds CRLF or LF). Strings are in the
 * arena or in the value, which must outlive *f. h= may have `max_names` names.
 * NULL, or the first error as a static text.
 */
const char	*dkim_sigfield_parse(struct dkim_sigfield *f, struct arena *a,
		    const char *value, size_t len, unsigned max_names);
/*
 * NULL, or why the signature is not valid at this time. t= may be up to `skew`
 * seconds in the future, x= in the past.
 */
const char	*dkim_sigfield_timely(const struct dkim_sigfield *f, time_t now,
		    unsigned skew);
/* The number of times that h= has the name, in any case. */
unsigned	 dkim_sigfield_names(const struct dkim_sigfield *f,
		    const char *name);

#endif
