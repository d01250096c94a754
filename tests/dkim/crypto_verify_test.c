/*
 * crypto_verify: the formats of a public key, signatures that it verifies, and
 * the key cache.
 */
#include <pthread.h>

#include "dkim_maker.h"
#include "dkim/crypto_verify_priv.h"

static const unsigned char digest[PUBKEY_DIGEST_LEN] = "a digest";

/* A signature over `digest`, not over a text. */
static char *
sign_digest(struct arena *a, EVP_PKEY *pkey, const EVP_MD *md)
{
	unsigned char	 sig[1024];
	size_t		 len = sizeof(sig);
	EVP_PKEY_CTX	*ctx;
	EVP_MD_CTX	*mdctx;
	int		 ok;

	if (!EVP_PKEY_is_a(pkey, "RSA")) {
		mdctx = EVP_MD_CTX_new();
		ok = EVP_DigestSignInit(mdctx, NULL, NULL, NULL, pkey) &&
		    EVP_DigestSign(mdctx, sig, &len, digest, sizeof(digest));
		EVP_MD_CTX_free(mdctx);
		assert_int_equal(ok, 1);
		return maker_base64(a, sig, len);
	}
	ctx = EVP_PKEY_CTX_new(pkey, NULL);
	ok = EVP_PKEY_sign_init(ctx) == 1 && (md == NULL ||
	    EVP_PKEY_CTX_set_signature_md(ctx, md) == 1) &&
	    EVP_PKEY_sign(ctx, sig, &len, digest, sizeof(digest)) == 1;
	EVP_PKEY_CTX_free(ctx);
	assert_int_equal(ok, 1);
	return maker_base64(a, sig, len);
}

static const struct {
	const char	*name, *key, *form;
	enum key_type	 type;
	unsigned	 bits;		/* 0: refused */
} forms[] = {
	{ "RSA, SubjectPublicKeyInfo", "rsa2048", "spki", KEY_RSA, 2048 },
	{ "RSA, RSAPublicKey", "rsa2048", "pkcs1", KEY_RSA, 2048 },
	{ "RSA of 512 bits", "rsa512", "spki", KEY_RSA, 512 },
	{ "Ed25519, 32 octets", "ed25519", "raw", KEY_ED25519, 256 },
	{ "Ed25519, SubjectPublicKeyInfo", "ed25519", "spki", KEY_ED25519,
	    0 },
	{ "Ed25519 called RSA", "ed25519", "raw", KEY_RSA, 0 },
	{ "Ed25519 in SPKI called RSA", "ed25519", "spki", KEY_RSA, 0 },
	{ "RSA called Ed25519", "rsa512", "spki", KEY_ED25519, 0 },
};

static void
forms_of_keys(void **state)
{
	struct pubkey_cache	*c = pubkey_cache_new(10);
	struct arena		*a = arena_new(4096);
	const char		*p, *sig, *why;
	struct pubkey		*k;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(forms); i++) {
		p = maker_public(a, maker_key(forms[i].key), forms[i].form);
		why = NULL;
		k = pubkey_get(c, forms[i].type, p, strlen(p), &why);
		if ((k == NULL) != (forms[i].bits == 0) ||
		    (k == NULL) != (why != NULL))
			row_fail(forms[i].name, "%s", why ? why : "taken");
		if (k == NULL)
			continue;
		assert_int_equal(pubkey_bits(k), forms[i].bits);
		sig = sign_digest(a, maker_key(forms[i].key), EVP_sha256());
		if (!pubkey_verifies(k, digest, sig, strlen(sig)))
			row_fail(forms[i].name, "does not verify");
		pubkey_release(&k);
	}
	pubkey_cache_free(&c);
	arena_free(&a);
}

static void
no_key_at_all(void **state)
{
	static const char *const texts[] = {
		"YWJj", "MIGf", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"", "    "
	};
	struct pubkey_cache	*c = pubkey_cache_new(10);
	const char		*why;
	char			 large[5000];
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		assert_null(pubkey_get(c, KEY_RSA, texts[i],
		    strlen(texts[i]), &why));
		assert_null(pubkey_get(c, KEY_ED25519, texts[i],
		    strlen(texts[i]), &why));
	}
	memset(large, 'A', sizeof(large));
	assert_null(pubkey_get(c, KEY_RSA, large, sizeof(large), &why));
	pubkey_cache_free(&c);
}

/* RSA of 9000 bits; the modulus is odd, its factors are unknown. */
static void
too_many_bits(void **state)
{
	struct pubkey_cache	*c = pubkey_cache_new(10);
	struct arena		*a = arena_new(4096);
	unsigned char		 der[1142] = { 0x30, 0x82, 0x04, 0x72,
				    0x02, 0x82, 0x04, 0x69, 0x00 };
	static const unsigned char e[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };
	const char		*why = NULL, *p;

	(void)state;
	memset(der + 9, 0xff, 1128);
	memcpy(der + 1137, e, sizeof(e));
	p = maker_base64(a, der, sizeof(der));
	assert_null(pubkey_get(c, KEY_RSA, p, strlen(p), &why));
	assert_string_equal(why, "the key is too large");
	pubkey_cache_free(&c);
	arena_free(&a);
}

