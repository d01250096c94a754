/*
 * ctl_key_files - the files and directories that `millgatectl key` makes
 *
 * A key file is complete before it gets its name, and never overwrites another
 * one. It belongs to the user of the key process, if that is not the daemon's;
 * else to the group of the key directory, if that group may read there: so a
 * daemon that does not run as root reads keys. Root works as the
 * owner of a directory that others may change (ctl_key.c); where members of a
 * group may change root's directory, it follows no link of theirs.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/safe_open.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "ctl_common_priv.h"
#include "ctl_key_priv.h"

bool
key_file_error(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return false;
}

/*
 * In a directory of root, keys belong to the user of the key process, if that
 * is not the daemon's: so the daemon cannot read them.
 */
static bool
reader_is_apart(const struct conf *conf, struct key_owner *o)
{
	struct privileges_owner	 keys;
	const char		*user;
	char			*why = NULL;

	o->apart = false;
	if (geteuid() != 0 || conf == NULL || !conf->key_process)
		return true;
	user = privileges_key_user(conf->user);
	if (strcmp(user, conf->user) == 0)
		return true;
	if (!privileges_owner(user, NULL, &keys, &why)) {
		ctl_fail(why);
		return false;
	}
	o->apart = true;
	o->reader = keys.uid;
	return true;
}

bool
key_owner_of(const char *directory, const struct conf *conf,
    struct key_owner *o)
{
	struct stat st;

	if (stat(directory, &st) != 0)
		return key_file_error(directory);
	o->uid = geteuid() == 0 ? st.st_uid : (uid_t)-1;
	o->gid = st.st_gid;
	o->shared = st.st_gid != getegid() &&
	    (st.st_mode & (S_IRGRP | S_IXGRP)) == (S_IRGRP | S_IXGRP);
	return reader_is_apart(conf, o);
}

/* A link of root may be there; root does not follow the link of another. */
static bool
is_no_foreign_link(const char *path)
{
	struct stat st;

	if (geteuid() != 0 || lstat(path, &st) != 0 ||
	    !S_ISLNK(st.st_mode) || st.st_uid == 0)
		return true;
	return ctl_complain("%s: is a symbolic link of another user; remove "
	    "it", path);
}

bool
key_is_in_place(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || is_no_foreign_link(arena_printf(a, "%.*s",
	    (int)(slash - path), path));
}

/* The directory that we have just made, not one that has replaced it. */
static bool
finish_directory(int fd, const struct key_owner *o)
{
	struct stat st;

	if (fd == -1 || fstat(fd, &st) != 0)
		return false;
	errno = EPERM;
	/* the daemon lists keys; the key process only opens them by name */
	return st.st_uid == geteuid() &&
	    fchmod(fd, o != NULL && o->apart ? 0751 : 0750) == 0 &&
	    (o == NULL || fchown(fd, o->uid, o->gid) == 0);
}

bool
key_make_directory(const char *path, const struct key_owner *o)
{
	int	fd;
	bool	ok;

	if (mkdir(path, 0700) != 0)
		return errno == EEXIST ? is_no_foreign_link(path) :
		    key_file_error(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ok = finish_directory(fd, o) || key_file_error(path);
	if (fd != -1)
		close(fd);
	return ok;
}

static bool
write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len > 0; text += n, len -= (size_t)n) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

/* Write and sync the whole text; the mode becomes 0600 or 0640. */
static bool
fill_file(int fd, const struct buf *text, const struct key_owner *o)
{
	return fchown(fd, o->apart ? o->reader : o->uid, o->gid) == 0 &&
	    fchmod(fd, o->shared && !o->apart ? 0640 : 0600) == 0 &&
	    write_all(fd, text->data, text->len) && fsync(fd) == 0;
}

/* fsync(2) of a file does not save its name; that of the directory does. */
bool
key_sync_names(const char *path)
{
	int	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool	ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok || key_file_error(path);
}

bool
key_write_new(struct arena *a, const char *path, const struct buf *text,
    const struct key_owner *o)
{
	char	*temporary = arena_printf(a, "%s.XXXXXX", path);
	int	 fd = mkstemp(temporary);
	bool	 ok;

	if (fd < 0)
		return key_file_error(temporary);
	ok = fill_file(fd, text, o);
	if (!ok)
		key_file_error(temporary);
	/* link(2), unlike rename(2), never replaces a file */
	else if (link(temporary, path) != 0)
		ok = key_file_error(path);
	close(fd);
	unlink(temporary);
	return ok;
}

bool
key_set_marker(struct arena *a, const char *path, const char *suffix,
    const struct key_owner *o)
{
	const char	*marker = keydir_beside(a, path, suffix);
	char		*why = NULL;
	bool		 ok;
	int		 fd;

	if (!key_is_in_place(a, path))
		return false;
	fd = safe_open(marker, O_WRONLY | O_CREAT, 0640, geteuid(), &why);
	if (fd == -1) {
		ctl_fail(why);
		return false;
	}
	ok = (fchown(fd, o->uid, o->gid) == 0 && futimens(fd, NULL) == 0) ||
	    key_file_error(marker);
	close(fd);
	return ok;
}

bool
key_remove_marker(struct arena *a, const char *path, const char *suffix)
{
	const char *marker = keydir_beside(a, path, suffix);

	return key_is_in_place(a, path) && (unlink(marker) == 0 ||
	    errno == ENOENT || key_file_error(marker));
}
