/*
 * safe_open - files that root opens in directories which others may change
 *
 * The rules of Postfix's safe_open(3): a file is opened without following a
 * symbolic link, and used only if it is a regular file, has one name and
 * belongs to the expected user. Nothing is truncated or written before that
 * is known. A directory is root's if nobody else can change what its path
 * leads to; elsewhere root must act as the user whose directory it is.
 */
#ifndef MILLGATE_SAFE_OPEN_H
#define MILLGATE_SAFE_OPEN_H

#include <sys/types.h>

#include <stdbool.h>

#define SAFE_OPEN_LINKS	8	/* symbolic links that a path may contain */

/*
 * Open `path` with the access mode in `flags` (O_RDONLY, O_WRONLY, O_RDWR).
 * With O_CREAT a missing file is made with `mode` & ~umask, and then belongs
 * to the caller. Other flags are O_CLOEXEC and O_NONBLOCK, which are always
 * set. Returns a descriptor, or -1 with *why (malloced; the caller frees it),
 * which begins with the path. The caller truncates the file if it wants to.
 */
int	safe_open(const char *path, int flags, mode_t mode, uid_t owner,
	    char **why);

/*
 * Open a file that the administrator has named for reading: a regular file,
 * whoever it belongs to. Never waits for the writer of a pipe. Root does not
 * follow a link, also a hard link, in a directory where somebody else may have
 * made it. -1: *wrong says why, valid until the next call of strerror(3); errno
 * is 0 if the file could be opened, but is refused.
 */
int	safe_open_read(const char *path, const char **wrong);

/*
 * Can nobody but root change what `path`, an absolute path, leads to? Every
 * directory on the way, also through symbolic links, must belong to root and
 * be writable by root alone; a sticky one such as /tmp may lead to a directory
 * of root. False also if the path cannot be followed.
 */
bool	safe_is_roots(const char *path);

#endif
