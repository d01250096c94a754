/*
 * dkim_record - parse a key record strictly (RFC 6376 3.6.1, RFC 8463), and
 * check whether it may be used for a signature
 */
#ifndef MILLGATE_DKIM_RECORD_H
#define MILLGATE_DKIM_RECORD_H

#include <stdbool.h>
#include <stddef.h>

struct dkim_sigfield;
struct dns_answer;
struct dns_rr;

enum key_type { KEY_RSA, KEY_ED25519, KEY_UNKNOWN };

struct dkim_record {
	enum key_type	 type;		/* k= */
	const char	*key;		/* p=, including white space */
	size_t		 key_len;	/* 0: revoked */
	bool		 sha256;	/* allowed by h= */
	bool		 email;		/* allowed by s= */
	bool		 testing;	/* t=y */
	bool		 strict;	/* t=s: the domain of i= must be d= */
	bool		 foreign;	/* as dkim_record_is_foreign says */
};

/*
 * Parse the octets of a TXT record; *r points into them. NULL, or the error as
 * a static text. r->foreign is always set.
 */
const char	*dkim_record_parse(struct dkim_record *r, const char *text,
		    size_t len);
/*
 * Not a key record: it has neither a v= that begins with DKIM nor a p= tag,
 * for example an SPF record that a wildcard puts at every name.
 */
bool		 dkim_record_is_foreign(const char *text, size_t len);
/*
 * The key record among the TXT records of an answer. Other records do not
 * count. *n: the number of key records; NULL unless it is 1. For a verifier,
 * see dkim_verify_key.c.
 */
const struct dns_rr *dkim_record_only(const struct dns_answer *answer,
		    size_t *n);
/* NULL, or why the key must not be used for this signature (RFC 6376 6.1.2) */
const char	*dkim_record_unfit(const struct dkim_record *r,
		    const struct dkim_sigfield *f);

#endif
