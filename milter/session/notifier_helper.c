/*
 * notifier_helper - the process that runs the site's command
 *
 * It is forked before the daemon confines itself, and has the rights that the
 * daemon's user has. It knows the command from the configuration file, so that
 * a daemon that was taken over can choose an event's texts, but no program.
 * When the daemon ends, for whatever reason, running commands are killed.
 *
 * There is no portable wait for a process with a timeout. While a command runs,
 * the helper checks for its end fifty times a second.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "conf/conf.h"
#include "notifier_message_priv.h"

#define LOOK_MS		20

/* A command that runs. */
struct slot {
	bool		 running;
	pid_t		 pid;		/* and its process group */
	uint64_t	 deadline;	/* ticks */
	unsigned	 timeout;	/* seconds */
	bool		 killed;
	char		*command;
};

struct helper {
	int		 fd;		/* to the daemon */
	int		 watched;	/* -1: nothing */
	const struct notifier_options *options;
	char		*command;	/* NULL: none */
	unsigned	 timeout;	/* seconds */
	size_t		 running;
	struct slot	 slot[NOTIFIER_PARALLEL_MAX];
};

/* --- one command -------------------------------------------------------- */

/* Split at blanks, in place. */
static void
split_command(char *text, char *argv[NOTIFIER_WORDS + 1])
{
	char	*save = NULL, *word;
	size_t	 n = 0;

	for (word = strtok_r(text, " \t", &save);
	    word != NULL && n < NOTIFIER_WORDS;
	    word = strtok_r(NULL, " \t", &save))
		argv[n++] = word;
	argv[n] = NULL;
}

/* The command inherits no descriptors, signals, directory or group of ours. */
static int
spawn_command(pid_t *pid, char *const argv[], char *const envp[])
{
	posix_spawn_file_actions_t	fa;
	posix_spawnattr_t		at;
	sigset_t			all, none;
	int				error;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&at);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&at, 0);
	posix_spawnattr_setsigdefault(&at, &all);
	posix_spawnattr_setsigmask(&at, &none);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&fa, 0, 1);
	posix_spawn_file_actions_adddup2(&fa, 0, 2);
	posix_spawn_file_actions_addclosefrom_np(&fa, 3);
	posix_spawn_file_actions_addchdir_np(&fa, "/");
	error = posix_spawn(pid, argv[0], &fa, &at, argv, envp);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&at);
	return error;
}

