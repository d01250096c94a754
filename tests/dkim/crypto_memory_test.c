/*
 * crypto_memory: each allocation of OpenSSL fails once. What comes is the right
 * result, or none, with a reason; and afterwards all works as before.
 */
#include "test.h"

#include <openssl/crypto.h>

#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/crypto_verify_priv.h"

/* The allocation that fails; 0: none. */
static unsigned	fails_at;

static bool
fails_now(void)
{
	return fails_at > 0 && --fails_at == 0;
}

static void *
failing_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails_now() ? NULL : malloc(n);
}

static void *
failing_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (n == 0) {
		free(p);
		return NULL;
	}
	return fails_now() ? NULL : realloc(p, n);
}

static void
plain_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* --- what is done --------------------------------------------------------- */

static const unsigned char	 digest[CRYPTO_SHA256_LEN] = { 1, 2, 3 };
static struct buf		 pem[2], p[2];	/* of an RSA, an Ed25519 key */

/* Nothing fails until the return; then what has not failed yet. */
static unsigned
pause_failing(void)
{
	unsigned at = fails_at;

	fails_at = 0;
	return at;
}

/* A key that has done nothing yet. */
static struct crypto_key *
fresh_key(int which)
{
	unsigned		 at = pause_failing();
	const char		*why;
	struct crypto_key	*key = crypto_key_parse(buf_str(&pem[which]),
				    pem[which].len, &why);

	assert_non_null(key);
	fails_at = at;
	return key;
}

static bool
parses(int which)
{
	struct crypto_key	*key;
	struct buf		 public = BUF_INIT;
	const char		*why = NULL;
	bool			 ok;

	key = crypto_key_parse(buf_str(&pem[which]), pem[which].len, &why);
	if (key == NULL) {
		assert_non_null(why);
		return false;
	}
	assert_int_equal(crypto_key_type(key), which);
	ok = crypto_key_public(key, &public);
	if (ok)
		assert_string_equal(buf_str(&public), buf_str(&p[which]));
	crypto_key_free(&key);
	buf_free(&public);
	return ok;
}

static bool
writes(int which)
{
	struct crypto_key	*key = fresh_key(which);
	struct buf		 text = BUF_INIT;
	bool			 ok = crypto_key_pem(key, &text);

	if (ok)
		assert_string_equal(buf_str(&text), buf_str(&pem[which]));
	crypto_key_free(&key);
	buf_free(&text);
	return ok;
}

static bool
generates(int which)
{
	const char		*why = NULL;
	struct crypto_key	*key = crypto_key_generate(
				    (enum crypto_type)which, 0, &why);
	bool			 ok = key != NULL;

	assert_true(ok || why != NULL);
	crypto_key_free(&key);
	return ok;
}

static bool
verifies(int which, const char *signature, size_t len)
{
	struct pubkey_cache	*c = pubkey_cache_new(1);
	const char		*why = NULL;
	struct pubkey		*k = pubkey_get(c, which == CRYPTO_RSA ?
				    KEY_RSA : KEY_ED25519, buf_str(&p[which]),
				    p[which].len, &why);
	bool			 ok;

	assert_true(k != NULL || why != NULL);
	ok = k != NULL && pubkey_verifies(k, digest, signature, len);
	if (k != NULL)
		pubkey_release(&k);
	pubkey_cache_free(&c);
	return ok;
}

/* What it writes must verify. */
static bool
signs(int which)
{
	unsigned char		 octets[CRYPTO_SIGNATURE_MAX];
	struct crypto_key	*key = fresh_key(which);
	struct buf		 text = BUF_INIT;
	const char		*why = NULL;
	size_t			 len = crypto_sign(key, digest, octets, &why);
	unsigned		 at = pause_failing();

	if (len > 0) {
		crypto_base64(&text, octets, len);
		assert_true(verifies(which, buf_str(&text), text.len));
	} else
		assert_non_null(why);
	/* and now it does */
	assert_int_not_equal(crypto_sign(key, digest, octets, &why), 0);
	fails_at = at;
	crypto_key_free(&key);
	buf_free(&text);
	return len > 0;
}

static bool
checks(int which)
{
	static struct buf	 signature[2];
	unsigned		 at = pause_failing();
	unsigned char		 octets[CRYPTO_SIGNATURE_MAX];
	struct crypto_key	*key;
	const char		*why;

	if (signature[which].len == 0) {
		key = fresh_key(which);
		crypto_base64(&signature[which], octets, crypto_sign(key,
		    digest, octets, &why));
		crypto_key_free(&key);
	}
	fails_at = at;
	return verifies(which, buf_str(&signature[which]),
	    signature[which].len);
}

static bool
hashes(int which)
{
	unsigned char		 sum[CRYPTO_SHA256_LEN], again[sizeof(sum)];
	struct crypto_sha256	*s = crypto_sha256_new();
	bool			 ok;

	(void)which;
	if (s == NULL)
		return false;
	crypto_sha256_add(s, "abc", 3);
	ok = crypto_sha256_so_far(s, sum) && crypto_sha256_finish(s, again);
	if (ok)
		assert_memory_equal(sum, again, sizeof(sum));
	ok = ok && crypto_sha256("abc", 3, again);
	if (ok)
		assert_memory_equal(sum, again, sizeof(sum));
	crypto_sha256_free(&s);
	return ok;
}

/* --- each one, with each allocation failing -------------------------------- */

static int
make_keys(void **state)
{
	struct crypto_key	*key;
	const char		*why;
	int			 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		key = crypto_key_generate((enum crypto_type)i, 1024, &why);
		if (key == NULL || !crypto_key_pem(key, &pem[i]) ||
		    !crypto_key_public(key, &p[i]))
			return -1;
		crypto_key_free(&key);
	}
	return 0;
}

static void
no_allocation_is_needed_blindly(void **state)
{
	static const struct {
		const char	*name;
		bool		 (*does)(int which);
		int		 first, last;	/* of the types of keys */
	} rows[] = {
		{ "parse", parses, CRYPTO_RSA, CRYPTO_ED25519 },
		{ "write", writes, CRYPTO_RSA, CRYPTO_ED25519 },
		/* RSA is a search for primes, with too many allocations */
		{ "generate", generates, CRYPTO_ED25519, CRYPTO_ED25519 },
		{ "sign", signs, CRYPTO_RSA, CRYPTO_ED25519 },
		{ "verify", checks, CRYPTO_RSA, CRYPTO_ED25519 },
		{ "hash", hashes, CRYPTO_RSA, CRYPTO_RSA },	/* none */
	};
	size_t		i;
	int		which;
	unsigned	n, failed;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		for (which = rows[i].first; which <= rows[i].last; which++) {
			if (!rows[i].does(which))	/* warm */
				row_fail(rows[i].name, "fails");
			failed = 0;
			for (n = 1, fails_at = 0; fails_at == 0; n++) {
				fails_at = n;
				failed += !rows[i].does(which);
			}
			fails_at = 0;
			if (failed == 0)
				row_fail(rows[i].name, "never fails");
			if (!rows[i].does(which))
				row_fail(rows[i].name, "fails afterwards");
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_allocation_is_needed_blindly),
	};

	if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free) !=
	    1)
		return 1;
	return cmocka_run_group_tests(tests, make_keys, NULL);
}
