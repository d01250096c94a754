/*
 * crypto_uri - private keys that OpenSSL loads by a URI, inside the door
 */
#ifndef MILLGATE_CRYPTO_URI_H
#define MILLGATE_CRYPTO_URI_H

#include <stdbool.h>
#include <stddef.h>

#define CRYPTO_URI_MAX	1024

struct evp_pkey_st;

/* Does the text begin with a scheme and a colon? No PEM or base64 does. */
bool	crypto_uri_is(const char *text, size_t len);

/*
 * The first private key at the URI, after a signature as a test. Blanks at the
 * end of the text are ignored. A PIN is never asked for: the URI must have it,
 * or name its file. NULL with *why (static); the caller frees with
 * EVP_PKEY_free.
 */
struct evp_pkey_st *crypto_uri_load(const char *text, size_t len,
	    const char **why);

#endif
