/*
 * crypto: known digests, every format of a key, keys that must be refused, and
 * signatures that OpenSSL's own verifier accepts.
 */
#include "test.h"

#include <pthread.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "mail/canon.h"
#include "dkim/crypto.h"

/* --- digests, base64 --------------------------------------------------- */

static const unsigned char abc[] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad
};

static void
digests_once_and_again(void **state)
{
	unsigned char		 digest[CRYPTO_SHA256_LEN];
	struct crypto_sha256	*s = crypto_sha256_new();
	int			 i;

	(void)state;
	assert_true(crypto_sha256("abc", 3, digest));
	assert_memory_equal(digest, abc, sizeof(abc));
	assert_non_null(s);
	for (i = 0; i < 3; i++) {
		crypto_sha256_add(s, "a", 1);
		crypto_sha256_add(s, "", 0);
		crypto_sha256_add(s, "bc", 2);
		assert_true(crypto_sha256_finish(s, digest));
		assert_memory_equal(digest, abc, sizeof(abc));
	}
	crypto_sha256_free(&s);
	assert_null(s);
}

/* RFC 4648 10 */
static void
base64_of_all_lengths(void **state)
{
	static const char *const want[] = { "", "Zg==", "Zm8=", "Zm9v",
		"Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	struct buf	b = BUF_INIT;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(want); i++) {
		buf_reset(&b);
		crypto_base64(&b, "foobar", i);
		assert_string_equal(buf_str(&b), want[i]);
	}
	buf_free(&b);
}

/* --- forms of keys ----------------------------------------------------- */

static EVP_PKEY	*rsa_pkey, *ed_pkey;

static int
make_keys(void **state)
{
	(void)state;
	rsa_pkey = EVP_RSA_gen(2048);
	ed_pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return rsa_pkey == NULL || ed_pkey == NULL;
}

static int
drop_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa_pkey);
	EVP_PKEY_free(ed_pkey);
	return 0;
}

enum form { PKCS8, PKCS1, PUBLIC, ENCRYPTED, DER_BASE64, DER8_BASE64 };

static void
write_key(struct buf *out, EVP_PKEY *pkey, enum form form)
{
	BIO	*bio = BIO_new(BIO_s_mem());
	char	*text;
	long	 len;
	int	 ok = 0;

	switch (form) {
	case PKCS8:
		ok = PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0,
		    NULL, NULL);
		break;
	case PKCS1:
		ok = PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL,
		    NULL, 0, NULL, NULL);
		break;
	case PUBLIC:
		ok = PEM_write_bio_PUBKEY(bio, pkey);
		break;
	case ENCRYPTED:
		ok = PEM_write_bio_PKCS8PrivateKey(bio, pkey,
		    EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
		break;
	case DER_BASE64:
		ok = i2d_PrivateKey_bio(bio, pkey);
		break;
	case DER8_BASE64:
		ok = i2d_PKCS8PrivateKey_bio(bio, pkey, NULL, NULL, 0, NULL,
		    NULL);
		break;
	}
	assert_int_equal(ok, 1);
	len = BIO_get_mem_data(bio, &text);
	if (form == DER_BASE64 || form == DER8_BASE64)
		crypto_base64(out, text, (size_t)len);
	else
		buf_add(out, text, (size_t)len);
	BIO_free(bio);
}

static void
digest_verifies(struct crypto_key *key, EVP_PKEY *pkey)
{
	unsigned char	 sig[CRYPTO_SIGNATURE_MAX];
	EVP_MD_CTX	*md = EVP_MD_CTX_new();
	const char	*why;
	size_t		 len = crypto_sign(key, abc, sig, &why);
	int		 ok;

	assert_int_not_equal(len, 0);
	if (crypto_key_type(key) == CRYPTO_RSA) {
		ok = EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, pkey);
		assert_int_equal(ok, 1);
		ok = EVP_DigestVerify(md, sig, len,
		    (const unsigned char *)"abc", 3);
	} else {
		ok = EVP_DigestVerifyInit(md, NULL, NULL, NULL, pkey);
		assert_int_equal(ok, 1);
		ok = EVP_DigestVerify(md, sig, len, abc, sizeof(abc));
	}
	assert_int_equal(ok, 1);
	EVP_MD_CTX_free(md);
}

