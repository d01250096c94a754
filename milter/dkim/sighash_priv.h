/*
 * sighash - the digests of a DKIM signature (RFC 6376 3.7)
 *
 * The digest of the header fields that h= selects. And running digests of the
 * body, one for each canonical form, that give the digest for any number of
 * l= tags.
 */
#ifndef MILLGATE_SIGHASH_H
#define MILLGATE_SIGHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/canon.h"

struct arena;
struct crypto_sha256;
struct dkim_sigfield;
struct headers;

#define SIGHASH_LEN	32

/* --- the header --------------------------------------------------------- */

/*
 * The digest for the signature in field `self`, parsed as `f`: the fields of
 * h=, from the bottom up, and the field itself without its b=. h= never
 * selects the field itself. false: OpenSSL failed.
 */
bool		 sighash_header_digest(struct headers *h, size_t self,
		    const struct dkim_sigfield *f,
		    unsigned char digest[SIGHASH_LEN]);

/* --- the body ----------------------------------------------------------- */

struct sighash_mark {
	uint64_t	 at;		/* l= */
	bool		 reached;
	unsigned char	 digest[SIGHASH_LEN];
};

struct sighash_body {
	struct canon_body canon;
	struct crypto_sha256 *sha;
	uint64_t	 total;		/* canonical octets so far */
	bool		 failed;
	unsigned char	 digest[SIGHASH_LEN];
	size_t		 n, next, max;
	struct sighash_mark *mark;	/* sorted by `at` */
};

/* Room for `marks` different l=. NULL when OpenSSL refuses. */
struct sighash_body *sighash_body_new(struct arena *a, bool relaxed,
		    size_t marks);
/* Free the digest; the rest belongs to the arena. */
void		 sighash_body_free(struct sighash_body **bp);
/* Ask for the digest at an l=; before the first data. */
void		 sighash_body_mark(struct sighash_body *b, uint64_t at);
void		 sighash_body_add(struct sighash_body *b, const void *data,
		    size_t len);
void		 sighash_body_finish(struct sighash_body *b);
/*
 * The digest of the first `at` octets of the canonical body; UINT64_MAX: of
 * all. NULL if the body is shorter, `at` was not marked, or OpenSSL failed.
 */
const unsigned char *sighash_body_digest(const struct sighash_body *b,
		    uint64_t at);

#endif
