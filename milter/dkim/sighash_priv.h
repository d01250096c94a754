/*
 * sighash - the digests of a DKIM signature (RFC 6376 3.7)
 *
 * The header fields of a message with an index by name, so that selecting a
 * field of h= takes constant time. And running digests of the body, one for
 * each canonical form, that give the digest for any number of l= tags.
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

#define SIGHASH_LEN	32
#define SIGHASH_BUCKETS	256
#define SIGHASH_NONE	SIZE_MAX

/* --- the header --------------------------------------------------------- */

struct sighash_field {
	const char	*name;		/* as the MTA gave it */
	const char	*value;
	size_t		 name_len;	/* without blanks before the colon */
	size_t		 above;		/* the next one above with this name */
};

struct sighash_name {
	struct sighash_name *chain;
	uint64_t	 hash;
	const char	*name;
	size_t		 len, last;	/* the lowest field of this name */
	unsigned	 count;
	size_t		 cursor;	/* while fields are selected */
	unsigned	 round;
};

struct sighash_header {
	struct arena	*arena;
	uint64_t	 seed;
	size_t		 n, size;
	struct sighash_field *field;
	struct sighash_name *bucket[SIGHASH_BUCKETS];
	unsigned	 round;
};

/* With a random `seed`, a sender cannot choose names that collide. */
void		 sighash_header_init(struct sighash_header *h,
		    struct arena *a, uint64_t seed);
/* The name of a DKIM-Signature field, perhaps with blanks behind it. */
bool		 sighash_is_signature(const char *name);
/* In message order. Copies; returns the index of the new field. */
size_t		 sighash_header_add(struct sighash_header *h,
		    const char *name, const char *value);
/* Fields of that name, in any case. */
unsigned	 sighash_header_count(const struct sighash_header *h,
		    const char *name);
/*
 * The digest for the signature in field `self`, parsed as `f`: the fields of
 * h=, from the bottom up, and the field itself without its b=. h= never
 * selects the field itself. false: OpenSSL failed.
 */
bool		 sighash_header_digest(struct sighash_header *h, size_t self,
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
