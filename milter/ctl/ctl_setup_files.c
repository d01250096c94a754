/*
 * ctl_setup_files - millgatectl setup: files beside the MTA's configuration,
 * and the group of millgate's socket
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
#include "base/reach.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "ctl_common_priv.h"
#include "ctl_setup_priv.h"

bool
setup_file_read(const char *path, struct buf *b)
{
	struct stat	st;
	char		chunk[4096];
	ssize_t		n = 0;
	int		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || ctl_complain("%s: %s", path,
		    strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		close(fd);
		return ctl_complain("%s: is not a file that only root may "
		    "write; check who made it, and remove it", path);
	}
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(b, chunk, (size_t)n);
	close(fd);
	return n == 0 || ctl_complain("%s: cannot be read", path);
}

static bool
setup_write(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len > 0; text += n, len -= (size_t)n)
		if ((n = write(fd, text, len)) <= 0)
			return false;
	return fsync(fd) == 0;
}

/* Only root can change the owner; the mode is that of `like` in any case. */
static bool
make_like(int fd, const char *like)
{
	struct stat st;

	if (stat(like, &st) != 0)
		return false;
	if (fchown(fd, st.st_uid, st.st_gid) != 0 && geteuid() == 0)
		return false;
	return fchmod(fd, st.st_mode & 07777) == 0;
}

bool
setup_file_write(const char *path, const char *like, const char *text,
    size_t len)
{
	struct buf	draft = BUF_INIT;
	bool		ok;
	int		fd, saved;

	buf_printf(&draft, "%s.XXXXXX", path);
	fd = mkstemp(draft.data);
	ok = fd >= 0 && make_like(fd, like) && setup_write(fd, text, len) &&
	    rename(draft.data, path) == 0;
	saved = errno;
	if (fd >= 0 && !ok)
		unlink(draft.data);
	if (fd >= 0)
		close(fd);
	buf_free(&draft);
	return ok || ctl_complain("%s: cannot be written: %s", path,
	    strerror(saved));
}

/* --- the group of the socket --------------------------------------------- */

bool
setup_may_connect(const struct conf *conf, const char *user)
{
	const char *group = conf->socket_group;

	if (strncmp(conf->socket, "local:", 6) != 0 || *user == '\0' ||
	    (conf->socket_owner != NULL ? privileges_reach(user,
	    conf->socket + 6) : group != NULL && reach_member(user, group)))
		return true;
	if (conf->socket_owner != NULL) {
		printf("\nthe user %s may not connect to millgate's socket; "
		    "change socket-owner in\nmillgate.conf, or write "
		    "socket-group in place of it\n", user);
		return false;
	}
	if (group == NULL) {
		group = "millgate-mta";
		printf("\nmillgate.conf has no socket-group, so only the "
		    "daemon's own group may connect;\nwrite socket-group = "
		    "\"%s\", restart millgate, and run:\n", group);
	} else {
		printf("\nthe user %s is not a member of the group %s, whose "
		    "members may connect to\nmillgate's socket; run:\n", user,
		    group);
	}
	printf("    adduser %s %s\n", user, group);
	return false;
}
