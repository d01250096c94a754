/*
 * dkim_many: several signatures, limits and settings, many messages, many
 * threads. A signature never changes the result of another one.
 */
#include <malloc.h>
#include <pthread.h>

#include "dkim/crypto_verify_priv.h"
#include "dkim/dkim_verify_priv.h"
#include "dkim_site.h"

#define HEADER	"From: a@example.com\r\nTo: b@example.org\r\nSubject: x\r\n"
#define BODY	"Hello.\r\n"
#define START	" v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"
#define END	" bh=%BH%; b=%B%"
#define USUAL	START " s=s; h=From:To:Subject;" END

static const struct lookup_limits lookup_limits = { 2000, 200 };

static void
add_key(struct buf *zone, struct arena *a, const char *name,
    const char *tags, const char *key)
{
	char *text = arena_printf(a, "v=DKIM1; %sp=%s", tags,
	    maker_public(a, maker_key(key),
	    strcmp(key, "ed25519") == 0 ? "raw" : "spki"));

	zone_txt(zone, name, text, strlen(text));
}

static int
set_up(void **state)
{
	struct arena	*a = arena_new(4096);
	struct buf	 zone = BUF_INIT;

	(void)state;
	add_key(&zone, a, "s._domainkey.example.com", "", "rsa1024");
	add_key(&zone, a, "strict._domainkey.example.com", "t=s; ",
	    "rsa1024");
	add_key(&zone, a, "test._domainkey.example.com", "t=y; ", "rsa1024");
	add_key(&zone, a, "ed._domainkey.example.com", "k=ed25519; ",
	    "ed25519");
	buf_addstr(&zone, "sf._domainkey.example.com SERVFAIL\n");
	site_open(&zone);
	arena_free(&a);
	return 0;
}

static char *
signed_with(struct arena *a, const char *template, const char *key)
{
	return arena_printf(a, "DKIM-Signature:%s\r\n", maker_sign(a,
	    template, maker_key(key), HEADER, BODY, strlen(BODY)));
}

static void
deliver_to(struct dkim_lib *l, struct arena *a, const char *header,
    struct dkim_facts *f)
{
	message_verify(l, resolver, a, header, BODY, strlen(BODY),
	    &deliveries[0], f);
}

/* --- several signatures -------------------------------------------------- */

static void
each_for_itself(void **state)
{
	static const enum result want[] = {
		RESULT_PERMERROR, RESULT_TEMPERROR, RESULT_PERMERROR,
		RESULT_FAIL, RESULT_PASS, RESULT_POLICY, RESULT_PASS,
		RESULT_PERMERROR, RESULT_PASS
	};
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;
	char			*header;
	size_t			 i;

	(void)state;
	header = arena_printf(a, "%s%s%s%s%s%s%s%s%s" HEADER,
	    signed_with(a, START " s=strict; i=@a.example.com; h=From;" END,
	    "rsa1024"),
	    signed_with(a, START " s=sf; h=From;" END, "rsa1024"),
	    "DKIM-Signature: garbage\r\n",
	    signed_with(a, USUAL, "rsa2048"),
	    signed_with(a, USUAL, "rsa1024"),
	    signed_with(a, START " s=s; l=3; h=From;" END, "rsa1024"),
	    signed_with(a, START " s=test; h=From;" END, "rsa1024"),
	    signed_with(a, START " s=none; h=From;" END, "rsa1024"),
	    signed_with(a, " v=1; a=ed25519-sha256; d=example.com; s=ed;"
	    " i=me@mail.example.com; h=From;" END, "ed25519"));
	deliver_to(lib, a, header, &f);
	assert_int_equal(f.n, NELEM(want));
	assert_int_equal(f.skipped, 0);
	for (i = 0; i < NELEM(want); i++)
		if (f.sig[i].result != want[i])
			fail_msg("signature %zu: %s (%s)", i,
			    result_name(f.sig[i].result), f.sig[i].reason);
	assert_true(f.sig[1].temperror && !f.sig[3].temperror);
	assert_true(f.sig[6].testing && !f.sig[4].testing);
	assert_true(f.sig[5].partial && !f.sig[4].partial);
	assert_int_equal(f.sig[4].key_bits, 1024);
	assert_int_equal(f.sig[8].key_bits, 256);
	assert_string_equal(f.sig[8].algorithm, "ed25519-sha256");
	assert_string_equal(f.sig[8].identity, "me@mail.example.com");
	assert_string_equal(f.sig[8].selector, "ed");
	assert_string_equal(f.sig[8].domain, "example.com");
	assert_null(f.sig[2].domain);
	assert_null(f.sig[4].identity);
	arena_free(&a);
}

