/*
 * notifier - hand events to the helper process that runs the site's command
 *
 * The helper answers with one octet for each command that has ended. The count
 * of the others is kept here, so that an event is refused at once when there
 * is no room. No call waits for the helper.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "notifier_message_priv.h"

#define STOP_MS		5000	/* exec may hang on a dead file server */

struct notifier {
	pthread_mutex_t	 lock;		/* guards the members below */
	pid_t		 pid;
	int		 fd;		/* -1: stopped, or the helper ended */
	unsigned	 used;		/* commands that run or wait */
};

struct notifier *
notifier_new(const struct notifier_options *o, char **why)
{
	struct notifier	*n;
	int		 fd[2];
	pid_t		 pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0) {
		why_set(why, "cannot start the helper process: socketpair: "
		    "%s", strerror(errno));
		return NULL;
	}
	fflush(NULL);	/* or the child would write it, too */
	pid = fork();
	if (pid == 0)
		notifier_helper(fd[1], o);
	close(fd[1]);
	if (pid == -1) {
		why_set(why, "cannot start the helper process: fork: %s",
		    strerror(errno));
		close(fd[0]);
		return NULL;
	}
	n = xcalloc(1, sizeof(*n));
	pthread_mutex_init(&n->lock, NULL);
	n->pid = pid;
	n->fd = fd[0];
	return n;
}

/* Read what has ended. Locked. */
static void
notifier_look(struct notifier *n)
{
	char octet;

	while (n->used > 0 && recv(n->fd, &octet, 1, MSG_DONTWAIT) == 1)
		n->used--;
}

/* Wait until the helper has killed the commands and ended. Locked. */
static void
notifier_await(const struct notifier *n)
{
	struct pollfd	at = { n->fd, POLLIN, 0 };
	uint64_t	now = monotonic_ms(), end = now + STOP_MS;
	char		octet;

	shutdown(n->fd, SHUT_WR);
	for (; now < end; now = monotonic_ms()) {
		if (poll(&at, 1, (int)(end - now)) == 1 &&
		    recv(n->fd, &octet, 1, MSG_DONTWAIT) == 0) {
			waitpid(n->pid, NULL, 0);
			return;
		}
	}
	log_printf(LOG_LEVEL_WARNING, "the helper process has not ended "
	    "within %d seconds", STOP_MS / 1000);
}

void
notifier_stop(struct notifier *n)
{
	if (n == NULL)
		return;
	pthread_mutex_lock(&n->lock);
	if (n->fd != -1) {
		notifier_await(n);
		close(n->fd);
		n->fd = -1;
	}
	pthread_mutex_unlock(&n->lock);
}

void
notifier_free(struct notifier **np)
{
	struct notifier *n = *np;

	*np = NULL;
	if (n == NULL)
		return;
	notifier_stop(n);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/* --- messages ------------------------------------------------------------ */

/*
 * False: the socket is full, or the helper has ended, which is logged once.
 * `fd` is attached; -1: none. Locked.
 */
static bool
notifier_send(struct notifier *n, const void *data, size_t len, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fd))] = "";
	struct iovec	 v = { (void *)(uintptr_t)data, len };
	struct msghdr	 m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr	*c;

	if (n->fd == -1)
		return false;
	if (fd != -1) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (sendmsg(n->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len)
		return true;
	if (errno != EAGAIN && errno != EINTR) {
		log_printf(LOG_LEVEL_ERROR, "the helper process has ended "
		    "(%s); notify-command is not run until the daemon is "
		    "restarted", strerror(errno));
		close(n->fd);
		n->fd = -1;
	}
	return false;
}

bool
notifier_event(struct notifier *n, const struct notifier_rules *r,
    const struct notice *e)
{
	struct buf	b = BUF_INIT;
	bool		sent = false;

	if (n == NULL || r->command == NULL)
		return false;
	pthread_mutex_lock(&n->lock);
	notifier_look(n);
	if (n->used < r->parallel) {
		notifier_message_event(&b, e);
		sent = notifier_send(n, b.data, b.len, -1);
		n->used += sent ? 1 : 0;
	}
	pthread_mutex_unlock(&n->lock);
	buf_free(&b);
	return sent;
}

static bool
notifier_tell(struct notifier *n, enum notifier_kind kind, int fd)
{
	const char	octet = (char)kind;
	bool		sent;

	if (n == NULL)
		return false;
	pthread_mutex_lock(&n->lock);
	sent = notifier_send(n, &octet, 1, fd);
	pthread_mutex_unlock(&n->lock);
	return sent;
}

void
notifier_reload(struct notifier *n)
{
	if (!notifier_tell(n, NOTIFIER_RELOAD, -1) && n != NULL)
		log_printf(LOG_LEVEL_WARNING, "a changed notify-command takes "
		    "effect at the next reload: the helper process cannot be "
		    "told now");
}

bool
notifier_watch(struct notifier *n, int fd)
{
	return notifier_tell(n, NOTIFIER_WATCH, fd);
}
