/*
 * daemon_socket - the MTA's socket
 */
#ifndef MILLGATE_DAEMON_SOCKET_H
#define MILLGATE_DAEMON_SOCKET_H

#include <stdbool.h>

struct addrinfo;
struct conf;

/*
 * Open the socket of the configuration, with its mode and owner. A socket that
 * another process serves is not replaced. `passed`: the socket listens already
 * as this descriptor, see daemon_socket_is_of; or -1. False with *why
 * (malloced; the caller frees).
 */
bool	daemon_socket_open(const struct conf *c, int passed, char **why);
/* Remove the socket's file, if it is a unix socket. */
void	daemon_socket_remove(const struct conf *c);

/*
 * Is the listening socket `fd`, passed by systemd, the one that the
 * configuration names? *why (malloced; the caller frees) is set if it is not,
 * and also if it is, but has a mode other than socket-mode.
 */
bool	daemon_socket_is_of(int fd, const struct conf *c, char **why);

/*
 * The addresses of "inet:PORT@HOST" or "inet6:..."; free them with
 * freeaddrinfo. NULL: the host is unknown.
 */
struct addrinfo	*daemon_socket_addresses(const char *socket);

#endif
