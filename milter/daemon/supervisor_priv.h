/*
 * supervisor - start the daemon again when a signal has killed it
 *
 * For `auto-restart = yes`. A parent process runs the daemon in a child. It
 * opens no socket and parses no mail; it waits, and passes signals on. libmilter
 * and the other libraries read hostile bytes in the child, and a fault there
 * costs the open sessions, never the service.
 *
 * Bounds: a child that ran for SUPERVISOR_STEADY milliseconds is replaced
 * after SUPERVISOR_PAUSE; one that ends sooner doubles the pause, up to
 * SUPERVISOR_PAUSE_MAX. There is no limit to the number of restarts.
 */
#ifndef MILLGATE_SUPERVISOR_PRIV_H
#define MILLGATE_SUPERVISOR_PRIV_H

#include <sys/types.h>

#include <stdbool.h>

#define SUPERVISOR_PAUSE	100	/* milliseconds */
#define SUPERVISOR_PAUSE_MAX	60000
#define SUPERVISOR_STEADY	60000

/* A child's own view. */
struct supervised {
	bool	 again;		/* one before it was ready */
	int	 ready_fd;	/* write a byte when ready, then close it */
	pid_t	 parent;
};

/* All are called with `arg`, the last two in the parent. */
struct supervisor_job {
	int	(*child)(const struct supervised *s, void *arg);
	void	(*ready)(void *arg);	/* the first child is */
	void	(*stopping)(void *arg);	/* once; may be NULL */
	void	*arg;
};

/*
 * Run job->child in a process of its own until it exits with status 0, or ends
 * before it was ever ready. SIGTERM, SIGINT, SIGHUP and SIGUSR1 are passed on;
 * after SIGTERM or SIGINT no child is started again. Returns the exit status
 * for the process. Call before there are threads.
 */
int	supervisor_run(const struct supervisor_job *job);

/*
 * For the child: end with the parent (SIGTERM). Call it when the child's user
 * has been set for good, because the kernel then forgets this. False: the
 * parent has ended already.
 */
bool	supervisor_follow(const struct supervised *s);

/* The pause before the next child, from the last one and how long it ran. */
unsigned supervisor_pause(unsigned last_pause, unsigned long long ran_ms);

#endif
