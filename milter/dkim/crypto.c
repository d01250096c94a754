/*
 * crypto - the door to OpenSSL: digests, keys, signatures, base64
 *
 * Expensive steps are done once: algorithms are fetched at the first use, keys
 * are parsed at load and shared. After that a key is only read, except for the
 * context that its first signature leaves. OpenSSL has its own locks for what
 * it adds to a key (blinding, Montgomery forms).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/key_process.h"
#include "crypto_pkey_priv.h"
#include "crypto_remote_priv.h"

#define ED25519_LEN	32

struct crypto_sha256 {
	EVP_MD_CTX	*ctx;
	bool		 failed;
};

struct crypto_key {
	EVP_PKEY	*pkey;		/* NULL: it is in the key process */
	uint32_t	 id;		/* there */
	char		*public;	/* then, base64 */
	enum crypto_type type;
	unsigned	 bits;
	atomic_uint	 refs;
	/* set up by the first signature, copied by all later ones */
	_Atomic(EVP_MD_CTX *) ready;		/* Ed25519 */
	_Atomic(EVP_PKEY_CTX *) ready_rsa;
};

/* Fetched once: looking an algorithm up by name takes a lock each time. */
static EVP_MD		*sha256_md;
static pthread_once_t	 sha256_once = PTHREAD_ONCE_INIT;