static void
key_signs(const struct buf *text, EVP_PKEY *pkey, unsigned bits)
{
	struct crypto_key	*key;
	const char		*why = NULL;

	key = crypto_key_parse(buf_str(text), text->len, &why);
	if (key == NULL)
		fail_msg("%s", why);
	assert_int_equal(crypto_key_bits(key), bits);
	digest_verifies(key, pkey);
	crypto_key_free(&key);
	assert_null(key);
}

static void
every_form_of_key_signs(void **state)
{
	static const enum form	forms[] = { PKCS8, PKCS1, DER_BASE64,
		DER8_BASE64 };
	unsigned char		raw[32];
	size_t			i, len = sizeof(raw);
	struct buf		b = BUF_INIT;

	(void)state;
	for (i = 0; i < NELEM(forms); i++) {
		buf_reset(&b);
		write_key(&b, rsa_pkey, forms[i]);
		key_signs(&b, rsa_pkey, 2048);
	}
	buf_reset(&b);
	write_key(&b, ed_pkey, PKCS8);
	key_signs(&b, ed_pkey, 256);
	/* dkimpy's dknewkey writes only the seed */
	buf_reset(&b);
	assert_int_equal(EVP_PKEY_get_raw_private_key(ed_pkey, raw, &len), 1);
	crypto_base64(&b, raw, len);
	buf_addch(&b, '\n');
	key_signs(&b, ed_pkey, 256);
	/* text in front, CRLF */
	buf_reset(&b);
	buf_addstr(&b, "the key of 2026\r\n");
	write_key(&b, rsa_pkey, PKCS8);
	key_signs(&b, rsa_pkey, 2048);
	buf_free(&b);
}

static void
refused(const char *name, const char *text, size_t len, const char *word)
{
	const char		*why = "";
	struct crypto_key	*key = crypto_key_parse(text, len, &why);

	if (key != NULL || strstr(why, word) == NULL)
		row_fail(name, "%s: \"%s\"", key ? "loaded" : "refused", why);
}

static void
refused_form(const char *name, EVP_PKEY *pkey, enum form form,
    const char *word)
{
	struct buf b = BUF_INIT;

	write_key(&b, pkey, form);
	refused(name, buf_str(&b), b.len, word);
	buf_free(&b);
}

static void
what_is_no_signing_key_is_refused(void **state)
{
	static char	 huge[CRYPTO_KEY_TEXT_MAX + 1];
	static const char cut[] = "-----BEGIN PRIVATE KEY-----\nMIIB\n";
	EVP_PKEY	*ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_PKEY	*weak = EVP_RSA_gen(1023);

	(void)state;
	refused("empty", "", 0, "no private key");
	refused("prose", "hello, world", 12, "no private key");
	refused("cut", cut, sizeof(cut) - 1, "damaged");
	refused("huge", huge, sizeof(huge), "too long");
	refused_form("EC", ec, PKCS8, "neither");
	refused_form("EC, its own form", ec, PKCS1, "neither");
	refused_form("public", rsa_pkey, PUBLIC, "not of a private key");
	refused_form("encrypted", rsa_pkey, ENCRYPTED, "passphrase");
	refused_form("weak", weak, PKCS8, "1024");
	EVP_PKEY_free(ec);
	EVP_PKEY_free(weak);
}

/* One octet in each number changed: none of these keys may load. */
static void
damaged_numbers_are_noticed(void **state)
{
	unsigned char	*der = NULL;
	int		 len = i2d_PrivateKey(rsa_pkey, &der), at;
	struct buf	 b = BUF_INIT;

	(void)state;
	assert_true(len > 1100);
	for (at = 60; at < len; at += 97) {
		der[at] ^= 4;
		buf_reset(&b);
		crypto_base64(&b, der, (size_t)len);
		refused("damaged", buf_str(&b), b.len, "");
		der[at] ^= 4;
	}
	OPENSSL_free(der);
	buf_free(&b);
}

