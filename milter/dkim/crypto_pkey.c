/*
 * crypto_pkey - from the text of a private key, and to its public half (the
 * OpenSSL door, part 2)
 *
 * OpenSSL's own PEM and DER readers try every format that they know, which
 * takes longer than a signature: 100,000 keys would take a minute to load. Its
 * encoder of public halves takes 80 us, for the same reason. The two formats of
 * DKIM keys are parsed here with the plain ASN.1 functions; the numbers are
 * checked and passed to OpenSSL.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "dkim/crypto.h"
#include "crypto_pkey_priv.h"
#include "crypto_uri_priv.h"

#define ED25519_LEN	32

/* The members of an RSAPrivateKey (RFC 8017 A.1.2), in their order. */
enum rsa_part { RSA_VERSION, RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ,
    RSA_QINV, RSA_PARTS };

static const char *const rsa_params[RSA_PARTS] = {
	[RSA_N] = OSSL_PKEY_PARAM_RSA_N,
	[RSA_E] = OSSL_PKEY_PARAM_RSA_E,
	[RSA_D] = OSSL_PKEY_PARAM_RSA_D,
	[RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[RSA_DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[RSA_DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
	[RSA_QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

/* --- RSA keys from their numbers --------------------------------------- */

static void
rsa_numbers_free(BIGNUM *n[RSA_PARTS])
{
	int i;

	for (i = 0; i < RSA_PARTS; i++)
		BN_clear_free(n[i]);
}

/* RSAPrivateKey has nine integers; with more there are more than two primes. */
static bool
rsa_numbers_read(BIGNUM *n[RSA_PARTS], const unsigned char *der, long len)
{
	ASN1_SEQUENCE_ANY	*seq = d2i_ASN1_SEQUENCE_ANY(NULL, &der, len);
	const ASN1_TYPE		*part;
	bool			 ok;
	int			 i;

	ok = seq != NULL && sk_ASN1_TYPE_num(seq) == RSA_PARTS;
	for (i = 0; ok && i < RSA_PARTS; i++) {
		part = sk_ASN1_TYPE_value(seq, i);
		if (part->type == V_ASN1_INTEGER)
			n[i] = ASN1_INTEGER_to_BN(part->value.integer, NULL);
		ok = n[i] != NULL;
	}
	sk_ASN1_TYPE_pop_free(seq, ASN1_TYPE_free);
	return ok && BN_is_zero(n[RSA_VERSION]);
}

/* a * b is 1 modulo m - minus */
static bool
inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_ULONG minus,
    BN_CTX *ctx)
{
	BIGNUM	*modulus, *product;
	bool	 ok;

	BN_CTX_start(ctx);
	modulus = BN_CTX_get(ctx);
	product = BN_CTX_get(ctx);
	ok = product != NULL && BN_copy(modulus, m) != NULL &&
	    BN_sub_word(modulus, minus) == 1 && !BN_is_zero(modulus) &&
	    BN_mod_mul(product, a, b, modulus, ctx) == 1 &&
	    BN_is_one(product);
	BN_CTX_end(ctx);
	return ok;
}

static bool
is_product(const BIGNUM *n, const BIGNUM *p, const BIGNUM *q, BN_CTX *ctx)
{
	BIGNUM	*product;
	bool	 ok;

	BN_CTX_start(ctx);
	product = BN_CTX_get(ctx);
	ok = product != NULL && BN_mul(product, p, q, ctx) == 1 &&
	    BN_cmp(product, n) == 0;
	BN_CTX_end(ctx);
	return ok;
}

/* The numbers depend on each other: a damaged one is detected. */
static bool
rsa_numbers_agree(BIGNUM *const n[RSA_PARTS])
{
	BN_CTX	*ctx = BN_CTX_secure_new();
	bool	 ok;

	ok = ctx != NULL && BN_is_odd(n[RSA_E]) && BN_is_odd(n[RSA_N]) &&
	    is_product(n[RSA_N], n[RSA_P], n[RSA_Q], ctx) &&
	    inverse(n[RSA_E], n[RSA_D], n[RSA_P], 1, ctx) &&
	    inverse(n[RSA_E], n[RSA_D], n[RSA_Q], 1, ctx) &&
	    inverse(n[RSA_E], n[RSA_DP], n[RSA_P], 1, ctx) &&
	    inverse(n[RSA_E], n[RSA_DQ], n[RSA_Q], 1, ctx) &&
	    inverse(n[RSA_Q], n[RSA_QINV], n[RSA_P], 0, ctx);
	BN_CTX_free(ctx);
	return ok;
}

static EVP_PKEY *
rsa_from_numbers(BIGNUM *const n[RSA_PARTS])
{
	OSSL_PARAM_BLD	*build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX	*ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM	*params = NULL;
	EVP_PKEY	*pkey = NULL;
	bool		 ok = build != NULL && ctx != NULL;
	int		 i;

	for (i = RSA_N; ok && i < RSA_PARTS; i++)
		ok = OSSL_PARAM_BLD_push_BN(build, rsa_params[i], n[i]) == 1;
	if (ok)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *
rsa_from_der(const unsigned char *der, long len, const char **why)
{
	BIGNUM		*n[RSA_PARTS] = { NULL };
	EVP_PKEY	*pkey = NULL;

	if (!rsa_numbers_read(n, der, len))
		*why = "the RSA key is damaged, or not of two primes";
	else if (BN_num_bits(n[RSA_N]) < CRYPTO_RSA_BITS_MIN)
		*why = CRYPTO_RSA_SHORT;
	else if (BN_num_bits(n[RSA_N]) > CRYPTO_RSA_BITS_MAX)
		*why = CRYPTO_RSA_LONG;
	else if (!rsa_numbers_agree(n))
		*why = "the RSA key is damaged: its numbers do not agree";
	else if ((pkey = rsa_from_numbers(n)) == NULL)
		*why = "OpenSSL refuses the RSA key";
	rsa_numbers_free(n);
	return pkey;
}

/* --- formats: PKCS#8, PEM, base64 -------------------------------------- */

static EVP_PKEY *
ed25519_from_raw(const unsigned char *raw, const char **why)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    raw, ED25519_LEN);

	if (pkey == NULL)
		*why = "OpenSSL refuses the Ed25519 key";
	return pkey;
}

/* RFC 8410 7: the key is an octet string within the octet string. */
static EVP_PKEY *
ed25519_from_der(const unsigned char *der, long len, const char **why)
{
	if (len == 2 + ED25519_LEN && der[0] == V_ASN1_OCTET_STRING &&
	    der[1] == ED25519_LEN)
		return ed25519_from_raw(der + 2, why);
	*why = "the Ed25519 key is damaged";
	return NULL;
}

static EVP_PKEY *
key_from_pkcs8(const unsigned char *der, long len, const char **why)
{
	PKCS8_PRIV_KEY_INFO	*p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der, len);
	const ASN1_OBJECT	*oid;
	const unsigned char	*key;
	EVP_PKEY		*pkey = NULL;
	int			 keylen;

	if (p8 == NULL || PKCS8_pkey_get0(&oid, &key, &keylen, NULL, p8) != 1)
		*why = "the key is damaged: no PKCS#8 inside";
	else if (OBJ_obj2nid(oid) == NID_rsaEncryption)
		pkey = rsa_from_der(key, keylen, why);
	else if (OBJ_obj2nid(oid) == NID_ED25519)
		pkey = ed25519_from_der(key, keylen, why);
	else
		*why = "neither an RSA nor an Ed25519 key";
	PKCS8_PRIV_KEY_INFO_free(p8);
	return pkey;
}

static EVP_PKEY *
key_from_block(const char *label, const char *head, const unsigned char *der,
    long len, const char **why)
{
	if (strcmp(label, "ENCRYPTED PRIVATE KEY") == 0 || head[0] != '\0')
		*why = "the key has a passphrase; remove it with"
		    " openssl pkey -in OLD -out NEW";
	else if (strcmp(label, "PRIVATE KEY") == 0)
		return key_from_pkcs8(der, len, why);
	else if (strcmp(label, "RSA PRIVATE KEY") == 0)
		return rsa_from_der(der, len, why);
	else if (strstr(label, "PRIVATE KEY") != NULL)
		*why = "neither an RSA nor an Ed25519 key";
	else
		*why = "a PEM file, but not of a private key";
	return NULL;
}

static EVP_PKEY *
key_from_pem(const char *text, size_t len, const char **why)
{
	BIO		*in = BIO_new_mem_buf(text, (int)len);
	EVP_PKEY	*pkey = NULL;
	unsigned char	*der;
	char		*label, *head;
	long		 derlen;

	*why = "the PEM text is damaged";
	if (in != NULL &&
	    PEM_read_bio(in, &label, &head, &der, &derlen) == 1) {
		pkey = key_from_block(label, head, der, derlen, why);
		OPENSSL_clear_free(der, (size_t)derlen);
		OPENSSL_free(label);
		OPENSSL_free(head);
	}
	BIO_free(in);
	return pkey;
}

/* DER of either type in base64, or dkimpy's form: the 32 octets of Ed25519. */
static EVP_PKEY *
key_from_base64(const char *text, size_t len, const char **why)
{
	EVP_ENCODE_CTX	*ctx = EVP_ENCODE_CTX_new();
	unsigned char	*der = xmalloc(len + 4);
	EVP_PKEY	*pkey = NULL;
	int		 n = 0, more = 0, ok;

	*why = "no private key in PEM or base64";
	EVP_DecodeInit(ctx);
	ok = EVP_DecodeUpdate(ctx, der, &n, (const unsigned char *)text,
	    (int)len);
	if (ok >= 0 && EVP_DecodeFinal(ctx, der + n, &more) == 1) {
		n += more;
		if (n == ED25519_LEN)
			pkey = ed25519_from_raw(der, why);
		else if (n > 0 && (pkey = key_from_pkcs8(der, n, why)) == NULL)
			pkey = rsa_from_der(der, n, why);
	}
	EVP_ENCODE_CTX_free(ctx);
	OPENSSL_cleanse(der, len + 4);
	free(der);
	return pkey;
}

EVP_PKEY *
crypto_pkey_parse(const char *text, size_t len, const char **why)
{
	static const char begin[] = "-----BEGIN ";

	if (len > CRYPTO_KEY_TEXT_MAX)
		*why = "too long for a private key";
	else if (memmem(text, len, begin, sizeof(begin) - 1) != NULL)
		return key_from_pem(text, len, why);
	else if (crypto_uri_is(text, len))
		return crypto_uri_load(text, len, why);
	else
		return key_from_base64(text, len, why);
	return NULL;
}

/* --- public halves ------------------------------------------------------- */

static bool
add_integer(ASN1_SEQUENCE_ANY *seq, const EVP_PKEY *pkey, const char *name)
{
	ASN1_TYPE	*part = ASN1_TYPE_new();
	ASN1_INTEGER	*i = NULL;
	BIGNUM		*n = NULL;

	if (part != NULL && EVP_PKEY_get_bn_param(pkey, name, &n) == 1)
		i = BN_to_ASN1_INTEGER(n, NULL);
	BN_free(n);
	if (i != NULL) {
		ASN1_TYPE_set(part, V_ASN1_INTEGER, i);
		if (sk_ASN1_TYPE_push(seq, part) > 0)
			return true;
	}
	ASN1_TYPE_free(part);
	return false;
}

/* An RSAPublicKey (RFC 8017 A.1.1); OPENSSL_free. 0: OpenSSL failed. */
static int
rsa_public(const EVP_PKEY *pkey, unsigned char **der)
{
	ASN1_SEQUENCE_ANY	*seq = sk_ASN1_TYPE_new_null();
	int			 len = 0;

	if (seq != NULL && add_integer(seq, pkey, OSSL_PKEY_PARAM_RSA_N) &&
	    add_integer(seq, pkey, OSSL_PKEY_PARAM_RSA_E))
		len = i2d_ASN1_SEQUENCE_ANY(seq, der);
	sk_ASN1_TYPE_pop_free(seq, ASN1_TYPE_free);
	return len > 0 ? len : 0;
}

/* The form with an algorithm, as RFC 6376 3.6.1 has it for p=. */
int
crypto_pkey_public_rsa(const EVP_PKEY *pkey, unsigned char **der)
{
	X509_PUBKEY	*public = X509_PUBKEY_new();
	unsigned char	*key = NULL;
	int		 n = public != NULL ? rsa_public(pkey, &key) : 0;
	int		 len = 0;

	*der = NULL;
	if (n > 0 && X509_PUBKEY_set0_param(public,
	    OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, NULL, key, n) == 1) {
		key = NULL;
		len = i2d_X509_PUBKEY(public, der);
	}
	OPENSSL_free(key);
	X509_PUBKEY_free(public);
	return len > 0 ? len : 0;
}
