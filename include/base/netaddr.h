/*
 * netaddr - IP addresses, networks, and lists of networks
 *
 * An address of family NETADDR_NONE ("unknown") equals no address and is in
 * no network.
 */
#ifndef MILLGATE_NETADDR_H
#define MILLGATE_NETADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum netaddr_family { NETADDR_NONE, NETADDR_IPV4, NETADDR_IPV6 };

struct netaddr {
	enum netaddr_family family;
	uint8_t	 octets[16];		/* network order; IPv4 uses 4 */
};

struct netblock {
	struct netaddr	 addr;
	unsigned	 bits;
};

#define NETADDR_TEXT	46

/*
 * "192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1", "[192.0.2.1]". An
 * IPv4-mapped IPv6 address becomes IPv4 (RFC 7208 5). False leaves
 * NETADDR_NONE.
 */
bool		 netaddr_parse(const char *text, struct netaddr *a);
/* From 4 or 16 octets in network order; any other length gives false. */
bool		 netaddr_from_octets(const void *octets, size_t len,
		    struct netaddr *a);
/* Returns `text`: the address, or "unknown". */
const char	*netaddr_format(const struct netaddr *a,
		    char text[NETADDR_TEXT]);
bool		 netaddr_equal(const struct netaddr *a,
		    const struct netaddr *b);
bool		 netaddr_is_loopback(const struct netaddr *a);
/* Keep the first bits4 (IPv4) or bits6 (IPv6) bits; the rest becomes 0. */
struct netaddr	 netaddr_network(const struct netaddr *a, unsigned bits4,
		    unsigned bits6);
/* "192.0.2.0/24", "2001:db8::/32", or a single address. */
bool		 netblock_parse(const char *text, struct netblock *b);
bool		 netblock_contains(const struct netblock *b,
		    const struct netaddr *a);
bool		 netblocks_contain(const struct netblock *b, size_t n,
		    const struct netaddr *a);
/* True when all its addresses are loopback addresses. */
bool		 netblock_is_loopback(const struct netblock *b);
/* "1.2.0.192.in-addr.arpa", or below ip6.arpa; "" for an unknown address. */
void		 netaddr_reverse_name(const struct netaddr *a, char text[80]);

#endif
