/*
 * keyrecord - the DNS record of a signing key: written, and compared with what
 * the DNS shows (RFC 6376 3.6, RFC 8463 4)
 */
#ifndef MILLGATE_KEYRECORD_H
#define MILLGATE_KEYRECORD_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct crypto_key;
struct dns_answer;
struct keyring;
struct resolver;

/* "<selector>._domainkey.<domain>" */
const char	*keyrecord_name(struct arena *a, const char *selector,
		    const char *domain);
/* "v=DKIM1; k=rsa; p=..."; NULL when OpenSSL fails. */
const char	*keyrecord_text(struct arena *a, const struct crypto_key *key);

/*
 * Add the record as a line of a zone file, in strings of at most 255 octets
 * (RFC 1035 3.3); or as a command for nsupdate(1).
 */
void		 keyrecord_zone(struct buf *out, const char *name,
		    const char *text);
void		 keyrecord_nsupdate(struct buf *out, const char *name,
		    const char *text);

enum keyrecord_state {
	KEYRECORD_PUBLISHED,
	KEYRECORD_MISSING,
	KEYRECORD_DIFFERENT,
	KEYRECORD_UNKNOWN	/* the DNS does not say: ask again */
};

/* "published", "missing", "different", "unknown" */
const char	*keyrecord_state_name(enum keyrecord_state state);

/*
 * Does the DNS show exactly this key, in a record that a verifier can use?
 * If not, *why says what it shows; static words.
 */
enum keyrecord_state keyrecord_compare(const struct dns_answer *answer,
		    const struct crypto_key *key, const char **why);

/*
 * Ask for the records of the pending keys from key *next on, at most 256 at
 * the same time, and activate those that are published; *next moves on. Waits
 * for the answers, five seconds at most; never in a session. Each key that
 * starts to sign is logged. False when it was the last of them: *next is 0
 * again.
 */
bool		 keyrecord_activate_pending(struct keyring *k, struct resolver *r, size_t *next);

#endif