/* A temperror does not count where a pass was impossible. */
static void
no_excuse(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;

	(void)state;
	deliver_to(lib, a, arena_printf(a, "%sFrom: m@m.m\r\n" HEADER,
	    signed_with(a, START " s=sf; h=From;" END, "rsa1024")), &f);
	assert_int_equal(f.sig[0].result, RESULT_TEMPERROR);
	assert_false(f.sig[0].temperror);
	arena_free(&a);
}

static char *
repeat(struct arena *a, const char *text, size_t n)
{
	size_t	 len = strlen(text), i;
	char	*all = arena_alloc(a, n * len + 1);

	for (i = 0; i < n; i++)
		memcpy(all + i * len, text, len);
	return all;
}

static void
a_hundred_signatures(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;
	size_t			 i;

	(void)state;
	deliver_to(lib, a, arena_printf(a, "%s" HEADER, repeat(a,
	    signed_with(a, USUAL, "rsa1024"), 100)), &f);
	assert_int_equal(f.n, dkim_default_limits.signatures);
	assert_int_equal(f.skipped, 100 - f.n);
	for (i = 0; i < f.n; i++)
		assert_int_equal(f.sig[i].result, RESULT_PASS);
	arena_free(&a);
}

static void
garbage_does_not_push_out(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;

	(void)state;
	deliver_to(lib, a, arena_printf(a, "%s%s" HEADER, repeat(a,
	    "DKIM-Signature: v=1; a=rsa-sha256\r\n", 100),
	    signed_with(a, USUAL, "rsa1024")), &f);
	assert_int_equal(f.n, dkim_default_limits.signatures + 1);
	assert_int_equal(f.skipped, 100 - (f.n - 1));
	assert_int_equal(f.sig[f.n - 1].result, RESULT_PASS);
	arena_free(&a);
}

#define B_FIELD(b)							\
	"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=From;" \
	" bh=YWJj; b=" b "\r\n"

/* RFC 6008: enough of b= to tell signatures apart, 8 octets at least. */
static void
b_tells_them_apart(void **state)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;

	(void)state;
	deliver_to(lib, a,
	    B_FIELD("AAAABBBB CCCCDDDD") B_FIELD("AAAABBBBCCCCEEEE")
	    B_FIELD("AAAA\r\n BBBBXXXX") B_FIELD("ZZZZBBBB") B_FIELD("abc=")
	    B_FIELD("ZZZZBBBB") HEADER, &f);
	assert_int_equal(f.n, 6);
	assert_string_equal(f.sig[0].b, "AAAABBBBCCCCD");
	assert_string_equal(f.sig[1].b, "AAAABBBBCCCCE");
	assert_string_equal(f.sig[2].b, "AAAABBBBX");
	assert_string_equal(f.sig[3].b, "ZZZZBBBB");
	assert_string_equal(f.sig[4].b, "abc=");
	assert_string_equal(f.sig[5].b, "ZZZZBBBB");
	arena_free(&a);
}

