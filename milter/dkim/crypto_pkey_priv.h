/*
 * crypto_pkey - parse the text of a private key, inside the OpenSSL door
 */
#ifndef MILLGATE_CRYPTO_PKEY_H
#define MILLGATE_CRYPTO_PKEY_H

#include <stddef.h>

struct evp_pkey_st;

/* As crypto_key_parse in crypto.h; the caller frees with EVP_PKEY_free. */
struct evp_pkey_st *crypto_pkey_parse(const char *text, size_t len,
	    const char **why);

#endif
