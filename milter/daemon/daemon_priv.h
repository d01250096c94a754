/*
 * daemon - the life of the process: open, drop privileges, serve, stop
 */
#ifndef MILLGATE_DAEMON_H
#define MILLGATE_DAEMON_H

#include <stdbool.h>

struct daemon_options {
	const char	*conf_path;
	bool		 foreground;	/* do not detach, and log to stderr */
};

/*
 * Run until SIGTERM or SIGINT. Does not return after a successful start; the
 * exit status is then 0, or 2 if libmilter fails. Returns 2 when the start
 * fails; the reason is logged.
 */
int	daemon_run(const struct daemon_options *o);

#endif
