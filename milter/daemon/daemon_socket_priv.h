/*
 * daemon_socket - the MTA's socket, and the test whether a process serves a
 * unix socket
 */
#ifndef MILLGATE_DAEMON_SOCKET_H
#define MILLGATE_DAEMON_SOCKET_H

#include <stdbool.h>

struct conf;

/*
 * Open the socket of the configuration, with its mode and owner. A socket that
 * another process serves is not replaced. False with *why (malloced; the
 * caller frees).
 */
bool	daemon_socket_open(const struct conf *c, char **why);
/* Remove the socket's file, if it is a unix socket. */
void	daemon_socket_remove(const struct conf *c);

/*
 * Connect to a unix socket as a test. 0: a process serves it. ENOENT: there is
 * no file. ECONNREFUSED: a process that has ended left it, and it may be
 * removed. Any other errno: it must stay, for example because it is a regular
 * file.
 */
int	daemon_socket_probe(const char *path);

#endif
