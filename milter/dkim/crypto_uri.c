/*
 * crypto_uri - private keys that OpenSSL loads by a URI (the OpenSSL door,
 * part 4)
 *
 * The key stays where it is, in a token for example; OpenSSL's provider or
 * engine signs with it. A "pkcs11:" URI is given to a provider that is set up
 * in openssl.cnf, and if there is none, to the engine pkcs11, which Debian 12
 * has.
 */
#define OPENSSL_SUPPRESS_DEPRECATED	/* engines: see above */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "dkim/crypto.h"
#include "crypto_pkey_priv.h"
#include "crypto_uri_priv.h"

/* The length of the scheme (RFC 3986 3.1); 0: there is none. */
static size_t
scheme_length(const char *text, size_t len)
{
	size_t i;

	if (len == 0 || !ascii_is_alpha(text[0]))
		return 0;
	for (i = 1; i < len; i++)
		if (!ascii_is_alnum(text[i]) && strchr("+-.", text[i]) == NULL)
			return text[i] == ':' ? i : 0;
	return 0;
}

bool
crypto_uri_is(const char *text, size_t len)
{
	return scheme_length(text, len) > 0;
}

/* NULL: the store has no private key that we know. No PIN is asked for. */
static EVP_PKEY *
key_of_store(const char *uri)
{
	OSSL_STORE_CTX	*store = OSSL_STORE_open(uri, UI_null(), NULL, NULL,
			    NULL);
	OSSL_STORE_INFO	*info;
	EVP_PKEY	*pkey = NULL;

	while (store != NULL && pkey == NULL && !OSSL_STORE_eof(store)) {
		info = OSSL_STORE_load(store);
		if (info == NULL && OSSL_STORE_error(store))
			break;
		if (info != NULL &&
		    OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			pkey = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	return pkey;
}

static EVP_PKEY *
key_of_engine(const char *name, const char *uri)
{
	ENGINE		*engine = ENGINE_by_id(name);
	EVP_PKEY	*pkey = NULL;

	if (engine != NULL && ENGINE_init(engine) == 1) {
		pkey = ENGINE_load_private_key(engine, uri,
		    (UI_METHOD *)UI_null(), NULL);
		ENGINE_finish(engine);	/* the key has a reference */
	}
	ENGINE_free(engine);
	return pkey;
}

/* The public half may be all that can be loaded: sign with it once. */
static bool
can_sign(EVP_PKEY *pkey, bool rsa)
{
	static const unsigned char text[] = "millgate";
	unsigned char	 signature[CRYPTO_SIGNATURE_MAX];
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();
	const EVP_MD	*md = rsa ? EVP_sha256() : NULL;
	size_t		 len = sizeof(signature);
	bool		 ok;

	ok = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, md, NULL, pkey) == 1 &&
	    EVP_DigestSign(ctx, signature, &len, text, sizeof(text)) == 1 &&
	    EVP_MD_CTX_reset(ctx) == 1 &&
	    EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, signature, len, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static const char *
key_fault(EVP_PKEY *pkey)
{
	bool	rsa = EVP_PKEY_is_a(pkey, "RSA");
	int	bits = EVP_PKEY_get_bits(pkey);

	if (!rsa && !EVP_PKEY_is_a(pkey, "ED25519"))
		return "neither an RSA nor an Ed25519 key";
	if (rsa && bits < CRYPTO_RSA_BITS_MIN)
		return CRYPTO_RSA_SHORT;
	if (rsa && bits > CRYPTO_RSA_BITS_MAX)
		return CRYPTO_RSA_LONG;
	return can_sign(pkey, rsa) ? NULL : "the key of this URI cannot sign";
}

static const char *
uri_fault(const char *text, size_t len)
{
	size_t i, scheme = scheme_length(text, len);

	if (len > CRYPTO_URI_MAX)
		return "a URI with more than 1024 octets";
	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' ||
		    (unsigned char)text[i] >= 127)
			return "a URI with a blank or another octet that must"
			    " be written as %XX";
	if (scheme == 4 && strncasecmp(text, "file", scheme) == 0)
		return "a URI of a file; put the key itself here";
	return NULL;
}

EVP_PKEY *
crypto_uri_load(const char *text, size_t len, const char **why)
{
	/* modules are loaded once, and are not all made for threads */
	static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
	char			*uri;
	EVP_PKEY		*pkey;

	while (len > 0 && ascii_is_space(text[len - 1]))
		len--;
	*why = uri_fault(text, len);
	if (*why != NULL)
		return NULL;
	uri = xcalloc(1, len + 1);
	memcpy(uri, text, len);
	pthread_mutex_lock(&lock);
	pkey = key_of_store(uri);
	if (pkey == NULL && strncasecmp(uri, "pkcs11:", 7) == 0)
		pkey = key_of_engine("pkcs11", uri);
	*why = pkey != NULL ? key_fault(pkey) : "OpenSSL finds no private key"
	    " at this URI; check its names, its PIN, and the module that"
	    " openssl.cnf names";
	ERR_clear_error();
	pthread_mutex_unlock(&lock);
	OPENSSL_cleanse(uri, len);	/* it may have a PIN */
	free(uri);
	if (*why == NULL)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}
