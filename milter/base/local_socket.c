/*
 * local_socket - listen on a unix socket of the daemon's own
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/local_socket.h"
#include "base/why.h"

int
local_socket_probe(const char *path)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	struct stat		st;
	int			fd, error;

	/* a link may lead to the socket of another program */
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return ENOTSOCK;
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
	return error;
}

/*
 * The file exists. It is removed only if it is a socket that a crashed daemon
 * has left.
 */
static bool
remove_stale(const char *option, const char *path, char **why)
{
	int error = local_socket_probe(path);

	if (error == 0)
		return why_set(why, "%s \"%s\": another millgate serves it; "
		    "stop that one, or set another %s", option, path, option);
	if (error != ECONNREFUSED)
		return why_set(why, "%s \"%s\": a file with this name exists "
		    "(%s); remove it", option, path, strerror(error));
	if (unlink(path) != 0)
		return why_set(why, "%s \"%s\": the old socket cannot be "
		    "removed: %s", option, path, strerror(errno));
	return true;
}

/* Nobody may connect before the mode is right: umask(2) sets it. */
static bool
bind_path(int fd, const char *option, const struct sockaddr_un *un,
    mode_t mode, char **why)
{
	mode_t	mask = umask(0777 & ~mode);
	bool	bound = bind(fd, (const void *)un, sizeof(*un)) == 0;
	bool	exists = !bound && errno == EADDRINUSE;

	if (!bound && !exists)
		why_set(why, "%s \"%s\": cannot be created; check that its "
		    "directory exists and the daemon's user may write to it: "
		    "%s", option, un->sun_path, strerror(errno));
	if (exists && remove_stale(option, un->sun_path, why)) {
		bound = bind(fd, (const void *)un, sizeof(*un)) == 0;
		if (!bound)
			why_set(why, "%s \"%s\": cannot be created: %s",
			    option, un->sun_path, strerror(errno));
	}
	umask(mask);
	return bound;
}

int
local_socket_open(const char *option, const char *path, mode_t mode,
    int waiting, char **why)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	int			fd;

	if (strlen(path) >= sizeof(un.sun_path)) {
		why_set(why, "%s \"%s\": the path is too long for a socket; "
		    "set a shorter one", option, path);
		return -1;
	}
	memcpy(un.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		why_set(why, "%s \"%s\": socket: %s", option, path,
		    strerror(errno));
		return -1;
	}
	if (bind_path(fd, option, &un, mode, why)) {
		if (listen(fd, waiting) == 0)
			return fd;
		why_set(why, "%s \"%s\": listen: %s", option, path,
		    strerror(errno));
		unlink(path);
	}
	close(fd);
	return -1;
}
