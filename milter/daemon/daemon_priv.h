/*
 * daemon - the life of the process: open, drop privileges, serve, stop
 */
#ifndef MILLGATE_DAEMON_H
#define MILLGATE_DAEMON_H

#include <stdbool.h>

struct services;
struct setup;

struct daemon_options {
	const char	*conf_path;
	bool		 foreground;	/* do not detach, and log to stderr */
};

/*
 * Run until SIGTERM or SIGINT. Returns the exit status, or ends the process
 * with it: 0, or 2 if the start, libmilter or libunbound fails; the reason is
 * logged.
 */
int	daemon_run(const struct daemon_options *o);

/* Stop as after SIGTERM, but with a failure status, to be started again. */
void	daemon_break(const char *what);
/*
 * The services of a new daemon. Takes over `setup`. NULL with *why (malloced;
 * the caller frees).
 */
struct services	*daemon_services(struct setup *setup, char **why);

/* Use what `path` says now, or log why the old configuration stays. */
void	daemon_reload(struct services *sv, const char *path);

#endif
