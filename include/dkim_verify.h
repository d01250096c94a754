/*
 * dkim_verify - the signatures of one message (RFC 6376, 8301, 8463, 8616)
 *
 * The door to libopendkim. Fed with raw fields and body chunks as the MTA
 * sends them; keys are asked for as soon as a signature's names are known.
 * The library gets only signatures that our strict parser passed.
 *
 * Bounds: struct dkim_verify_limits. What exceeds them is recorded as
 * permerror or policy, and never spoils another signature.
 */
#ifndef MILLGATE_DKIM_VERIFY_H
#define MILLGATE_DKIM_VERIFY_H

#include <time.h>

#include "facts.h"

struct arena;
struct lookups;
struct dkim_lib;
struct dkim_verifier;

struct dkim_verify_limits {
	unsigned	 signatures;	/* evaluated per message */
	unsigned	 fields;	/* header fields looked at */
	size_t		 header_bytes;	/* in all */
	size_t		 signature_bytes;	/* of one field */
	unsigned	 h_names;	/* names in one h= */
	unsigned	 min_key_bits;	/* RSA */
};
extern const struct dkim_verify_limits dkim_default_limits;

/* One per process, shared by all threads. NULL: the library refuses. */
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
/* No more fields: key lookups start here at the latest. Never blocks. */
void		 dkim_verifier_eoh(struct dkim_verifier *v);
/* True when the body is of no use: there is nothing to verify. */
bool		 dkim_verifier_skips_body(const struct dkim_verifier *v);
void		 dkim_verifier_body(struct dkim_verifier *v, const void *data,
		    size_t len);
/* Waits for keys; fills `f`, strings in the arena. */
void		 dkim_verifier_finish(struct dkim_verifier *v,
		    struct dkim_facts *f);

#endif