static void
sha256_fetch(void)
{
	sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *
sha256(void)
{
	pthread_once(&sha256_once, sha256_fetch);
	return sha256_md;
}

/* --- digests and base64 ------------------------------------------------ */

struct crypto_sha256 *
crypto_sha256_new(void)
{
	struct crypto_sha256 *s = xcalloc(1, sizeof(*s));

	s->ctx = EVP_MD_CTX_new();
	if (s->ctx == NULL || sha256() == NULL ||
	    EVP_DigestInit_ex2(s->ctx, sha256(), NULL) != 1)
		crypto_sha256_free(&s);
	return s;
}

void
crypto_sha256_free(struct crypto_sha256 **sp)
{
	if (*sp == NULL)
		return;
	EVP_MD_CTX_free((*sp)->ctx);
	free(*sp);
	*sp = NULL;
}

void
crypto_sha256_add(struct crypto_sha256 *s, const void *data, size_t len)
{
	if (EVP_DigestUpdate(s->ctx, data, len) != 1)
		s->failed = true;
}

bool
crypto_sha256_finish(struct crypto_sha256 *s,
    unsigned char digest[CRYPTO_SHA256_LEN])
{
	bool ok = !s->failed && EVP_DigestFinal_ex(s->ctx, digest, NULL) == 1;

	s->failed = EVP_DigestInit_ex2(s->ctx, sha256(), NULL) != 1;
	return ok;
}

bool
crypto_sha256_so_far(const struct crypto_sha256 *s,
    unsigned char digest[CRYPTO_SHA256_LEN])
{
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();
	bool		 ok;

	ok = ctx != NULL && !s->failed &&
	    EVP_MD_CTX_copy_ex(ctx, s->ctx) == 1 &&
	    EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool
crypto_sha256(const void *data, size_t len,
    unsigned char digest[CRYPTO_SHA256_LEN])
{
	return sha256() != NULL &&
	    EVP_Digest(data, len, digest, NULL, sha256(), NULL) == 1;
}

void
crypto_base64(struct buf *out, const void *data, size_t len)
{
	/* OpenSSL's length is an int; multiples of 3 join without padding */
	const size_t	 block = 3 << 20;
	const unsigned char *p = data;
	size_t		 take;

	for (; len > 0; p += take, len -= take) {
		take = len < block ? len : block;
		buf_reserve(out, (take + 2) / 3 * 4);
		out->len += (size_t)EVP_EncodeBlock(
		    (unsigned char *)out->data + out->len, p, (int)take);
	}
}

/* --- keys -------------------------------------------------------------- */

/* Takes over `pkey`; NULL: *why is the reason, of before or here. */
static struct crypto_key *
crypto_key_new(EVP_PKEY *pkey, const char **why)
{
	const bool		 rsa = pkey != NULL &&
				    EVP_PKEY_is_a(pkey, "RSA");
	struct crypto_key	*key;

	if (pkey == NULL)
		return NULL;
	if (!rsa && !EVP_PKEY_is_a(pkey, "ED25519")) {
		*why = "OpenSSL cannot tell the type of the key";
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key = xcalloc(1, sizeof(*key));
	key->pkey = pkey;
	key->type = rsa ? CRYPTO_RSA : CRYPTO_ED25519;
	key->bits = (unsigned)EVP_PKEY_get_bits(pkey);
	atomic_init(&key->refs, 1);
	atomic_init(&key->ready, NULL);
	atomic_init(&key->ready_rsa, NULL);
	return key;
}

struct crypto_key *
crypto_key_parse(const char *text, size_t len, const char **why)
{
	if (key_process_is_used())
		return key_process_parse(text, len, why);
	return crypto_key_new(crypto_pkey_parse(text, len, why), why);
}

struct crypto_key *
crypto_remote_new(enum crypto_type type, unsigned bits, const char *public,
    uint32_t id)
{
	struct crypto_key *key = xcalloc(1, sizeof(*key));

	key->type = type;
	key->bits = bits;
	key->id = id;
	key->public = xstrdup(public);
	atomic_init(&key->refs, 1);
	return key;
}

uint32_t
crypto_remote_id(const struct crypto_key *key)
{
	return key->id;
}

struct crypto_key *
crypto_key_generate(enum crypto_type type, unsigned bits, const char **why)
{
	EVP_PKEY *pkey = NULL;

	if (type == CRYPTO_ED25519)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else if (bits < CRYPTO_RSA_BITS_MIN || bits > CRYPTO_RSA_BITS_MAX) {
		*why = "RSA keys have 1024 to 8192 bits";
		return NULL;
	} else
		pkey = EVP_RSA_gen(bits);
	*why = "OpenSSL cannot generate a key";
	return crypto_key_new(pkey, why);
}

struct crypto_key *
crypto_key_ref(struct crypto_key *key)
{
	atomic_fetch_add(&key->refs, 1);
	return key;
}

void
crypto_key_free(struct crypto_key **kp)
{
	struct crypto_key *key = *kp;

	*kp = NULL;
	if (key == NULL || atomic_fetch_sub(&key->refs, 1) > 1)
		return;
	EVP_MD_CTX_free(atomic_load(&key->ready));
	EVP_PKEY_CTX_free(atomic_load(&key->ready_rsa));
	EVP_PKEY_free(key->pkey);
	if (key->pkey == NULL)
		key_process_forget(key->id);
	free(key->public);
	free(key);
}

enum crypto_type
crypto_key_type(const struct crypto_key *key)
{
	return key->type;
}

unsigned
crypto_key_bits(const struct crypto_key *key)
{
	return key->type == CRYPTO_RSA ? key->bits : 256;
}

const char *
crypto_algorithm(const struct crypto_key *key)
{
	return key->type == CRYPTO_RSA ? "rsa-sha256" : "ed25519-sha256";
}

/* --- keys to text ------------------------------------------------------ */

bool
crypto_key_pem(const struct crypto_key *key, struct buf *out)
{
	BIO	*bio = BIO_new(BIO_s_secmem());
	char	*text;
	long	 len;
	bool	 ok;

	ok = bio != NULL && key->pkey != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL,
	    NULL) == 1;
	if (ok) {
		len = BIO_get_mem_data(bio, &text);
		buf_add(out, text, (size_t)len);
	}
	BIO_free(bio);
	return ok;
}

bool
crypto_key_public(const struct crypto_key *key, struct buf *out)
{
	unsigned char	 raw[ED25519_LEN], *der = NULL;
	size_t		 rawlen = sizeof(raw);
	int		 len;

	if (key->pkey == NULL) {
		buf_addstr(out, key->public);
		return true;
	}
	if (key->type == CRYPTO_ED25519) {
		if (EVP_PKEY_get_raw_public_key(key->pkey, raw, &rawlen) != 1)
			return false;
		crypto_base64(out, raw, rawlen);
		return true;
	}
	len = crypto_pkey_public_rsa(key->pkey, &der);
	if (len == 0)
		return false;
	crypto_base64(out, der, (size_t)len);
	OPENSSL_free(der);
	return true;
}

/* --- signing ----------------------------------------------------------- */

/*
 * Setting up a context takes a tenth of the time of an Ed25519 signature;
 * copying one is almost free and only reads it. NULL: OpenSSL failed.
 */
static const EVP_PKEY_CTX *
ready_rsa_context(struct crypto_key *key)
{
	EVP_PKEY_CTX *there = atomic_load(&key->ready_rsa), *ctx;

	if (there != NULL)
		return there;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, sha256()) != 1) {
		EVP_PKEY_CTX_free(ctx);
		return NULL;
	}
	if (atomic_compare_exchange_strong(&key->ready_rsa, &there, ctx))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return there;
}

