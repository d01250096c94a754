/*
 * dkim_guard: the input of libopendkim. Its functions are wrapped by the linker
 * (see Makefile.am), so that the guards are observed directly and the test
 * does not depend on the damage without them.
 */
#include <malloc.h>

#include <opendkim/dkim.h>

#include "dkim/dkim_library_priv.h"
#include "dkim_site.h"

DKIM_LIB	*__real_dkim_init(void *(*)(void *, size_t),
		    void (*)(void *, void *));
DKIM_LIB	*__wrap_dkim_init(void *(*)(void *, size_t),
		    void (*)(void *, void *));
DKIM_STAT	 __real_dkim_options(DKIM_LIB *, int, dkim_opts_t, void *,
		    size_t);
DKIM_STAT	 __wrap_dkim_options(DKIM_LIB *, int, dkim_opts_t, void *,
		    size_t);
DKIM_STAT	 __real_dkim_header(DKIM *, u_char *, size_t);
DKIM_STAT	 __wrap_dkim_header(DKIM *, u_char *, size_t);
DKIM_STAT	 __wrap_dkim_body(DKIM *, u_char *, size_t);
DKIM_STAT	 __real_dkim_sig_gethashes(DKIM_SIGINFO *, void **, size_t *,
		    void **, size_t *);
DKIM_STAT	 __wrap_dkim_sig_gethashes(DKIM_SIGINFO *, void **, size_t *,
		    void **, size_t *);
DKIM_STAT	 __real_dkim_eoh(DKIM *);
DKIM_STAT	 __wrap_dkim_eoh(DKIM *);
DKIM_STAT	 __real_dkim_getsiglist(DKIM *, DKIM_SIGINFO ***, int *);
DKIM_STAT	 __wrap_dkim_getsiglist(DKIM *, DKIM_SIGINFO ***, int *);
DKIM_STAT	 __real_dkim_free(DKIM *);
DKIM_STAT	 __wrap_dkim_free(DKIM *);

/* The observed calls. */
static struct {
	void		*(*mallocf)(void *, size_t);
	void		 (*freef)(void *, void *);
	unsigned	 flags;
	uint64_t	 drift;
	unsigned	 fields, sentinels, signatures, hashes, handles;
	bool		 first_was_sentinel, empty_field, bare_line_end;
	size_t		 longest;
	unsigned	 ends;		/* of headers */
	unsigned	 heap;		/* blocks that are in no arena */
} seen;

/* What the library is to do wrong. */
static struct {
	unsigned	 field;		/* refuse the n-th one; 0: none */
	bool		 end, hash, list;
} wrong;

static void *
watch_malloc(void *arena, size_t size)
{
	seen.heap += arena == NULL;
	return seen.mallocf(arena, size);
}

static void
watch_free(void *arena, void *p)
{
	seen.freef(arena, p);
}

DKIM_LIB *
__wrap_dkim_init(void *(*mallocf)(void *, size_t),
    void (*freef)(void *, void *))
{
	seen.mallocf = mallocf;
	seen.freef = freef;
	return __real_dkim_init(watch_malloc, watch_free);
}

DKIM_STAT
__wrap_dkim_options(DKIM_LIB *l, int op, dkim_opts_t opt, void *p, size_t len)
{
	if (opt == DKIM_OPTS_FLAGS)
		memcpy(&seen.flags, p, sizeof(seen.flags));
	if (opt == DKIM_OPTS_CLOCKDRIFT)
		memcpy(&seen.drift, p, sizeof(seen.drift));
	return __real_dkim_options(l, op, opt, p, len);
}

static void
look_at_line_ends(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
			seen.bare_line_end = true;
		if (p[i] == '\r' && (i + 1 == len || p[i + 1] != '\n'))
			seen.bare_line_end = true;
	}
}

DKIM_STAT
__wrap_dkim_header(DKIM *d, u_char *text, size_t len)
{
	const char	*p = (const char *)text;
	const char	*colon = memchr(p, ':', len);
	bool		 sentinel;

	if (len == 0 || colon == NULL) {
		seen.empty_field = true;
		return DKIM_STAT_SYNTAX;
	}
	/* no name in h= can have a blank between two words */
	sentinel = memchr(p, ' ', (size_t)(colon - p)) != NULL &&
	    colon[-1] != ' ';
	seen.sentinels += sentinel;
	if (seen.fields++ == 0)
		seen.first_was_sentinel = sentinel;
	if (strncasecmp(p, "DKIM-Signature", 14) == 0)
		seen.signatures++;
	if (len > seen.longest)
		seen.longest = len;
	look_at_line_ends(p, len);
	if (seen.fields == wrong.field)
		return DKIM_STAT_INTERNAL;
	return __real_dkim_header(d, text, len);
}

