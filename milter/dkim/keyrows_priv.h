/*
 * keyrows - from the rows of keys-query to signing keys
 *
 * The only code that sees the text of a private key of the database. The text
 * lies in the arena of the reply, which the caller frees with arena_wipe. No
 * text of a cell is ever part of an error, except a valid selector or domain,
 * and the path of a key file.
 *
 * keyrows.c reads an answer, keyrows_source.c asks for it, in the process that
 * has the keys. With a key process the daemon calls key_process_rows instead.
 */
#ifndef MILLGATE_KEYROWS_H
#define MILLGATE_KEYROWS_H

#include "dkim/crypto.h"
#include "dkim/keybase.h"

struct arena;
struct directory_reply;

enum keyrows_result {
	KEYROWS_READ,		/* `row` */
	KEYROWS_SAME,		/* as the answer with that digest; no row */
	KEYROWS_FAILED		/* no answer, or none that can be used: `why` */
};

struct keyrows {
	enum keyrows_result result;
	const char	*why;
	const char	*server;	/* who answered; never NULL */
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

/* --- who is asked --------------------------------------------------------- */

struct keyrows_source;

typedef struct directory_reply keyrows_ask_fn(void *arg, const char *domain,
		    uint64_t now, struct arena *a);

/*
 * A database; does no I/O. NULL with *why (malloced; the caller frees): the
 * place or the query is not valid.
 */
struct keyrows_source *keyrows_source_new(const struct keybase_place *p,
		    char **why);
/* With another answer than the database's: for tests. */
struct keyrows_source *keyrows_source_with(const struct keybase_place *p,
		    keyrows_ask_fn *ask, void *arg);
void		 keyrows_source_free(struct keyrows_source **sp);
/* See keybase_check. */
bool		 keyrows_source_check(struct keyrows_source *s, char **why);
/*
 * The rows of a domain (canonical), with their keys: sets all of `k`, whose
 * strings are in the arena. `known` is the digest of an answer so far, or NULL.
 * The caller calls keyrows_free and arena_wipe.
 */
void		 keyrows_ask(struct keyrows_source *s, const char *domain,
		    uint64_t now, const unsigned char *known,
		    struct keyrows *k, struct arena *a);
/* The same by the key process (key_process_rows.c); keyrows_source_check. */
void		 key_process_rows(const char *domain,
		    const unsigned char *known, struct keyrows *k,
		    struct arena *a);
bool		 key_process_check_base(char **why);

#endif
