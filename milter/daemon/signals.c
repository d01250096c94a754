/*
 * signals - SIGTERM, SIGINT, SIGHUP and SIGUSR1, taken one by one
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "signals_priv.h"

static int	signal_pipe[2] = { -1, -1 };

static void
on_signal(int number)
{
	unsigned char	byte = (unsigned char)number;
	int		saved = errno;

	/* if the pipe is full, enough signals are pending */
	if (write(signal_pipe[1], &byte, 1) == -1)
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
	unsigned char	number;

	poll(&pfd, 1, ms);
	if (read(signal_pipe[0], &number, 1) != 1)
		return SIGNALS_NONE;
	return number == SIGHUP || number == SIGUSR1 ? SIGNALS_RELOAD :
	    SIGNALS_STOP;
}

void
signals_stop(void)
{
	on_signal(SIGTERM);
}