DKIM_STAT
__wrap_dkim_body(DKIM *d, u_char *text, size_t len)
{
	(void)d;
	(void)text;
	(void)len;
	fail_msg("the library got a body");
	return DKIM_STAT_INTERNAL;
}

DKIM_STAT
__wrap_dkim_eoh(DKIM *d)
{
	DKIM_STAT status = __real_dkim_eoh(d);

	seen.ends++;
	return wrong.end ? DKIM_STAT_SYNTAX : status;
}

DKIM_STAT
__wrap_dkim_getsiglist(DKIM *d, DKIM_SIGINFO ***list, int *n)
{
	static DKIM_SIGINFO	*twice[2];
	DKIM_STAT		 status = __real_dkim_getsiglist(d, list, n);

	if (wrong.list && status == DKIM_STAT_OK && *n == 1) {
		twice[0] = twice[1] = (*list)[0];
		*list = twice;
		*n = 2;
	}
	return status;
}

DKIM_STAT
__wrap_dkim_sig_gethashes(DKIM_SIGINFO *s, void **hh, size_t *hhlen,
    void **bh, size_t *bhlen)
{
	DKIM_STAT status;

	assert_int_equal(dkim_sig_geterror(s), DKIM_SIGERROR_NOKEY);
	seen.hashes++;
	status = __real_dkim_sig_gethashes(s, hh, hhlen, bh, bhlen);
	if (wrong.hash)
		*hhlen = 20;
	return status;
}

DKIM_STAT
__wrap_dkim_free(DKIM *d)
{
	seen.handles++;
	return __real_dkim_free(d);
}

/* --- the tests ------------------------------------------------------------ */

#define HEADER	"From: a@example.com\r\nTo: b@example.org,\r\n\tc@d.e\r\n" \
		"Subject: x\r\n"
#define BODY	"Hello.\r\n"
#define USUAL	" v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"	\
		" s=s; h=From:To:Subject; bh=%BH%; b=%B%"

static int
set_up(void **state)
{
	struct arena	*a = arena_new(4096);
	struct buf	 zone = BUF_INIT;
	char		*text;

	(void)state;
	text = arena_printf(a, "v=DKIM1; p=%s", maker_public(a,
	    maker_key("rsa1024"), "spki"));
	zone_txt(&zone, "s._domainkey.example.com", text, strlen(text));
	site_open(&zone);
	arena_free(&a);
	return 0;
}

static void
forget(void)
{
	seen.fields = seen.sentinels = seen.signatures = seen.hashes = 0;
	seen.handles = seen.ends = seen.heap = 0;
	seen.longest = 0;
	seen.first_was_sentinel = seen.empty_field = false;
	seen.bare_line_end = false;
}

/* `above` is added on top of a good signature and its message. */
static void
deliver(struct arena *a, const char *template, const char *above,
    struct dkim_facts *f)
{
	const char *text = arena_printf(a, "%sDKIM-Signature:%s\r\n%s", above,
	    maker_sign(a, template, maker_key("rsa1024"), HEADER, BODY,
	    strlen(BODY)), HEADER);

	forget();
	message_verify(lib, resolver, a, text, BODY, strlen(BODY),
	    &deliveries[0], f);
}

static void
options_are_ours(void **state)
{
	(void)state;
	assert_int_equal(seen.flags, DKIM_LIBFLAGS_DELAYSIGPROC |
	    DKIM_LIBFLAGS_BADSIGHANDLES);
	assert_int_equal(seen.drift, 0);
}

static void
blocks_have_slack(void **state)
{
	struct arena	*a = arena_new(4096);
	size_t		 before = arena_used(a);
	char		*p = seen.mallocf(a, 100);

	(void)state;
	assert_true(arena_used(a) - before >= 100 + 64);
	memset(p, 0xff, 100 + 64);
	seen.freef(a, p);
	p = seen.mallocf(NULL, 100);
	assert_true(malloc_usable_size(p) >= 100 + 64);
	memset(p, 0xff, 100 + 64);
	seen.freef(NULL, p);
	arena_free(&a);
}