static void
made_keys_come_back_from_their_pem(void **state)
{
	static const enum crypto_type	 types[] = { CRYPTO_RSA,
		CRYPTO_ED25519 };
	struct crypto_key		*key, *again;
	struct buf			 pem = BUF_INIT, a = BUF_INIT;
	struct buf			 b = BUF_INIT;
	const char			*why;
	size_t				 i;

	(void)state;
	for (i = 0; i < NELEM(types); i++) {
		key = crypto_key_generate(types[i], 1024, &why);
		assert_non_null(key);
		buf_reset(&pem);
		assert_true(crypto_key_pem(key, &pem));
		again = crypto_key_parse(buf_str(&pem), pem.len, &why);
		assert_non_null(again);
		assert_int_equal(crypto_key_type(again), types[i]);
		buf_reset(&a);
		buf_reset(&b);
		assert_true(crypto_key_public(key, &a));
		assert_true(crypto_key_public(again, &b));
		assert_string_equal(buf_str(&a), buf_str(&b));
		assert_int_equal(a.len, types[i] == CRYPTO_RSA ? 216 : 44);
		crypto_key_free(&key);
		crypto_key_free(&again);
	}
	assert_null(crypto_key_generate(CRYPTO_RSA, 512, &why));
	buf_free(&pem);
	buf_free(&a);
	buf_free(&b);
}

/* The lines between those of PEM are the base64 of DER. */
static void
unfold_pem(struct buf *text, const struct buf *pem)
{
	const char *p = strchr(buf_str(pem), '\n'), *end = strstr(p, "-----");

	for (; p < end; p++)
		if (*p != '\n')
			buf_addch(text, *p);
}

/* Lengths at which a number has another octet, or another length of it. */
static void
the_public_half_is_that_of_openssl(void **state)
{
	static const unsigned	 bits[] = { 1024, 1025, 1031, 1032, 2048, 4096 };
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(bits); i++) {
		EVP_PKEY	*pkey = EVP_RSA_gen(bits[i]);
		struct buf	 pem = BUF_INIT, want = BUF_INIT, text = BUF_INIT;
		struct buf	 its = BUF_INIT;
		struct crypto_key *key;
		const char	*why;

		assert_non_null(pkey);
		write_key(&pem, pkey, PUBLIC);
		unfold_pem(&want, &pem);
		write_key(&text, pkey, PKCS8);
		key = crypto_key_parse(buf_str(&text), text.len, &why);
		assert_non_null(key);
		assert_true(crypto_key_public(key, &its));
		assert_string_equal(buf_str(&its), buf_str(&want));
		crypto_key_free(&key);
		EVP_PKEY_free(pkey);
		buf_free(&pem);
		buf_free(&want);
		buf_free(&text);
		buf_free(&its);
	}
}

/* --- RFC 8463 appendix A, RFC 6376 appendix A -------------------------- */

static const char rfc_ed25519[] =
    "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
static const char rfc_ed25519_public[] =
    "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char rfc_rsa[] = "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi\n"
    "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM\n"
    "KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB\n"
    "AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm\n"
    "6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe\n"
    "zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy\n"
    "6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc\n"
    "uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy\n"
    "WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd\n"
    "WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a\n"
    "licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst\n"
    "o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe\n"
    "uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL\n"
    "-----END RSA PRIVATE KEY-----\n";

static const struct {
	const char *name, *value;
} rfc_fields[] = {
	{ "From", " Joe SixPack <joe@football.example.com>" },
	{ "To", " Suzie Q <suzie@shopping.example.net>" },
	{ "Subject", " Is dinner ready?" },
	{ "Date", " Fri, 11 Jul 2003 21:00:37 -0700 (PDT)" },
	{ "Message-ID", " <20030712040037.46341.5F8J@football.example.com>" },
};

static const char rfc_body[] = "Hi.\r\n\r\n"
    "We lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

/* Up to "b=": the rest is the signature. */
#define RFC_SIGNATURE(algorithm, selector)				\
	" v=1; a=" algorithm "; c=relaxed/relaxed;\r\n"			\
	" d=football.example.com; i=@football.example.com;\r\n"		\
	" q=dns/txt; s=" selector "; t=1528637909; h=from : to :\r\n"	\
	" subject : date : message-id : from : subject : date;\r\n"	\
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="

static void
digest_body(void *arg, const void *data, size_t len)
{
	crypto_sha256_add(arg, data, len);
}

