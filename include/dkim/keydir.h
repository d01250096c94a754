/*
 * keydir - what is in a key directory: <domain>/<selector>.private
 *
 * Beside a key may stand a file <selector>.pending: it does not sign until the
 * DNS shows its record; or <selector>.retired: it signs no longer. Their time
 * of change says since when. A key never moves, so nothing that goes wrong
 * half-way can lose it.
 */
#ifndef MILLGATE_KEYDIR_H
#define MILLGATE_KEYDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct arena;
struct buf;
struct crypto_key;

/* --- one file ----------------------------------------------------------- */

/*
 * The key in a file. NULL, with what is wrong and the command that mends it
 * added to `why`, when others may read or write the file, the group may
 * write it, it is no regular file, or no key that signs. A symbolic link is
 * followed: the file that it leads to is judged.
 */
struct crypto_key *keyfile_load(const char *path, struct buf *why);

/*
 * Add that a key, a table of keys or (directory) a directory of them cannot be
 * opened, `error` being errno, and the command that mends it.
 */
void	keyfile_trouble(struct buf *why, const char *path, int error,
	    bool directory);

/* One of many: path is given, key or why (malloced, as above) comes back. */
struct keyfile_job {
	const char	*path;
	struct crypto_key *key;
	char		*why;
};

/* Load them all, by several threads if there are many. */
void	keyfile_load_all(struct keyfile_job *job, size_t n);

/* A file name's part or a KeyTable's field as selector (RFC 6376 3.1). */
bool	keyfile_is_selector(const char *text);

/* --- a directory -------------------------------------------------------- */

#define KEYDIR_PRIVATE	".private"
#define KEYDIR_PENDING	".pending"
#define KEYDIR_RETIRED	".retired"

enum key_state { KEY_ACTIVE, KEY_PENDING, KEY_RETIRED };

/* "active", "pending", "retired" */
const char	*key_state_name(enum key_state state);

struct keydir_key {
	const char	*domain;	/* canonical */
	const char	*selector;
	const char	*path;
	enum key_state	 state;
	time_t		 since;		/* of the state; 0: active */
};

/* Told for each thing that is not as it has to be; goes on afterwards. */
typedef void	 keydir_problem_fn(void *arg, const char *text);

struct keydir {
	struct arena	*arena;
	keydir_problem_fn *problem;
	void		*arg;
	size_t		 n, size;
	struct keydir_key *key;		/* malloced; by domain, then selector */
};

/*
 * All keys below `directory`, or those of one domain (canonical). Strings are
 * in d->arena; arena, problem and arg are set by the caller, the rest is zero.
 */
void		 keydir_read(struct keydir *d, const char *directory,
		    const char *domain);
void		 keydir_free(struct keydir *d);

/* <path without ".private"><suffix>, in the arena */
const char	*keydir_beside(struct arena *a, const char *path,
		    const char *suffix);

#endif