static void
a_sentinel_comes_first(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;

	(void)state;
	deliver(a, USUAL, "X-Empty:\r\n", &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_true(seen.first_was_sentinel);
	assert_int_equal(seen.sentinels, 1);
	assert_int_equal(seen.fields, 6);
	assert_int_equal(seen.signatures, 1);
	assert_int_equal(seen.hashes, 1);
	assert_int_equal(seen.handles, 1);
	assert_int_equal(seen.heap, 0);
	assert_false(seen.empty_field);
	assert_false(seen.bare_line_end);
	arena_free(&a);
}

/* h= may have more names than there are fields. */
static void
names_over_and_over(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;

	(void)state;
	deliver(a, " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"
	    " s=s; h=From:From:To:To:Subject:Subject:X:Y:Z:From:To;"
	    " bh=%BH%; b=%B%", "", &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_true(seen.first_was_sentinel);
	assert_int_equal(seen.hashes, 1);
	arena_free(&a);
}

static const struct {
	const char *name, *above;
} refused[] = {
	{ "two semicolons", "DKIM-Signature: v=1;; a=rsa-sha256\r\n" },
	{ "no tag list", "DKIM-Signature: hello\r\n" },
	{ "empty", "DKIM-Signature:\r\n" },
	{ "blanks before the colon", "DKIM-Signature \t: x\r\n" },
	{ "a tag twice", "DKIM-Signature: v=1; v=1\r\n" },
	{ "rsa-sha1", "DKIM-Signature: v=1; a=rsa-sha1; d=example.com;"
	    " s=s; h=From; bh=YWJj; b=YWJj\r\n" },
	{ "expired", "DKIM-Signature: v=1; a=rsa-sha256; d=example.com;"
	    " s=s; h=From; bh=YWJj; b=YWJj; x=5\r\n" },
	{ "no From", "DKIM-Signature: v=1; a=rsa-sha256; d=example.com;"
	    " s=s; h=To; bh=YWJj; b=YWJj\r\n" },
	{ "what only we can read", "DKIM-Signature: v=1; a=rsa-sha256;"
	    " d=example.com; s=s; h=From; bh=YWJj; b=YWJj; ab=1\r\n" },
	{ "other signatures signed", "DKIM-Signature: v=1; a=rsa-sha256;"
	    " d=example.com; s=s; h=From:DKIM-Signature; bh=YWJj; b=YWJj\r\n"
	},
};

static void
bad_fields_stay_outside(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(refused); i++) {
		deliver(a, USUAL, refused[i].above, &f);
		if (f.n != 2 || f.sig[1].result != RESULT_PASS ||
		    f.sig[0].result == RESULT_PASS)
			row_fail(refused[i].name, "wrong results");
		if (seen.signatures != 1)
			row_fail(refused[i].name, "the library saw it");
		arena_reset(a);
	}
	arena_free(&a);
}

static void
odd_headers_stay_outside(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;

	(void)state;
	deliver(a, USUAL, "X-Odd: a\vb\r\n", &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(seen.fields, 0);
	deliver(a, USUAL, "X-Odd: a\fb\r\n", &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(seen.fields, 0);
	deliver(a, USUAL, "X-Odd: a\rb\r\n", &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(seen.fields, 0);
	deliver(a, USUAL, "X-Odd: a\nb\r\n", &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(seen.fields, 0);
	/* fields with names that no h= can have are left out */
	deliver(a, USUAL, "od;d: a\r\n\xc3\xa9: b\r\n: c\r\n", &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(seen.fields, 5);
	arena_free(&a);
}

#define PLAIN	" v=1; a=rsa-sha256; d=example.com; s=s; h=From; bh=YWJj;" \
		" b=YWJj"

/* An MTA may pass on any octets as a name. The library gets no such field. */
static void
names_that_cannot_be_stay_outside(void **state)
{
	static const char *const names[] = { "a:b", "a;b", "a b", "a\x01" "b",
	    "a\x7f" "b", "a\xc3\xa9" };
	struct arena		*a = arena_new(65536);
	struct dkim_library	*l = dkim_library_new();
	struct dkim_library_sig	 sig = { .field = 0 };
	struct headers		 h;
	size_t			 i;

	(void)state;
	assert_non_null(l);
	headers_init(&h, a, 100, 65536);
	headers_add(&h, "DKIM-Signature", PLAIN);
	for (i = 0; i < NELEM(names); i++)
		headers_add(&h, names[i], " x");
	headers_add(&h, "From", " a@example.com");
	forget();
	dkim_library_hash(l, &h, &sig, 1);
	assert_true(sig.hashed);
	assert_int_equal(seen.fields, 3);
	dkim_library_free(&l);
	arena_free(&a);
}

/* The library gets as many signatures as were asked for, or gives nothing. */
static void
only_asked_signatures_go_in(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_library	*l = dkim_library_new();
	struct dkim_library_sig	 sig[2] = { { .field = 0 }, { .field = 1 } };
	struct headers		 h;

	(void)state;
	assert_non_null(l);
	headers_init(&h, a, 100, 65536);
	headers_add(&h, "DKIM-Signature", PLAIN);
	headers_add(&h, "DKIM-Signature", PLAIN);
	headers_add(&h, "From", " a@example.com");
	forget();
	dkim_library_hash(l, &h, sig, 1);
	assert_int_equal(seen.signatures, 1);
	assert_true(sig[0].hashed && !sig[1].hashed);
	sig[1].field = 7;
	forget();
	dkim_library_hash(l, &h, sig, 2);
	assert_int_equal(seen.ends, 0);
	forget();
	dkim_library_hash(l, &h, sig, 0);
	assert_int_equal(seen.fields, 0);
	dkim_library_free(&l);
	arena_free(&a);
}

/* A digest counts only if everything before it was good. */
static void
its_failures_give_no_digest(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_library	*l = dkim_library_new();
	struct dkim_library_sig	 sig[2] = { { .field = 0 }, { .field = 9 } };
	struct headers		 h;
	int			 i;

	(void)state;
	assert_non_null(l);
	headers_init(&h, a, 100, 65536);
	headers_add(&h, "DKIM-Signature", PLAIN);
	headers_add(&h, "From", " a@example.com");
	for (i = 0; i < 6; i++) {
		memset(&wrong, 0, sizeof(wrong));
		wrong.field = i < 3 ? (unsigned)i + 1 : 0;
		wrong.end = i == 3;
		wrong.hash = i == 4;
		wrong.list = i == 5;
		forget();
		dkim_library_hash(l, &h, sig, 1);
		if (sig[0].hashed || sig[1].hashed)
			row_fail("failure", "%d: a digest", i);
		if (seen.ends != (i >= 3) || seen.hashes != (i == 4))
			row_fail("failure", "%d: the library went on", i);
		assert_int_equal(seen.handles, 1);
	}
	memset(&wrong, 0, sizeof(wrong));
	dkim_library_free(&l);
	arena_free(&a);
}

static void
a_huge_field_stays_outside(void **state)
{
	struct arena		*a = arena_new(65536);
	char			*huge = arena_alloc(a, 100001);
	struct dkim_facts	 f;

	(void)state;
	memset(huge, 'x', 100000);
	deliver(a, USUAL, arena_printf(a, "DKIM-Signature: v=1; a=rsa-sha256;"
	    " d=example.com; s=s; h=From; bh=YWJj; b=YWJj; z=%s\r\n", huge),
	    &f);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.sig[0].result, RESULT_PERMERROR);
	assert_string_equal(f.sig[0].reason, "the field is too long");
	assert_int_equal(f.sig[1].result, RESULT_PASS);
	assert_true(seen.longest < 32768);
	arena_free(&a);
}

/* The library's time grows with names, fields and octets; ours hardly. */
static void
large_headers_stay_outside(void **state)
{
	struct arena		*a = arena_new(65536);
	char			*text = arena_alloc(a, 70001);
	struct dkim_facts	 f;
	struct buf		 b = BUF_INIT;
	size_t			 i;

	(void)state;
	memset(text, 'x', 70000);
	deliver(a, USUAL, arena_printf(a, "X: %s\r\n", text), &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(seen.fields, 0);
	buf_addstr(&b, " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"
	    " s=s; bh=%BH%; b=%B%; h=From");
	for (i = 0; i < 400; i++)
		buf_addstr(&b, ":X");
	for (i = 0, *text = '\0'; i < 100; i++)
		memcpy(text + 6 * i, "Y: z\r\n", 7);
	deliver(a, buf_str(&b), text, &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(seen.fields, 0);
	buf_free(&b);
	arena_free(&a);
}

/* The library cuts h= at 4096 octets. */
static void
a_long_list_of_names_stays_outside(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;
	struct buf		 b = BUF_INIT;
	size_t			 i;

	(void)state;
	buf_addstr(&b, " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"
	    " s=s; bh=%BH%; b=%B%; h=From");
	for (i = 0; i < 260; i++)
		buf_addstr(&b, ":X-Abcdefghijklm");
	deliver(a, buf_str(&b), "", &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(seen.fields, 0);
	buf_free(&b);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_ours),
		cmocka_unit_test(blocks_have_slack),
		cmocka_unit_test(a_sentinel_comes_first),
		cmocka_unit_test(names_over_and_over),
		cmocka_unit_test(bad_fields_stay_outside),
		cmocka_unit_test(odd_headers_stay_outside),
		cmocka_unit_test(names_that_cannot_be_stay_outside),
		cmocka_unit_test(only_asked_signatures_go_in),
		cmocka_unit_test(its_failures_give_no_digest),
		cmocka_unit_test(a_huge_field_stays_outside),
		cmocka_unit_test(large_headers_stay_outside),
		cmocka_unit_test(a_long_list_of_names_stays_outside),
	};

	return cmocka_run_group_tests(tests, set_up, site_close);
}
