/*
 * dkim_library - the door to libopendkim: the header digests of a message's
 * signatures, as the reference library computes them
 *
 * The library gets only a header: fields with valid names, and of the
 * signatures only those that our own parser accepted as usual. It never sees a
 * key, a name server or a body.
 */
#ifndef MILLGATE_DKIM_LIBRARY_H
#define MILLGATE_DKIM_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct dkim_library;
struct headers;

/* Extra octets behind every block of the library, against its overflows. */
#define DKIM_LIBRARY_SLACK	64

/* One per process, for all threads. NULL: the library refuses its options. */
struct dkim_library *dkim_library_new(void);
void		 dkim_library_free(struct dkim_library **lp);

struct dkim_library_sig {
	size_t		 field;		/* its index in the header */
	bool		 hashed;	/* the library gave a digest */
	unsigned char	 digest[32];
};

/*
 * Compute the digests of sig[0..n), in the order of their fields. The library
 * does not get other DKIM-Signature fields. `hashed` remains false where the
 * library fails; then the caller hashes by itself.
 */
void		 dkim_library_hash(struct dkim_library *l,
		    const struct headers *h,
		    struct dkim_library_sig *sig, size_t n);

#endif
