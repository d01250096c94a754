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
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "ctl_ask_priv.h"
#include "ctl_common_priv.h"

static int
ask_connect(const char *path)
{
	struct timeval		limit = { CTL_ASK_SECONDS, 0 };
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
		if (text->len > CTL_ASK_BYTES)
			return false;
	}
	return n == 0 && text->len > 0;
}

static enum daemon_answer
unconnected(int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		return DAEMON_DOWN;
	return error == EACCES ? DAEMON_DENIED : DAEMON_SILENT;
}

enum daemon_answer
ctl_ask_quietly(const struct conf *c, const char *command, struct buf *text,
    struct json *answer)
{
	struct json	 error;
	bool		 done;
	int		 fd;

	if (strcmp(c->control_socket, CONF_NO_SOCKET) == 0)
		return DAEMON_OFF;
	fd = ask_connect(c->control_socket);
	if (fd == -1)
		return unconnected(errno);
	done = ask_exchange(fd, command, text);
	close(fd);
	if (!done || !json_parse(buf_str(text), text->len, answer))
		return DAEMON_SILENT;
	return json_get(*answer, "error", &error) ? DAEMON_OLD :
	    DAEMON_ANSWERED;
}

bool
ctl_ask(const struct conf *c, const char *command, struct buf *text,
    struct json *answer)
{
	static const char *const reasons[] = {
		[DAEMON_DOWN] = "it is not running, or uses another "
		    "control-socket",
		[DAEMON_DENIED] = "permission denied; run millgatectl as root, "
		    "or as the user of the daemon",
		[DAEMON_SILENT] = "it is too busy, or has stopped",
		[DAEMON_OLD] = "it does not know this command; restart it "
		    "after an update",
	};
	enum daemon_answer said = ctl_ask_quietly(c, command, text, answer);

	if (said == DAEMON_ANSWERED)
		return true;
	if (said == DAEMON_OFF)
		return ctl_complain("%s: control-socket = none: the daemon "
		    "cannot be asked", c->path);
	return ctl_complain("no answer from the daemon at %s: %s",
	    c->control_socket, reasons[said]);
}
