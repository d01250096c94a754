/*
 * crypto_pkey - parse the text of a private key, inside the OpenSSL door
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

#endif
