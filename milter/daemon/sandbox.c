/*
 * sandbox - the daemon closes itself in before it reads a byte of a stranger
 *
 * Landlock has no way to confine threads that run already, so files come first,
 * right after privileges were dropped. The filter of system calls comes last:
 * listen(2), chmod(2) and fork(2) are not needed any more.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "session/notifier.h"
#include "sandbox_landlock_priv.h"
#include "sandbox_needs_priv.h"
#include "sandbox_priv.h"
#include "sandbox_seccomp_priv.h"

/* Of the daemon's user in all; libmilter and the databases use hundreds. */
#define THREADS_MAX	4096

/* Set before the first request is answered. */
static struct sandbox_needs	*allowed;	/* NULL: no Landlock */
static bool			calls_closed;

/* Does this process read the files of private keys? */
static bool
reads_keys(const struct conf *c)
{
	return !c->key_process;
}

static void
lower(int resource, rlim_t most)
{
	struct rlimit rl;

	if (getrlimit(resource, &rl) != 0 || rl.rlim_cur <= most)
		most = getrlimit(resource, &rl) == 0 ? rl.rlim_cur : most;
	rl.rlim_cur = rl.rlim_max = most;
	/* the unit's filter refuses it, and has limits of its own */
	(void)setrlimit(resource, &rl);
}

/* What a daemon that was taken over could exhaust. */
static void
close_limits(void)
{
	lower(RLIMIT_NPROC, THREADS_MAX);
	lower(RLIMIT_MSGQUEUE, 0);
	lower(RLIMIT_RTPRIO, 0);
	lower(RLIMIT_NOFILE, RLIM_INFINITY);	/* it cannot rise again */
}

void
sandbox_close_files(const struct conf *c)
{
	const char	*notify = getenv("NOTIFY_SOCKET");
	char		*why = NULL;

	if (!c->sandbox)
		return;
	close_limits();
	allowed = sandbox_needs_new(c, reads_keys(c));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    sandbox_landlock(allowed, notify != NULL && notify[0] == '@',
	    &why))
		return;
	log_printf(LOG_LEVEL_WARNING, "sandbox: files and ports are not "
	    "limited: %s", why != NULL ? why : strerror(errno));
	free(why);
	sandbox_needs_free(&allowed);
}

void
sandbox_close_calls(const struct conf *c, struct notifier *helper)
{
	char	*why = NULL;
	int	 fd = -1;

	if (!c->sandbox)
		return;
	calls_closed = sandbox_seccomp(&fd, &why);
	if (!calls_closed)
		log_printf(LOG_LEVEL_WARNING, "sandbox: system calls are not "
		    "limited: %s", why);
	free(why);
	if (fd == -1)
		return;
	if (!notifier_watch(helper, fd))
		log_printf(LOG_LEVEL_WARNING, "sandbox: refused system calls "
		    "are not logged: the helper process cannot be told");
	/* who has it may allow any call */
	close(fd);
}

void
sandbox_refuse(int fd)
{
	sandbox_seccomp_refuse(fd);
}

const char *
sandbox_gaps(void)
{
	if (allowed == NULL)
		return calls_closed ? "files and TCP ports" :
		    "files, TCP ports and system calls";
	return calls_closed ? "" : "system calls";
}

bool
sandbox_allows(const struct conf *c, char **why)
{
	struct sandbox_needs	*now;
	bool			 ok;

	if (allowed == NULL)
		return true;
	now = sandbox_needs_new(c, reads_keys(c));
	ok = sandbox_needs_covers(allowed, now, why);
	sandbox_needs_free(&now);
	return ok;
}

const char *
sandbox_hint(const char *why)
{
	if (allowed == NULL || strstr(why, strerror(EACCES)) == NULL)
		return NULL;
	return "if the file is in a directory that the configuration did not "
	    "name at the start, the sandbox does not allow it: restart the "
	    "daemon";
}
