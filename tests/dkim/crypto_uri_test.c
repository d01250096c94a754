/*
 * crypto_uri: keys in a token of SoftHSM sign as keys in a file do; URIs that
 * must be refused
 */
#include "test.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/crypto_uri_priv.h"
#include "temp_dir.h"

#define MODULE	"/usr/lib/softhsm/libsofthsm2.so"
#define URI	"pkcs11:token=dkim;object=r3;type=private?pin-value=5678"

static const char *
refusal(const char *text)
{
	const char		*why = NULL;
	struct crypto_key	*key = crypto_key_parse(text, strlen(text),
				    &why);

	assert_null(key);
	assert_non_null(why);
	return why;
}

static void
only_a_scheme_makes_a_uri(void **state)
{
	static const char *const not[] = { "", ":", "1a:b", "pkcs11", "a b:c",
	    "MII+/=", "a/b:c", "-----BEGIN PRIVATE KEY-----" };
	static const char *const is[] = { "pkcs11:", "a:b", "x+y-z.1:c" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(not); i++)
		assert_false(crypto_uri_is(not[i], strlen(not[i])));
	for (i = 0; i < NELEM(is); i++)
		assert_true(crypto_uri_is(is[i], strlen(is[i])));
}

static void
bad_uris_are_refused(void **state)
{
	struct buf	b = BUF_INIT;

	(void)state;
	assert_non_null(strstr(refusal("pkcs11:token=no such"), "blank"));
	assert_non_null(strstr(refusal("pkcs11:token=\302\240"), "blank"));
	assert_non_null(strstr(refusal("pkcs11:a\npkcs11:b"), "blank"));
	assert_non_null(strstr(refusal("file:/etc/passwd"), "of a file"));
	assert_non_null(strstr(refusal("FILE:///etc/passwd\n"), "of a file"));
	assert_non_null(strstr(refusal("nosuch:key"), "no private key"));
	buf_addstr(&b, "nosuch:");
	while (b.len < CRYPTO_URI_MAX)
		buf_addch(&b, 'x');
	assert_non_null(strstr(refusal(buf_str(&b)), "no private key"));
	buf_addch(&b, 'x');
	assert_non_null(strstr(refusal(buf_str(&b)), "1024 octets"));
	buf_free(&b);
}

/* A new key of `bits` as a file, and in the token as `object`. */
static struct crypto_key *
key_in_token(const char *object, unsigned bits)
{
	const char		*why;
	struct crypto_key	*key = crypto_key_generate(CRYPTO_RSA, bits,
				    &why);
	struct buf		 pem = BUF_INIT, command = BUF_INIT;
	static unsigned		 id;
	FILE			*f;

	assert_non_null(key);
	assert_true(crypto_key_pem(key, &pem));
	buf_printf(&command, "%s/%s.pem", temp_dir, object);
	f = fopen(buf_str(&command), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(buf_str(&pem), 1, pem.len, f), pem.len);
	assert_int_equal(fclose(f), 0);
	buf_reset(&command);
	buf_printf(&command, "softhsm2-util --import %s/%s.pem --token dkim"
	    " --label %s --id %02x --pin 5678 >/dev/null", temp_dir, object,
	    object, ++id);
	assert_int_equal(system(buf_str(&command)), 0);
	buf_free(&pem);
	buf_free(&command);
	return key;
}

