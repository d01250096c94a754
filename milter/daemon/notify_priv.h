/*
 * notify - report the daemon's state to the service manager, and take the
 * listening socket that it passes
 *
 * configure chooses notify_systemd.c or notify_none.c.
 */
#ifndef MILLGATE_NOTIFY_H
#define MILLGATE_NOTIFY_H

#include <stdbool.h>

void	notify_ready(void);
void	notify_stopping(void);
/*
 * *fd is the socket that systemd has passed to this process, or -1. False with
 * *why (malloced; the caller frees) if it has passed more than one.
 */
bool	notify_socket(int *fd, char **why);

#endif
