/*
 * keydir - private keys on disk: <directory>/<domain>/<selector>.private
 *
 * A marker file beside a key changes its state. <selector>.pending: the key
 * does not sign until its DNS record is published. <selector>.retired: it no
 * longer signs. The marker's modification time is the time of the change. A
 * key file is never moved, so an interrupted change cannot lose it.
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
 * The key in a file; the caller frees it with crypto_key_free. NULL when others
 * may read or write the file, the group may write it, it is not a regular
 * file, or does not hold a usable key. Then the error and the command that
 * mends it are added to `why`. A symbolic link is followed.
 */
struct crypto_key *keyfile_load(const char *path, struct buf *why);

/*
 * Add the message that a key, a key table or (directory) a key directory
 * cannot be opened, with the command that mends it. `error` is errno.
 */
void	keyfile_trouble(struct buf *why, const char *path, int error,
	    bool directory);

/* One of many: path is given; key or why (malloced, as above) is returned. */
struct keyfile_job {
	const char	*path;
	struct crypto_key *key;
	char		*why;
};

/* Load all, in several threads if there are many. */
void	keyfile_load_all(struct keyfile_job *job, size_t n);

/* Check a file name's part or a KeyTable's field (RFC 6376 3.1). */
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

/* Called for each problem; reading goes on afterwards. */
typedef void	 keydir_problem_fn(void *arg, const char *text);

struct keydir {
	struct arena	*arena;
	keydir_problem_fn *problem;
	void		*arg;
	size_t		 n, size;
	struct keydir_key *key;		/* malloced; by domain, then selector */
};

/*
 * List all keys below `directory`, or those of one domain (canonical). The
 * caller sets arena, problem and arg; the rest is zero. Strings are in
 * d->arena; the caller calls keydir_free.
 */
void		 keydir_read(struct keydir *d, const char *directory,
		    const char *domain);
void		 keydir_free(struct keydir *d);

/* <path without ".private"><suffix>, in the arena */
const char	*keydir_beside(struct arena *a, const char *path,
		    const char *suffix);

#endif