/* The engine reads its settings once in a process. */
static int
token_make(void **state)
{
	char	 path[128];
	FILE	*f;

	if (temp_dir_make(state) != 0)
		return -1;
	if (access(MODULE, R_OK) != 0 ||
	    system("softhsm2-util --version >/dev/null 2>&1 &&"
	    " openssl engine pkcs11 >/dev/null 2>&1") != 0)
		return 0;	/* the tests with a token are skipped */
	snprintf(path, sizeof(path), "%s/tokens", temp_dir);
	if (mkdir(path, 0700) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/softhsm2.conf", temp_dir);
	f = fopen(path, "w");
	if (f == NULL)
		return -1;
	fprintf(f, "directories.tokendir = %s/tokens\n", temp_dir);
	fclose(f);
	setenv("SOFTHSM2_CONF", path, 1);
	setenv("PKCS11_MODULE_PATH", MODULE, 1);
	*state = temp_dir;
	return system("softhsm2-util --init-token --free --label dkim"
	    " --so-pin 1234 --pin 5678 >/dev/null");
}

static struct crypto_key *
parsed(const char *uri)
{
	const char		*why = "";
	struct crypto_key	*key = crypto_key_parse(uri, strlen(uri), &why);

	if (key == NULL)
		fail_msg("%s: %s", uri, why);
	return key;
}

/* Before any login: the token stays open for the process. */
static void
tokens_need_their_pin(void **state)
{
	struct crypto_key *file;

	if (*state == NULL)
		skip();
	file = key_in_token("r1", 2048);
	crypto_key_free(&file);
	/* nobody is asked for it */
	assert_non_null(strstr(refusal("pkcs11:token=dkim;object=r1"),
	    "no private key"));
	assert_non_null(strstr(refusal("pkcs11:token=dkim;object=r1"
	    "?pin-value=wrong"), "no private key"));
	assert_non_null(strstr(refusal("pkcs11:token=dkim;object=r9"
	    "?pin-value=5678"), "no private key"));
}

static void
keys_of_a_token_sign(void **state)
{
	unsigned char		 digest[CRYPTO_SHA256_LEN];
	unsigned char		 one[CRYPTO_SIGNATURE_MAX];
	unsigned char		 other[CRYPTO_SIGNATURE_MAX];
	struct buf		 public = BUF_INIT, its = BUF_INIT;
	struct crypto_key	*file, *key;
	const char		*why;
	size_t			 len, i;

	if (*state == NULL)
		skip();
	file = key_in_token("r3", 2048);
	key = parsed(URI "\n");
	assert_int_equal(crypto_key_type(key), CRYPTO_RSA);
	assert_int_equal(crypto_key_bits(key), 2048);
	assert_true(crypto_key_public(file, &public));
	assert_true(crypto_key_public(key, &its));
	assert_string_equal(buf_str(&its), buf_str(&public));
	for (i = 0; i < 3; i++) {
		memset(digest, (int)i, sizeof(digest));
		len = crypto_sign(key, digest, one, &why);
		assert_int_equal(len, 256);
		assert_int_equal(crypto_sign(file, digest, other, &why), len);
		assert_memory_equal(one, other, len);
	}
	buf_reset(&its);
	assert_false(crypto_key_pem(key, &its));
	crypto_key_free(&key);
	crypto_key_free(&file);
	buf_free(&public);
	buf_free(&its);
}

#define THREADS	4

static void *
sign_often(void *arg)
{
	unsigned char	 digest[CRYPTO_SHA256_LEN] = { 1 };
	unsigned char	 signature[CRYPTO_SIGNATURE_MAX];
	const char	*why;
	intptr_t	 n = 0;
	int		 i;

	for (i = 0; i < 50; i++)
		n += crypto_sign(arg, digest, signature, &why) == 256;
	return (void *)n;
}

static void
threads_share_a_key_of_a_token(void **state)
{
	struct crypto_key	*key, *file;
	pthread_t		 thread[THREADS];
	void			*n;
	int			 i;

	if (*state == NULL)
		skip();
	file = key_in_token("r2", 2048);
	crypto_key_free(&file);
	key = parsed("pkcs11:token=dkim;object=r2?pin-value=5678");
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sign_often,
		    key), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &n);
		assert_int_equal((intptr_t)n, 50);
	}
	crypto_key_free(&key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_scheme_makes_a_uri),
		cmocka_unit_test(bad_uris_are_refused),
		cmocka_unit_test(tokens_need_their_pin),
		cmocka_unit_test(keys_of_a_token_sign),
		cmocka_unit_test(threads_share_a_key_of_a_token),
	};

	return cmocka_run_group_tests(tests, token_make, temp_dir_remove);
}
