/*
 * mfi_workarounds - functions of libc that libmilter gets from this program
 *
 * libmilter takes signals that belong to the daemon, and has no call to stop to
 * accept connections while open sessions go on.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mta/mfi.h"
#include "mfi_priv.h"

static int		listening_at = -1;	/* what libmilter polls */
static int		queue = -1;		/* the listening socket */
static sa_family_t	family;
static atomic_bool	stopped;	/* accepts no more */
static atomic_uint	accepting, open_sessions;

/*
 * Replaces libc's sigwait() in this program. A thread of libmilter waits in it
 * for SIGHUP, SIGTERM and SIGINT and stops the filter at any of them; now and
 * then it received one before the daemon's own thread. This one never returns,
 * so that all signals reach the daemon.
 */
int
sigwait(const sigset_t *set, int *number)
{
	(void)set;
	(void)number;
	for (;;)
		pause();
}

bool
mfi_listens_at(int fd)
{
	struct sockaddr_storage	 at = { .ss_family = AF_UNSPEC };
	socklen_t		 len = sizeof(at);

	if (getsockname(fd, (void *)&at, &len) != 0)
		return false;
	family = at.ss_family;
	queue = mfi_starved_open(fd);
	if (queue == -1)
		return false;
	listening_at = fd;
	return true;
}

bool
mfi_stop_listening(void)
{
	if (listening_at == -1)
		return false;
	atomic_store(&stopped, true);
	/* a connection that is being accepted is counted */
	while (atomic_load(&accepting) > 0)
		usleep(1000);
	epoll_ctl(listening_at, EPOLL_CTL_DEL, queue, NULL);
	return true;
}

unsigned
mfi_open_sessions(void)
{
	return atomic_load(&open_sessions);
}

void
mfi_socket_closed(void)
{
	if (listening_at != -1)
		atomic_fetch_sub(&open_sessions, 1);
}

/*
 * Replaces libc's accept() in this program, to count the sessions of libmilter
 * from their first moment, to stop without a lost connection, and to give
 * libmilter a closed connection when sessions may need a thread
 * (mfi_starved.c). For that libmilter only looks at the family of the address.
 */
int
accept(int fd, struct sockaddr *address, socklen_t *len)
{
	int connection = -1;

	if (fd != listening_at)
		return accept4(fd, address, len, 0);
	mfi_threads_note();
	atomic_fetch_add(&accepting, 1);
	errno = EAGAIN;
	if (!atomic_load(&stopped))
		connection = accept4(queue, address, len, 0);
	if (connection == -1 && errno == EAGAIN) {
		connection = mfi_closed_connection();
		address->sa_family = family;
	}
	if (connection != -1)
		atomic_fetch_add(&open_sessions, 1);
	atomic_fetch_sub(&accepting, 1);
	return connection;
}
