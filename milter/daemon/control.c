/*
 * control - the daemon's unix socket: its thread and its clients
 *
 * control_answer.c has the answers.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/local_socket.h"
#include "base/why.h"
#include "session/services.h"
#include "status/status.h"
#include "control_priv.h"

#define PAUSE_MS	100	/* after accept() has failed */
#define CONTROL		"control-socket \"%s\": "	/* before each error */

struct control {
	struct services	*sv;
	struct status_start start;
	char		*path;
	int		 fd;
	int		 stop[2];	/* a pipe; closing it ends the thread */
	pthread_t	 thread;
};

/* --- one client --------------------------------------------------------- */

/* Wait until the descriptor is ready. False: the deadline has passed. */
static bool
wait_for(struct control *c, int fd, short events, uint64_t deadline)
{
	struct pollfd	pfd = { fd, events, 0 };
	uint64_t	now = c->sv->ticks();

	return now < deadline && poll(&pfd, 1, (int)(deadline - now)) == 1;
}

static bool
control_read(struct control *c, int fd, char line[CONTROL_REQUEST])
{
	uint64_t	deadline = c->sv->ticks() + CONTROL_SECONDS * 1000;
	size_t		len = 0;
	ssize_t		n;
	char		*newline;

	while (len < CONTROL_REQUEST && wait_for(c, fd, POLLIN, deadline)) {
		n = read(fd, line + len, CONTROL_REQUEST - len);
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n > 0)
			len += (size_t)n;
		newline = memchr(line, '\n', len);
		if (newline != NULL) {
			*newline = '\0';
			return true;
		}
	}
	return false;
}

static void
control_write(struct control *c, int fd, const struct buf *b)
{
	uint64_t	deadline = c->sv->ticks() + CONTROL_SECONDS * 1000;
	size_t		done = 0;
	ssize_t		n;

	while (done < b->len && wait_for(c, fd, POLLOUT, deadline)) {
		n = send(fd, b->data + done, b->len - done, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return;
		if (n > 0)
			done += (size_t)n;
	}
}

static void
control_serve(struct control *c, int fd)
{
	char		line[CONTROL_REQUEST];
	struct buf	b = BUF_INIT;

	if (control_read(c, fd, line)) {
		control_answer(c->sv, &c->start, line, &b);
		control_write(c, fd, &b);
	}
	buf_free(&b);
}

static void *
control_thread(void *arg)
{
	struct control	*c = arg;
	struct pollfd	 pfd[2] = {
		{ c->fd, POLLIN, 0 }, { c->stop[0], POLLIN, 0 }
	};
	int		 fd;

	for (;;) {
		if (poll(pfd, 2, -1) == -1)
			continue;
		if (pfd[1].revents != 0)
			return NULL;
		fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1) {
			/* without free descriptors poll would return at once */
			poll(&pfd[1], 1, PAUSE_MS);
			continue;
		}
		control_serve(c, fd);
		close(fd);
	}
}

/* --- open and close ----------------------------------------------------- */

static void
control_free(struct control *c)
{
	close(c->fd);
	close(c->stop[0]);
	unlink(c->path);
	free(c->path);
	free(c);
}

struct control *
control_open(const char *path, struct services *sv, char **why)
{
	struct control	*c;
	int		 fd = local_socket_open("control-socket", path, 0600,
			     CONTROL_WAITING, why);

	if (fd == -1)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->sv = sv;
	c->fd = fd;
	c->path = xstrdup(path);
	c->start.time = sv->now();
	c->start.ticks = sv->ticks();
	if (pipe2(c->stop, O_CLOEXEC) != 0) {
		c->stop[0] = c->stop[1] = -1;
	} else {
		if (pthread_create(&c->thread, NULL, control_thread, c) == 0)
			return c;
		close(c->stop[1]);
	}
	why_set(why, CONTROL "cannot be served: %s", path, strerror(errno));
	control_free(c);
	return NULL;
}

void
control_close(struct control **cp)
{
	struct control *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	close(c->stop[1]);
	pthread_join(c->thread, NULL);
	control_free(c);
}