static void
signatures_over_signatures(void **state)
{
	struct arena		*a = arena_new(65536);
	char			*below, *header, *above;
	struct dkim_facts	 f;

	(void)state;
	below = arena_printf(a, "DKIM-Signature: garbage\r\n%s" HEADER,
	    signed_with(a, USUAL, "rsa1024"));
	above = maker_sign(a, START " s=s; h=From:DKIM-Signature:"
	    "DKIM-Signature;" END, maker_key("rsa1024"), below, BODY,
	    strlen(BODY));
	header = arena_printf(a, "DKIM-Signature:%s\r\n%s", above, below);
	deliver_to(lib, a, header, &f);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	assert_int_equal(f.sig[1].result, RESULT_PERMERROR);
	assert_int_equal(f.sig[2].result, RESULT_PASS);
	/* the lower one is removed: the upper one takes its place */
	header = arena_printf(a, "DKIM-Signature:%s\r\n%s", above,
	    strstr(below, "\r\n") + 2);
	deliver_to(lib, a, header, &f);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.sig[0].result, RESULT_FAIL);
	arena_free(&a);
}

/* --- limits and settings ------------------------------------------------- */

static void
a_large_header(void **state)
{
	struct arena		*a = arena_new(65536);
	char			*huge = arena_alloc(a, 500001);
	struct dkim_facts	 f;

	(void)state;
	deliver_to(lib, a, arena_printf(a, "%s%s%s",
	    signed_with(a, USUAL, "rsa1024"), HEADER, repeat(a, "X: y\r\n",
	    2000)), &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	memset(huge, 'x', 500000);
	deliver_to(lib, a, arena_printf(a, "%s" HEADER "X: %s\r\n",
	    signed_with(a, USUAL, "rsa1024"), huge), &f);
	assert_int_equal(f.sig[0].result, RESULT_PASS);
	arena_free(&a);
}

static enum result
result_with(const struct dkim_verify_limits *limits, const char *template)
{
	struct arena		*a = arena_new(65536);
	struct dkim_lib		*l = dkim_lib_new(limits);
	struct dkim_facts	 f;
	enum result		 result;

	deliver_to(l, a, arena_printf(a, "%s" HEADER, signed_with(a,
	    template, "rsa1024")), &f);
	result = f.sig[0].result;
	dkim_lib_free(&l);
	arena_free(&a);
	return result;
}

static void
settings(void **state)
{
	static const char *const required[] = { "Subject", "Cc", NULL };
	struct dkim_verify_limits limits = dkim_default_limits;

	(void)state;
	limits.min_key_bits = 2048;
	assert_int_equal(result_with(&limits, USUAL), RESULT_POLICY);
	limits = dkim_default_limits;
	limits.required = required;
	assert_int_equal(result_with(&limits, USUAL), RESULT_PASS);
	assert_int_equal(result_with(&limits, START " s=s; h=From:To;" END),
	    RESULT_POLICY);
	limits = dkim_default_limits;
	limits.max_age = 3600;
	assert_int_equal(result_with(&limits, USUAL), RESULT_PASS);
	assert_int_equal(result_with(&limits, START
	    " s=s; t=1699996400; h=From;" END), RESULT_PASS);
	assert_int_equal(result_with(&limits, START
	    " s=s; t=1699996399; h=From;" END), RESULT_POLICY);
	limits.max_age = 1;
	assert_int_equal(result_with(&limits, START
	    " s=s; t=1699999999; h=From;" END), RESULT_PASS);
	assert_int_equal(result_with(&limits, START
	    " s=s; t=1699999998; h=From;" END), RESULT_POLICY);
	limits = dkim_default_limits;
	limits.h_names = 2;
	assert_int_equal(result_with(&limits, USUAL), RESULT_PERMERROR);
	limits = dkim_default_limits;
	limits.test_keys = TEST_KEYS_IGNORE;
	assert_int_equal(result_with(&limits, START " s=test; h=From;" END),
	    RESULT_POLICY);
	limits = dkim_default_limits;
	limits.clock_skew = 0;
	assert_int_equal(result_with(&limits, START
	    " s=s; x=1699999999; h=From;" END), RESULT_PERMERROR);
	assert_int_equal(result_with(&limits, START
	    " s=s; x=1700000000; h=From;" END), RESULT_PASS);
	assert_int_equal(result_with(&limits, START
	    " s=s; t=1700000001; h=From;" END), RESULT_PERMERROR);
}

/* --- several key records ------------------------------------------------- */

/* 60 different keys at one selector, none of which made the signature. */
static struct resolver *
many_keys(struct arena *a)
{
	struct buf	 zone = BUF_INIT;
	struct resolver	*r;
	char		*why = NULL;
	size_t		 i;

	for (i = 0; i < 60; i++)
		add_key(&zone, a, "s._domainkey.example.com", arena_printf(a,
		    "n=%zu; ", i), i % 2 > 0 ? "rsa2048" : "rsa4096");
	r = resolver_zone_new(buf_str(&zone), &why);
	assert_non_null(r);
	buf_free(&zone);
	return r;
}

/* The public-key operations of a message have a limit. */
static void
keys_tried_are_bounded(void **state)
{
	struct arena		*a = arena_new(65536);
	struct resolver		*r = many_keys(a);
	struct dkim_lib		*l = dkim_lib_new(NULL);
	struct pubkey_stats	 st;
	struct dkim_facts	 f;
	struct buf		 b = BUF_INIT;
	size_t			 i, n = dkim_default_limits.signatures;

	(void)state;
	for (i = 0; i < 2 * n; i++)
		buf_addstr(&b, signed_with(a, USUAL, "rsa1024"));
	buf_addstr(&b, HEADER);
	message_verify(l, r, a, buf_str(&b), BODY, strlen(BODY),
	    &deliveries[0], &f);
	assert_int_equal(f.n, n);
	for (i = 0; i < n; i++)
		assert_int_equal(f.sig[i].result, RESULT_FAIL);
	pubkey_cache_stats(l->keys, &st);
	assert_int_equal(st.hits + st.misses, n * DKIM_KEYS_TRIED);
	/* each key is parsed once */
	assert_int_equal(st.entries, 2);
	assert_int_equal(st.misses, 2);
	buf_free(&b);
	dkim_lib_free(&l);
	resolver_free(&r);
	arena_free(&a);
}

/* --- the steps of a message ---------------------------------------------- */

static void
keys_are_asked_for_early(void **state)
{
	struct arena	*a = arena_new(65536);
	struct lookups	*l = lookups_new(resolver, &lookup_limits);
	struct headers	*h = feed_start(a);
	struct dkim_verifier *v = dkim_verifier_new(lib, l, a, h, MESSAGE_NOW);
	struct dkim_facts f;

	(void)state;
	feed_field(v, h, "From", " a@example.com");
	assert_int_equal(lookups_count(l), 0);
	feed_field(v, h, "DKIM-Signature", " v=1; broken");
	assert_int_equal(lookups_count(l), 0);
	feed_field(v, h, "dkim-SIGNATURE ", " v=1; a=rsa-sha256;"
	    " d=example.com; s=s; h=From; bh=YWJj; b=YWJj");
	assert_int_equal(lookups_count(l), 1);
	feed_field(v, h, "DKIM-Signature", " v=1; a=rsa-sha256;"
	    " d=Example.COM; s=S; h=From; bh=YWJj; b=YWJk");
	assert_int_equal(lookups_count(l), 1);
	feed_field(v, h, "DKIM-Signature", " v=1; a=rsa-sha256;"
	    " d=example.com; s=ed; h=From; bh=YWJj; b=YWJl");
	assert_int_equal(lookups_count(l), 2);
	dkim_verifier_eoh(v);
	dkim_verifier_finish(v, &f);
	assert_int_equal(f.n, 4);
	assert_int_equal(lookups_count(l), 2);
	dkim_verifier_free(&v);
	lookups_free(&l);
	arena_free(&a);
}

static void
nothing_to_verify(void **state)
{
	struct arena	*a = arena_new(65536);
	struct lookups	*l = lookups_new(resolver, &lookup_limits);
	struct headers	*h = feed_start(a);
	struct dkim_verifier *v = dkim_verifier_new(lib, l, a, h, MESSAGE_NOW);
	struct dkim_facts f;

	(void)state;
	feed_field(v, h, "From", " a@example.com");
	feed_field(v, h, "DKIM-Signatures", " v=1");
	dkim_verifier_eoh(v);
	dkim_verifier_body(v, "x", 1);
	dkim_verifier_finish(v, &f);
	assert_true(f.done);
	assert_int_equal(f.n, 0);
	dkim_verifier_free(&v);
	dkim_verifier_free(&v);

	/* aborted in the middle */
	h = feed_start(a);
	v = dkim_verifier_new(lib, l, a, h, MESSAGE_NOW);
	feed_field(v, h, "DKIM-Signature", " v=1; a=rsa-sha256;"
	    " d=example.com; s=s; h=From; bh=YWJj; b=YWJj");
	dkim_verifier_eoh(v);
	dkim_verifier_body(v, "x", 1);
	dkim_verifier_free(&v);
	lookups_free(&l);
	arena_free(&a);
}

static void
nul_in_the_body(void **state)
{
	static const char	body[] = "a\0b \0\r\n\0\r\n";
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;
	char			*header;
	size_t			 i;

	(void)state;
	header = arena_printf(a, "DKIM-Signature:%s\r\n" HEADER, maker_sign(a,
	    USUAL, maker_key("rsa1024"), HEADER, body, sizeof(body) - 1));
	for (i = 0; i < NELEM(deliveries); i++) {
		message_verify(lib, resolver, a, header, body,
		    sizeof(body) - 1, &deliveries[i], &f);
		assert_int_equal(f.sig[0].result, RESULT_PASS);
		message_verify(lib, resolver, a, header, body,
		    sizeof(body) - 4, &deliveries[i], &f);
		assert_int_equal(f.sig[0].result, RESULT_FAIL);
	}
	arena_free(&a);
}

/* --- many messages, many threads ----------------------------------------- */

static char *
busy_message(struct arena *a)
{
	return arena_printf(a, "%s%s%s" HEADER,
	    signed_with(a, USUAL, "rsa1024"),
	    signed_with(a, START " s=s; ab=1; h=From;" END, "rsa1024"),
	    signed_with(a, " v=1; a=ed25519-sha256; d=example.com; s=ed;"
	    " l=8; h=From;" END, "ed25519"));
}

static void
deliver_many(const char *header, size_t times)
{
	struct arena		*a = arena_new(65536);
	struct dkim_facts	 f;
	size_t			 i;

	for (; times > 0; times--) {
		deliver_to(lib, a, header, &f);
		assert_int_equal(f.n, 3);
		for (i = 0; i < f.n; i++)
			assert_int_equal(f.sig[i].result, RESULT_PASS);
		arena_reset(a);
	}
	arena_free(&a);
}

static void
memory_stays_flat(void **state)
{
	struct arena	*a = arena_new(65536);
	const char	*header = busy_message(a);
	size_t		 before;

	(void)state;
	deliver_many(header, 200);
	before = mallinfo2().uordblks;
	deliver_many(header, 2000);
	/* less than two octets a message: no leak */
	assert_in_range(mallinfo2().uordblks, 0, before + 2000);
	arena_free(&a);
}

static void *
thread(void *header)
{
	deliver_many(header, 100);
	return NULL;
}

static void
threads_share_the_library(void **state)
{
	struct arena	*a = arena_new(65536);
	char		*header = busy_message(a);
	pthread_t	 id[4];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(id); i++)
		assert_int_equal(pthread_create(&id[i], NULL, thread,
		    header), 0);
	for (i = 0; i < NELEM(id); i++)
		pthread_join(id[i], NULL);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_for_itself),
		cmocka_unit_test(no_excuse),
		cmocka_unit_test(a_hundred_signatures),
		cmocka_unit_test(garbage_does_not_push_out),
		cmocka_unit_test(b_tells_them_apart),
		cmocka_unit_test(signatures_over_signatures),
		cmocka_unit_test(a_large_header),
		cmocka_unit_test(settings),
		cmocka_unit_test(keys_tried_are_bounded),
		cmocka_unit_test(keys_are_asked_for_early),
		cmocka_unit_test(nothing_to_verify),
		cmocka_unit_test(nul_in_the_body),
		cmocka_unit_test(memory_stays_flat),
		cmocka_unit_test(threads_share_the_library),
	};

	return cmocka_run_group_tests(tests, set_up, site_close);
}
