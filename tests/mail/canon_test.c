/*
 * canon: the examples of RFC 6376 3.4.5, our own vectors, and random bodies
 * in random chunks, compared with the reference
 */
#include "test.h"

#include "base/buf.h"
#include "mail/canon.h"
#include "canon_reference.h"

#define S	CANON_SIMPLE
#define R	CANON_RELAXED

static const struct {
	const char		*name;
	enum canonicalization	 how;
	const char		*field, *value, *want;
} fields[] = {
	{ "RFC 6376 3.4.5 relaxed A", R, "A", " X", "a:X\r\n" },
	{ "RFC 6376 3.4.5 relaxed B", R, "B ", " Y\t\r\n\tZ  ",
	    "b:Y Z\r\n" },
	{ "RFC 6376 3.4.5 simple A", S, "A", " X", "A: X\r\n" },
	{ "RFC 6376 3.4.5 simple B", S, "B ", " Y\t\r\n\tZ  ",
	    "B : Y\t\r\n\tZ  \r\n" },
	{ "folds of libmilter are LF, relaxed", R, "To", " a,\n\tb,\n  c",
	    "to:a, b, c\r\n" },
	{ "folds of libmilter are LF, simple", S, "To", " a,\n\tb,\n  c",
	    "To: a,\r\n\tb,\r\n  c\r\n" },
	{ "CRLF stays CRLF, simple", S, "To", " a,\r\n\tb",
	    "To: a,\r\n\tb\r\n" },
	{ "no blank, empty value", R, "Cc", "", "cc:\r\n" },
	{ "no blank, empty value, simple", S, "Cc", "", "Cc:\r\n" },
	{ "nothing but blanks", R, "Cc", " \t \n\t ", "cc:\r\n" },
	{ "fold right behind the colon", R, "Subject", "\n x",
	    "subject:x\r\n" },
	{ "fold inside blanks is one space", R, "S", "a \t\r\n\t b",
	    "s:a b\r\n" },
	{ "VT and FF are no blanks", R, "S", " a\v\fb ", "s:a\v\fb\r\n" },
	{ "a CR alone stays", R, "S", " a\rb\r", "s:a\rb\r\r\n" },
	{ "a CR alone stays, simple", S, "S", " a\rb\n\tc",
	    "S: a\rb\r\n\tc\r\n" },
	{ "octets above 127 stay", R, "S", " \xc3\x84 \xff",
	    "s:\xc3\x84 \xff\r\n" },
	{ "the name is folded as ASCII", R, "X-\xc3\x84Z", " a",
	    "x-\xc3\x84z:a\r\n" },
};

static void
fields_are_canonical(void **state)
{
	struct buf	out = BUF_INIT;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(fields); i++) {
		buf_reset(&out);
		canon_header(&out, fields[i].how, fields[i].field,
		    fields[i].value);
		if (strcmp(buf_str(&out), fields[i].want) != 0)
			row_fail(fields[i].name, "got \"%s\"", buf_str(&out));
	}
	buf_free(&out);
}

/* A literal, which may hold NULs, and its length. */
#define L(s)	(s), sizeof(s) - 1

static const struct {
	const char		*name;
	enum canonicalization	 how;
	const char		*body;
	size_t			 len;
	const char		*want;
	size_t			 want_len;
} bodies[] = {
	{ "RFC 6376 3.4.5 relaxed", R, L(" C \r\nD \t E\r\n\r\n\r\n"),
	    L(" C\r\nD E\r\n") },
	{ "RFC 6376 3.4.5 simple", S, L(" C \r\nD \t E\r\n\r\n\r\n"),
	    L(" C \r\nD \t E\r\n") },
	{ "empty, simple", S, L(""), L("\r\n") },
	{ "empty, relaxed", R, L(""), L("") },
	{ "only CRLFs, simple", S, L("\r\n\r\n\r\n"), L("\r\n") },
	{ "only CRLFs, relaxed", R, L("\r\n\r\n\r\n"), L("") },
	{ "only blanks, relaxed", R, L(" \t \r\n  \r\n"), L("") },
	{ "only blanks, no CRLF, relaxed", R, L(" \t "), L("") },
	{ "only blanks, simple", S, L("  \r\n\r\n"), L("  \r\n") },
	{ "no final CRLF, simple", S, L("abc"), L("abc\r\n") },
	{ "no final CRLF, relaxed", R, L("abc"), L("abc\r\n") },
	{ "blanks and no final CRLF, relaxed", R, L("abc \t"), L("abc\r\n") },
	{ "blanks and no final CRLF, simple", S, L("abc \t"), L("abc \t\r\n") },
	{ "empty lines inside stay", R, L("a\r\n\r\n \r\n\r\nb\r\n"),
	    L("a\r\n\r\n\r\n\r\nb\r\n") },
	{ "leading blanks become one space", R, L("\t  a\r\n"), L(" a\r\n") },
	{ "a tab becomes a space", R, L("a\tb\r\n"), L("a b\r\n") },
	{ "LF alone is an octet, relaxed", R, L("a \nb\n\r\n"),
	    L("a \nb\n\r\n") },
	{ "LF alone at the end is no CRLF", R, L("a\n"), L("a\n\r\n") },
	{ "LF alone, simple", S, L("a\n\n"), L("a\n\n\r\n") },
	{ "CR alone is an octet", R, L("a\rb\r\n"), L("a\rb\r\n") },
	{ "blanks before a CR alone", R, L("a  \rb\r\n"), L("a \rb\r\n") },
	{ "blanks before a final CR", R, L("a \t\r"), L("a \r\r\n") },
	{ "CR before CRLF", R, L("a\r\r\n\r\r\n"), L("a\r\r\n\r\r\n") },
	{ "CR behind the last line", S, L("a\r\n\r\n\r"),
	    L("a\r\n\r\n\r\r\n") },
	{ "NULs are octets", R, L("\0 \0\t\0\r\n"), L("\0 \0 \0\r\n") },
	{ "octets above 127", R, L("\xff\xfe \x80\r\n"),
	    L("\xff\xfe \x80\r\n") },
	{ "VT and FF are no blanks", R, L("a \v \f \r\n"), L("a \v \f\r\n") },
};