static void
slot_report(const struct slot *s, int status)
{
	if (s->killed)
		log_printf(LOG_LEVEL_WARNING, "notify-command \"%s\" was "
		    "killed after its timeout of %u seconds", s->command,
		    s->timeout);
	else if (WIFSIGNALED(status))
		log_printf(LOG_LEVEL_WARNING, "notify-command \"%s\" was "
		    "killed by signal %d", s->command, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_printf(LOG_LEVEL_WARNING, "notify-command \"%s\" exited "
		    "with status %d", s->command, WEXITSTATUS(status));
}

/* Tell the daemon that there is room for one more event. */
static void
helper_done(const struct helper *h)
{
	/* if the daemon has ended, the next read says so */
	(void)send(h->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static struct slot *
slot_free(struct helper *h)
{
	size_t i;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++)
		if (!h->slot[i].running)
			return &h->slot[i];
	return NULL;
}

static bool
slot_start(struct helper *h, struct slot *s, char *const variables[])
{
	char	*argv[NOTIFIER_WORDS + 1], *text = xstrdup(h->command);
	int	 error;

	split_command(text, argv);
	error = argv[0] == NULL ? ENOENT : spawn_command(&s->pid, argv,
	    variables);
	free(text);
	if (error != 0) {
		log_printf(LOG_LEVEL_WARNING, "notify-command \"%s\" cannot "
		    "be run: %s", h->command, strerror(error));
		return false;
	}
	s->command = xstrdup(h->command);
	s->timeout = h->timeout;
	s->deadline = monotonic_ms() + s->timeout * UINT64_C(1000);
	s->killed = false;
	s->running = true;
	h->running++;
	return true;
}

/* Reap the command if it has ended, kill it if its time is over. */
static void
slot_check(struct helper *h, struct slot *s)
{
	siginfo_t	info = { .si_pid = 0 };
	int		status = 0;

	/* not reaped yet, so that its process group's id is not reused */
	if (waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
	    0 && info.si_pid == 0) {
		if (!s->killed && monotonic_ms() >= s->deadline) {
			s->killed = true;
			kill(-s->pid, SIGKILL);
		}
		return;
	}
	kill(-s->pid, SIGKILL);
	waitpid(s->pid, &status, 0);
	slot_report(s, status);
	free(s->command);
	s->command = NULL;
	s->running = false;
	h->running--;
	helper_done(h);
}

/* --- messages ------------------------------------------------------------ */

static void
helper_run(struct helper *h, const char *data, size_t len)
{
	char		*variable[NOTIFIER_VARIABLES];
	struct slot	*s = slot_free(h);
	bool		 started;

	if (!notifier_message_variables(data, len, variable)) {
		log_printf(LOG_LEVEL_ERROR, "notify-command: an event of a "
		    "wrong form is dropped");
		helper_done(h);
		return;
	}
	started = h->command != NULL && s != NULL &&
	    slot_start(h, s, variable);
	notifier_message_free(variable);
	if (!started)
		helper_done(h);
}

static void
helper_rules(struct helper *h, const struct notifier_rules *r)
{
	free(h->command);
	h->command = r->command != NULL ? xstrdup(r->command) : NULL;
	h->timeout = r->timeout;
}

/* The daemon has just read the same file without an error. */
static void
helper_reload(struct helper *h)
{
	char		*why = NULL;
	struct conf	*c = conf_load(h->options->conf_path, &why);

	if (c != NULL)
		helper_rules(h, &c->notify);
	else
		log_printf(LOG_LEVEL_ERROR, "notify-command remains as it was: "
		    "%s", why);
	free(why);
	conf_unref(&c);
}

/* The descriptor in the packet's control data; -1: there is none. */
static int
helper_attached(struct msghdr *m)
{
	struct cmsghdr	*c = CMSG_FIRSTHDR(m);
	int		 fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* A second descriptor is not watched: the first one is the daemon's own. */
static void
helper_watch(struct helper *h, int fd)
{
	if (fd != -1 && h->watched == -1 && h->options->watched != NULL)
		h->watched = fd;
	else if (fd != -1)
		close(fd);
}

/* One packet of the daemon; false: it has ended. */
static bool
helper_receive(struct helper *h)
{
	static char	 data[NOTIFIER_PACKET];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec	 v = { data, sizeof(data) };
	struct msghdr	 m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t		 n = recvmsg(h->fd, &m, MSG_CMSG_CLOEXEC |
			     MSG_DONTWAIT);
	int		 fd;

	if (n == -1)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	fd = helper_attached(&m);
	if (data[0] == NOTIFIER_RUN)
		helper_run(h, data + 1, (size_t)n - 1);
	else if (data[0] == NOTIFIER_RELOAD)
		helper_reload(h);
	if (data[0] == NOTIFIER_WATCH)
		helper_watch(h, fd);
	else if (fd != -1)
		close(fd);
	return true;
}

/* --- the process --------------------------------------------------------- */

static void
helper_kill(struct helper *h)
{
	size_t i;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++) {
		if (!h->slot[i].running)
			continue;
		kill(-h->slot[i].pid, SIGKILL);
		waitpid(h->slot[i].pid, NULL, 0);
	}
}

/* The sockets of the MTA and of other processes must end with the daemon. */
static void
helper_close_others(int keep)
{
	if (keep > STDERR_FILENO + 1)
		descriptors_close(STDERR_FILENO + 1, (unsigned)keep - 1);
	descriptors_close((unsigned)keep + 1, ~0U);
}

static void
helper_look(struct helper *h)
{
	struct pollfd	at = { h->watched, POLLIN, 0 };
	size_t		i;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++)
		if (h->slot[i].running)
			slot_check(h, &h->slot[i]);
	if (h->watched == -1 || poll(&at, 1, 0) != 1)
		return;
	if ((at.revents & POLLIN) != 0) {
		h->options->watched(h->watched);
	} else {
		close(h->watched);
		h->watched = -1;
	}
}

_Noreturn void
notifier_helper(int fd, const struct notifier_options *o)
{
	static struct helper	 h;
	struct pollfd		 at[2];
	sigset_t		 all;
	bool			 open = true;

	/* SIGTERM for all processes of the service is for the daemon */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "millgate-helper");
	helper_close_others(fd);
	if (o->enter != NULL)
		o->enter(o->arg);
	h.fd = fd;
	h.watched = -1;
	h.options = o;
	helper_rules(&h, o->rules);
	while (open) {
		at[0] = (struct pollfd){ fd, POLLIN, 0 };
		at[1] = (struct pollfd){ h.watched, POLLIN, 0 };
		if (poll(at, 2, h.running > 0 ? LOOK_MS : -1) > 0 &&
		    at[0].revents != 0)
			open = helper_receive(&h);
		helper_look(&h);
	}
	helper_kill(&h);
	_exit(0);
}
