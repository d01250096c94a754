/*
 * local_socket - listen on a unix socket of the daemon's own
 */
#ifndef MILLGATE_LOCAL_SOCKET_H
#define MILLGATE_LOCAL_SOCKET_H

#include <sys/types.h>

/*
 * A listening, non-blocking socket at `path` with the permissions `mode`, and
 * room for `waiting` clients in the kernel's queue. A socket that a crashed
 * daemon has left is replaced; a socket that a process serves is not. Call it
 * as the user who shall remove the file. -1 with *why (malloced; the caller
 * frees), which begins with the name of the option.
 */
int	local_socket_open(const char *option, const char *path, mode_t mode,
	    int waiting, char **why);

/*
 * Connect to a unix socket as a test. 0: a process serves it. ENOENT: there is
 * no file. ECONNREFUSED: a process that has ended left it, and it may be
 * removed. Any other errno: it must stay, for example because it is a regular
 * file.
 */
int	local_socket_probe(const char *path);

#endif
