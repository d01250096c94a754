/*
 * netaddr: parsing and formatting, networks, reverse names
 */
#include "test.h"

#include "base/netaddr.h"

static const struct {
	const char	*text, *want;		/* NULL: refused */
} addresses[] = {
	{ "192.0.2.1", "192.0.2.1" },
	{ "[192.0.2.1]", "192.0.2.1" },
	{ "2001:DB8::1", "2001:db8::1" },
	{ "IPv6:2001:db8::1", "2001:db8::1" },
	{ "ipv6:2001:db8::1", "2001:db8::1" },
	{ "[IPv6:2001:db8::1]", "2001:db8::1" },
	{ "[2001:db8::1]", "2001:db8::1" },
	{ "::ffff:192.0.2.1", "192.0.2.1" },
	{ "IPv6:::ffff:192.0.2.1", "192.0.2.1" },
	{ "::ffff:c000:201", "192.0.2.1" },
	{ "::", "::" },
	{ "2001:db8:1111:2222:3333:4444:255.255.255.255",
	    "2001:db8:1111:2222:3333:4444:ffff:ffff" },
	{ "", NULL },
	{ "[]", NULL },
	{ "[", NULL },
	{ "[192.0.2.1", NULL },
	{ "192.0.2.1]", NULL },
	{ "[[192.0.2.1]]", NULL },
	{ "192.0.2", NULL },
	{ "192.0.2.256", NULL },
	{ "192.0.02.1", NULL },
	{ "0x7f.0.0.1", NULL },
	{ "192.0.2.1 ", NULL },
	{ " 192.0.2.1", NULL },
	{ "192.0.2.1/24", NULL },
	{ "IPv6:192.0.2.1", NULL },
	{ "fe80::1%eth0", NULL },
	{ "2001:db8:::1", NULL },
	{ "unknown", NULL },
	{ "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111",
	    NULL },
};

static void
every_octet_is_formatted(void **state)
{
	struct netaddr	 a;
	char		 text[NETADDR_TEXT], want[64];
	uint8_t		 octets[4];
	int		 i;

	(void)state;
	for (i = 0; i < 256; i++) {
		octets[0] = octets[2] = (uint8_t)i;
		octets[1] = octets[3] = (uint8_t)(255 - i);
		assert_true(netaddr_from_octets(octets, 4, &a));
		snprintf(want, sizeof(want), "%d.%d.%d.%d", i, 255 - i, i,
		    255 - i);
		assert_string_equal(netaddr_format(&a, text), want);
	}
}

static void
parses_addresses(void **state)
{
	struct netaddr	 a;
	char		 text[NETADDR_TEXT];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(addresses); i++) {
		if (netaddr_parse(addresses[i].text, &a) !=
		    (addresses[i].want != NULL))
			row_fail(addresses[i].text, "wrong answer");
		if (addresses[i].want == NULL) {
			assert_int_equal(a.family, NETADDR_NONE);
			continue;
		}
		if (strcmp(netaddr_format(&a, text), addresses[i].want) != 0)
			row_fail(addresses[i].text, "is %s", text);
	}
}

static void
takes_octets(void **state)
{
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff,
	    [12] = 127, [15] = 1 };
	struct netaddr	a, b;
	char		text[NETADDR_TEXT];

	(void)state;
	assert_true(netaddr_from_octets(mapped, 16, &a));
	assert_int_equal(a.family, NETADDR_IPV4);
	assert_true(netaddr_from_octets(mapped + 12, 4, &b));
	assert_true(netaddr_equal(&a, &b));
	assert_true(netaddr_is_loopback(&a));
	assert_false(netaddr_from_octets(mapped, 15, &a));
	assert_false(netaddr_from_octets(mapped, 0, &a));
	assert_string_equal(netaddr_format(&a, text), "unknown");
	/* an unknown address does not even equal itself */
	assert_false(netaddr_equal(&a, &a));
	assert_false(netaddr_is_loopback(&a));
	assert_true(netaddr_parse("::1", &a));
	assert_true(netaddr_is_loopback(&a));
	assert_true(netaddr_parse("::2", &a));
	assert_false(netaddr_is_loopback(&a));
}

