/*
 * keyrecord - the DNS record of a signing key: write it, compare it with the
 * published one, and let pending keys sign (RFC 6376 3.6, RFC 8463 4)
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
 * Add the record as a line of a zone file or as a command for nsupdate(1), in
 * strings of at most 255 octets (RFC 1035 3.3).
 */
void		 keyrecord_zone(struct buf *out, const char *name,
		    const char *text);
void		 keyrecord_nsupdate(struct buf *out, const char *name,
		    const char *text);

enum keyrecord_state {
	KEYRECORD_PUBLISHED,
	KEYRECORD_MISSING,
	KEYRECORD_DIFFERENT,
	KEYRECORD_UNKNOWN	/* the lookup failed: ask again */
};

/* "published", "missing", "different", "unknown" */
const char	*keyrecord_state_name(enum keyrecord_state state);

/*
 * Does the answer have exactly this key, in a record that a verifier can use?
 * If not, *why is the reason, a static text.
 */
enum keyrecord_state keyrecord_compare(const struct dns_answer *answer,
		    const struct crypto_key *key, const char **why);

#define KEYRECORD_BATCH	256u

/* A key that is pending in a ring: see keyring_pending. */
struct keyrecord_pending {
	struct keyring	*ring;
	size_t		 i;
};

/*
 * Add the pending keys of a ring that do not sign, from *next on, which is
 * advanced, up to KEYRECORD_BATCH; returns the new `n`. Until *next is
 * keyring_npending there may be more.
 */
size_t		 keyrecord_gather(struct keyrecord_pending *p, size_t n,
		    struct keyring *k, size_t *next);
/*
 * Look up the records of these keys, KEYRECORD_BATCH at most. Activate those
 * that are published, and log each key that starts to sign. Waits for the
 * answers, at most five seconds: not for a session.
 */
void		 keyrecord_activate(const struct keyrecord_pending *p,
		    size_t n, struct resolver *r);
/*
 * The same for the next pending keys of a ring, from *next on, which is
 * advanced. False after the last pending key; then *next is 0 again.
 */
bool		 keyrecord_activate_pending(struct keyring *k,
		    struct resolver *r, size_t *next);

#endif