static size_t
sign_rsa(struct crypto_key *key, const unsigned char *digest,
    unsigned char *signature)
{
	const EVP_PKEY_CTX *ready = ready_rsa_context(key);
	EVP_PKEY_CTX	*ctx;
	size_t		 len = CRYPTO_SIGNATURE_MAX;

	ctx = ready != NULL ? EVP_PKEY_CTX_dup(ready) : NULL;
	if (ctx == NULL ||
	    EVP_PKEY_sign(ctx, signature, &len, digest, CRYPTO_SHA256_LEN) != 1)
		len = 0;
	EVP_PKEY_CTX_free(ctx);
	return len;
}

static const EVP_MD_CTX *
ready_context(struct crypto_key *key)
{
	EVP_MD_CTX *there = atomic_load(&key->ready), *ctx;

	if (there != NULL)
		return there;
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL ||
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) != 1) {
		EVP_MD_CTX_free(ctx);
		return NULL;
	}
	if (atomic_compare_exchange_strong(&key->ready, &there, ctx))
		return ctx;
	EVP_MD_CTX_free(ctx);
	return there;
}

/* PureEdDSA of the digest (RFC 8463 3). */
static size_t
sign_ed25519(struct crypto_key *key, const unsigned char *digest,
    unsigned char *signature)
{
	const EVP_MD_CTX *ready = ready_context(key);
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();
	size_t		 len = CRYPTO_SIGNATURE_MAX;

	if (ctx == NULL || ready == NULL ||
	    EVP_MD_CTX_copy_ex(ctx, ready) != 1 ||
	    EVP_DigestSign(ctx, signature, &len, digest,
	    CRYPTO_SHA256_LEN) != 1)
		len = 0;
	EVP_MD_CTX_free(ctx);
	return len;
}

/* With a key of this process. */
static size_t
sign_here(struct crypto_key *key, const unsigned char *digest,
    unsigned char *signature, const char **why)
{
	size_t len;

	if (key->type == CRYPTO_RSA)
		len = sign_rsa(key, digest, signature);
	else
		len = sign_ed25519(key, digest, signature);
	if (len == 0)
		*why = "OpenSSL cannot sign";
	return len;
}

bool
crypto_sign_all(struct crypto_job *job, size_t n, const char **why)
{
	struct crypto_job	**elsewhere = xcalloc(n, sizeof(*elsewhere));
	size_t			 i, there = 0;
	bool			 ok = true;

	for (i = 0; i < n; i++)
		if (job[i].key->pkey == NULL)
			elsewhere[there++] = &job[i];
		else
			job[i].len = sign_here(job[i].key, job[i].digest,
			    job[i].signature, why);
	if (there > 0) {
		*why = "the key process cannot sign";
		ok = key_process_sign(elsewhere, there);
	}
	for (i = 0; i < n; i++)
		ok = ok && job[i].len > 0;
	free(elsewhere);
	return ok;
}

size_t
crypto_sign(struct crypto_key *key,
    const unsigned char digest[CRYPTO_SHA256_LEN],
    unsigned char signature[CRYPTO_SIGNATURE_MAX], const char **why)
{
	struct crypto_job job = { .key = key };

	if (key->pkey != NULL)
		return sign_here(key, digest, signature, why);
	memcpy(job.digest, digest, sizeof(job.digest));
	if (!crypto_sign_all(&job, 1, why))
		return 0;
	memcpy(signature, job.signature, job.len);
	return job.len;
}
