/*
 * dns_wire: folding and conversion of names, decoding of record data
 */
#include "test.h"

#include "dns/dns_wire_priv.h"

#define L63	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee" \
		"ffffffffff123"
#define N253	L63 "." L63 "." L63 "." \
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1"

static const struct {
	const char *name, *text, *want;		/* want NULL: no legal name */
} folds[] = {
	{ "lower case", "Mail.EXAMPLE.org", "mail.example.org" },
	{ "one final dot", "example.org.", "example.org" },
	{ "one label", "localhost", "localhost" },
	{ "underscore", "_dmarc.example.org", "_dmarc.example.org" },
	{ "any octet: SPF macros", "a b+c=\xc3\xa4!.example.org",
	    "a b+c=\xc3\xa4!.example.org" },
	{ "empty", "", NULL },
	{ "the root", ".", NULL },
	{ "two final dots", "example.org..", NULL },
	{ "leading dot", ".example.org", NULL },
	{ "empty label", "example..org", NULL },
	{ "label of 63", L63 ".org", L63 ".org" },
	{ "label of 64", L63 "x.org", NULL },
	{ "name of 253", N253, N253 },
	{ "name of 253 and final dot", N253 ".", N253 },
	{ "name of 254", N253 "2", NULL },
	{ "name of 255", N253 ".x", NULL },
};

static void
names_fold(void **state)
{
	char	out[DNS_NAME_MAX + 1];
	size_t	i, len;

	(void)state;
	for (i = 0; i < NELEM(folds); i++) {
		len = dns_name_fold(folds[i].text, out);
		if (folds[i].want == NULL && len == 0)
			continue;
		if (folds[i].want == NULL || len != strlen(folds[i].want) ||
		    strcmp(out, folds[i].want) != 0)
			row_fail(folds[i].name, "len %zu, got %s", len, out);
	}
}

static void
names_go_to_the_wire_and_back(void **state)
{
	static const char *const names[] = { "a", "mail.example.org", N253 };
	uint8_t	wire[DNS_WIRE_MAX];
	char	back[DNS_NAME_MAX + 1];
	size_t	i, len, back_len;

	(void)state;
	for (i = 0; i < NELEM(names); i++) {
		len = dns_name_to_wire(names[i], wire);
		assert_int_equal(len, strlen(names[i]) + 2);
		assert_int_equal(dns_name_from_wire(wire, len, back,
		    &back_len), DNS_NAME_OK);
		assert_string_equal(back, names[i]);
		assert_int_equal(back_len, strlen(names[i]));
	}
}

#define W(s)	s, sizeof(s) - 1

static const struct {
	const char		*name, *wire;
	size_t			 len;
	enum dns_name_verdict	 want;
} wires[] = {
	{ "root", W("\0"), DNS_NAME_OK },
	{ "folded", W("\4Mail\7Example\3ORG\0"), DNS_NAME_OK },
	{ "nothing", W(""), DNS_NAME_CUT },
	{ "label over the end", W("\5abc"), DNS_NAME_CUT },
	{ "no root label", W("\3abc"), DNS_NAME_CUT },
	{ "more behind the root label", W("\3abc\0x"), DNS_NAME_CUT },
	{ "compression pointer", W("\3abc\300\14"), DNS_NAME_CUT },
	{ "label of 64", W("\100" L63 "x\0"), DNS_NAME_CUT },
	{ "256 octets", W("\77" L63 "\77" L63 "\77" L63 "\77" L63 "\0"),
	    DNS_NAME_CUT },
	{ "dot inside a label", W("\3a.b\3org\0"), DNS_NAME_ODD },
	{ "blank", W("\3a b\3org\0"), DNS_NAME_ODD },
	{ "NUL inside a label", W("\3a\0b\3org\0"), DNS_NAME_ODD },
	{ "line end", W("\3a\nb\3org\0"), DNS_NAME_ODD },
	{ "high octet", W("\3a\344b\3org\0"), DNS_NAME_ODD },
	{ "graphic octets", W("\5a:b/~\3org\0"), DNS_NAME_GRAPHIC },
	{ "graphic and odd", W("\3a/b\3o g\0"), DNS_NAME_ODD },
};

