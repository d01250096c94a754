/*
 * fuzz_domain - an output of domain_canonical has only allowed octets, is short
 * enough, and does not change in a second pass. An address that netaddr parses
 * and prints is the same address again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mail/domain.h"
#include "base/netaddr.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_domain(struct arena *a, const char *text, size_t size)
{
	static const char	 legal[] = "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-_.";
	const char		*d = domain_canonical(a, text, size), *again;
	size_t			 len;

	if (d == NULL)
		return;
	len = strlen(d);
	CHECK(len > 0 && len <= DOMAIN_MAX && strspn(d, legal) == len);
	CHECK(d[0] != '.' && d[len - 1] != '.' && strstr(d, "..") == NULL);
	again = domain_canonical(a, d, len);
	CHECK(again != NULL && strcmp(d, again) == 0);
	CHECK(strcmp(domain_suffix(d, domain_labels(d)), d) == 0);
	CHECK(domain_is_within(d, domain_suffix(d, 1)));
	CHECK(domain_equal(d, again));
}

static void
check_netaddr(const char *text)
{
	struct netaddr	 addr, again;
	struct netblock	 b;
	char		 name[80], form[NETADDR_TEXT];

	if (netaddr_parse(text, &addr)) {
		CHECK(netaddr_parse(netaddr_format(&addr, form), &again));
		CHECK(netaddr_equal(&addr, &again));
		netaddr_reverse_name(&addr, name);
		CHECK(strlen(name) < sizeof(name));
	}
	if (netblock_parse(text, &b))
		CHECK(netblock_contains(&b, &b.addr));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena	*a = arena_new(4096);

	check_domain(a, (const char *)data, size);
	check_netaddr(arena_memdup(a, data, size));
	arena_free(&a);
	return 0;
}
