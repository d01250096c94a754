/*
 * crypto_verify - public keys: parse, cache, verify
 *
 * Parsing a key costs more than using it: OpenSSL 3 sets up a decoder each
 * time. So keys are cached, most recently used first, with a reference count.
 * One lock guards the cache; keys are parsed and used outside of it. An
 * EVP_PKEY may verify for several threads at the same time.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "mail/taglist.h"
#include "crypto_verify_priv.h"

#define ED25519_LEN	32
/*
 * Limit of the public exponent. OpenSSL has it for moduli of more than 3072
 * bits; with shorter ones, an exponent as long as the modulus takes 200 times
 * as long as usual.
 */
#define EXPONENT_BITS_MAX 64
/* base64 of the largest key and signature accepted, with some room */
#define KEY_TEXT_MAX	2048
#define SIGNATURE_TEXT_MAX (PUBKEY_BITS_MAX / 8 * 4 / 3 + 8)

struct pubkey {
	atomic_uint	 refs;
	EVP_PKEY	*pkey;
	EVP_PKEY_CTX	*ready;		/* RSA: copied to verify; only read */
	enum key_type	 type;
	unsigned	 bits;
	/* belongs to the cache, under its lock */
	char		*text;
	size_t		 len;
	uint64_t	 hash;
	struct pubkey	*chain, *newer, *older;
};

struct pubkey_cache {
	pthread_mutex_t	 lock;
	size_t		 n, max, nbuckets;
	uint64_t	 seed;
	struct pubkey	**bucket;
	struct pubkey	*newest, *oldest;
	unsigned long	 hits, misses;
};

/* Decode base64 that was checked by a parser; 0 when it does not fit. */
static size_t
decode(unsigned char *dst, size_t size, const char *text, size_t len)
{
	size_t	pads = 0;
	int	n;

	if (len == 0 || len % 4 != 0 || len / 4 * 3 > size)
		return 0;
	while (pads < 2 && text[len - 1 - pads] == '=')
		pads++;
	n = EVP_DecodeBlock(dst, (const unsigned char *)text, (int)len);
	return n < (int)pads ? 0 : (size_t)n - pads;
}

/* --- one key ------------------------------------------------------------ */

static EVP_PKEY *
read_rsa(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	EVP_PKEY	*pkey = d2i_PUBKEY(NULL, &p, (long)len);

	if (pkey == NULL) {
		p = der;
		pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)len);
	}
	/* neither another type of key nor RSA for PSS only */
	if (pkey != NULL && EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	ERR_clear_error();
	return pkey;
}

static EVP_PKEY *
read_ed25519(const unsigned char *raw, size_t len)
{
	EVP_PKEY *pkey;

	if (len != ED25519_LEN)
		return NULL;
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, len);
	ERR_clear_error();
	return pkey;
}

/* Anybody can publish a key that is expensive to use. */
static bool
is_affordable(EVP_PKEY *pkey)
{
	BIGNUM	*e = NULL;
	bool	 ok = EVP_PKEY_get_bits(pkey) <= PUBKEY_BITS_MAX;

	if (ok && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
		ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) ==
		    1 && BN_num_bits(e) <= EXPONENT_BITS_MAX;
	BN_free(e);
	return ok;
}

/*
 * Setting up a context takes a tenth of the time of a verification, most of it
 * under OpenSSL's locks; copying one is almost free. NULL: OpenSSL failed.
 */
static EVP_PKEY_CTX *
rsa_context(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);

	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static struct pubkey *
pubkey_new(EVP_PKEY *pkey, enum key_type type)
{
	struct pubkey *k = xcalloc(1, sizeof(*k));

	k->pkey = pkey;
	k->ready = type == KEY_RSA ? rsa_context(pkey) : NULL;
	k->type = type;
	k->bits = type == KEY_RSA ? (unsigned)EVP_PKEY_get_bits(pkey) : 256;
	atomic_init(&k->refs, 1);
	return k;
}

static struct pubkey *
pubkey_parse(enum key_type type, const char *p, size_t len, const char **why)
{
	char		 text[KEY_TEXT_MAX];
	unsigned char	 der[KEY_TEXT_MAX];
	EVP_PKEY	*pkey;

	*why = "the key is too large";
	if (len > sizeof(text))
		return NULL;
	len = tag_strip(text, p, len);
	len = decode(der, sizeof(der), text, len);
	pkey = type == KEY_RSA ? read_rsa(der, len) : read_ed25519(der, len);
	if (pkey != NULL && !is_affordable(pkey)) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	*why = "the key cannot be decoded";
	if (pkey == NULL)
		return NULL;
	*why = NULL;
	return pubkey_new(pkey, type);
}

void
pubkey_release(struct pubkey **kp)
{
	struct pubkey *k = *kp;

	*kp = NULL;
	if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	EVP_PKEY_CTX_free(k->ready);
	EVP_PKEY_free(k->pkey);
	free(k->text);
	free(k);
}

unsigned
pubkey_bits(const struct pubkey *k)
{
	return k->bits;
}

/* --- the cache ---------------------------------------------------------- */

