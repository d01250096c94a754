/*
 * bench_dkim_sign - CPU time to sign one message, and signatures per second
 *
 * It compares our signer, libopendkim, and the bare operations, with 15 header
 * fields, relaxed/relaxed and a key that is loaded before. "bare" is SHA-256
 * over header and body as they are, and one signature by OpenSSL with the same
 * key. The three take turns, and each figure is the best of several rounds,
 * since the machine may be shared. Then it measures the canonicalization of
 * bodies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <opendkim/dkim.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keyring.h"

#define CHUNK		65535	/* the chunks in which libmilter passes a body */
#define ROUNDS		7
#define CANON_TIMES	100
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name, *value;
} fields[] = {
	{ "Return-Path", " <alice@example.org>" },
	{ "Received", " from mail.example.org (mail.example.org [192.0.2.7])\n"
	    "\tby mx.example.net with ESMTPS id 4XyZ1234567890\n"
	    "\tfor <bob@example.net>; Mon, 23 Nov 2026 10:00:00 +0000" },
	{ "From", " Alice Example <alice@example.org>" },
	{ "To", " Bob Example <bob@example.net>,\n\tcarol@example.net" },
	{ "Cc", " dave@example.net" },
	{ "Subject", " =?utf-8?Q?A_subject_of_the_usual_length?=" },
	{ "Date", " Mon, 23 Nov 2026 10:00:00 +0000" },
	{ "Message-ID", " <20261123100000.4711@mail.example.org>" },
	{ "In-Reply-To", " <20261122090000.815@mail.example.net>" },
	{ "References", " <20261120090000.1@mail.example.net>\n"
	    " <20261121090000.2@mail.example.org>\n"
	    " <20261122090000.815@mail.example.net>" },
	{ "MIME-Version", " 1.0" },
	{ "Content-Type", " text/plain; charset=\"utf-8\"; format=flowed" },
	{ "Content-Transfer-Encoding", " 8bit" },
	{ "User-Agent", " Mail/1.0" },
	{ "X-Priority", " 3" },
};

static struct {
	struct signing_key	 key;
	const struct signing_key *keys[1];
	EVP_PKEY		*pkey;
	struct buf		 pem, header, body;
	DKIM_LIB		*opendkim;
	size_t			 sunk;
} b;

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_dkim_sign: %s failed\n", what);
		exit(1);
	}
}

/* --- three ways -------------------------------------------------------- */

static void
sign_ours(void)
{
	struct arena		*a = arena_new(65536);
	struct dkim_signer	*s;
	const char		*why;
	size_t			 i, take;

	s = dkim_signer_new(&sign_default_rules, b.keys, 1, a, time(NULL));
	for (i = 0; i < NELEM(fields); i++)
		dkim_signer_header(s, fields[i].name, fields[i].value);
	for (i = 0; i < b.body.len; i += take) {
		take = b.body.len - i < CHUNK ? b.body.len - i : CHUNK;
		dkim_signer_body(s, b.body.data + i, take);
	}
	must(dkim_signer_finish(s, &why) != NULL, "dkim_signer_finish");
	dkim_signer_free(&s);
	arena_free(&a);
}

static void
sign_digest(const unsigned char digest[32])
{
	unsigned char	 sig[1024];
	size_t		 len = sizeof(sig);
	EVP_PKEY_CTX	*ctx;
	EVP_MD_CTX	*md;
	int		 ok;

	if (EVP_PKEY_is_a(b.pkey, "RSA")) {
		ctx = EVP_PKEY_CTX_new(b.pkey, NULL);
		EVP_PKEY_sign_init(ctx);
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING);
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256());
		ok = EVP_PKEY_sign(ctx, sig, &len, digest, 32);
		EVP_PKEY_CTX_free(ctx);
	} else {
		md = EVP_MD_CTX_new();
		EVP_DigestSignInit(md, NULL, NULL, NULL, b.pkey);
		ok = EVP_DigestSign(md, sig, &len, digest, 32);
		EVP_MD_CTX_free(md);
	}
	must(ok == 1, "the bare signature");
}

