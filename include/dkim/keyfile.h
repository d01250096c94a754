/*
 * keyfile - one private key on disk: who may read it, and is it one
 */
#ifndef MILLGATE_KEYFILE_H
#define MILLGATE_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct crypto_key;

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

#endif
