/*
 * daemon - the life of the process: open, drop privileges, serve, stop
 */
#ifndef MILLGATE_DAEMON_H
#define MILLGATE_DAEMON_H

#include <stdbool.h>

struct daemon_options {
	const char	*conf_path;
	bool		 foreground;	/* stay, and log to stderr */
};

/* The exit status: 0 after SIGTERM or SIGINT, 2 on trouble (logged). */
int	daemon_run(const struct daemon_options *o);

#endif
