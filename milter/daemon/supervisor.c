/*
 * supervisor - start the daemon again when a signal has killed it
 *
 * All signals are blocked here and taken one by one from a signalfd(2), so
 * that none is lost between two children. A child writes one byte into a pipe
 * when it is ready. If it ends before any child was ready, it has found
 * something that a restart does not mend, and has said so itself.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/monotonic.h"
#include "supervisor_priv.h"

#define STATUS_TROUBLE	2

struct supervisor {
	const struct supervisor_job	*job;
	sigset_t			 signals, before;
	int				 signal_fd;
	pid_t				 child;
	int				 ready[2];
	bool				 was_ready, stopping;
};

unsigned
supervisor_pause(unsigned last_pause, unsigned long long ran_ms)
{
	if (last_pause == 0 || ran_ms >= SUPERVISOR_STEADY)
		return SUPERVISOR_PAUSE;
	return last_pause * 2 < SUPERVISOR_PAUSE_MAX ? last_pause * 2 :
	    SUPERVISOR_PAUSE_MAX;
}

bool
supervisor_follow(const struct supervised *s)
{
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 &&
	    getppid() == s->parent;
}

static bool
supervisor_open(struct supervisor *s, const struct supervisor_job *job)
{
	static const int	signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
	    SIGCHLD };
	size_t			i;

	memset(s, 0, sizeof(*s));
	s->job = job;
	s->child = -1;
	sigemptyset(&s->signals);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&s->signals, signals[i]);
	if (pipe2(s->ready, O_CLOEXEC | O_NONBLOCK) != 0 ||
	    sigprocmask(SIG_BLOCK, &s->signals, &s->before) != 0)
		return false;
	s->signal_fd = signalfd(-1, &s->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd != -1;
}

static bool
supervisor_start(struct supervisor *s)
{
	struct supervised view = { s->was_ready, s->ready[1], getpid() };

	fflush(NULL);	/* or the child would write it, too */
	s->child = fork();
	if (s->child != 0)
		return s->child != -1;
	close(s->signal_fd);
	close(s->ready[0]);
	sigprocmask(SIG_SETMASK, &s->before, NULL);
	exit(s->job->child(&view, s->job->arg));
}

/* Act on the signals that have arrived, and pass them on. */
static void
supervisor_signals(struct supervisor *s)
{
	struct signalfd_siginfo	info;
	int			number;

	while (read(s->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		number = (int)info.ssi_signo;
		if (number == SIGCHLD)
			continue;
		if ((number == SIGTERM || number == SIGINT) && !s->stopping) {
			s->stopping = true;
			if (s->job->stopping != NULL)
				s->job->stopping(s->job->arg);
		}
		/* a terminal has sent it to the child, too */
		if (s->child != -1 && info.ssi_code != SI_KERNEL)
			kill(s->child, number);
	}
}

static void
supervisor_readiness(struct supervisor *s)
{
	char	byte;
	bool	first = !s->was_ready;

	while (read(s->ready[0], &byte, 1) == 1)
		s->was_ready = true;
	if (first && s->was_ready)
		s->job->ready(s->job->arg);
}

/* Until the child has ended; its wait status. */
static int
supervisor_wait(struct supervisor *s)
{
	struct pollfd	pfd[2] = { { s->signal_fd, POLLIN, 0 },
	    { s->ready[0], POLLIN, 0 } };
	int		status;

	while (waitpid(s->child, &status, WNOHANG) != s->child) {
		poll(pfd, 2, -1);
		supervisor_readiness(s);
		supervisor_signals(s);
	}
	s->child = -1;
	supervisor_readiness(s);
	return status;
}

/* What has ended the child; `then` is what happens now. */
static void
supervisor_explain(int status, const char *then)
{
	if (WIFSIGNALED(status))
		log_printf(LOG_LEVEL_ERROR, "the daemon was killed by signal "
		    "%d (%s)%s; %s", WTERMSIG(status),
		    strsignal(WTERMSIG(status)),
		    WCOREDUMP(status) ? ", core dumped" : "", then);
	else
		log_printf(LOG_LEVEL_ERROR, "the daemon ended with status %d; "
		    "%s", WEXITSTATUS(status), then);
}

/* Signals that arrive meanwhile end the pause only if they stop the daemon. */
static void
supervisor_sleep(struct supervisor *s, unsigned pause)
{
	struct pollfd	pfd = { s->signal_fd, POLLIN, 0 };
	uint64_t	until = monotonic_ms() + pause, now;

	while (!s->stopping && (now = monotonic_ms()) < until) {
		poll(&pfd, 1, (int)(until - now));
		supervisor_signals(s);
	}
}

/* The child has ended. Shall the supervisor end, too? */
static bool
supervisor_is_over(const struct supervisor *s, int status)
{
	if (s->stopping || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return true;
	if (s->was_ready)
		return false;
	if (WIFSIGNALED(status))
		supervisor_explain(status, "it was not ready yet, and is not "
		    "started again");
	return true;
}

static int
supervisor_status(const struct supervisor *s, int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* stopped before it could catch the signal that we passed on */
	return s->stopping && (WTERMSIG(status) == SIGTERM ||
	    WTERMSIG(status) == SIGINT) ? 0 : STATUS_TROUBLE;
}

/* One child from its start to its end; false: it is not started again. */
static bool
supervisor_once(struct supervisor *s, unsigned *pause, int *result)
{
	uint64_t	began = monotonic_ms();
	int		status = STATUS_TROUBLE << 8;
	char		then[64];

	if (supervisor_start(s))
		status = supervisor_wait(s);
	else
		log_printf(LOG_LEVEL_ERROR, "cannot start the daemon: fork: "
		    "%s", strerror(errno));
	*result = supervisor_status(s, status);
	if (supervisor_is_over(s, status))
		return false;
	*pause = supervisor_pause(*pause, monotonic_ms() - began);
	snprintf(then, sizeof(then), "it is started again in %u ms", *pause);
	supervisor_explain(status, then);
	supervisor_sleep(s, *pause);
	*result = 0;
	return !s->stopping;
}

int
supervisor_run(const struct supervisor_job *job)
{
	struct supervisor	s;
	unsigned		pause = 0;
	int			result;

	if (!supervisor_open(&s, job)) {
		log_printf(LOG_LEVEL_ERROR, "cannot wait for signals: %s",
		    strerror(errno));
		return STATUS_TROUBLE;
	}
	while (supervisor_once(&s, &pause, &result))
		;
	return result;
}
