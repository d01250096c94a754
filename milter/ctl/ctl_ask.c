/*
 * ctl_ask - one command to the running daemon, over its control socket
 *
 * A daemon that does not answer within CTL_ASK_SECONDS is an error; the tool
 * never hangs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "ctl_ask_priv.h"
#include "ctl_common_priv.h"

static bool
no_answer(const char *path, const char *reason)
{
	return ctl_complain("no answer from the daemon at %s: %s", path,
	    reason);
}

static const char *
connect_error(int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		return "it is not running, or uses another control-socket";
	if (error == EACCES)
		return "permission denied; run millgatectl as root, or as the "
		    "user of the daemon";
	return strerror(error);
}

static int
ask_connect(const char *path)
{
	struct timeval		limit = { CTL_ASK_SECONDS, 0 };
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	int			fd, error;

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
		if (text->len > CTL_ASK_BYTES)
			return false;
	}
	return n == 0 && text->len > 0;
}

bool
ctl_ask(const struct conf *c, const char *command, struct buf *text,
    struct json *answer)
{
	const char	*path = c->control_socket;
	struct json	 error;
	bool		 done;
	int		 fd;

	if (strcmp(path, CONF_NO_SOCKET) == 0)
		return ctl_complain("%s: control-socket = none: the daemon "
		    "cannot be asked", c->path);
	fd = ask_connect(path);
	if (fd == -1)
		return no_answer(path, connect_error(errno));
	done = ask_exchange(fd, command, text);
	close(fd);
	if (!done || !json_parse(buf_str(text), text->len, answer))
		return no_answer(path, "it is too busy, or has stopped");
	if (json_get(*answer, "error", &error))
		return no_answer(path, "it does not know this command; restart "
		    "it after an update");
	return true;
}