static void
gather(void *arg, const void *data, size_t len)
{
	buf_add(arg, data, len);
}

/* Chunks of `step` octets; 0: of random lengths, also empty. */
static void
run(struct buf *out, enum canonicalization how, const char *data, size_t len,
    size_t step)
{
	static struct canon_body b;
	size_t			 take;

	buf_reset(out);
	canon_body_init(&b, how, gather, out);
	for (; len > 0; data += take, len -= take) {
		take = step > 0 ? step : (size_t)random() % 40;
		if (take > len)
			take = len;
		canon_body_add(&b, data, take);
	}
	canon_body_finish(&b);
}

static void
bodies_are_canonical(void **state)
{
	struct buf	out = BUF_INIT;
	size_t		i, step;

	(void)state;
	for (i = 0; i < NELEM(bodies); i++) {
		for (step = 1; step < bodies[i].len + 2; step++) {
			run(&out, bodies[i].how, bodies[i].body,
			    bodies[i].len, step);
			if (out.len == bodies[i].want_len &&
			    memcmp(buf_str(&out), bodies[i].want, out.len) == 0)
				continue;
			row_fail(bodies[i].name, "chunks of %zu: \"%s\"",
			    step, buf_str(&out));
		}
	}
	buf_free(&out);
}

static void
random_body(struct buf *b, const char *alphabet, size_t letters, size_t len)
{
	buf_reset(b);
	while (len-- > 0)
		buf_addch(b, alphabet[(size_t)random() % letters]);
}

static void
expect_reference(struct buf *body, struct buf *want, struct buf *got,
    enum canonicalization how)
{
	static const size_t	steps[] = { 1, 0, 16, 1000000 };
	size_t			i;

	reference_body(want, how, buf_str(body), body->len);
	for (i = 0; i < NELEM(steps); i++) {
		run(got, how, buf_str(body), body->len, steps[i]);
		if (got->len != want->len ||
		    memcmp(buf_str(got), buf_str(want), got->len) != 0)
			row_fail(canon_name(how), "chunks of %zu: %zu octets, "
			    "want %zu", steps[i], got->len, want->len);
	}
}

/* CR, LF and blanks alone at first, then with more and more letters. */
static void
random_bodies_match_the_reference(void **state)
{
	static const char	letters[] = "\r\n \t\r\n"
	    "abcdefghijklmnopqrstu";
	struct buf		body = BUF_INIT, want = BUF_INIT;
	struct buf		got = BUF_INIT;
	size_t			round, n;

	(void)state;
	srandom(4);
	for (round = 0; round < 6000; round++) {
		n = 4 + round % (sizeof(letters) - 5);
		random_body(&body, letters, n, (size_t)random() % 200);
		expect_reference(&body, &want, &got, CANON_SIMPLE);
		expect_reference(&body, &want, &got, CANON_RELAXED);
	}
	for (round = 0; round < 40; round++) {
		random_body(&body, letters, sizeof(letters) - 1,
		    (size_t)random() % 40000);
		expect_reference(&body, &want, &got, CANON_SIMPLE);
		expect_reference(&body, &want, &got, CANON_RELAXED);
	}
	buf_free(&body);
	buf_free(&want);
	buf_free(&got);
}

/* Runs longer than the gathering buffer, and more CRLFs than fit it. */
static void
long_runs(void **state)
{
	struct buf	body = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
	size_t		i;

	(void)state;
	for (i = 0; i < 20000; i++)
		buf_addch(&body, 'x');
	for (i = 0; i < 20000; i++)
		buf_addstr(&body, " \r\n");
	for (i = 0; i < 20000; i++)
		buf_addch(&body, i % 2 ? ' ' : '\t');
	buf_addstr(&body, "end\r\n\r\n");
	expect_reference(&body, &want, &got, CANON_SIMPLE);
	expect_reference(&body, &want, &got, CANON_RELAXED);
	buf_free(&body);
	buf_free(&want);
	buf_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_canonical),
		cmocka_unit_test(bodies_are_canonical),
		cmocka_unit_test(random_bodies_match_the_reference),
		cmocka_unit_test(long_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
