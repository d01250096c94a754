/*
 * dns_wire - names and record data as they stand in a DNS message
 *
 * Pure and bounds-checked: the octets come from strangers. A name here is
 * uncompressed (libunbound hands out rdata with its names written out), so a
 * compression pointer is an error.
 */
#ifndef MILLGATE_DNS_WIRE_H
#define MILLGATE_DNS_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

#define DNS_NAME_MAX	253	/* octets of a name as text */
#define DNS_LABEL_MAX	63
#define DNS_WIRE_MAX	255	/* octets of a name on the wire */

/*
 * The folded form of a name in text: lower case, one final dot removed.
 * Labels may hold any octet but NUL and the dot (RFC 2181 11: SPF macros put
 * a lot there). Its length, or 0 when it is no legal name.
 */
size_t	dns_name_fold(const char *text, char folded[DNS_NAME_MAX + 1]);

/* A folded name as labels; the octets written, the root label included. */
size_t	dns_name_to_wire(const char *folded, uint8_t wire[DNS_WIRE_MAX]);

/* From good to bad. */
enum dns_name_verdict {
	DNS_NAME_OK,		/* letters, digits, hyphen, underscore */
	DNS_NAME_GRAPHIC,	/* other octets that can be written down */
	DNS_NAME_ODD,		/* control, blank, 8-bit, a dot in a label */
	DNS_NAME_CUT		/* runs over the end, pointer, too long */
};

/*
 * A name on the wire, which must fill `len` exactly, as folded text; the
 * root is "". What is ODD or CUT leaves `folded` undefined.
 */
enum dns_name_verdict
	dns_name_from_wire(const uint8_t *wire, size_t len,
	    char folded[DNS_NAME_MAX + 1], size_t *folded_len);

/*
 * One record's data decoded as struct dns_rr promises: `rr` is filled and
 * its data written to `out`, which holds at least `len` + 1 octets. The
 * octets written, the final NUL included; 0 when the record is malformed and
 * must be dropped.
 */
size_t	dns_rdata_decode(enum dns_type type, const uint8_t *rdata, size_t len,
	    struct dns_rr *rr, char *out);

#endif
