/*
 * sighash: our header digests equal libopendkim's for all input that both can
 * read. Our body digests equal the reference's, with any l= and any chunks.
 */
#include <openssl/evp.h>

#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "mail/canon_reference.h"
#include "mail/headers.h"
#include "dkim/dkim_library_priv.h"
#include "dkim/dkim_sigfield_priv.h"
#include "dkim/sighash_priv.h"

static uint32_t seed = 12345;

static uint32_t
any(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* --- the header --------------------------------------------------------- */

static const char *const names[] = {
	"From", "To", "Subject", "Received", "X-A", "from", "SUBJECT", "To ",
	"Date", "Cc"
};

static const char *const pieces[] = {
	" ", "  ", "\t", "\r\n ", "\r\n\t ", "\n ", "a", "Word", "x y", ":",
	";", "=", "\"", "\xc3\xa9", "\xff", "b=c;", "%", ",", "<a@b.c>"
};

static const char *
random_value(struct arena *a)
{
	struct buf	 b = BUF_INIT;
	uint32_t	 n = any(12);
	const char	*value;

	while (n-- > 0)
		buf_addstr(&b, pieces[any(NELEM(pieces))]);
	/* what ends in a fold would be an empty line */
	while (b.len > 0 && strchr("\r\n", b.data[b.len - 1]) != NULL)
		b.data[--b.len] = '\0';
	value = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return value;
}

static const char *
random_signature(struct arena *a)
{
	struct buf	 b = BUF_INIT;
	uint32_t	 n = any(9);
	const char	*name, *value;

	buf_printf(&b, " v=1; a=rsa-sha256; c=%s/simple; d=example.com;%ss=s;"
	    " h=From", any(2) ? "relaxed" : "simple",
	    any(2) ? " " : "\r\n\t ");
	while (n-- > 0) {
		name = names[any(NELEM(names))];
		buf_printf(&b, "%s%.*s", any(3) ? ":" : " :\n ",
		    (int)strcspn(name, " "), name);
	}
	buf_printf(&b, "; bh=YWJj;%sb=%sYW\r\n Jj%s%s", any(2) ? " " : "",
	    any(2) ? " " : "", any(2) ? " " : "", any(2) ? "; t=5" : "");
	value = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return value;
}

#define SIGNATURES	4

/* Both ways over one random message. Returns the number of signatures. */
static unsigned
compare_message(struct dkim_library *l, struct arena *a)
{
	struct headers		 h;
	struct dkim_sigfield	 f[SIGNATURES];
	struct dkim_library_sig	 sig[SIGNATURES] = { { .field = 0 } };
	unsigned char		 ours[SIGHASH_LEN];
	const char		*value;
	uint32_t		 fields = any(12);
	size_t			 n = 0, i;

	headers_init(&h, a, 100, 65536);
	while (fields > 0 || n < SIGNATURES) {
		if (n < SIGNATURES && any(3) == 0) {
			value = random_signature(a);
			sig[n].field = h.n;
			headers_add(&h, "DKIM-Signature", value);
			assert_null(dkim_sigfield_parse(&f[n], a,
			    headers_at(&h, sig[n].field)->value,
			    strlen(value), 50));
			assert_false(f[n++].unusual);
		} else if (fields > 0) {
			headers_add(&h, names[any(NELEM(names))],
			    random_value(a));
			fields--;
		}
	}
	dkim_library_hash(l, &h, sig, n);
	for (i = 0; i < n; i++) {
		assert_true(sig[i].hashed);
		assert_true(sighash_header_digest(&h, sig[i].field, &f[i],
		    ours));
		assert_memory_equal(sig[i].digest, ours, sizeof(ours));
	}
	return (unsigned)n;
}

static void
the_library_agrees(void **state)
{
	struct dkim_library	*l = dkim_library_new();
	struct arena		*a = arena_new(65536);
	unsigned		 i, n = 0;

	(void)state;
	assert_non_null(l);
	for (i = 0; i < 1500; i++) {
		n += compare_message(l, a);
		arena_reset(a);
	}
	assert_int_equal(n, 1500 * SIGNATURES);
	arena_free(&a);
	dkim_library_free(&l);
}

static void
digest_of(const char *text, size_t len, unsigned char digest[SIGHASH_LEN])
{
	EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL);
}

#define FIELD(c, h)							\
	"v=1; a=rsa-sha256; c=" c "; d=a.b; s=s; h=" h "; bh=YWJj; b=YWJj"

static const struct {
	const char	*name, *signature, *want;
} selections[] = {
	{ "from the bottom up", FIELD("relaxed", "From:X:x:X:X"),
	    "from:f\r\nx:3\r\nx:2\r\nx:1\r\n" },
	{ "in the order of h=", FIELD("relaxed", "X:From"),
	    "x:3\r\nfrom:f\r\n" },
	{ "a field that is not there is nothing",
	    FIELD("relaxed", "From:Y:Z"), "from:f\r\n" },
	{ "a signature signs others, never itself",
	    FIELD("relaxed", "From:DKIM-Signature:DKIM-Signature"),
	    "from:f\r\ndkim-signature:other\r\n" },
	{ "simple, as it was written", FIELD("simple", "From:X"),
	    "From:  f\r\nx : 3\r\n" },
};

