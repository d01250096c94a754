/*
 * daemon_socket - the MTA's socket, and the test whether a process serves a
 * unix socket
 *
 * libmilter removes any socket file that has the name of its socket, even that
 * of a running daemon, which would then get no more mail until its restart. So
 * we test the file first.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/why.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "mta/mfi.h"
#include "daemon_socket_priv.h"

/* The path of a unix socket, or NULL. */
static const char *
file_of(const struct conf *c)
{
	return strncmp(c->socket, "local:", 6) == 0 ? c->socket + 6 : NULL;
}

int
daemon_socket_probe(const char *path)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	struct stat		st;
	int			fd, error;

	if (strlen(path) >= sizeof(un.sun_path))
		return ENAMETOOLONG;
	memcpy(un.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return errno;
	error = connect(fd, (const void *)&un, sizeof(un)) == 0 ? 0 : errno;
	close(fd);
	if (error == EAGAIN)	/* served, but its queue is full */
		return 0;
	/* a regular file refuses connections, too */
	if (error == ECONNREFUSED && (lstat(path, &st) != 0 ||
	    !S_ISSOCK(st.st_mode)))
		return ENOTSOCK;
	return error;
}

bool
daemon_socket_open(const struct conf *c, char **why)
{
	const char	*path = file_of(c);
	mode_t		 mask;
	bool		 ok;

	if (path != NULL && daemon_socket_probe(path) == 0)
		return why_set(why, "socket \"%s\": another daemon serves "
		    "it; stop that one, or set another socket", path);
	mask = umask(0177);
	ok = mfi_open(c, why);
	umask(mask);
	if (!ok || path == NULL)
		return ok;
	if (chmod(path, (mode_t)c->socket_mode) != 0)
		return why_set(why, "socket \"%s\": socket-mode cannot be "
		    "set: %s", path, strerror(errno));
	if (c->socket_owner != NULL)
		return privileges_give(path, c->socket_owner, why);
	return privileges_leave(path, c->user, why) &&
	    (c->socket_group == NULL ||
	    privileges_give_group(path, c->socket_group, why));
}

void
daemon_socket_remove(const struct conf *c)
{
	const char *path = file_of(c);

	if (path != NULL)
		unlink(path);
}
