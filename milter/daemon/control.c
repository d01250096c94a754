/*
 * control - the daemon's unix socket
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "session/services.h"
#include "control_priv.h"
#include "socket_file_priv.h"

#define PAUSE_MS	100	/* after an accept that failed */

struct control {
	struct services	*sv;
	struct control_start start;
	char		*path;
	int		 fd;
	int		 stop[2];	/* a pipe; closing it ends the thread */
	pthread_t	 thread;
};

static bool
complain(char **why, const char *path, const char *what, int error)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "control-socket \"%s\": %s%s%s", path, what,
	    error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
	*why = b.data;
	return false;
}

/* --- the socket file ----------------------------------------------------- */

/*
 * Something is in the way. A socket that nobody answers is what a crashed
 * daemon left; all else stays.
 */
static bool
make_way(const struct sockaddr_un *un, char **why)
{
	int error = socket_file_asked(un->sun_path);

	if (error == 0)
		return complain(why, un->sun_path, "another millgate answers "
		    "there; stop it, or give each one a control-socket of its "
		    "own", 0);
	if (error != ECONNREFUSED)
		return complain(why, un->sun_path, "is in the way; remove it",
		    error);
	if (unlink(un->sun_path) != 0)
		return complain(why, un->sun_path, "an old one cannot be "
		    "removed", errno);
	return true;
}

static bool
bind_path(int fd, const struct sockaddr_un *un, char **why)
{
	mode_t	mask = umask(0177);
	bool	bound = bind(fd, (const void *)un, sizeof(*un)) == 0;
	bool	in_the_way = !bound && errno == EADDRINUSE;

	if (!bound && !in_the_way)
		complain(why, un->sun_path, "cannot be made; is its directory "
		    "there, and may the daemon's user write to it?", errno);
	if (in_the_way && make_way(un, why)) {
		bound = bind(fd, (const void *)un, sizeof(*un)) == 0;
		if (!bound)
			complain(why, un->sun_path, "cannot be made", errno);
	}
	umask(mask);
	return bound;
}

static int
open_socket(const char *path, char **why)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	int			fd;

	if (strlen(path) >= sizeof(un.sun_path)) {
		complain(why, path, "is too long for a socket; choose a "
		    "shorter path, or \"none\"", 0);
		return -1;
	}
	memcpy(un.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		complain(why, path, "no socket", errno);
		return -1;
	}
	if (bind_path(fd, &un, why)) {
		if (listen(fd, CONTROL_WAITING) == 0)
			return fd;
		complain(why, path, "cannot listen", errno);
		unlink(path);
	}
	close(fd);
	return -1;
}

/* --- one client ---------------------------------------------------------- */

/* Until the descriptor is ready or the time is up; false: it is up. */
static bool
wait_for(struct control *c, int fd, short events, uint64_t deadline)
{
	struct pollfd	pfd = { fd, events, 0 };
	uint64_t	now = c->sv->ticks();

	return now < deadline && poll(&pfd, 1, (int)(deadline - now)) == 1;
}

static bool
read_request(struct control *c, int fd, char line[CONTROL_REQUEST])
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
write_answer(struct control *c, int fd, const struct buf *b)
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
serve_client(struct control *c, int fd)
{
	char		line[CONTROL_REQUEST];
	struct buf	b = BUF_INIT;

	if (read_request(c, fd, line)) {
		control_answer(c->sv, &c->start, line, &b);
		write_answer(c, fd, &b);
	}
	buf_free(&b);
}

static void *
serve(void *arg)
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
		if (fd == -1) {	/* no descriptors left: it stays readable */
			poll(&pfd[1], 1, PAUSE_MS);
			continue;
		}
		serve_client(c, fd);
		close(fd);
	}
}

/* --- its life ------------------------------------------------------------ */

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
	int		 fd = open_socket(path, why);

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
		if (pthread_create(&c->thread, NULL, serve, c) == 0)
			return c;
		close(c->stop[1]);
	}
	complain(why, path, "cannot be served", errno);
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
