/*
 * mfi_socket - the listening socket, which libmilter keeps to itself
 *
 * libmilter has no call to set its options.
 */
#include "config.h"

#include <libmilter/mfapi.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/why.h"
#include "mta/mfi.h"
#include "mfi_priv.h"

#define LISTEN_BACKLOG	1024	/* the kernel lowers it to net.core.somaxconn */

/* The lowest free descriptor; the next socket that is opened gets it. */
static int
next_descriptor(void)
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
static bool
socket_options(int first_fd)
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

	for (fd = first_fd; fd < first_fd + 16; fd++)
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
		    &len) == 0 && listening != 0)
			break;
	if (listening == 0)
		return true;
	/* a unix socket refuses the TCP options, which is fine */
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, options[i].level, options[i].name,
		    &options[i].value, sizeof(options[i].value));
	return mfi_listens_at(fd);
}

/* Why libmilter cannot open `spec`, and the way out. */
static const char *
open_trouble(const char *spec)
{
	if (strncmp(spec, "fd:", 3) == 0)
		return "this libmilter does not accept a socket from systemd; "
		    "run systemctl disable --now millgate.socket";
	if (strncmp(spec, "local:", 6) == 0)
		return "cannot be created; check that its directory is "
		    "writable and that no other file has this name";
	return "cannot be opened; check that the port is free and the address "
	    "belongs to this host";
}

bool
mfi_socket_open(const char *socket, int passed, char **why)
{
	char	*spec = (char *)(uintptr_t)socket, number[32];
	int	 first = passed != -1 ? passed : next_descriptor();

	if (passed != -1) {
		snprintf(number, sizeof(number), "fd:%d", passed);
		spec = number;
	}
	if (smfi_setconn(spec) != MI_SUCCESS)
		return why_set(why, "socket \"%s\": libmilter does not "
		    "understand it; write \"inet:PORT@ADDRESS\" or "
		    "\"unix:/PATH\"", socket);
	smfi_setbacklog(LISTEN_BACKLOG);
	/* true: a socket file that a crash left behind is removed */
	if (smfi_opensocket(true) != MI_SUCCESS)
		return why_set(why, "socket \"%s\": %s", socket,
		    open_trouble(spec));
	if (!socket_options(first))
		return why_set(why, "socket \"%s\": cannot be watched: %s; "
		    "check the limit of open files", socket, strerror(errno));
	return true;
}
