/*
 * netaddr - IP addresses, networks, and lists of networks
 *
 * inet_pton reads all addresses: no octal numbers, no short forms, no scope.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/netaddr.h"

/* The longest address within "[IPv6:" and "]". */
#define LITERAL_MAX	(NETADDR_TEXT + 8)

static unsigned
family_bits(enum netaddr_family f)
{
	return f == NETADDR_IPV4 ? 32 : f == NETADDR_IPV6 ? 128 : 0;
}

bool
netaddr_from_octets(const void *octets, size_t len, struct netaddr *a)
{
	static const uint8_t mapped[12] =
	    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	const uint8_t *o = octets;

	memset(a, 0, sizeof(*a));
	if (len == 16 && memcmp(o, mapped, sizeof(mapped)) == 0) {
		o += sizeof(mapped);
		len = 4;
	}
	if (len != 4 && len != 16)
		return false;
	a->family = len == 4 ? NETADDR_IPV4 : NETADDR_IPV6;
	memcpy(a->octets, o, len);
	return true;
}

bool
netaddr_parse(const char *text, struct netaddr *a)
{
	char		 copy[LITERAL_MAX + 1];
	uint8_t		 octets[16];
	size_t		 len = strlen(text);

	memset(a, 0, sizeof(*a));
	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len > LITERAL_MAX)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (strncasecmp(copy, "IPv6:", 5) == 0)
		return inet_pton(AF_INET6, copy + 5, octets) == 1 &&
		    netaddr_from_octets(octets, 16, a);
	if (inet_pton(AF_INET, copy, octets) == 1)
		return netaddr_from_octets(octets, 4, a);
	return inet_pton(AF_INET6, copy, octets) == 1 &&
	    netaddr_from_octets(octets, 16, a);
}

/* Returns the end of the text. */
static char *
put_octet(char *p, uint8_t n)
{
	if (n >= 100)
		*p++ = (char)('0' + n / 100);
	if (n >= 10)
		*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

/* inet_ntop takes many times as long, and each message needs the text. */
static void
format_ipv4(const uint8_t *octets, char *p)
{
	int i;

	for (i = 0; i < 4; i++) {
		p = put_octet(p, octets[i]);
		*p++ = i < 3 ? '.' : '\0';
	}
}

const char *
netaddr_format(const struct netaddr *a, char text[NETADDR_TEXT])
{
	if (a->family == NETADDR_IPV4)
		format_ipv4(a->octets, text);
	else if (a->family == NETADDR_NONE ||
	    inet_ntop(AF_INET6, a->octets, text, NETADDR_TEXT) == NULL)
		snprintf(text, NETADDR_TEXT, "unknown");
	return text;
}

struct netaddr
netaddr_network(const struct netaddr *a, unsigned bits4, unsigned bits6)
{
	struct netaddr	n = *a;
	unsigned	bit = n.family == NETADDR_IPV4 ? bits4 : bits6;

	for (; bit < family_bits(n.family); bit++)
		n.octets[bit / 8] &= (uint8_t)~(0x80u >> bit % 8);
	return n;
}

bool
netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
	return a->family != NETADDR_NONE && a->family == b->family &&
	    memcmp(a->octets, b->octets, family_bits(a->family) / 8) == 0;
}

bool
netaddr_is_loopback(const struct netaddr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (a->family == NETADDR_IPV4)
		return a->octets[0] == 127;
	return a->family == NETADDR_IPV6 &&
	    memcmp(a->octets, one, sizeof(one)) == 0;
}

/* One to three digits, no leading zero, at most `max`. */
static bool
netblock_bits(const char *text, unsigned max, unsigned *bits)
{
	size_t len = strlen(text), i;

	if (len < 1 || len > 3 || (len > 1 && text[0] == '0'))
		return false;
	for (*bits = 0, i = 0; i < len; i++) {
		if (!ascii_is_digit(text[i]))
			return false;
		*bits = *bits * 10 + (unsigned)(text[i] - '0');
	}
	return *bits <= max;
}

bool
netblock_parse(const char *text, struct netblock *b)
{
	const char	*slash = strchr(text, '/');
	char		 copy[LITERAL_MAX + 1];
	bool		 mapped;
	size_t		 len;

	memset(b, 0, sizeof(*b));
	len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	if (len > LITERAL_MAX)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (!netaddr_parse(copy, &b->addr))
		return false;
	b->bits = family_bits(b->addr.family);
	if (slash == NULL)
		return true;
	/* "::ffff:192.0.2.0/120" counts its bits as IPv6 */
	mapped = b->addr.family == NETADDR_IPV4 && strchr(copy, ':') != NULL;
	if (!netblock_bits(slash + 1, mapped ? 128 : b->bits, &b->bits))
		return false;
	if (mapped && b->bits < 96)
		return false;
	b->bits -= mapped ? 96 : 0;
	return true;
}

bool
netblock_contains(const struct netblock *b, const struct netaddr *a)
{
	unsigned whole = b->bits / 8, rest = b->bits % 8, mask;

	if (a->family == NETADDR_NONE || a->family != b->addr.family ||
	    b->bits > family_bits(a->family))
		return false;
	if (memcmp(b->addr.octets, a->octets, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	mask = 0xffu << (8 - rest) & 0xffu;
	return (b->addr.octets[whole] & mask) == (a->octets[whole] & mask);
}

bool
netblock_is_loopback(const struct netblock *b)
{
	return netaddr_is_loopback(&b->addr) &&
	    b->bits >= (b->addr.family == NETADDR_IPV4 ? 8 : 128);
}

bool
netblocks_contain(const struct netblock *b, size_t n, const struct netaddr *a)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (netblock_contains(&b[i], a))
			return true;
	return false;
}

void
netaddr_reverse_name(const struct netaddr *a, char text[80])
{
	static const char	 hex[] = "0123456789abcdef";
	char			*p = text;
	int			 i;

	*p = '\0';
	if (a->family == NETADDR_IPV4)
		snprintf(text, 80, "%d.%d.%d.%d.in-addr.arpa", a->octets[3],
		    a->octets[2], a->octets[1], a->octets[0]);
	if (a->family != NETADDR_IPV6)
		return;
	for (i = 15; i >= 0; i--) {
		*p++ = hex[a->octets[i] & 0xf];
		*p++ = '.';
		*p++ = hex[a->octets[i] >> 4];
		*p++ = '.';
	}
	memcpy(p, "ip6.arpa", sizeof("ip6.arpa"));
}
