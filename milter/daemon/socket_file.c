/*
 * socket_file - does anybody answer at the file of a unix socket?
 *
 * Asked before one is made: a socket of a crashed daemon is in the way of the
 * next one, and that of a daemon that runs must not be taken from it.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "socket_file_priv.h"

int
socket_file_asked(const char *path)
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
	if (error == EAGAIN)	/* somebody, with a full queue */
		return 0;
	/* a plain file refuses connections, too */
	if (error == ECONNREFUSED && (lstat(path, &st) != 0 ||
	    !S_ISSOCK(st.st_mode)))
		return ENOTSOCK;
	return error;
}
