/*
 * pid_file - the file with the process id
 *
 * It is opened while the daemon is root, but written only when everything else
 * is open, so that a failed start does not overwrite the number of a running
 * daemon. It is written through the descriptor. What somebody else has put at
 * its place is never changed (safe_open.h).
 */
#ifndef MILLGATE_PID_FILE_PRIV_H
#define MILLGATE_PID_FILE_PRIV_H

#include <sys/types.h>

#include <stdbool.h>

/*
 * As root where only root can change the path, else as `user`. A NULL path is
 * no file: *fd is -1, for pid_file_write. False with *why (malloced; the
 * caller frees it).
 */
bool	pid_file_open(const char *path, const char *user, int *fd,
	    char **why);
/* Write and close; -1: nothing happens. */
void	pid_file_write(int fd, pid_t pid);

#endif
