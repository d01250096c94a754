/*
 * dkim_sigfield - one DKIM-Signature field, read strictly (RFC 6376 3.5,
 * RFC 8301, RFC 8463, RFC 8616)
 *
 * Everything that can be said about a signature without its key, the clock
 * and the message. A field that is refused still gives its d=, s=, a= and
 * b= as far as they could be read, so that the result can name it.
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
	const char	*name;		/* not ended */
	size_t		 len;
};

struct dkim_sigfield {
	enum signature_algorithm algorithm;
	const char	*algorithm_name;	/* a= as written */
	const char	*domain;	/* d=, canonical */
	const char	*selector;	/* s=, canonical */
	const char	*query;		/* where the key is */
	const char	*identity;	/* i= as written, or NULL */
	const char	*identity_domain;	/* canonical; d= without i= */
	const char	*b, *bh;	/* base64 without white space */
	size_t		 b_len, bh_len;
	bool		 header_relaxed, body_relaxed;
	bool		 has_length, has_time, has_expiry;
	uint64_t	 length;	/* l=, UINT64_MAX: that or more */
	int64_t		 time, expiry;	/* INT64_MAX: more than 12 digits */
	size_t		 nnames;
	struct signed_name *names;	/* h= */

	/* for the header hash: the part of the value to leave out */
	size_t		 b_from, b_to;
	/* the value leads libopendkim to another result than the RFC's */
	bool		 unusual;
};

/*
 * Read a field's value (`len` octets, folds CRLF or LF); strings are put
 * into the arena or lead into the value, which must outlive the field.
 * NULL, or what is wrong with it: static words. h= may name `max_names`.
 */
const char	*dkim_sigfield_parse(struct dkim_sigfield *f, struct arena *a,
		    const char *value, size_t len, unsigned max_names);
/*
 * NULL, or why the signature does not count at this time. A clock may be
 * `skew` seconds behind the signer's; x= is taken exactly.
 */
const char	*dkim_sigfield_timely(const struct dkim_sigfield *f, time_t now,
		    unsigned skew);
/* How often h= has the name (case does not matter). */
unsigned	 dkim_sigfield_names(const struct dkim_sigfield *f,
		    const char *name);

#endif
