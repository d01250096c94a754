/*
 * dkim_verify_priv - shared by dkim_verify.c, which takes the message, and
 * dkim_verify_finish.c, which evaluates its signatures
 */
#ifndef MILLGATE_DKIM_VERIFY_PRIV_H
#define MILLGATE_DKIM_VERIFY_PRIV_H

#include "dkim/dkim_verify.h"
#include "dkim_sigfield_priv.h"
#include "sighash_priv.h"

struct dkim_library;
struct lookup;
struct pubkey_cache;

struct dkim_lib {
	struct dkim_verify_limits limits;
	struct dkim_library	*library;
	struct pubkey_cache	*keys;
	uint64_t		 seed;	/* for tables of foreign names */
};

struct candidate {
	size_t		 at;		/* its field in the header */
	struct dkim_sigfield field;
	const char	*refused;	/* why: permerror, whatever the key */
	struct lookup	*lookup;
	bool		 hashed;
	unsigned char	 digest[SIGHASH_LEN];
};

struct dkim_verifier {
	struct dkim_lib	*lib;
	struct lookups	*lookups;
	struct arena	*arena;
	time_t		 now;
	struct sighash_header header;
	size_t		 header_bytes;
	bool		 overflow;	/* the header exceeds a limit */
	bool		 odd;		/* libopendkim misreads a field */
	size_t		 n, live, skipped;	/* n: live and refused */
	struct candidate *sig;
	struct sighash_body *body[2];	/* simple, relaxed */
};

#endif
