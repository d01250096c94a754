/*
 * daemon_socket - where the MTA finds us: the socket and its file
 */
#ifndef MILLGATE_DAEMON_SOCKET_H
#define MILLGATE_DAEMON_SOCKET_H

#include <stdbool.h>

struct conf;

/*
 * Open it, with the mode and the owner that the configuration gives its file.
 * A file at which another daemon answers is left to that one. False with *why
 * (malloced; the caller frees).
 */
bool	daemon_socket_open(const struct conf *c, char **why);
/* Remove the file, if there is one. */
void	daemon_socket_remove(const struct conf *c);

#endif