/* An exponent as long as the modulus: 3 to 10 ms for each signature. */
static void
too_long_an_exponent(void **state)
{
	static const struct {
		unsigned char	 top[2];
		bool		 taken;
	} cases[] = { { { 0x00, 0x80 }, true }, { { 0x01, 0x00 }, false } };
	struct pubkey_cache	*c = pubkey_cache_new(10);
	struct arena		*a = arena_new(4096);
	unsigned char		 der[276] = { 0x30, 0x82, 0x01, 0x10,
				    0x02, 0x82, 0x01, 0x01, 0x00 };
	const char		*why, *p;
	struct pubkey		*k;
	size_t			 i;

	(void)state;
	memset(der + 9, 0xff, 256);
	der[265] = 0x02;	/* 9 octets: 64 bits, or 65 */
	der[266] = 0x09;
	der[275] = 0x01;
	for (i = 0; i < NELEM(cases); i++) {
		memcpy(der + 267, cases[i].top, 2);
		p = maker_base64(a, der, sizeof(der));
		k = pubkey_get(c, KEY_RSA, p, strlen(p), &why);
		assert_int_equal(k != NULL, cases[i].taken);
		if (k == NULL)
			assert_string_equal(why, "the key is too large");
		pubkey_release(&k);
	}
	pubkey_cache_free(&c);
	arena_free(&a);
}

static void
what_does_not_verify(void **state)
{
	struct pubkey_cache	*c = pubkey_cache_new(10);
	struct arena		*a = arena_new(4096);
	EVP_PKEY		*pkey = maker_key("rsa2048");
	unsigned char		 other[PUBKEY_DIGEST_LEN] = "another";
	const char		*p = maker_public(a, pkey, "spki"), *why;
	struct pubkey		*k = pubkey_get(c, KEY_RSA, p, strlen(p),
				    &why);
	char			*sig = sign_digest(a, pkey, EVP_sha256());
	char			*long_sig = arena_alloc(a, 3001);

	(void)state;
	assert_true(pubkey_verifies(k, digest, sig, strlen(sig)));
	assert_false(pubkey_verifies(k, other, sig, strlen(sig)));
	assert_false(pubkey_verifies(k, digest, sig, strlen(sig) - 4));
	assert_false(pubkey_verifies(k, digest, "YWJj", 4));
	assert_false(pubkey_verifies(k, digest, "", 0));
	memset(long_sig, 'A', 3000);
	assert_false(pubkey_verifies(k, digest, long_sig, 3000));
	sig[5] = sig[5] == 'A' ? 'B' : 'A';
	assert_false(pubkey_verifies(k, digest, sig, strlen(sig)));
	/* padding without the digest's name in it */
	sig = sign_digest(a, pkey, NULL);
	assert_false(pubkey_verifies(k, digest, sig, strlen(sig)));
	sig = sign_digest(a, pkey, EVP_sha512_256());
	assert_false(pubkey_verifies(k, digest, sig, strlen(sig)));
	pubkey_release(&k);
	pubkey_cache_free(&c);
	arena_free(&a);
}

static void
digests_compare(void **state)
{
	struct arena	*a = arena_new(4096);
	const char	*text = maker_base64(a, digest, sizeof(digest));
	unsigned char	 longer[PUBKEY_DIGEST_LEN + 3] = "a digest";

	(void)state;
	assert_true(pubkey_digest_is(digest, text, strlen(text)));
	assert_false(pubkey_digest_is(digest, text, strlen(text) - 4));
	assert_false(pubkey_digest_is(digest, "YWJj", 4));
	assert_false(pubkey_digest_is(digest, "", 0));
	text = maker_base64(a, longer, sizeof(longer));
	assert_false(pubkey_digest_is(digest, text, strlen(text)));
	text = maker_base64(a, longer, PUBKEY_DIGEST_LEN - 1);
	assert_false(pubkey_digest_is(digest, text, strlen(text)));
	arena_free(&a);
}

/* --- the cache ---------------------------------------------------------- */

/* Any 32 octets are accepted as an Ed25519 key. */
static const char *
nth_key(struct arena *a, unsigned n)
{
	unsigned char raw[32] = { 0 };

	memcpy(raw, &n, sizeof(n));
	return maker_base64(a, raw, sizeof(raw));
}

static struct pubkey *
get(struct pubkey_cache *c, struct arena *a, unsigned n)
{
	const char	*p = nth_key(a, n), *why;
	struct pubkey	*k = pubkey_get(c, KEY_ED25519, p, strlen(p), &why);

	assert_non_null(k);
	return k;
}