static void
sign_bare(void)
{
	unsigned char digest[32];

	EVP_Digest(b.body.data, b.body.len, digest, NULL, EVP_sha256(), NULL);
	EVP_Digest(b.header.data, b.header.len, digest, NULL, EVP_sha256(),
	    NULL);
	sign_digest(digest);
}

static void
sign_library(void)
{
	unsigned char	*field;
	DKIM_STAT	 st;
	DKIM		*dkim;
	size_t		 len, i, take;
	char		*p, *end;

	dkim = dkim_sign(b.opendkim, (const u_char *)"b", NULL,
	    (dkim_sigkey_t)b.pem.data, (const u_char *)"s",
	    (const u_char *)"example.org", DKIM_CANON_RELAXED,
	    DKIM_CANON_RELAXED, EVP_PKEY_is_a(b.pkey, "RSA") ?
	    DKIM_SIGN_RSASHA256 : DKIM_SIGN_ED25519SHA256, -1, &st);
	must(dkim != NULL, "dkim_sign");
	for (p = b.header.data; *p != '\0'; p = end + 2) {
		for (end = strstr(p, "\r\n"); end[2] == '\t' || end[2] == ' ';
		    end = strstr(end + 2, "\r\n"))
			;
		dkim_header(dkim, (u_char *)p, (size_t)(end - p));
	}
	must(dkim_eoh(dkim) == DKIM_STAT_OK, "dkim_eoh");
	for (i = 0; i < b.body.len; i += take) {
		take = b.body.len - i < CHUNK ? b.body.len - i : CHUNK;
		dkim_body(dkim, (u_char *)b.body.data + i, take);
	}
	must(dkim_eom(dkim, NULL) == DKIM_STAT_OK, "dkim_eom");
	must(dkim_getsighdr_d(dkim, 0, &field, &len) == DKIM_STAT_OK,
	    "dkim_getsighdr_d");
	dkim_free(dkim);
}

/* --- measuring --------------------------------------------------------- */

static double
once(void (*sign)(void), unsigned times)
{
	double		start = cpu_us();
	unsigned	i;

	for (i = 0; i < times; i++)
		sign();
	return (cpu_us() - start) / times;
}

static void
compare(const char *name, unsigned times)
{
	double		ours = 1e12, bare = 1e12, library = 1e12, us;
	unsigned	round;

	for (round = 0; round < ROUNDS; round++) {
		us = once(sign_ours, times);
		ours = us < ours ? us : ours;
		us = once(sign_bare, times);
		bare = us < bare ? us : bare;
		us = once(sign_library, times);
		library = us < library ? us : library;
	}
	printf("%-14s %8.1f %8.1f %8.1f %8.0f %8.0f %8.0f %7.2f %8.2f\n",
	    name, ours, bare, library, 1e6 / ours, 1e6 / bare, 1e6 / library,
	    ours / bare, library / ours);
}

static void
use_key(enum crypto_type type)
{
	const char	*why = "";
	BIO		*bio;

	b.key.domain = "example.org";
	b.key.selector = "s";
	b.key.pkey = crypto_key_generate(type, 2048, &why);
	must(b.key.pkey != NULL, "crypto_key_generate");
	b.key.algorithm = crypto_algorithm(b.key.pkey);
	b.keys[0] = &b.key;
	buf_reset(&b.pem);
	crypto_key_pem(b.key.pkey, &b.pem);
	bio = BIO_new_mem_buf(b.pem.data, (int)b.pem.len);
	b.pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
}

static void
drop_key(void)
{
	crypto_key_free(&b.key.pkey);
	EVP_PKEY_free(b.pkey);
}

static void
make_body(const char *line, size_t len)
{
	buf_reset(&b.body);
	while (b.body.len < len)
		buf_addstr(&b.body, line);
}

