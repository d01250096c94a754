/*
 * key_process_start - fork the key process, and take everything from it that
 * it does not need
 *
 * It is forked before the daemon has read a key or started a thread. Started by
 * root, it becomes the user PRIVILEGES_KEY_USER, if that user exists: then the daemon
 * cannot even read the files of the keys. Otherwise it has the daemon's user.
 * In any case no process but root's may look into it.
 *
 * It ends when the daemon has closed a channel, which the kernel does however
 * the daemon ends.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/log.h"
#include "base/why.h"
#include "conf/conf.h"
#include "daemon/privileges.h"
#include "dkim/key_process.h"
#include "dkim/keybase.h"
#include "session/services.h"
#include "key_process_start_priv.h"
#include "signals_priv.h"

#define WHY_MAX	1024

static pid_t	key_process = -1;

/* What the child tells when it has started; or has not. It stays the same. */
static struct started {
	bool	ok;
	char	why[WHY_MAX];		/* why not */
	char	swappable[WHY_MAX];	/* why its memory is; or "" */
} started;

/* One of its own, or that of the daemon. */
static const char *
key_process_user(const struct conf *c)
{
	return geteuid() == 0 ? privileges_key_user(c->user) : c->user;
}

/* Both ends of the channels. */
struct ends {
	struct key_channels ours, theirs;
};

/* --- the child -------------------------------------------------------------- */

static int
by_number(const void *va, const void *vb)
{
	const int *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

/* Close all descriptors but the standard ones, `report` and the channels. */
static void
keep_channels(const struct key_channels *c, int report)
{
	int	keep[KEY_PROCESS_SIGNERS + KEY_PROCESS_ASKERS + 1];
	size_t	i, n = 0;
	int	next = STDERR_FILENO + 1;

	for (i = 0; i < c->nsigners; i++)
		keep[n++] = c->signer[i];
	for (i = 0; i < c->naskers; i++)
		keep[n++] = c->asker[i];
	keep[n++] = report;
	qsort(keep, n, sizeof(*keep), by_number);
	for (i = 0; i < n; next = keep[i++] + 1)
		if (keep[i] > next)
			descriptors_close((unsigned)next,
			    (unsigned)keep[i] - 1);
	descriptors_close((unsigned)next, ~0u);
}

static void
leave_terminal(bool foreground)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!foreground)
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

static void
set_memory_limit(const struct rlimit *all)
{
	struct rlimit is = { 0, 0 };

	if (setrlimit(RLIMIT_MEMLOCK, all) == 0)
		return;
	getrlimit(RLIMIT_MEMLOCK, &is);
	if (is.rlim_cur != RLIM_INFINITY)
		snprintf(started.swappable, sizeof(started.swappable),
		    "the limit of locked memory is %llu KB",
		    (unsigned long long)is.rlim_cur / 1024);
}

/*
 * Keys must not go to a core file or to swap. With a limit of locked memory,
 * later allocations would fail instead.
 */
static void
keep_in_memory(void)
{
	const struct rlimit none = { 0, 0 };
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_CORE, &none);
	set_memory_limit(&all);
	if (started.swappable[0] == '\0' &&
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		snprintf(started.swappable, sizeof(started.swappable),
		    "mlockall: %s", strerror(errno));
}

/* Nobody but root may trace it, and it ends with the daemon. */
static bool
close_doors(const char *user, pid_t parent, char **why)
{
	if (!privileges_drop(user, why))
		return false;
	if (prctl(PR_SET_DUMPABLE, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return why_set(why, "prctl: %s", strerror(errno));
	prctl(PR_SET_NAME, "millgate-keys");
	return getppid() == parent || why_set(why, "the daemon has ended");
}

/* Shorter than PIPE_BUF, so that the parent gets all of it or nothing. */
static void
report_start(int fd)
{
	if (write(fd, &started, sizeof(started)) != (ssize_t)sizeof(started))
		_exit(1);
	close(fd);
}

static _Noreturn void
child(const struct ends *e, const struct conf *c, bool foreground, int report,
    pid_t parent)
{
	struct keybase_place	 base;
	char			*why = NULL;

	signals_ignore();
	keep_channels(&e->theirs, report);
	leave_terminal(foreground);
	keep_in_memory();
	started.ok = close_doors(key_process_user(c), parent, &why);
	snprintf(started.why, sizeof(started.why), "%s", why != NULL ? why :
	    "");
	report_start(report);
	if (!started.ok)
		_exit(1);
	log_open("millgate", foreground);
	_exit(key_process_serve(&e->theirs, setup_keybase_place(c, &base) ?
	    &base : NULL));
}

/* --- the parent ------------------------------------------------------------- */

/* Wait until the child serves. */
static bool
child_ready(int fd, char **why)
{
	ssize_t n;

	do
		n = read(fd, &started, sizeof(started));
	while (n == -1 && errno == EINTR);
	close(fd);
	if (n != (ssize_t)sizeof(started))
		return why_set(why, "the key process has ended at its start");
	return started.ok || why_set(why, "the key process: %s", started.why);
}

static bool
parent_start(const struct conf *c, bool foreground, struct ends *e,
    char **why)
{
	const pid_t	parent = getpid();
	int		report[2];

	if (pipe2(report, O_CLOEXEC) != 0)
		return why_set(why, "pipe: %s", strerror(errno));
	fflush(NULL);	/* or the child would write it, too */
	key_process = fork();
	if (key_process == 0)
		child(e, c, foreground, report[1], parent);
	close(report[1]);
	if (key_process != -1)
		return child_ready(report[0], why);
	close(report[0]);
	return why_set(why, "fork: %s", strerror(errno));
}

bool
key_process_start(const struct conf *c, bool foreground,
    void (*failed)(void), char **why)
{
	struct keybase_place	base;
	struct ends		e;
	bool			ok;

	ok = key_channels_open(&e.ours, &e.theirs,
	    setup_keybase_place(c, &base) ? base.timeout : 0);
	if (!ok)
		why_set(why, "the key process: socketpair: %s",
		    strerror(errno));
	ok = ok && parent_start(c, foreground, &e, why);
	key_channels_close(&e.theirs);
	if (ok)
		key_process_use(&e.ours, failed);
	else
		key_channels_close(&e.ours);
	return ok;
}

bool
key_process_is_swappable(void)
{
	return started.swappable[0] != '\0';
}

void
key_process_warn(void)
{
	if (key_process_is_swappable())
		log_printf(LOG_LEVEL_WARNING, "the memory of the key process "
		    "is not locked, and private keys may be written to swap: "
		    "%s. In the systemd unit, set LimitMEMLOCK=infinity; in a "
		    "shell, run ulimit -l unlimited before the start",
		    started.swappable);
}

void
key_process_stop(void)
{
	if (key_process != -1 && key_process_end())
		waitpid(key_process, NULL, 0);
	key_process = -1;
}

void
key_process_check(void)
{
	int status;

	if (key_process == -1 || waitpid(key_process, &status, WNOHANG) == 0)
		return;
	key_process = -1;
	key_process_lost();
}
