/*
 * domain: canonical names, labels, suffixes, comparison.
 */
#include "test.h"

#include "base/arena.h"
#include "mail/domain.h"

#define L61	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L63	"aa" L61

static const struct {
	const char	*name, *text, *want;	/* NULL: no domain */
} names[] = {
	{ "plain", "example.org", "example.org" },
	{ "upper case", "EXAMPLE.Org", "example.org" },
	{ "final dot", "example.org.", "example.org" },
	{ "one label", "localhost", "localhost" },
	{ "underscore", "_dmarc.example.org", "_dmarc.example.org" },
	{ "digits and hyphens", "a-1.2--b.org", "a-1.2--b.org" },
	{ "A-label, upper case", "XN--BCHER-KVA.example",
	    "xn--bcher-kva.example" },
	{ "label of 63", L63 ".org", L63 ".org" },
	{ "label of 64", L63 "a.org", NULL },
	{ "253 octets", L61 "." L63 "." L63 "." L63,
	    L61 "." L63 "." L63 "." L63 },
	{ "253 octets and a dot", L61 "." L63 "." L63 "." L63 ".",
	    L61 "." L63 "." L63 "." L63 },
	{ "254 octets", "a" L61 "." L63 "." L63 "." L63, NULL },
	{ "empty", "", NULL },
	{ "a dot", ".", NULL },
	{ "two final dots", "example.org..", NULL },
	{ "dot in front", ".example.org", NULL },
	{ "empty label", "example..org", NULL },
	{ "blank", "example .org", NULL },
	{ "parenthesis", "example.org(x", NULL },
	{ "semicolon", "example;org", NULL },
	{ "backslash", "example\\.org", NULL },
	{ "quote", "\"example\".org", NULL },
	{ "at", "a@example.org", NULL },
	{ "slash", "example/org", NULL },
	{ "control", "example\001.org", NULL },
	{ "line break", "example.org\n", NULL },
	{ "DEL", "example\177.org", NULL },
	{ "address literal", "[192.0.2.1]", NULL },
	{ "U-label", "b\303\274cher.example", "xn--bcher-kva.example" },
	{ "U-label, upper case", "B\303\234CHER.Example",
	    "xn--bcher-kva.example" },
	{ "U-label, decomposed", "bu\314\210cher.example",
	    "xn--bcher-kva.example" },
	{ "sharp s is not ss", "fa\303\237.de", "xn--fa-hia.de" },
	{ "final sigma keeps", "\317\202.gr", "xn--3xa.gr" },
	{ "U-label below an underscore", "_dmarc.b\303\274cher.example",
	    "_dmarc.xn--bcher-kva.example" },
	{ "U-label, final dot", "b\303\274cher.example.",
	    "xn--bcher-kva.example" },
	/* UTS 46 maps other dots */
	{ "ideographic full stop", "example\343\200\202org", "example.org" },
	{ "full-width full stop", "example\357\274\216org", "example.org" },
	{ "half-width ideographic", "example\357\275\241org", "example.org" },
	{ "two kinds of dots", "example.\343\200\202org", NULL },
	{ "one dot leader", "example\342\200\244org", NULL },
	{ "full-width letters", "\357\275\205xample.org", "example.org" },
	{ "kelvin sign", "\342\204\252.org", "k.org" },
	{ "soft hyphen is nothing", "exam\302\255ple.org", "example.org" },
	{ "nothing but a soft hyphen", "\302\255.org", NULL },
	{ "zero width joiner alone", "a\342\200\215b.org", NULL },
	{ "right-to-left override", "a\342\200\256b.org", NULL },
	{ "full-width solidus", "b\303\274\357\274\217x.org", NULL },
	{ "account of", "\342\204\200.org", NULL },
	{ "full-width parenthesis", "b\303\274\357\274\210x.org", NULL },
	{ "full-width at", "b\303\274\357\274\240x.org", NULL },
	{ "blank in a U-label", "b\303\274 x.org", NULL },
	{ "no-break space", "example\302\240.org", NULL },
	{ "line break in a U-label", "b\303\274\n.org", NULL },
	{ "emoji, forbidden by IDNA 2008", "\360\237\230\200.org", NULL },
	{ "A-label that decodes to nothing legal", "xn--a.b\303\274.org",
	    NULL },
	{ "Latin 1", "b\374cher.example", NULL },
	{ "octet 0xff", "\377.org", NULL },
	{ "overlong dot", "example\300\256org", NULL },
	{ "surrogate", "a\355\240\200.org", NULL },
	{ "above U+10FFFF", "a\364\220\200\200.org", NULL },
	{ "cut in a code point", "example.or\303", NULL },
	{ "replacement character", "a\357\277\275.org", NULL },
};