/* --- canonicalization -------------------------------------------------- */

static void
sink(void *arg, const void *data, size_t len)
{
	size_t *sunk = arg;

	*sunk += len + *(const unsigned char *)data;
}

static double
canon_once(enum canonicalization how)
{
	static struct canon_body	c;
	double				start = cpu_us();
	size_t				i, at, take;

	for (i = 0; i < CANON_TIMES; i++) {
		canon_body_init(&c, how, sink, &b.sunk);
		for (at = 0; at < b.body.len; at += take) {
			take = b.body.len - at < CHUNK ? b.body.len - at :
			    CHUNK;
			canon_body_add(&c, b.body.data + at, take);
		}
		canon_body_finish(&c);
	}
	return (cpu_us() - start) / CANON_TIMES;
}

static void
canon_speed(const char *name, const char *line)
{
	double	relaxed = 1e12, sha = 1e12, us;
	int	i;

	make_body(line, 1 << 20);
	for (i = 0; i < ROUNDS; i++) {
		unsigned char	digest[32];
		double		start;

		us = canon_once(CANON_RELAXED);
		relaxed = us < relaxed ? us : relaxed;
		start = cpu_us();
		EVP_Digest(b.body.data, b.body.len, digest, NULL, EVP_sha256(),
		    NULL);
		us = cpu_us() - start;
		sha = us < sha ? us : sha;
	}
	printf("%-24s %7.2f GB/s   (SHA-256 %.2f GB/s)\n", name,
	    (double)b.body.len / relaxed / 1e3, (double)b.body.len / sha / 1e3);
}

int
main(void)
{
	static const char text[] =
	    "The quick brown fox jumps over the lazy dog, again and again.\r\n";
	static const struct {
		const char	*name;
		size_t		 size;
		unsigned	 times;
	} sizes[] = { { "4 KB", 4096, 100 }, { "50 KB", 51200, 100 },
		{ "1 MB", 1048576, 10 } };
	static const enum crypto_type types[] = { CRYPTO_RSA, CRYPTO_ED25519 };
	char		name[64];
	size_t		i;

	b.opendkim = dkim_init(NULL, NULL);
	for (i = 0; i < NELEM(fields); i++)
		canon_header(&b.header, CANON_SIMPLE, fields[i].name,
		    fields[i].value);
	printf("sign a message: CPU us, and signatures per second\n"
	    "%-14s %8s %8s %8s %8s %8s %8s %7s %8s\n", "", "ours", "bare",
	    "library", "ours/s", "bare/s", "lib/s", "/ bare", "x faster");
	for (i = 0; i < NELEM(types) * NELEM(sizes); i++) {
		if (i % NELEM(sizes) == 0)
			use_key(types[i / NELEM(sizes)]);
		make_body(text, sizes[i % NELEM(sizes)].size);
		snprintf(name, sizeof(name), "%s %s", types[i / NELEM(sizes)] ==
		    CRYPTO_RSA ? "rsa2048" : "ed25519",
		    sizes[i % NELEM(sizes)].name);
		compare(name, sizes[i % NELEM(sizes)].times);
		if (i % NELEM(sizes) == NELEM(sizes) - 1)
			drop_key();
	}
	printf("\nrelaxed body, 1 MB\n");
	canon_speed("text", text);
	canon_speed("base64", "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBs"
	    "YXp5IGRvZywgYWdhaW4gYW5kIGFn\r\n");
	canon_speed("indented", "        if (found) {\t/* a  comment */ \r\n");
	canon_speed("tabs", "\tint\tx;\r\n\t\tfoo(bar, baz);\r\n\r\n");
	canon_speed("flowed", "format=flowed text that ends with a space on "
	    "every line \r\n");
	canon_speed("only blanks", " \t \t  \t ");
	dkim_close(b.opendkim);
	buf_free(&b.pem);
	buf_free(&b.header);
	buf_free(&b.body);
	return 0;
}