static void
fields_are_selected(void **state)
{
	struct arena		*a = arena_new(4096);
	struct headers		 h;
	struct dkim_sigfield	 f;
	unsigned char		 got[SIGHASH_LEN], want[SIGHASH_LEN];
	const char		*text, *own;
	size_t			 i, self;

	(void)state;
	for (i = 0; i < NELEM(selections); i++) {
		headers_init(&h, a, 100, 65536);
		headers_add(&h, "X", " 1");
		headers_add(&h, "From", "  f");
		headers_add(&h, "dkim-signature", " other");
		self = h.n;
		headers_add(&h, "DKIM-Signature", selections[i].signature);
		headers_add(&h, "X", " 2");
		headers_add(&h, "x ", " 3");
		text = headers_at(&h, self)->value;
		assert_null(dkim_sigfield_parse(&f, a, text, strlen(text),
		    50));
		own = arena_printf(a, "%s%s:%.*s", selections[i].want,
		    f.header_relaxed ? "dkim-signature" : "DKIM-Signature",
		    (int)(strlen(text) - 4), text);
		digest_of(own, strlen(own), want);
		assert_true(sighash_header_digest(&h, self, &f, got));
		if (memcmp(got, want, sizeof(want)) != 0)
			row_fail(selections[i].name, "another digest");
	}
	assert_int_equal(headers_count(&h, "X"), 3);
	assert_int_equal(headers_count(&h, "FROM"), 1);
	assert_int_equal(headers_count(&h, "Y"), 0);
	arena_free(&a);
}

/* --- the body ----------------------------------------------------------- */

static size_t
random_body(char *body, size_t max)
{
	static const char	octets[] = "ab \t\r\n\r\n  x";
	size_t			n = any((uint32_t)max), i;

	for (i = 0; i < n; i++)
		body[i] = octets[any(sizeof(octets) - 1)];
	return n;
}

static void
check_marks(const struct sighash_body *b, const struct buf *want)
{
	unsigned char	digest[SIGHASH_LEN];
	size_t		i;

	assert_int_equal(b->total, want->len);
	digest_of(buf_str(want), want->len, digest);
	assert_memory_equal(sighash_body_digest(b, UINT64_MAX), digest,
	    sizeof(digest));
	for (i = 0; i < b->n; i++) {
		if (b->mark[i].at > want->len) {
			assert_null(sighash_body_digest(b, b->mark[i].at));
			continue;
		}
		digest_of(buf_str(want), (size_t)b->mark[i].at, digest);
		assert_memory_equal(sighash_body_digest(b, b->mark[i].at),
		    digest, sizeof(digest));
	}
}

static void
the_reference_agrees(void **state)
{
	struct arena		*a = arena_new(65536);
	struct buf		 want = BUF_INIT;
	struct sighash_body	*b;
	char			 body[200];
	size_t			 round, n, at, take;

	(void)state;
	for (round = 0; round < 4000; round++) {
		n = random_body(body, sizeof(body));
		b = sighash_body_new(a, round % 2, 6);
		assert_non_null(b);
		for (at = any(7); at > 0; at--)
			sighash_body_mark(b, any(sizeof(body)));
		for (at = 0; at < n; at += take) {
			take = 1 + any((uint32_t)(n - at));
			sighash_body_add(b, body + at, take);
		}
		sighash_body_finish(b);
		reference_body(&want, round % 2 ? CANON_RELAXED :
		    CANON_SIMPLE, body, n);
		check_marks(b, &want);
		sighash_body_free(&b);
		arena_reset(a);
	}
	buf_free(&want);
	arena_free(&a);
}

static void
marks_of_every_size(void **state)
{
	struct arena		*a = arena_new(65536);
	struct sighash_body	*b = sighash_body_new(a, false, 4);
	struct buf		 want = BUF_INIT;

	(void)state;
	sighash_body_mark(b, UINT64_MAX - 1);
	sighash_body_mark(b, 0);
	sighash_body_mark(b, 3);
	sighash_body_mark(b, 0);
	sighash_body_mark(b, 5);
	assert_int_equal(b->n, 4);
	sighash_body_mark(b, 4);
	assert_int_equal(b->n, 4);
	sighash_body_add(b, "abc\r\n", 5);
	sighash_body_finish(b);
	buf_addstr(&want, "abc\r\n");
	check_marks(b, &want);
	assert_null(sighash_body_digest(b, 4));
	buf_free(&want);
	sighash_body_free(&b);
	sighash_body_free(&b);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_library_agrees),
		cmocka_unit_test(fields_are_selected),
		cmocka_unit_test(the_reference_agrees),
		cmocka_unit_test(marks_of_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
