/*
 * sandbox_seccomp - the system calls that the daemon may make
 *
 * The door to libseccomp. A call that is not allowed waits for the helper
 * process, which refuses it and logs its name; without the helper the kernel
 * refuses it (ENOSYS). A handler of SIGSYS would not do: a thread that blocks
 * all signals would be killed.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "sandbox_seccomp_priv.h"

/* libseccomp's level: reports and a filter for all threads together */
#define LEVEL_REPORTS	6
#define SAID_CALLS	512	/* numbers of calls that are told apart */
#define SAID_AGAIN	60000	/* ms until the same call is logged again */

#define W_AND_X		(PROT_WRITE | PROT_EXEC)

/* Calls that are allowed if this argument, masked, has this value. */
static const struct call_rule {
	const char	*name;
	unsigned	 argument;
	uint64_t	 mask, value;
} rules[] = {
	{ "socket", 0, UINT64_MAX, AF_UNIX },
	{ "socket", 0, UINT64_MAX, AF_INET },
	{ "socket", 0, UINT64_MAX, AF_INET6 },
	/* getaddrinfo: the addresses of this machine */
	{ "socket", 0, UINT64_MAX, AF_NETLINK },
	/* a thread, never a process */
	{ "clone", 0, CLONE_THREAD, CLONE_THREAD },
	/* modules of libraries; memory is never writable and executable */
	{ "mmap", 2, W_AND_X, 0 },
	{ "mmap", 2, W_AND_X, PROT_WRITE },
	{ "mmap", 2, W_AND_X, PROT_EXEC },
	{ "mmap2", 2, W_AND_X, 0 },
	{ "mmap2", 2, W_AND_X, PROT_WRITE },
	{ "mmap2", 2, W_AND_X, PROT_EXEC },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "ioctl", 1, UINT32_MAX, FIONBIO },
	{ "ioctl", 1, UINT32_MAX, FIONREAD },
	{ "ioctl", 1, UINT32_MAX, TCGETS },	/* isatty */
	{ "prctl", 0, UINT64_MAX, PR_SET_NAME },
	/* getrlimit: no new limits */
	{ "prlimit64", 2, UINT64_MAX, 0 },
};

/* A call that this architecture does not have needs no rule. */
static bool
allow_call(scmp_filter_ctx x, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number < 0 || seccomp_rule_add(x, SCMP_ACT_ALLOW, number, 0) ==
	    0;
}

static bool
allow_if(scmp_filter_ctx x, const struct call_rule *r)
{
	struct scmp_arg_cmp	cmp = SCMP_CMP64(r->argument,
				    SCMP_CMP_MASKED_EQ, r->mask, r->value);
	int			number = seccomp_syscall_resolve_name(r->name);

	return number < 0 || seccomp_rule_add_array(x, SCMP_ACT_ALLOW, number,
	    1, &cmp) == 0;
}

/* Signals for this process alone: abort, and libraries' own threads. */
static bool
allow_signals(scmp_filter_ctx x)
{
	return seccomp_rule_add(x, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())) == 0;
}

/* Calls that libraries make and do without: refused, and not logged. */
static bool
refuse_quietly(scmp_filter_ctx x)
{
	/* its flags are in memory, where a filter cannot look: use clone */
	return seccomp_rule_add(x, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3),
	    0) == 0 &&
	    /* SQLite, as root: new files get the owner of the database */
	    seccomp_rule_add(x, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(fchown), 0) ==
	    0;
}

static bool
filter_fill(scmp_filter_ctx x)
{
	size_t i;

	for (i = 0; i < sandbox_ncalls; i++)
		if (!allow_call(x, sandbox_calls[i].name))
			return false;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!allow_if(x, &rules[i]))
			return false;
	return allow_signals(x) && refuse_quietly(x);
}

bool
sandbox_seccomp(int *fd, char **why)
{
	bool		 reports = seccomp_api_get() >= LEVEL_REPORTS;
	scmp_filter_ctx	 x = seccomp_init(reports ? SCMP_ACT_NOTIFY :
			     SCMP_ACT_ERRNO(EPERM));
	int		 error = -ENOMEM;

	*fd = -1;
	if (x != NULL && seccomp_attr_set(x, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
	    filter_fill(x)) {
		seccomp_attr_set(x, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		error = seccomp_load(x);
	}
	if (error == 0 && reports)
		*fd = seccomp_notify_fd(x);
	seccomp_release(x);
	return error == 0 || why_set(why, "seccomp: %s", strerror(-error));
}

/* --- in the helper -------------------------------------------------------- */

/* A loop of refused calls must not fill the log. */
static void
refuse_say(const struct seccomp_notif *call)
{
	static uint64_t	 said[SAID_CALLS];
	int		 number = call->data.nr;
	uint64_t	 now = monotonic_ms();
	char		*name;

	if (number >= 0 && number < SAID_CALLS) {
		if (said[number] != 0 && now < said[number] + SAID_AGAIN)
			return;
		said[number] = now;
	}
	name = seccomp_syscall_resolve_num_arch(call->data.arch, number);
	log_printf(LOG_LEVEL_ERROR, "sandbox: refused the system call %s "
	    "(%d) of thread %u: a library needs it, or somebody controls the "
	    "daemon; see SANDBOX in millgate(8)", name != NULL ? name : "?",
	    number, call->pid);
	free(name);
}

void
sandbox_seccomp_refuse(int fd)
{
	struct seccomp_notif		*call = NULL;
	struct seccomp_notif_resp	*answer = NULL;

	if (seccomp_notify_alloc(&call, &answer) != 0)
		return;
	/* the thread may have ended meanwhile */
	if (seccomp_notify_receive(fd, call) == 0) {
		answer->id = call->id;
		answer->error = -EPERM;
		seccomp_notify_respond(fd, answer);
		refuse_say(call);
	}
	seccomp_notify_free(call, answer);
}
