/*
 * control_ask - one command to the running daemon, over its control socket
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "daemon/control_ask.h"

static int
ask_connect(const char *path)
{
	struct timeval		limit = { CONTROL_ASK_SECONDS, 0 };
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	struct stat		st;
	int			fd, error;

	/* root may be led to the socket of another program */
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		errno = ENOTSOCK;
		return -1;
	}
	if (strlen(path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(un.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const void *)&un, sizeof(un)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool
ask_exchange(int fd, const char *command, struct buf *text)
{
	char	chunk[4096];
	ssize_t	n;

	buf_printf(text, "%s\n", command);
	if (send(fd, text->data, text->len, MSG_NOSIGNAL) !=
	    (ssize_t)text->len)
		return false;
	buf_reset(text);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		buf_add(text, chunk, (size_t)n);
		if (text->len > CONTROL_ASK_BYTES)
			return false;
	}
	return n == 0 && text->len > 0;
}

int
control_ask(const char *path, const char *command, struct buf *text)
{
	bool	done;
	int	fd = ask_connect(path);

	if (fd == -1)
		return errno;
	done = ask_exchange(fd, command, text);
	close(fd);
	return done ? 0 : EPROTO;
}
