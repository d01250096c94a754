/*
 * dkim_verify - verify the signatures of one message (RFC 6376, 8301, 8463,
 * 8616)
 *
 * Input are raw fields and body chunks as the MTA sends them. Keys are looked
 * up as soon as a signature's d= and s= are known. libopendkim gets only
 * fields that our strict parsers accepted (dkim_library_priv.h).
 *
 * Results, one for each signature:
 *   pass       the signature is valid
 *   fail       the body or the signed fields have changed
 *   policy     verified, but: l= leaves out a part of the body; a From (or
 *              another required) field is not signed; the RSA key is short;
 *              t= is too old; it is a test key and these are ignored. Also:
 *              the header exceeds the limits
 *   permerror  the field or the key record breaks a rule (rsa-sha1 does, RFC
 *              8301); there is no key, or each is revoked or not for this
 *              signature; the time is past x= or before t=
 *   temperror  the DNS lookup of the key failed
 *
 * Bounds: struct dkim_verify_limits, and DKIM_KEYS_TRIED keys a signature. A
 * signature cannot change the result of another one.
 */
#ifndef MILLGATE_DKIM_VERIFY_H
#define MILLGATE_DKIM_VERIFY_H

#include <time.h>

#include "mail/facts.h"

struct arena;
struct lookups;
struct dkim_lib;
struct dkim_verifier;
struct headers;

/* Key records of one selector that are tried for one signature. */
#define DKIM_KEYS_TRIED	8

/* What a valid signature by a key with t=y gets: its pass, or policy. */
enum test_keys { TEST_KEYS_PASS, TEST_KEYS_IGNORE };

/* The limits and requirements of the verifier. */
struct dkim_verify_limits {
	unsigned	 signatures;	/* evaluated per message */
	size_t		 signature_bytes;	/* of one field */
	unsigned	 h_names;	/* names in one h= */
	unsigned	 min_key_bits;	/* RSA */
	/* seconds: t= may be so far ahead, x= so far in the past */
	unsigned	 clock_skew;
	unsigned	 max_age;	/* seconds since t=; 0: any */
	enum test_keys	 test_keys;
	/*
	 * Fields that must be signed if they occur, NULL-terminated. From must
	 * always be signed; NULL: no other field.
	 */
	const char *const *required;
	size_t		 public_keys;	/* entries of the key cache */
};
/* 10, 32 KB, 512, 1024 bits, 300 s, any, pass, From, 2048 */
extern const struct dkim_verify_limits dkim_default_limits;

/*
 * One per process, shared by all threads; `limits->required` must outlive
 * it. NULL: libopendkim cannot be initialized.
 */
struct dkim_lib	*dkim_lib_new(const struct dkim_verify_limits *limits);
void		 dkim_lib_free(struct dkim_lib **libp);

/*
 * One per message with a signature. `l`, `arena` and `header` must outlive it.
 * The caller fills `header`, and calls dkim_verifier_field after headers_add of
 * each DKIM-Signature field. The value of a field is everything behind the
 * colon, including a leading blank; folds are CRLF or LF.
 */
struct dkim_verifier *dkim_verifier_new(struct dkim_lib *lib, struct lookups *l,
		    struct arena *arena, struct headers *header, time_t now);
void		 dkim_verifier_free(struct dkim_verifier **vp);
/* The name of a DKIM-Signature field, perhaps with blanks behind it. */
bool		 dkim_is_signature(const char *name);
void		 dkim_verifier_field(struct dkim_verifier *v);
/* The end of the header. The lookups were started before. Never blocks. */
void		 dkim_verifier_eoh(struct dkim_verifier *v);
/*
 * The d= of the signatures that are evaluated, canonical, at most `max`, in
 * the message's arena. Call it after dkim_verifier_eoh. Returns the number.
 */
size_t		 dkim_verifier_domains(const struct dkim_verifier *v,
		    const char **domain, size_t max);
void		 dkim_verifier_body(struct dkim_verifier *v, const void *data,
		    size_t len);
/* Waits for the keys and fills `f`; its strings are in the arena. */
void		 dkim_verifier_finish(struct dkim_verifier *v,
		    struct dkim_facts *f);

#endif
