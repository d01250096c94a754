/*
 * keyrows - from the rows of keys-query to signing keys
 *
 * The only code that sees the text of a private key of the database. The text
 * lies in the arena of the reply, which the caller frees with arena_wipe. No
 * text of a cell is ever part of an error, except a valid selector or domain,
 * and the path of a key file.
 */
#ifndef MILLGATE_KEYROWS_H
#define MILLGATE_KEYROWS_H

#include "dkim/crypto.h"
#include "dkim/keybase.h"

struct arena;
struct directory_reply;

struct keyrows {
	size_t		 n;
	struct keybase_row row[KEYBASE_ROWS];
	const char	*text[KEYBASE_ROWS];	/* the key, or its file's path */
	/* of all cells and key files: has anything changed? */
	unsigned char	 digest[CRYPTO_SHA256_LEN];
};

/*
 * Read the rows for a domain (canonical); no key is parsed yet. A row that is
 * wrong has `why`. The strings are in the arena or in the reply. NULL, or the
 * error of the whole answer (in the arena).
 */
const char	*keyrows_read(struct keyrows *k,
		    const struct directory_reply *reply, const char *domain,
		    struct arena *a);
/*
 * Parse the keys of the rows that are not wrong, and load those that are in
 * files: sets `key`, or `why`.
 */
void		 keyrows_load(struct keyrows *k, struct arena *a);
void		 keyrows_free(struct keyrows *k);

#endif