static void
rfc8463_body_hash(void **state)
{
	static struct canon_body	 body;
	struct crypto_sha256		*s = crypto_sha256_new();
	unsigned char			 digest[CRYPTO_SHA256_LEN];
	struct buf			 b = BUF_INIT;

	(void)state;
	canon_body_init(&body, CANON_RELAXED, digest_body, s);
	canon_body_add(&body, rfc_body, sizeof(rfc_body) - 1);
	canon_body_finish(&body);
	assert_true(crypto_sha256_finish(s, digest));
	crypto_base64(&b, digest, sizeof(digest));
	assert_string_equal(buf_str(&b),
	    "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
	crypto_sha256_free(&s);
	buf_free(&b);
}

static void
rfc8463_signs(const char *private, const char *field, const char *want)
{
	unsigned char		 sig[CRYPTO_SIGNATURE_MAX];
	unsigned char		 digest[CRYPTO_SHA256_LEN];
	struct buf		 b = BUF_INIT;
	struct crypto_key	*key;
	const char		*why = "";
	size_t			 i, len;

	for (i = 0; i < NELEM(rfc_fields); i++)
		canon_header(&b, CANON_RELAXED, rfc_fields[i].name,
		    rfc_fields[i].value);
	canon_header(&b, CANON_RELAXED, "DKIM-Signature", field);
	assert_true(crypto_sha256(buf_str(&b), b.len - 2, digest));
	key = crypto_key_parse(private, strlen(private), &why);
	if (key == NULL)
		fail_msg("%s", why);
	len = crypto_sign(key, digest, sig, &why);
	buf_reset(&b);
	crypto_base64(&b, sig, len);
	assert_string_equal(buf_str(&b), want);
	crypto_key_free(&key);
	buf_free(&b);
}

static void
rfc8463_signatures(void **state)
{
	(void)state;
	rfc8463_signs(rfc_ed25519, RFC_SIGNATURE("ed25519-sha256", "brisbane"),
	    "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY"
	    "5OsU7ZbnKELq+eXdp1Q1Dw==");
	rfc8463_signs(rfc_rsa, RFC_SIGNATURE("rsa-sha256", "test"),
	    "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrS"
	    "jV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgD"
	    "fQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=");
}

/* RFC 6376 appendix C; the message is that of appendix A.2. */
static const char rfc6376_rsa[] = "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIICXwIBAAKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFC\n"
    "jxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gb\n"
    "to/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB\n"
    "AoGBALmn+XwWk7akvkUlqb+dOxyLB9i5VBVfje89Teolwc9YJT36BGN/l4e0l6QX\n"
    "/1//6DWUTB3KI6wFcm7TWJcxbS0tcKZX7FsJvUz1SbQnkS54DJck1EZO/BLa5ckJ\n"
    "gAYIaqlA9C0ZwM6i58lLlPadX/rtHb7pWzeNcZHjKrjM461ZAkEA+itss2nRlmyO\n"
    "n1/5yDyCluST4dQfO8kAB3toSEVc7DeFeDhnC1mZdjASZNvdHS4gbLIA1hUGEF9m\n"
    "3hKsGUMMPwJBAPW5v/U+AWTADFCS22t72NUurgzeAbzb1HWMqO4y4+9Hpjk5wvL/\n"
    "eVYizyuce3/fGke7aRYw/ADKygMJdW8H/OcCQQDz5OQb4j2QDpPZc0Nc4QlbvMsj\n"
    "7p7otWRO5xRa6SzXqqV3+F0VpqvDmshEBkoCydaYwc2o6WQ5EBmExeV8124XAkEA\n"
    "qZzGsIxVP+sEVRWZmW6KNFSdVUpk3qzK0Tz/WjQMe5z0UunY9Ax9/4PVhp/j61bf\n"
    "eAYXunajbBSOLlx4D+TunwJBANkPI5S9iylsbLs6NkaMHV6k5ioHBBmgCak95JGX\n"
    "GMot/L2x0IYyMLAz6oLWh2hm7zwtb0CgOrPo1ke44hFYnfc=\n"
    "-----END RSA PRIVATE KEY-----\n";

static void
rfc6376_signature(void **state)
{
	unsigned char		 sig[CRYPTO_SIGNATURE_MAX], digest[32];
	struct buf		 b = BUF_INIT;
	struct crypto_key	*key;
	const char		*why = "";
	size_t			 i, len;

	(void)state;
	canon_header(&b, CANON_SIMPLE, "Received",
	    " from client1.football.example.com  [192.0.2.1]\n"
	    "      by submitserver.example.com with SUBMISSION;\n"
	    "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)");
	for (i = 0; i < NELEM(rfc_fields); i++)
		canon_header(&b, CANON_SIMPLE, rfc_fields[i].name,
		    rfc_fields[i].value);
	canon_header(&b, CANON_SIMPLE, "DKIM-Signature",
	    " v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
	    "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
	    "      h=Received : From : To : Subject : Date : Message-ID;\r\n"
	    "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	    "      b=;");
	assert_true(crypto_sha256(buf_str(&b), b.len - 2, digest));
	key = crypto_key_parse(rfc6376_rsa, sizeof(rfc6376_rsa) - 1, &why);
	if (key == NULL)
		fail_msg("%s", why);
	len = crypto_sign(key, digest, sig, &why);
	buf_reset(&b);
	crypto_base64(&b, sig, len);
	assert_string_equal(buf_str(&b), "AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7"
	    "W3deTVFOk4yAUoqOB4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/"
	    "LbvaHutKVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV4b"
	    "mp/YzhwvcubU4=");
	crypto_key_free(&key);
	buf_free(&b);
}

static void
rfc8463_public_key(void **state)
{
	const char		*why = "";
	struct crypto_key	*key;
	struct buf		 b = BUF_INIT;

	(void)state;
	key = crypto_key_parse(rfc_ed25519, sizeof(rfc_ed25519) - 1, &why);
	assert_non_null(key);
	assert_true(crypto_key_public(key, &b));
	assert_string_equal(buf_str(&b), rfc_ed25519_public);
	crypto_key_free(&key);
	buf_free(&b);
}

/* --- threads ----------------------------------------------------------- */

#define THREADS		6

static struct crypto_key *shared;

/* Both types of signature are deterministic: all equal the first one. */
static void *
sign_many(void *arg)
{
	unsigned char	*first = arg, sig[CRYPTO_SIGNATURE_MAX];
	const char	*why;
	size_t		 len;
	int		 i;

	len = crypto_sign(shared, abc, first, &why);
	for (i = 0; i < 40; i++)
		if (len == 0 || crypto_sign(shared, abc, sig, &why) != len ||
		    memcmp(sig, first, len) != 0)
			return arg;
	return NULL;
}

/* From the first signature on: the key was not used before. */
static void
sign_at_once(EVP_PKEY *pkey)
{
	static unsigned char	 sig[THREADS][CRYPTO_SIGNATURE_MAX];
	struct buf		 b = BUF_INIT;
	pthread_t		 thread[THREADS];
	const char		*why;
	void			*bad;
	size_t			 i;

	write_key(&b, pkey, PKCS8);
	shared = crypto_key_parse(buf_str(&b), b.len, &why);
	assert_non_null(shared);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sign_many,
		    sig[i]), 0);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &bad), 0);
		assert_null(bad);
		assert_memory_equal(sig[i], sig[0], 64);
	}
	digest_verifies(shared, pkey);
	crypto_key_free(&shared);
	buf_free(&b);
}

static void
threads_share_a_key(void **state)
{
	int i;

	(void)state;
	sign_at_once(rsa_pkey);
	for (i = 0; i < 20; i++)
		sign_at_once(ed_pkey);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_once_and_again),
		cmocka_unit_test(base64_of_all_lengths),
		cmocka_unit_test(every_form_of_key_signs),
		cmocka_unit_test(what_is_no_signing_key_is_refused),
		cmocka_unit_test(damaged_numbers_are_noticed),
		cmocka_unit_test(made_keys_come_back_from_their_pem),
		cmocka_unit_test(the_public_half_is_that_of_openssl),
		cmocka_unit_test(rfc8463_body_hash),
		cmocka_unit_test(rfc8463_signatures),
		cmocka_unit_test(rfc6376_signature),
		cmocka_unit_test(rfc8463_public_key),
		cmocka_unit_test(threads_share_a_key),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
