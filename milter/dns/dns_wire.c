/*
 * dns_wire - names and record data in the format of DNS messages
 *
 * Every length octet is compared with the octets left before it is used.
 * Nothing here allocates memory.
 */
#include <stdbool.h>
#include <string.h>

#include "base/ascii.h"
#include "dns_wire_priv.h"

static bool
is_host_octet(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

size_t
dns_name_fold(const char *text, char folded[DNS_NAME_MAX + 1])
{
	size_t len = 0, label = 0;

	for (; *text != '\0'; text++) {
		if (*text == '.') {
			if (label == 0)
				return 0;
			if (text[1] == '\0')
				break;
			label = 0;
		} else if (++label > DNS_LABEL_MAX)
			return 0;
		if (len == DNS_NAME_MAX)
			return 0;
		folded[len++] = ascii_lower(*text);
	}
	folded[len] = '\0';
	return label == 0 ? 0 : len;
}

size_t
dns_name_to_wire(const char *folded, uint8_t wire[DNS_WIRE_MAX])
{
	size_t at = 0, label;

	while (*folded != '\0') {
		label = strcspn(folded, ".");
		wire[at++] = (uint8_t)label;
		memcpy(wire + at, folded, label);
		at += label;
		folded += label;
		if (*folded == '.')
			folded++;
	}
	wire[at++] = 0;
	return at;
}

/* Copy one label to `out`; the verdict is that of its worst octet. */
static enum dns_name_verdict
label_from_wire(const uint8_t *label, size_t len, char *out)
{
	enum dns_name_verdict	verdict = DNS_NAME_OK;
	size_t			i;

	for (i = 0; i < len; i++) {
		if (label[i] <= ' ' || label[i] > '~' || label[i] == '.')
			return DNS_NAME_ODD;
		if (!is_host_octet((char)label[i]))
			verdict = DNS_NAME_GRAPHIC;
		out[i] = ascii_lower((char)label[i]);
	}
	return verdict;
}

enum dns_name_verdict
dns_name_from_wire(const uint8_t *wire, size_t len,
    char folded[DNS_NAME_MAX + 1], size_t *folded_len)
{
	enum dns_name_verdict	verdict = DNS_NAME_OK, worse;
	size_t			at = 0, out = 0, label;

	if (len == 0 || len > DNS_WIRE_MAX)
		return DNS_NAME_CUT;
	while ((label = wire[at]) != 0) {
		/* 64 and more: compression pointers and obsolete types */
		if (label > DNS_LABEL_MAX || len - at < label + 2)
			return DNS_NAME_CUT;
		if (out > 0)
			folded[out++] = '.';
		worse = label_from_wire(wire + at + 1, label, folded + out);
		if (worse > verdict)
			verdict = worse;
		out += label;
		at += label + 1;
	}
	if (at + 1 != len)
		return DNS_NAME_CUT;
	folded[out] = '\0';
	*folded_len = out;
	return verdict;
}

/* Strings, each with a length octet in front (RFC 1035 3.3.14). */
static size_t
rdata_txt(const uint8_t *rdata, size_t len, struct dns_rr *rr, char *out)
{
	size_t at = 0, used = 0, string;

	if (len == 0)
		return 0;
	while (at < len) {
		string = rdata[at++];
		if (string > len - at)
			return 0;
		memcpy(out + used, rdata + at, string);
		used += string;
		at += string;
	}
	out[used] = '\0';
	rr->len = used;
	return used + 1;
}

static size_t
rdata_name(const uint8_t *rdata, size_t len, enum dns_name_verdict worst,
    struct dns_rr *rr, char *out)
{
	char	folded[DNS_NAME_MAX + 1];
	size_t	name_len;

	if (dns_name_from_wire(rdata, len, folded, &name_len) > worst)
		return 0;
	memcpy(out, folded, name_len + 1);
	rr->len = name_len;
	return name_len + 1;
}

static size_t
rdata_address(const uint8_t *rdata, size_t len, struct dns_rr *rr, char *out)
{
	memcpy(out, rdata, len);
	out[len] = '\0';
	rr->len = len;
	return len + 1;
}

size_t
dns_rdata_decode(enum dns_type type, const uint8_t *rdata, size_t len,
    struct dns_rr *rr, char *out)
{
	rr->data = out;
	rr->len = 0;
	rr->preference = 0;
	switch (type) {
	case DNS_A:
		return len == 4 ? rdata_address(rdata, len, rr, out) : 0;
	case DNS_AAAA:
		return len == 16 ? rdata_address(rdata, len, rr, out) : 0;
	case DNS_TXT:
		return rdata_txt(rdata, len, rr, out);
	case DNS_PTR:
		return rdata_name(rdata, len, DNS_NAME_OK, rr, out);
	case DNS_MX:
		if (len < 3)
			return 0;
		rr->preference = (uint16_t)(rdata[0] << 8 | rdata[1]);
		return rdata_name(rdata + 2, len - 2, DNS_NAME_GRAPHIC, rr,
		    out);
	}
	return 0;
}
