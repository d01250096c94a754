/*
 * daemon_socket - the MTA's socket
 *
 * libmilter removes any socket file that has the name of its socket, even that
 * of a running daemon, which would then get no more mail until its restart. So
 * we test the file first.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/local_socket.h"
#include "base/why.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "mta/mfi.h"
#include "daemon_socket_priv.h"

/* The path of a unix socket, or NULL. */
static const char *
file_of(const struct conf *c)
{
	return strncmp(c->socket, "local:", 6) == 0 ? c->socket + 6 : NULL;
}

/*
 * The socket at `path`, which we have just made, as a descriptor; -1 with *why
 * if somebody has put another file there. Owners are changed through it.
 */
static int
socket_pin(const char *path, char **why)
{
	struct stat	st;
	int		fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd != -1 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_uid == geteuid() && st.st_nlink == 1)
		return fd;
	why_set(why, "socket \"%s\": was replaced while it was opened; check "
	    "who may write to its directory", path);
	if (fd != -1)
		close(fd);
	return -1;
}

/*
 * Nobody may connect before the mode is right: umask(2) sets it. No path is
 * used for it, because the directory may belong to the daemon's user.
 */
static bool
socket_make(const struct conf *c, const char *path,
    const struct privileges_owner *owner, char **why)
{
	struct privileges_owner		 wanted = *owner;
	struct privileges_acting	 acting;
	char				*said = NULL;
	mode_t				 mask;
	int				 fd = -1;
	bool				 ok;

	if (!privileges_act_at(path, c->user, &acting, why))
		return false;
	mask = umask(0777 & ~(mode_t)c->socket_mode);
	ok = mfi_open(c, -1, &said);
	umask(mask);
	if (ok)
		fd = socket_pin(path, &said);
	if (fd == -1)
		unlink(path);	/* it may have been made already */
	if (fd == -1)
		why_set(why, "%s%s%s", said, acting.on ? "; it is made as "
		    "user " : "", acting.on ? c->user : "");
	/* it has a group: that of a setgid directory, or else the user's */
	if (acting.on && c->socket_group == NULL && c->socket_owner == NULL)
		wanted.gid = (gid_t)-1;
	privileges_act_end(&acting);
	free(said);
	if (fd == -1)
		return false;
	ok = privileges_give(fd, path, &wanted, why);
	close(fd);
	if (!ok)
		unlink(path);
	return ok;
}

/* --- a socket that systemd passes -------------------------------------- */

/* "inet:25@192.0.2.1"; for a unix socket its path. */
static const char *
socket_name(const struct sockaddr_storage *at, socklen_t len, char *name,
    size_t size)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (at->ss_family == AF_UNIX)
		snprintf(name, size, "%s",
		    ((const struct sockaddr_un *)(const void *)at)->sun_path);
	else if (getnameinfo((const void *)at, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(name, size, "%s:%s@%s", at->ss_family == AF_INET6 ?
		    "inet6" : "inet", port, host);
	else
		snprintf(name, size, "a socket of another kind");
	return name;
}

struct addrinfo *
daemon_socket_addresses(const char *socket)
{
	const char	*port = strchr(socket, ':') + 1;
	size_t		 len = strcspn(port, "@");
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list = NULL;
	char		*number = xstrdup(port), *host = NULL;

	hints.ai_family = strncmp(socket, "inet6:", 6) == 0 ? AF_INET6 :
	    AF_INET;
	if (number[len] == '@') {
		number[len] = '\0';
		host = number + len + 1;
	}
	if (host != NULL && host[0] == '[') {
		host++;
		host[strcspn(host, "]")] = '\0';
	}
	if (getaddrinfo(host, number, &hints, &list) != 0)
		list = NULL;
	free(number);
	return list;
}

/* inet:PORT@HOST names this address. */
static bool
names_address(const char *socket, const struct sockaddr_storage *at,
    socklen_t len)
{
	struct addrinfo	*list = daemon_socket_addresses(socket), *i;
	bool		 found = false;

	for (i = list; i != NULL && !found; i = i->ai_next)
		found = i->ai_addrlen == len &&
		    memcmp(i->ai_addr, at, len) == 0;
	if (list != NULL)
		freeaddrinfo(list);
	return found;
}

bool
daemon_socket_is_of(int fd, const struct conf *c, char **why)
{
	struct sockaddr_storage	 at;
	socklen_t		 len = sizeof(at);
	char			 name[NI_MAXHOST + NI_MAXSERV + 8];
	const char		*path = file_of(c);
	struct stat		 st;

	memset(&at, 0, sizeof(at));
	if (getsockname(fd, (void *)&at, &len) != 0)
		at.ss_family = AF_UNSPEC;
	socket_name(&at, len, name, sizeof(name));
	if (path != NULL ? at.ss_family != AF_UNIX || strcmp(name, path) != 0 :
	    at.ss_family == AF_UNIX || !names_address(c->socket, &at, len)) {
		why_set(why, "socket \"%s\" is opened by millgate itself, "
		    "because millgate.socket of systemd has \"%s\"; write "
		    "the same socket in both, or disable millgate.socket",
		    c->socket, name);
		return false;
	}
	if (path != NULL && stat(path, &st) == 0 &&
	    (st.st_mode & 0777) != c->socket_mode)
		why_set(why, "socket \"%s\" has the mode %04o, and not "
		    "socket-mode = %04o; set SocketMode=%04o in "
		    "millgate.socket of systemd", path, st.st_mode & 0777,
		    c->socket_mode, c->socket_mode);
	return true;
}

bool
daemon_socket_open(const struct conf *c, int passed, char **why)
{
	struct privileges_owner	 owner;
	const char		*path = file_of(c);

	if (passed != -1 || path == NULL)
		return mfi_open(c, passed, why);
	if (local_socket_probe(path) == 0)
		return why_set(why, "socket \"%s\": another daemon serves "
		    "it; stop that one, or set another socket", path);
	if (!privileges_owner(c->user, c->socket_owner, &owner, why))
		return false;
	if (c->socket_owner == NULL && c->socket_group != NULL &&
	    !privileges_owner_group(c->socket_group, &owner, why))
		return false;
	return socket_make(c, path, &owner, why);
}

void
daemon_socket_remove(const struct conf *c)
{
	const char *path = file_of(c);

	if (path != NULL)
		unlink(path);
}