struct pubkey_cache *
pubkey_cache_new(size_t entries)
{
	struct pubkey_cache *c = xcalloc(1, sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	c->max = entries > 0 ? entries : 1;
	c->nbuckets = c->max;
	c->bucket = xcalloc(c->nbuckets, sizeof(*c->bucket));
	/* without a seed, crafted keys can only make the chains longer */
	if (getrandom(&c->seed, sizeof(c->seed), GRND_NONBLOCK) < 0)
		c->seed = 0;
	return c;
}

static void
pubkey_unlink(struct pubkey_cache *c, struct pubkey *k)
{
	struct pubkey **at = &c->bucket[k->hash % c->nbuckets];

	while (*at != k)
		at = &(*at)->chain;
	*at = k->chain;
	if (k->newer != NULL)
		k->newer->older = k->older;
	else
		c->newest = k->older;
	if (k->older != NULL)
		k->older->newer = k->newer;
	else
		c->oldest = k->newer;
	c->n--;
}

static void
pubkey_link(struct pubkey_cache *c, struct pubkey *k)
{
	struct pubkey **at = &c->bucket[k->hash % c->nbuckets];

	k->chain = *at;
	*at = k;
	k->newer = NULL;
	k->older = c->newest;
	if (c->newest != NULL)
		c->newest->newer = k;
	else
		c->oldest = k;
	c->newest = k;
	c->n++;
}

void
pubkey_cache_free(struct pubkey_cache **cp)
{
	struct pubkey_cache	*c = *cp;
	struct pubkey		*k;

	*cp = NULL;
	if (c == NULL)
		return;
	while ((k = c->newest) != NULL) {
		pubkey_unlink(c, k);
		pubkey_release(&k);
	}
	pthread_mutex_destroy(&c->lock);
	free(c->bucket);
	free(c);
}

void
pubkey_cache_stats(struct pubkey_cache *c, struct pubkey_stats *st)
{
	pthread_mutex_lock(&c->lock);
	st->hits = c->hits;
	st->misses = c->misses;
	st->entries = c->n;
	pthread_mutex_unlock(&c->lock);
}

static uint64_t
hash_text(const struct pubkey_cache *c, enum key_type type, const char *p,
    size_t len)
{
	unsigned char kind = (unsigned char)type;

	return fnv_add(fnv_add(c->seed ^ FNV_START, p, len), &kind, 1);
}

/* Locked. The key, with a reference and as the newest one, or NULL. */
static struct pubkey *
pubkey_find(struct pubkey_cache *c, const struct pubkey *like)
{
	struct pubkey *k = c->bucket[like->hash % c->nbuckets];

	for (; k != NULL; k = k->chain)
		if (k->hash == like->hash && k->type == like->type &&
		    k->len == like->len &&
		    memcmp(k->text, like->text, k->len) == 0)
			break;
	if (k == NULL)
		return NULL;
	pubkey_unlink(c, k);
	pubkey_link(c, k);
	atomic_fetch_add(&k->refs, 1);
	return k;
}

/*
 * Two threads may have parsed the same key at the same time: the first one
 * is kept. Returns the key in the cache with a reference for the caller.
 */
static struct pubkey *
pubkey_add(struct pubkey_cache *c, struct pubkey *k)
{
	struct pubkey *there, *gone = NULL;

	pthread_mutex_lock(&c->lock);
	there = pubkey_find(c, k);
	if (there == NULL) {
		if (c->n == c->max) {
			gone = c->oldest;
			pubkey_unlink(c, gone);
		}
		pubkey_link(c, k);
		atomic_fetch_add(&k->refs, 1);
	}
	pthread_mutex_unlock(&c->lock);
	pubkey_release(&gone);
	if (there == NULL)
		return k;
	pubkey_release(&k);
	return there;
}

struct pubkey *
pubkey_get(struct pubkey_cache *c, enum key_type type, const char *p,
    size_t len, const char **why)
{
	struct pubkey	 like = { .type = type, .len = len }, *k;

	like.text = (char *)(uintptr_t)p;	/* only read */
	like.hash = hash_text(c, type, p, len);
	pthread_mutex_lock(&c->lock);
	k = pubkey_find(c, &like);
	if (k != NULL)
		c->hits++;
	else
		c->misses++;
	pthread_mutex_unlock(&c->lock);
	if (k != NULL)
		return k;
	k = pubkey_parse(type, p, len, why);
	if (k == NULL)
		return NULL;
	k->text = memcpy(xmalloc(len), p, len);
	k->len = len;
	k->hash = like.hash;
	return pubkey_add(c, k);
}

/* --- verifying ---------------------------------------------------------- */

static bool
verify_rsa(const struct pubkey *k, const unsigned char *digest,
    const unsigned char *sig, size_t len)
{
	EVP_PKEY_CTX	*ctx;
	bool		 good;

	ctx = k->ready != NULL ? EVP_PKEY_CTX_dup(k->ready) :
	    rsa_context(k->pkey);
	good = ctx != NULL &&
	    EVP_PKEY_verify(ctx, sig, len, digest, PUBKEY_DIGEST_LEN) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

static bool
verify_ed25519(EVP_PKEY *pkey, const unsigned char *digest,
    const unsigned char *sig, size_t len)
{
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();
	bool		 good;

	good = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, sig, len, digest, PUBKEY_DIGEST_LEN) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

bool
pubkey_verifies(const struct pubkey *k,
    const unsigned char digest[PUBKEY_DIGEST_LEN], const char *signature,
    size_t len)
{
	unsigned char	sig[SIGNATURE_TEXT_MAX];
	bool		good;

	len = decode(sig, sizeof(sig), signature, len);
	if (len == 0)
		return false;
	good = k->type == KEY_RSA ?
	    verify_rsa(k, digest, sig, len) :
	    verify_ed25519(k->pkey, digest, sig, len);
	ERR_clear_error();
	return good;
}

bool
pubkey_digest_is(const unsigned char digest[PUBKEY_DIGEST_LEN],
    const char *text, size_t len)
{
	unsigned char found[PUBKEY_DIGEST_LEN + 4];

	return decode(found, sizeof(found), text, len) == PUBKEY_DIGEST_LEN &&
	    memcmp(found, digest, PUBKEY_DIGEST_LEN) == 0;
}