static void
the_least_used_goes(void **state)
{
	struct pubkey_cache	*c = pubkey_cache_new(3);
	struct arena		*a = arena_new(4096);
	struct pubkey_stats	 st;
	struct pubkey		*k[5], *again;
	unsigned		 i;

	(void)state;
	for (i = 0; i < 3; i++)
		k[i] = get(c, a, i);
	again = get(c, a, 0);
	assert_ptr_equal(again, k[0]);
	pubkey_release(&again);
	k[3] = get(c, a, 3);		/* drops 1 */
	again = get(c, a, 0);
	assert_ptr_equal(again, k[0]);
	pubkey_release(&again);
	k[4] = get(c, a, 1);		/* a new one; drops 2 */
	assert_ptr_not_equal(k[4], k[1]);
	pubkey_cache_stats(c, &st);
	assert_int_equal(st.entries, 3);
	assert_int_equal(st.hits, 2);
	assert_int_equal(st.misses, 5);
	/* keys outlive the cache while they are referenced */
	pubkey_cache_free(&c);
	for (i = 0; i < 5; i++) {
		assert_int_equal(pubkey_bits(k[i]), 256);
		pubkey_release(&k[i]);
	}
	arena_free(&a);
}

static void
the_text_and_the_type_count(void **state)
{
	struct pubkey_cache	*c = pubkey_cache_new(10);
	struct arena		*a = arena_new(4096);
	const char		*p = nth_key(a, 1), *why;
	struct pubkey		*k, *spaced;

	(void)state;
	k = pubkey_get(c, KEY_ED25519, p, strlen(p), &why);
	assert_null(pubkey_get(c, KEY_RSA, p, strlen(p), &why));
	p = arena_printf(a, "%.10s \r\n %s", p, p + 10);
	spaced = pubkey_get(c, KEY_ED25519, p, strlen(p), &why);
	assert_non_null(spaced);
	assert_ptr_not_equal(k, spaced);
	pubkey_release(&k);
	pubkey_release(&spaced);
	pubkey_cache_free(&c);
	arena_free(&a);
}

static void *
hammer(void *cache)
{
	struct arena	*a = arena_new(4096);
	struct pubkey	*k;
	unsigned	 i;

	for (i = 0; i < 2000; i++) {
		k = get(cache, a, i % 13);
		assert_int_equal(pubkey_bits(k), 256);
		pubkey_release(&k);
	}
	arena_free(&a);
	return NULL;
}

static void
threads_share_the_cache(void **state)
{
	struct pubkey_cache	*c = pubkey_cache_new(7);
	struct pubkey_stats	 st;
	pthread_t		 id[4];
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(id); i++)
		assert_int_equal(pthread_create(&id[i], NULL, hammer, c), 0);
	for (i = 0; i < NELEM(id); i++)
		pthread_join(id[i], NULL);
	pubkey_cache_stats(c, &st);
	assert_int_equal(st.entries, 7);
	assert_int_equal(st.hits + st.misses, 8000);
	pubkey_cache_free(&c);
}

struct shared {
	const struct pubkey	*key;
	const char		*sig;
};

/* NULL when all answers are right. */
static void *
verify_many(void *arg)
{
	static const unsigned char	 other[PUBKEY_DIGEST_LEN] = "another";
	struct shared			*s = arg;
	size_t				 len = strlen(s->sig);
	unsigned			 i;

	for (i = 0; i < 200; i++)
		if (!pubkey_verifies(s->key, digest, s->sig, len) ||
		    pubkey_verifies(s->key, other, s->sig, len))
			return s;
	return NULL;
}

static void
threads_share_an_rsa_key(void **state)
{
	struct pubkey_cache	*c = pubkey_cache_new(10);
	struct arena		*a = arena_new(4096);
	EVP_PKEY		*pkey = maker_key("rsa2048");
	const char		*p = maker_public(a, pkey, "spki"), *why;
	struct pubkey		*k = pubkey_get(c, KEY_RSA, p, strlen(p), &why);
	struct shared		 s = { k, sign_digest(a, pkey, EVP_sha256()) };
	pthread_t		 id[4];
	void			*bad;
	size_t			 i;

	(void)state;
	assert_non_null(k);
	for (i = 0; i < NELEM(id); i++)
		assert_int_equal(pthread_create(&id[i], NULL, verify_many,
		    &s), 0);
	for (i = 0; i < NELEM(id); i++) {
		assert_int_equal(pthread_join(id[i], &bad), 0);
		assert_null(bad);
	}
	pubkey_release(&k);
	pubkey_cache_free(&c);
	arena_free(&a);
}

static int
tear_down(void **state)
{
	(void)state;
	maker_forget_keys();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_keys),
		cmocka_unit_test(no_key_at_all),
		cmocka_unit_test(too_many_bits),
		cmocka_unit_test(too_long_an_exponent),
		cmocka_unit_test(what_does_not_verify),
		cmocka_unit_test(digests_compare),
		cmocka_unit_test(the_least_used_goes),
		cmocka_unit_test(the_text_and_the_type_count),
		cmocka_unit_test(threads_share_the_cache),
		cmocka_unit_test(threads_share_an_rsa_key),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