static void
canonical_names(void **state)
{
	struct arena	*a = arena_new(1024);
	const char	*got;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(names); i++) {
		got = domain_canonical(a, names[i].text, strlen(names[i].text));
		if ((got == NULL) != (names[i].want == NULL) || (got != NULL &&
		    strcmp(got, names[i].want) != 0))
			row_fail(names[i].name, "is %s",
			    got != NULL ? got : "none");
	}
	/* the length counts, not a NUL */
	assert_null(domain_canonical(a, "a.org\0x", 7));
	assert_null(domain_canonical(a, "\303\274.org\0x", 8));
	assert_string_equal(domain_canonical(a, "a.orgx", 5), "a.org");
	arena_free(&a);
}

static void
long_input_is_refused_quickly(void **state)
{
	struct arena	*a = arena_new(1024);
	size_t		 size = 1 << 20, i;
	char		*big = malloc(size);

	(void)state;
	assert_non_null(big);
	for (i = 0; i < size; i += 2)
		memcpy(big + i, "\303\274", 2);
	assert_null(domain_canonical(a, big, size));
	memset(big, 'a', size);
	assert_null(domain_canonical(a, big, size));
	free(big);
	arena_free(&a);
}

static void
labels_and_suffixes(void **state)
{
	(void)state;
	assert_int_equal(domain_labels("a.b.c"), 3);
	assert_int_equal(domain_labels("c"), 1);
	assert_int_equal(domain_labels(""), 0);
	assert_string_equal(domain_suffix("a.b.c", 0), "");
	assert_string_equal(domain_suffix("a.b.c", 1), "c");
	assert_string_equal(domain_suffix("a.b.c", 2), "b.c");
	assert_string_equal(domain_suffix("a.b.c", 3), "a.b.c");
	assert_string_equal(domain_suffix("a.b.c", 9), "a.b.c");
	assert_string_equal(domain_suffix("", 1), "");
}

static const struct {
	const char	*domain, *parent;
	bool		 want;
} within[] = {
	{ "example.org", "example.org", true },
	{ "a.example.org", "example.org", true },
	{ "a.b.example.org", "example.org", true },
	{ "badexample.org", "example.org", false },
	{ "example.org", "a.example.org", false },
	{ "example.org.evil", "example.org", false },
	{ "example.org", "org", true },
	{ "example.org", "", false },
	{ "", "org", false },
};

static void
within_a_parent(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(within); i++)
		if (domain_is_within(within[i].domain, within[i].parent) !=
		    within[i].want)
			row_fail(within[i].domain, "in %s", within[i].parent);
}

static void
equal_names(void **state)
{
	(void)state;
	assert_true(domain_equal("Example.ORG", "example.org."));
	assert_true(domain_equal("example.org.", "example.org."));
	assert_true(domain_equal("", "."));
	assert_false(domain_equal("example.org", "example.net"));
	assert_false(domain_equal("example.org", "example.org.."));
	assert_false(domain_equal("example.or", "example.org"));
	/* 0x20 apart, but not letters */
	assert_false(domain_equal("a@b", "a`b"));
	assert_false(domain_equal("a[b", "a{b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_names),
		cmocka_unit_test(long_input_is_refused_quickly),
		cmocka_unit_test(labels_and_suffixes),
		cmocka_unit_test(within_a_parent),
		cmocka_unit_test(equal_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
