/*
 * mfi_workarounds - two things for which libmilter has no call
 *
 * It keeps its listening socket to itself, whose options we must set, and its
 * signal thread takes signals that belong to the daemon.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mfi_priv.h"

int
mfi_socket_next(void)
{
	int fd = dup(STDERR_FILENO);

	if (fd != -1)
		close(fd);
	return fd != -1 ? fd : STDERR_FILENO + 1;
}

/*
 * An edit and the answer after it are two small writes; on TCP the second one
 * would wait 40 ms for the MTA's delayed acknowledgement (TCP_NODELAY). A host
 * that disappears is noticed after two minutes instead of two hours
 * (keepalive); until then its sessions keep what they have reserved. Accepted
 * sockets inherit these options.
 */
void
mfi_socket_options(int first_fd)
{
	static const struct { int level, name, value; } options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 10 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 6 },
	};
	int		fd, listening = 0;
	socklen_t	len = sizeof(listening);
	size_t		i;

	for (fd = first_fd; fd < first_fd + 16; fd++) {
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
		    &len) != 0 || listening == 0)
			continue;
		/* a unix socket refuses the TCP options, which is fine */
		for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
			setsockopt(fd, options[i].level, options[i].name,
			    &options[i].value, sizeof(options[i].value));
	}
}

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