static const struct {
	const char	*block, *addr;
	bool		 valid, in;
} blocks[] = {
	{ "192.0.2.0/24", "192.0.2.255", true, true },
	{ "192.0.2.0/24", "192.0.3.0", true, false },
	{ "192.0.2.77/24", "192.0.2.1", true, true },
	{ "192.0.2.128/25", "192.0.2.127", true, false },
	{ "192.0.2.128/25", "192.0.2.128", true, true },
	{ "192.0.2.128/25", "192.0.2.200", true, true },
	{ "192.0.2.1", "192.0.2.1", true, true },
	{ "192.0.2.1", "192.0.2.2", true, false },
	{ "192.0.2.1/32", "192.0.2.1", true, true },
	{ "192.0.2.1/31", "192.0.2.0", true, true },
	{ "0.0.0.0/0", "203.0.113.9", true, true },
	{ "0.0.0.0/0", "::1", true, false },
	{ "0.0.0.0/0", "unknown", true, false },
	{ "2001:db8::/32", "2001:db8:ffff::1", true, true },
	{ "2001:db8::/33", "2001:db8:ffff::1", true, false },
	{ "2001:db8::/127", "2001:db8::1", true, true },
	{ "2001:db8::/128", "2001:db8::1", true, false },
	{ "::/0", "2001:db8::1", true, true },
	{ "::/0", "192.0.2.1", true, false },
	{ "::ffff:192.0.2.0/120", "192.0.2.9", true, true },
	{ "::ffff:192.0.2.0/120", "192.0.3.9", true, false },
	{ "::ffff:0:0/96", "203.0.113.9", true, true },
	{ "[2001:db8::]/32", "2001:db8::1", true, true },
	{ "::ffff:0:0/95", "", false, false },
	{ "192.0.2.0/33", "", false, false },
	{ "2001:db8::/129", "", false, false },
	{ "192.0.2.0/", "", false, false },
	{ "192.0.2.0/024", "", false, false },
	{ "192.0.2.0/-1", "", false, false },
	{ "192.0.2.0/+8", "", false, false },
	{ "192.0.2.0/8 ", "", false, false },
	{ "192.0.2.0/24/8", "", false, false },
	{ "192.0.2.0/4294967304", "", false, false },
	{ "/24", "", false, false },
	{ "", "", false, false },
	{ "example.org/24", "", false, false },
};

static void
matches_networks(void **state)
{
	struct netblock	 b;
	struct netaddr	 a;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(blocks); i++) {
		if (netblock_parse(blocks[i].block, &b) != blocks[i].valid)
			row_fail(blocks[i].block, "wrong answer");
		if (!blocks[i].valid)
			continue;
		netaddr_parse(blocks[i].addr, &a);
		if (netblock_contains(&b, &a) != blocks[i].in)
			row_fail(blocks[i].block, "%s", blocks[i].addr);
	}
}

static void
any_of_several_networks(void **state)
{
	struct netblock	 b[2];
	struct netaddr	 a;

	(void)state;
	assert_true(netblock_parse("192.0.2.0/24", &b[0]));
	assert_true(netblock_parse("2001:db8::/32", &b[1]));
	assert_true(netaddr_parse("2001:db8::1", &a));
	assert_true(netblocks_contain(b, 2, &a));
	assert_false(netblocks_contain(b, 1, &a));
	assert_false(netblocks_contain(NULL, 0, &a));
}

static void
reverse_names(void **state)
{
	struct netaddr	a;
	char		text[80];

	(void)state;
	assert_true(netaddr_parse("192.0.2.1", &a));
	netaddr_reverse_name(&a, text);
	assert_string_equal(text, "1.2.0.192.in-addr.arpa");
	assert_true(netaddr_parse("2001:db8::567:89ab", &a));
	netaddr_reverse_name(&a, text);
	assert_string_equal(text, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0."
	    "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	assert_false(netaddr_parse("", &a));
	netaddr_reverse_name(&a, text);
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_is_formatted),
		cmocka_unit_test(parses_addresses),
		cmocka_unit_test(takes_octets),
		cmocka_unit_test(matches_networks),
		cmocka_unit_test(any_of_several_networks),
		cmocka_unit_test(reverse_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
