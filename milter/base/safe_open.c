/*
 * safe_open - files that root opens in directories which others may change
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/safe_open.h"
#include "base/why.h"

#define TRIES	10	/* against somebody who makes and removes the file */

static bool
safe_is_ours(int fd, const char *path, uid_t owner, char **why)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return why_set(why, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return why_set(why, "%s: is not a regular file; remove it",
		    path);
	if (st.st_nlink != 1)
		return why_set(why, "%s: has %lu hard links, so that another "
		    "file would be changed with it; remove it", path,
		    (unsigned long)st.st_nlink);
	if (st.st_uid != owner)
		return why_set(why, "%s: belongs to user id %lu, not to %lu; "
		    "remove it, or change its owner", path,
		    (unsigned long)st.st_uid, (unsigned long)owner);
	return true;
}

/* *made: the file was not there before. */
static int
safe_open_or_make(const char *path, int flags, mode_t mode, bool *made)
{
	int access = flags & O_ACCMODE, fd, tries;

	for (tries = 0; tries < TRIES; tries++) {
		*made = false;
		fd = open(path, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
		    O_NOCTTY);
		if (fd != -1 || errno != ENOENT || (flags & O_CREAT) == 0)
			return fd;
		*made = true;
		fd = open(path, access | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
		if (fd != -1 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int
safe_open(const char *path, int flags, mode_t mode, uid_t owner, char **why)
{
	bool	made;
	int	fd = safe_open_or_make(path, flags, mode, &made);

	if (fd == -1) {
		if (errno == ELOOP || errno == EMLINK)
			why_set(why, "%s: is a symbolic link; remove it",
			    path);
		else if (errno == ENXIO)	/* a pipe that nobody reads */
			why_set(why, "%s: is not a regular file; remove it",
			    path);
		else
			why_set(why, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (made || safe_is_ours(fd, path, owner, why))
		return fd;
	close(fd);
	return -1;
}

static bool safe_walk(const char *path, unsigned *links);

/* Follow the link at `path`, whose directory is root's. */
static bool
safe_walk_link(const char *path, size_t dir_len, unsigned *links)
{
	char	target[PATH_MAX], whole[2 * PATH_MAX];
	ssize_t	len = readlink(path, target, sizeof(target) - 1);

	if (len <= 0 || ++*links > SAFE_OPEN_LINKS)
		return false;
	target[len] = '\0';
	if (target[0] == '/')
		return safe_walk(target, links);
	snprintf(whole, sizeof(whole), "%.*s/%s", (int)dir_len, path, target);
	return safe_walk(whole, links);
}

/*
 * Each directory of the path in turn, from "/" down. Nobody but root can rename
 * a directory of root in a sticky one such as /tmp; but a link there may be a
 * second name of another.
 */
static bool
safe_walk(const char *path, unsigned *links)
{
	char		part[PATH_MAX];
	struct stat	st;
	size_t		len = 0, dir_len;
	bool		sticky = false;

	if (path[0] != '/' || strlen(path) >= sizeof(part))
		return false;
	do {
		dir_len = len;
		len += strspn(path + len, "/");
		len += strcspn(path + len, "/");
		memcpy(part, path, len);
		part[len] = '\0';
		if (lstat(part, &st) != 0)
			return false;
		if (S_ISLNK(st.st_mode)) {
			if (sticky || !safe_walk_link(part, dir_len, links))
				return false;
			continue;
		}
		if (!S_ISDIR(st.st_mode) || st.st_uid != 0)
			return false;
		sticky = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0;
		if (sticky && (st.st_mode & S_ISVTX) == 0)
			return false;
	} while (path[len] != '\0');
	return !sticky;
}

bool
safe_is_roots(const char *path)
{
	unsigned links = 0;

	return safe_walk("/", &links) && safe_walk(path, &links);
}

static bool
safe_directory_is_roots(const char *path)
{
	char		 directory[PATH_MAX];
	const char	*slash = strrchr(path, '/');
	size_t		 len = slash != NULL ? (size_t)(slash - path) : 0;

	if (len >= sizeof(directory))
		return false;
	memcpy(directory, path, len);
	directory[len] = '\0';
	return safe_is_roots(path[0] == '/' && len == 0 ? "/" : directory);
}

/* NULL: the file may be read. */
static const char *
safe_what_is_wrong(int fd, bool trusted)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is not a regular file";
	return trusted || st.st_nlink == 1 ? NULL :
	    "has several hard links, in a directory that others may change";
}

int
safe_open_read(const char *path, const char **wrong)
{
	bool	trusted = geteuid() != 0 || safe_directory_is_roots(path);
	int	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
	    (trusted ? 0 : O_NOFOLLOW));

	if (fd == -1) {
		*wrong = errno != ELOOP || trusted ? strerror(errno) :
		    "is a symbolic link, in a directory that others may change";
		return -1;
	}
	*wrong = safe_what_is_wrong(fd, trusted);
	if (*wrong == NULL)
		return fd;
	close(fd);
	errno = 0;
	return -1;
}
