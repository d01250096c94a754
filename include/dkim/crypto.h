/*
 * crypto - the door to OpenSSL: digests, keys, signatures, base64
 *
 * A key is parsed and checked once, and may then be used by any number of
 * threads at the same time. A function that fails sets *why to a static text
 * for a log line.
 */
#ifndef MILLGATE_CRYPTO_H
#define MILLGATE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct crypto_key;
struct crypto_sha256;

#define CRYPTO_SHA256_LEN	32
#define CRYPTO_SIGNATURE_MAX	1024	/* RSA of 8192 bits */
#define CRYPTO_KEY_TEXT_MAX	65536	/* octets of a key file */
#define CRYPTO_RSA_BITS_MIN	1024	/* RFC 8301 3.2 */
#define CRYPTO_RSA_BITS_MAX	8192

enum crypto_type { CRYPTO_RSA, CRYPTO_ED25519 };

/* --- digests and base64 ------------------------------------------------- */

/* NULL when OpenSSL does not provide SHA-256. */
struct crypto_sha256 *crypto_sha256_new(void);
void	crypto_sha256_free(struct crypto_sha256 **sp);
void	crypto_sha256_add(struct crypto_sha256 *s, const void *data,
	    size_t len);
/* Also starts a new digest. false: OpenSSL failed, now or in an add before. */
bool	crypto_sha256_finish(struct crypto_sha256 *s,
	    unsigned char digest[CRYPTO_SHA256_LEN]);
/* The digest of what was added so far; more may be added. */
bool	crypto_sha256_so_far(const struct crypto_sha256 *s,
	    unsigned char digest[CRYPTO_SHA256_LEN]);
/* The digest of one buffer. */
bool	crypto_sha256(const void *data, size_t len,
	    unsigned char digest[CRYPTO_SHA256_LEN]);

/* Add the base64 form, in one line. */
void	crypto_base64(struct buf *out, const void *data, size_t len);

/* --- private keys -------------------------------------------------------- */

/*
 * PEM (PKCS#8 or RSAPrivateKey), base64 of the DER as OpenDKIM's KeyTable may
 * have it, or the URI of a key that an OpenSSL provider or engine keeps. Such a
 * key is tried with one signature, which may wait for its device. The parts of
 * another RSA key are checked against each other. So a damaged key is found
 * here and not by a verifier. NULL with *why; else the caller calls
 * crypto_key_free, as for the next two functions.
 */
struct crypto_key *crypto_key_parse(const char *text, size_t len,
	    const char **why);
struct crypto_key *crypto_key_generate(enum crypto_type type, unsigned bits,
	    const char **why);
struct crypto_key *crypto_key_ref(struct crypto_key *key);
void	crypto_key_free(struct crypto_key **kp);

enum crypto_type crypto_key_type(const struct crypto_key *key);
unsigned crypto_key_bits(const struct crypto_key *key);
/* a= of its signatures: "rsa-sha256" or "ed25519-sha256" */
const char *crypto_algorithm(const struct crypto_key *key);

/* Add the private key as PKCS#8 PEM. */
bool	crypto_key_pem(const struct crypto_key *key, struct buf *out);
/* Add the p= value of its key record: SubjectPublicKeyInfo for RSA (RFC 6376
 * 3.6.1 as all verifiers read it), 32 octets for Ed25519 (RFC 8463 4). */
bool	crypto_key_public(const struct crypto_key *key, struct buf *out);

/*
 * Sign a SHA-256 digest: rsa-sha256 (RFC 6376 3.3.2) or ed25519-sha256
 * (RFC 8463 3). Returns the length of the signature, 0 with *why when OpenSSL
 * fails.
 */
size_t	crypto_sign(struct crypto_key *key,
	    const unsigned char digest[CRYPTO_SHA256_LEN],
	    unsigned char signature[CRYPTO_SIGNATURE_MAX], const char **why);

/* The caller sets key and digest. */
struct crypto_job {
	struct crypto_key *key;
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	size_t		 len;		/* of the signature */
	unsigned char	 signature[CRYPTO_SIGNATURE_MAX];
};

/*
 * The same for several keys. Those that are in the key process sign in one
 * request (key_process.h). false with *why: one of them could not sign.
 */
bool	crypto_sign_all(struct crypto_job *job, size_t n, const char **why);

#endif