static void
names_from_strangers(void **state)
{
	enum dns_name_verdict	 got;
	char			 out[DNS_NAME_MAX + 1];
	uint8_t			*copy;
	size_t			 i, len;

	(void)state;
	for (i = 0; i < NELEM(wires); i++) {
		/* a block of its own, so that ASan finds reads beyond it */
		copy = malloc(wires[i].len + 1);
		assert_non_null(copy);
		copy = realloc(copy, wires[i].len > 0 ? wires[i].len : 1);
		memcpy(copy, wires[i].wire, wires[i].len);
		got = dns_name_from_wire(copy, wires[i].len, out, &len);
		if (got != wires[i].want)
			row_fail(wires[i].name, "got %d", got);
		free(copy);
	}
}

static const struct {
	const char	*name;
	enum dns_type	 type;
	const char	*rdata;
	size_t		 len;
	const char	*want;			/* NULL: dropped */
	size_t		 want_len;
	uint16_t	 preference;
} records[] = {
	{ "address", DNS_A, W("\300\0\2\1"), W("\300\0\2\1"), 0 },
	{ "short address", DNS_A, W("\300\0\2"), NULL, 0, 0 },
	{ "long address", DNS_A, W("\300\0\2\1\1"), NULL, 0, 0 },
	{ "AAAA", DNS_AAAA, W("0123456789abcdef"), W("0123456789abcdef"), 0 },
	{ "AAAA of 4", DNS_AAAA, W("\300\0\2\1"), NULL, 0, 0 },
	{ "one string", DNS_TXT, W("\3abc"), W("abc"), 0 },
	{ "strings are joined without a blank", DNS_TXT, W("\3abc\0\2de"),
	    W("abcde"), 0 },
	{ "empty string", DNS_TXT, W("\0"), W(""), 0 },
	{ "NUL in a string", DNS_TXT, W("\3a\0c"), W("a\0c"), 0 },
	{ "no string at all", DNS_TXT, W(""), NULL, 0, 0 },
	{ "string over the end", DNS_TXT, W("\4abc"), NULL, 0, 0 },
	{ "second string over the end", DNS_TXT, W("\3abc\1"), NULL, 0, 0 },
	{ "MX", DNS_MX, W("\1\2\2mX\0"), W("mx"), 258 },
	{ "null MX", DNS_MX, W("\0\0\0"), W(""), 0 },
	{ "MX without name", DNS_MX, W("\0\1"), NULL, 0, 0 },
	{ "MX with odd name", DNS_MX, W("\0\1\1 \0"), NULL, 0, 0 },
	{ "MX of RFC 7208's suite", DNS_MX, W("\0\1\7foo:bAr\0"),
	    W("foo:bar"), 1 },
	{ "PTR with graphic octets", DNS_PTR, W("\7foo:bar\0"), NULL, 0, 0 },
	{ "PTR", DNS_PTR, W("\4Mail\2de\0"), W("mail.de"), 0 },
	{ "PTR cut", DNS_PTR, W("\4Mail\2de"), NULL, 0, 0 },
	{ "PTR odd", DNS_PTR, W("\4a\"b;\0"), NULL, 0, 0 },
	{ "unknown type", (enum dns_type)6, W("\0"), NULL, 0, 0 },
};

static void
record_decodes(size_t i)
{
	uint8_t		*rdata = malloc(records[i].len + 1);
	char		*out = malloc(records[i].len + 1);
	struct dns_rr	 rr;
	size_t		 used;

	assert_non_null(rdata);
	assert_non_null(out);
	memcpy(rdata, records[i].rdata, records[i].len);
	used = dns_rdata_decode(records[i].type, rdata, records[i].len, &rr,
	    out);
	if (records[i].want == NULL) {
		if (used != 0)
			row_fail(records[i].name, "not dropped");
	} else if (used != records[i].want_len + 1 ||
	    rr.len != records[i].want_len || rr.data != out ||
	    memcmp(out, records[i].want, rr.len + 1) != 0 ||
	    rr.preference != records[i].preference)
		row_fail(records[i].name, "used %zu len %zu", used, rr.len);
	free(rdata);
	free(out);
}

static void
records_decode(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(records); i++)
		record_decodes(i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_fold),
		cmocka_unit_test(names_go_to_the_wire_and_back),
		cmocka_unit_test(names_from_strangers),
		cmocka_unit_test(records_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
