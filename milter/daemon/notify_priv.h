/*
 * notify - report the daemon's state to the service manager
 *
 * configure chooses notify_systemd.c or notify_none.c.
 */
#ifndef MILLGATE_NOTIFY_H
#define MILLGATE_NOTIFY_H

void	notify_ready(void);
void	notify_stopping(void);

#endif
