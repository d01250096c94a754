/*
 * crypto_verify - the door to OpenSSL for public keys: parse, cache, verify
 *
 * A cache holds the keys used last, by the text of their records, for all
 * threads. A changed record has another text, so no entry can become stale.
 * The key that was not used for the longest time is dropped for a new one.
 */
#ifndef MILLGATE_CRYPTO_VERIFY_H
#define MILLGATE_CRYPTO_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim_record_priv.h"

struct pubkey;
struct pubkey_cache;

#define PUBKEY_DIGEST_LEN	32	/* SHA-256, the only one in use */
/* RSA: more takes milliseconds, as does an exponent of more than 64 bits. */
#define PUBKEY_BITS_MAX		8192

struct pubkey_stats {
	unsigned long	 hits, misses;
	size_t		 entries;
};

struct pubkey_cache *pubkey_cache_new(size_t entries);
void		 pubkey_cache_free(struct pubkey_cache **cp);
void		 pubkey_cache_stats(struct pubkey_cache *c,
		    struct pubkey_stats *st);

/*
 * The key of a record's p= (base64, white space allowed): for RSA a
 * SubjectPublicKeyInfo or an RSAPublicKey (both are in use, RFC 6376 3.6.1
 * erratum 3017), for Ed25519 the 32 octets (RFC 8463 4). NULL with *why
 * (static) when it is not valid. The caller calls pubkey_release.
 */
struct pubkey	*pubkey_get(struct pubkey_cache *c, enum key_type type,
		    const char *p, size_t len, const char **why);
void		 pubkey_release(struct pubkey **kp);

/* RSA: the size of the modulus. Ed25519: 256. */
unsigned	 pubkey_bits(const struct pubkey *k);

/*
 * True when the key made this signature (base64 without white space) over the
 * digest: RSASSA-PKCS1-v1_5 with SHA-256, or pure Ed25519 over the digest (RFC
 * 8463 3). Any error is false.
 */
bool		 pubkey_verifies(const struct pubkey *k,
		    const unsigned char digest[PUBKEY_DIGEST_LEN],
		    const char *signature, size_t len);

/* The base64 text decodes to this digest. */
bool		 pubkey_digest_is(const unsigned char
		    digest[PUBKEY_DIGEST_LEN], const char *text, size_t len);

#endif
