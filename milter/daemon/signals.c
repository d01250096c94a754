/*
 * signals - SIGTERM, SIGINT, SIGHUP and SIGUSR1, taken one by one
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "signals_priv.h"

static int			signal_pipe[2] = { -1, -1 };
static atomic_bool		stop_asked, reload_asked;

/* The pipe only ends the wait early, so that a failed write(2) loses nothing. */
static void
on_signal(int number)
{
	int saved = errno;

	atomic_store(number == SIGHUP || number == SIGUSR1 ? &reload_asked :
	    &stop_asked, true);
	if (write(signal_pipe[1], "", 1) == -1)
		errno = saved;
	errno = saved;
}

bool
signals_open(void)
{
	static const int	 caught[] = { SIGHUP, SIGUSR1, SIGTERM,
	    SIGINT };
	struct sigaction	 sa;
	sigset_t		 set;
	size_t			 i;

	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sa.sa_handler = on_signal;
	sigemptyset(&set);
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		sigaction(caught[i], &sa, NULL);
		sigaddset(&set, caught[i]);
	}
	return pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0;
}

void
signals_ignore(void)
{
	static const int	 ignored[] = { SIGHUP, SIGUSR1, SIGTERM,
	    SIGINT, SIGPIPE };
	size_t			 i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

enum signals_request
signals_wait(int ms)
{
	struct pollfd	pfd = { signal_pipe[0], POLLIN, 0 };
	char		bytes[64];

	if (poll(&pfd, 1, ms) == 1 &&
	    read(signal_pipe[0], bytes, sizeof(bytes)) == -1 &&
	    errno != EAGAIN)
		log_printf(LOG_LEVEL_WARNING, "signals: %s", strerror(errno));
	/* in this order, as a stop makes a reload needless */
	if (atomic_exchange(&stop_asked, false))
		return SIGNALS_STOP;
	return atomic_exchange(&reload_asked, false) ? SIGNALS_RELOAD :
	    SIGNALS_NONE;
}

void
signals_stop(void)
{
	on_signal(SIGTERM);
}
