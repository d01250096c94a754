/*
 * signals - SIGTERM, SIGINT, SIGHUP and SIGUSR1, taken one by one
 *
 * The handlers note the request, and wake the one thread that waits for it.
 */
#ifndef MILLGATE_SIGNALS_H
#define MILLGATE_SIGNALS_H

#include <stdbool.h>

enum signals_request {
	SIGNALS_NONE,		/* the time has passed */
	SIGNALS_RELOAD,		/* SIGHUP, or SIGUSR1 as with OpenDKIM */
	SIGNALS_STOP		/* SIGTERM or SIGINT */
};

/* Catch the signals, and ignore SIGPIPE. False: see errno. */
bool			signals_open(void);
/* For a process that ends with the daemon: ignore all of them. */
void			signals_ignore(void);
/* The next request; waits at most `ms` milliseconds for it, -1: forever. */
enum signals_request	signals_wait(int ms);
/* Act as if SIGTERM had arrived. May be called by any thread. */
void			signals_stop(void);

#endif
