/*
 * dkim_library - the door to libopendkim: the header digests of a message's
 * signatures, as the field's reference library computes them
 *
 * The library is handed a header only: fields whose names are sound, and of
 * the signatures only those our own parser passed as usual. It never sees a
 * key, a name server or a body.
 */
#ifndef MILLGATE_DKIM_LIBRARY_H
#define MILLGATE_DKIM_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct dkim_library;
struct sighash_header;

/* Room behind every block the library asks for, against its overflows. */
#define DKIM_LIBRARY_SLACK	64

/* One per process, for all threads. NULL: the library refuses its options. */
struct dkim_library *dkim_library_new(void);
void		 dkim_library_free(struct dkim_library **lp);

struct dkim_library_sig {
	size_t		 field;		/* where it is in the header */
	bool		 hashed;	/* the library gave a digest */
	unsigned char	 digest[32];
};

/*
 * Digests for sig[0..n), in the order of their fields. DKIM-Signature fields
 * that are not among them are kept from the library. `hashed` stays false
 * for what it cannot do; the caller has its own way then.
 */
void		 dkim_library_hash(struct dkim_library *l,
		    const struct sighash_header *h,
		    struct dkim_library_sig *sig, size_t n);

#endif
