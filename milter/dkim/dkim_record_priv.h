/*
 * dkim_record - a key record, read strictly (RFC 6376 3.6.1, RFC 8463), and
 * whether it may be used for a signature
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
	const char	*key;		/* p=, white space still in it */
	size_t		 key_len;	/* 0: revoked */
	bool		 sha256;	/* h= lets it be used */
	bool		 email;		/* s= too */
	bool		 testing;	/* t=y */
	bool		 strict;	/* t=s: i= must have d= itself */
};

/*
 * Read a TXT record's octets; pointers lead into them. NULL, or what is
 * wrong: static words.
 */
const char	*dkim_record_parse(struct dkim_record *r, const char *text,
		    size_t len);
/*
 * Nothing says that this is a key record: neither a v= that begins with DKIM
 * nor a p= tag, as with an SPF record that a wildcard puts everywhere.
 */
bool		 dkim_record_is_foreign(const char *text, size_t len);
/*
 * The key record among the TXT records of an answer. Other records do not
 * count. *n: the number of key records; NULL unless it is 1, because RFC 6376
 * 3.6.2.2 leaves several undefined.
 */
const struct dns_rr *dkim_record_only(const struct dns_answer *answer,
		    size_t *n);
/* NULL, or why the key must not be used for this signature (RFC 6376 6.1.2) */
const char	*dkim_record_unfit(const struct dkim_record *r,
		    const struct dkim_sigfield *f);

#endif
