/*
 * fuzz_dns_wire - untrusted record data. The first octet selects the type, the
 * rest is RDATA. Decoding must stay inside its bounds. An accepted name must
 * encode to the same octets again, in lower case. The same octets are also
 * read as a name in text form.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dns_wire_priv.h"
#include "dns/resolver.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

/* An MX name may have any graphic octets, a PTR only those of host names. */
static void
check_name(const char *name, const uint8_t *wire, size_t len, bool graphic)
{
	uint8_t	back[DNS_WIRE_MAX];
	size_t	i, n = strlen(name);

	CHECK(n <= DNS_NAME_MAX);
	for (i = 0; i < n; i++)
		CHECK(name[i] > ' ' && name[i] <= '~' &&
		    !(name[i] >= 'A' && name[i] <= 'Z'));
	CHECK(graphic || strspn(name,
	    "abcdefghijklmnopqrstuvwxyz0123456789-_.") == n);
	CHECK(dns_name_to_wire(name, back) == len);
	for (i = 0; i < len; i++)
		CHECK(back[i] == wire[i] || back[i] == (wire[i] | 0x20));
}

static void
check_record(enum dns_type type, const uint8_t *rdata, size_t len)
{
	char		*out = malloc(len + 1);
	struct dns_rr	 rr;
	size_t		 used;

	CHECK(out != NULL);
	used = dns_rdata_decode(type, rdata, len, &rr, out);
	CHECK(used <= len + 1);
	if (used > 0) {
		CHECK(rr.data == out && rr.len == used - 1);
		CHECK(out[rr.len] == '\0');
	}
	if (used > 0 && type == DNS_PTR)
		check_name(rr.data, rdata, len, false);
	if (used > 0 && type == DNS_MX)
		check_name(rr.data, rdata + 2, len - 2, true);
	free(out);
}

static void
check_text(const uint8_t *data, size_t len)
{
	char	*text = malloc(len + 1);
	char	 folded[DNS_NAME_MAX + 1], again[DNS_NAME_MAX + 1];
	uint8_t	 wire[DNS_WIRE_MAX];
	size_t	 n;

	CHECK(text != NULL);
	memcpy(text, data, len);
	text[len] = '\0';
	n = dns_name_fold(text, folded);
	if (n > 0) {
		CHECK(n <= DNS_NAME_MAX && strlen(folded) == n);
		CHECK(dns_name_fold(folded, again) == n);
		CHECK(strcmp(folded, again) == 0);
		CHECK(dns_name_to_wire(folded, wire) == n + 2);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {
		DNS_A, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA
	};

	if (size == 0 || size > RESOLVER_MAX_RDATA)
		return 0;
	check_record(types[data[0] % 5], data + 1, size - 1);
	check_text(data + 1, size - 1);
	return 0;
}
