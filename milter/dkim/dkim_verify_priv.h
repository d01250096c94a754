/*
 * dkim_verify_priv - shared by dkim_verify.c, which takes the message,
 * dkim_verify_key.c, which tries its keys, and dkim_verify_finish.c, which
 * evaluates its signatures
 */
#ifndef MILLGATE_DKIM_VERIFY_PRIV_H
#define MILLGATE_DKIM_VERIFY_PRIV_H

#include "dkim/dkim_verify.h"
#include "mail/headers.h"
#include "dkim_sigfield_priv.h"
#include "sighash_priv.h"

struct dkim_library;
struct dns_answer;
struct lookup;
struct pubkey_cache;

struct dkim_lib {
	struct dkim_verify_limits limits;
	struct dkim_library	*library;
	struct pubkey_cache	*keys;
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
	struct headers	*header;	/* the session's */
	size_t		 n, live, skipped;	/* n: live and refused */
	uint32_t	 verify_us;	/* spent with public keys */
	size_t		 size;
	struct candidate **sig;
	struct sighash_body *body[2];	/* simple, relaxed */
};

/* What the key records of one selector were good for, the best one. */
enum dkim_rank {
	DKIM_RANK_NONE,			/* no readable key record */
	DKIM_RANK_UNFIT,		/* none is for this signature */
	DKIM_RANK_FITS,			/* tried, and does not verify it */
	DKIM_RANK_VERIFIES
};

struct dkim_trial {
	enum dkim_rank	 rank;
	const char	*why;		/* why the first unusable one is */
	unsigned	 tried;		/* keys, DKIM_KEYS_TRIED at most */
	unsigned	 key_bits;
	bool		 testing;	/* all of this rank have t=y */
};

/* Try the key records of an answer that is not a TEMPFAIL. */
void		 dkim_verify_try(struct dkim_verifier *v,
		    const struct candidate *s, const struct dns_answer *answer,
		    struct dkim_trial *t);

#endif
