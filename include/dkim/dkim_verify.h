/*
 * dkim_verify - the signatures of one message (RFC 6376, 8301, 8463, 8616)
 *
 * Fed with raw fields and body chunks as the MTA sends them; keys are asked
 * for as soon as a signature's names are known. libopendkim gets only what
 * our strict parsers passed (dkim_library.h).
 *
 * Results, one for each signature:
 *   pass       everything fits
 *   fail       the body or the signed fields are not what was signed
 *   policy     verified, but: l= leaves out a part of the body; a From (or
 *              another required) field is not signed; the RSA key is short;
 *              t= is too old. Also: the header exceeds the limits
 *   permerror  the field or the key record breaks a rule (rsa-sha1 does, RFC
 *              8301), there is no key or more than one, it is revoked or not
 *              for this signature, the time is past x= or before t=
 *   temperror  DNS had no answer about the key
 *
 * Bounds: struct dkim_verify_limits. One signature never spoils another.
 */
#ifndef MILLGATE_DKIM_VERIFY_H
#define MILLGATE_DKIM_VERIFY_H

#include <time.h>

#include "mail/facts.h"

struct arena;
struct lookups;
struct dkim_lib;
struct dkim_verifier;

/*
 * What is evaluated, and what counts. Beyond `fields` or `header_bytes` no
 * signature of the message can pass: nobody knows what it covers.
 */
struct dkim_verify_limits {
	unsigned	 signatures;	/* evaluated per message */
	unsigned	 fields;	/* header fields looked at */
	size_t		 header_bytes;	/* in all */
	size_t		 signature_bytes;	/* of one field */
	unsigned	 h_names;	/* names in one h= */
	unsigned	 min_key_bits;	/* RSA */
	unsigned	 clock_skew;	/* seconds t= may be ahead of us */
	unsigned	 max_age;	/* seconds since t=; 0: any */
	/*
	 * Fields that must be signed wherever they occur, NULL-terminated;
	 * NULL: From alone, which always must.
	 */
	const char *const *required;
	size_t		 public_keys;	/* kept parsed */
};
/* 10, 2000, 512 KB, 32 KB, 512, 1024 bits, 300 s, any, From, 2048 */
extern const struct dkim_verify_limits dkim_default_limits;

/*
 * One per process, shared by all threads; `limits->required` must outlive
 * it. NULL: the library refuses.
 */
struct dkim_lib	*dkim_lib_new(const struct dkim_verify_limits *limits);
void		 dkim_lib_free(struct dkim_lib **libp);

/* One per message. `arena` and `l` must outlive it. */
struct dkim_verifier *dkim_verifier_new(struct dkim_lib *lib, struct lookups *l,
		    struct arena *arena, time_t now);
void		 dkim_verifier_free(struct dkim_verifier **vp);
/*
 * Each header field in message order. `value` is what stands behind the
 * colon, leading blank included, folds as CRLF or LF.
 */
void		 dkim_verifier_header(struct dkim_verifier *v, const char *name,
		    const char *value);
/* No more fields. The lookups have begun already. Never blocks. */
void		 dkim_verifier_eoh(struct dkim_verifier *v);
/*
 * The d= of the signatures that are evaluated, canonical, at most `max` of
 * them, in the message's arena; after dkim_verifier_eoh.
 */
size_t		 dkim_verifier_domains(const struct dkim_verifier *v,
		    const char **domain, size_t max);
void		 dkim_verifier_body(struct dkim_verifier *v, const void *data,
		    size_t len);
/* Waits for keys; fills `f`, strings in the arena. */
void		 dkim_verifier_finish(struct dkim_verifier *v,
		    struct dkim_facts *f);

#endif
