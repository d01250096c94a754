/*
 * answer - the answer to one DNS question: plain data
 */
#ifndef MILLGATE_ANSWER_H
#define MILLGATE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dns_type {
	DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28
};

enum dns_status {
	DNS_OK,			/* at least one record */
	DNS_NODATA,		/* the name exists without this type */
	DNS_NXDOMAIN,		/* the name does not exist */
	DNS_BADNAME,		/* not a legal name; no query was sent */
	DNS_TEMPFAIL		/* timeout, SERVFAIL, REFUSED, bogus, budget */
};

struct dns_rr {
	/*
	 * TXT: the strings joined; they may hold any octet, also NUL.
	 * PTR, MX: the name as lower-case text without the final dot. A PTR
	 * record is dropped when its name has octets other than letters,
	 * digits, hyphen and underscore. The name of an MX record may have
	 * any graphic octets, which RFC 7208 allows.
	 * A, AAAA: 4 or 16 octets in network order.
	 * A NUL follows the data; `len` does not count it.
	 */
	const char	*data;
	size_t		 len;
	uint16_t	 preference;	/* MX only */
};

struct dns_answer {
	enum dns_status	 status;
	bool		 secure;	/* validated by DNSSEC */
	uint32_t	 ttl;		/* seconds, when the answer came */
	const char	*why;		/* for the log, "servfail"; not NULL */
	size_t		 n;
	struct dns_rr	*rr;
};

#endif
