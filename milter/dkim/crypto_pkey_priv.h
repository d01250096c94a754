/*
 * crypto_pkey - from the text of a private key, and to its public half, inside
 * the OpenSSL door
 */
#ifndef MILLGATE_CRYPTO_PKEY_H
#define MILLGATE_CRYPTO_PKEY_H

#include <stddef.h>

struct evp_pkey_st;

/* Errors that a key in any form may have. */
#define CRYPTO_RSA_SHORT "RSA keys of less than 1024 bits are not accepted by" \
			" verifiers (RFC 8301)"
#define CRYPTO_RSA_LONG	"RSA keys of more than 8192 bits are not supported"

/* As crypto_key_parse in crypto.h; the caller frees with EVP_PKEY_free. */
struct evp_pkey_st *crypto_pkey_parse(const char *text, size_t len,
	    const char **why);

/*
 * The public half of an RSA key as a SubjectPublicKeyInfo in DER (RFC 6376
 * 3.6.1). The caller frees with OPENSSL_free. Its length; 0: OpenSSL failed.
 */
int	crypto_pkey_public_rsa(const struct evp_pkey_st *pkey,
	    unsigned char **der);

#endif
