/*
 * dns_wire - names and record data in the format of DNS messages
 *
 * Pure and bounds-checked: the octets come from the network. libunbound
 * returns record data with uncompressed names, so a compression pointer is
 * an error.
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
 * Fold a name in text: lower case, without one final dot. Labels may hold
 * any octet but NUL and the dot (RFC 2181 11; SPF macros produce such names).
 * Returns the length, or 0 when the name is not legal.
 */
size_t	dns_name_fold(const char *text, char folded[DNS_NAME_MAX + 1]);

/* Write a folded name as labels; returns the octets, with the root label. */
size_t	dns_name_to_wire(const char *folded, uint8_t wire[DNS_WIRE_MAX]);

/* Ordered from good to bad. */
enum dns_name_verdict {
	DNS_NAME_OK,		/* letters, digits, hyphen, underscore */
	DNS_NAME_GRAPHIC,	/* other printable ASCII */
	DNS_NAME_ODD,		/* control, blank, 8-bit, a dot in a label */
	DNS_NAME_CUT		/* truncated, too long, or a pointer */
};

/*
 * Convert a name, which must fill `len` octets exactly, to folded text; the
 * root is "". DNS_NAME_ODD and DNS_NAME_CUT leave `folded` undefined.
 */
enum dns_name_verdict
	dns_name_from_wire(const uint8_t *wire, size_t len,
	    char folded[DNS_NAME_MAX + 1], size_t *folded_len);

/*
 * Decode the data of one record into `rr`, as described at struct dns_rr.
 * rr->data is written to `out`, which holds at least `len` + 1 octets.
 * Returns the octets written, with the final NUL; 0 when the record is
 * malformed and must be dropped.
 */
size_t	dns_rdata_decode(enum dns_type type, const uint8_t *rdata, size_t len,
	    struct dns_rr *rr, char *out);

#endif
