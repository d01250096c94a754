/*
 * daemon - start, drop root privileges, serve, reload, stop
 *
 * Order at start: configuration and keys, the MTA's socket, the pid file, then
 * privileges are dropped, then the state file, the resolver and the control
 * socket are opened as the user that will use them. libmilter runs in a thread
 * of its own and gets no signals (mfi_workarounds.c), because it would stop at
 * SIGHUP.
 *
 * SIGTERM: new messages are deferred, messages that have begun are completed
 * (for DRAIN_SECONDS at most), then the process ends. SIGHUP, or SIGUSR1 as
 * with OpenDKIM: the configuration, users and keys are read again, all of them
 * or none.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "daemon/privileges.h"
#include "dkim/keyseen.h"
#include "dns/resolver.h"
#include "mta/mfi.h"
#include "session/notifier.h"
#include "session/services.h"
#include "store/store.h"
#include "control_priv.h"
#include "daemon_priv.h"
#include "daemon_socket_priv.h"
#include "daemon_tasks_priv.h"
#include "notify_priv.h"

#define DRAIN_SECONDS	60
#define STATUS_TROUBLE	2

static struct control	*control;	/* NULL: there is no control socket */
static int		signal_pipe[2] = { -1, -1 };
static atomic_bool	mfi_ended;

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

static bool
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

/* Each session needs a descriptor; raise the limit as far as allowed. */
static void
raise_file_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static struct resolver *
daemon_resolver(const struct conf *c, char **why)
{
	struct resolver_options	 o = {
		.servers = c->resolver.servers.s,
		.nservers = c->resolver.servers.n,
		.trust_anchor = c->resolver.trust_anchor,
	};
	const char		*text;
	struct resolver		*r = resolver_unbound_new(&o, &text);

	if (r == NULL && o.trust_anchor != NULL)
		why_set(why, "trust-anchor = \"%s\": %s", o.trust_anchor,
		    text);
	else if (r == NULL)
		why_set(why, "%s", text);
	return r;
}

/* Takes over `setup`. */
static struct services *
daemon_services(struct setup *setup, char **why)
{
	static char	 hostname[256];
	struct resolver	*resolver = NULL;
	struct store_place place = conf_state(setup->conf);
	struct store	*store = NULL;
	struct services	*sv;

	if (gethostname(hostname, sizeof(hostname) - 1) != 0)
		snprintf(hostname, sizeof(hostname), "localhost");
	if (setup_check_users(setup, why))
		store = store_open_at(&place, STORE_KEEP, why);
	if (store != NULL)
		resolver = daemon_resolver(setup->conf, why);
	if (resolver == NULL) {
		store_close(&store);
		setup_unref(&setup);
		return NULL;
	}
	sv = services_new(setup, resolver, store, hostname);
	sv->notifier = notifier_new();
	daemon_tasks_clock(sv);
	daemon_tasks_recall(sv, setup);
	return sv;
}

static struct setup *
load_setup(const char *path, char **why)
{
	struct conf *c = conf_load(path, why);

	return c != NULL ? setup_new(c, why) : NULL;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_list(const struct strings *a, const struct strings *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->s[i], b->s[i]) != 0)
			return false;
	return true;
}

/* Warn about changed options that take effect only at a restart. */
static void
warn_restart(const struct conf *old, const struct conf *new)
{
	if (!same_text(old->socket, new->socket) ||
	    !same_text(old->socket_group, new->socket_group) ||
	    !same_text(old->socket_owner, new->socket_owner) ||
	    old->socket_mode != new->socket_mode ||
	    !same_text(old->pid_file, new->pid_file) ||
	    !same_list(&old->resolver.servers, &new->resolver.servers) ||
	    !same_text(old->state, new->state) ||
	    !same_text(old->control_socket, new->control_socket) ||
	    !same_text(old->state_password_file, new->state_password_file) ||
	    !same_text(old->state_ca_file, new->state_ca_file) ||
	    old->state_timeout != new->state_timeout ||
	    !same_text(old->user, new->user) ||
	    !same_text(old->resolver.trust_anchor, new->resolver.trust_anchor))
		log_printf(LOG_LEVEL_WARNING, "%s: changes of socket, state, "
		    "control-socket, pid-file, user, servers and trust-anchor "
		    "take effect at the next restart", new->path);
}

static void
reload(struct services *sv, const char *path)
{
	char		*why = NULL;
	struct setup	*st = load_setup(path, &why), *old;

	if (st == NULL) {
		log_printf(LOG_LEVEL_ERROR, "reload failed, the old "
		    "configuration remains in use: %s", why);
		free(why);
		return;
	}
	old = services_setup(sv);
	warn_restart(old->conf, st->conf);
	/* the store may be away */
	keyseen_inherit(st->keys, old->keys);
	setup_unref(&old);
	log_printf(LOG_LEVEL_INFO, "reloaded %s: %zu listeners, %zu users, "
	    "%zu keys", path, st->conf->nlisteners,
	    users_count(st->conf->users), keyring_count(st->keys));
	daemon_tasks_recall(sv, st);
	services_swap(sv, st);
	daemon_tasks_reloaded();
}

static void *
serve_thread(void *arg)
{
	bool ok = mfi_run(arg);

	if (!ok)
		log_printf(LOG_LEVEL_ERROR, "libmilter has failed; the "
		    "daemon stops");
	atomic_store(&mfi_ended, true);
	on_signal(SIGTERM);
	return NULL;
}

static bool
is_reload(unsigned char number)
{
	return number == SIGHUP || number == SIGUSR1;
}

/* Run the periodic tasks, and reload on request, until SIGTERM or SIGINT. */
static void
run_until_stopped(struct services *sv, const char *conf_path)
{
	struct pollfd	pfd = { signal_pipe[0], POLLIN, 0 };
	unsigned char	number;

	daemon_tasks_start(sv);
	for (;;) {
		poll(&pfd, 1, daemon_tasks_run(sv));
		while (read(signal_pipe[0], &number, 1) == 1) {
			if (!is_reload(number))
				return;
			reload(sv, conf_path);
		}
	}
}

/* Has a signal to stop arrived? During a stop there is no reload. */
static bool
told_to_stop(void)
{
	unsigned char number;

	while (read(signal_pipe[0], &number, 1) == 1) {
		if (!is_reload(number))
			return true;
		log_printf(LOG_LEVEL_INFO, "not reloaded: the daemon stops "
		    "after the messages in progress");
	}
	return false;
}

/* Wait for messages that have begun; a second SIGTERM ends the wait. */
static void
drain(void)
{
	struct pollfd	pfd = { signal_pipe[0], POLLIN, 0 };
	uint64_t	end = monotonic_ms() + DRAIN_SECONDS * 1000;

	mfi_drain();
	while (mfi_open_messages() > 0 && !atomic_load(&mfi_ended) &&
	    monotonic_ms() < end) {
		poll(&pfd, 1, 100);
		if (told_to_stop())
			break;
	}
	if (mfi_open_messages() > 0)
		log_printf(LOG_LEVEL_WARNING, "%u messages were not "
		    "completed; the MTA handles them by its default action",
		    mfi_open_messages());
}

/*
 * Ends the process while libmilter's threads still run. They hold nothing that
 * must be saved, and smfi_stop() would wait up to five seconds for the
 * listener's poll to end.
 */
static void
daemon_stop(struct services *sv, const struct conf *c)
{
	const struct counters	*n = &sv->counters;
	bool			 failed = atomic_load(&mfi_ended);

	notify_stopping();
	if (!failed)
		drain();
	notifier_stop(sv->notifier);
	control_close(&control);
	daemon_tasks_last(sv);
	daemon_socket_remove(c);
	if (c->pid_file != NULL)
		unlink(c->pid_file);
	log_printf(LOG_LEVEL_INFO, "stopped: connections=%llu messages=%llu "
	    "accepted=%llu held=%llu deferred=%llu rejected=%llu aborted=%llu",
	    (unsigned long long)atomic_load(&n->connections),
	    (unsigned long long)atomic_load(&n->messages),
	    (unsigned long long)atomic_load(&n->accepted),
	    (unsigned long long)atomic_load(&n->held),
	    (unsigned long long)atomic_load(&n->deferred),
	    (unsigned long long)atomic_load(&n->rejected),
	    (unsigned long long)atomic_load(&n->aborted));
	fflush(NULL);
	_exit(failed ? STATUS_TROUBLE : 0);
}

/*
 * Opened as root, but written only when everything else is open, so that a
 * failed start does not overwrite the pid of a running daemon. False with
 * *why.
 */
static bool
open_pid_file(const char *path, int *fd, char **why)
{
	*fd = -1;
	if (path == NULL)
		return true;
	*fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return *fd != -1 || why_set(why, "pid-file \"%s\": %s; check that "
	    "its directory exists", path, strerror(errno));
}

static void
write_pid(int fd)
{
	if (fd == -1)
		return;
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		log_printf(LOG_LEVEL_WARNING, "pid-file: %s", strerror(errno));
	close(fd);
}

/*
 * Go into the background. The parent exits with status 0 when the child writes
 * a byte to the returned descriptor, that is, when it is ready to serve.
 */
static int
detach(void)
{
	int	fd[2], status = STATUS_TROUBLE;
	char	ready;
	pid_t	pid;

	if (pipe2(fd, O_CLOEXEC) != 0 || (pid = fork()) == -1)
		return -1;
	if (pid > 0) {
		close(fd[1]);
		if (read(fd[0], &ready, 1) == 1)
			status = 0;
		_exit(status);
	}
	close(fd[0]);
	setsid();
	return fd[1];
}

/* `fd` is of detach(); -1: the daemon is in the foreground. */
static void
report_ready(int fd)
{
	int null;

	notify_ready();
	if (fd == -1)
		return;
	if (chdir("/") != 0)
		log_printf(LOG_LEVEL_WARNING, "chdir /: %s", strerror(errno));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null != -1) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	if (write(fd, "r", 1) != 1)
		log_printf(LOG_LEVEL_WARNING, "cannot report readiness to the "
		    "parent process: %s", strerror(errno));
	close(fd);
}

/* Called after privileges are dropped: the daemon's user must remove it. */
static struct services *
open_control(struct services *sv, char **why)
{
	struct setup	*st;
	const char	*path;

	if (sv == NULL)
		return NULL;
	st = services_setup(sv);
	path = st->conf->control_socket;
	if (strcmp(path, CONF_NO_SOCKET) != 0) {
		control = control_open(path, sv, why);
		if (control == NULL)
			services_free(&sv);
	}
	setup_unref(&st);
	return sv;
}

/* The part of the start that needs no root. Takes over `setup`. */
static struct services *
start_as_user(struct setup *setup, int pid_fd, char **why)
{
	struct services *sv = NULL;

	if (privileges_drop(setup->conf->user, why))
		sv = open_control(daemon_services(setup, why), why);
	else
		setup_unref(&setup);
	if (sv != NULL)
		write_pid(pid_fd);
	return sv;
}

/* Everything up to the point where mail can be served. */
static struct services *
daemon_start(const struct daemon_options *o, int *ready_fd, char **why)
{
	struct setup	*setup = load_setup(o->conf_path, why);
	int		 pid_fd;

	if (setup == NULL)
		return NULL;
	if (setup->conf->warnings[0] != '\0')
		log_printf(LOG_LEVEL_WARNING, "%s", setup->conf->warnings);
	if (!privileges_known(setup->conf->user, why) ||
	    !privileges_may_connect(setup->conf->user,
	    setup->conf->socket_group, why) ||
	    !daemon_socket_open(setup->conf, why)) {
		setup_unref(&setup);
		return NULL;
	}
	if (!o->foreground && (*ready_fd = detach()) == -1)
		why_set(why, "fork: %s", strerror(errno));
	else if (open_pid_file(setup->conf->pid_file, &pid_fd, why))
		return start_as_user(setup, pid_fd, why);
	setup_unref(&setup);
	return NULL;
}

int
daemon_run(const struct daemon_options *o)
{
	char		*why = NULL, *path = realpath(o->conf_path, NULL);
	struct services	*sv = NULL;
	struct setup	*first;
	pthread_t	 thread;
	int		 ready_fd = -1, error;
	struct daemon_options absolute = *o;

	if (path != NULL)	/* a reload reads it after chdir */
		absolute.conf_path = path;
	/*
	 * Signals come first: SIGTERM may arrive as soon as the socket exists.
	 * Until log_open() messages go to stderr.
	 */
	if (!signals_open())
		why_set(&why, "cannot catch signals: %s", strerror(errno));
	else
		sv = daemon_start(&absolute, &ready_fd, &why);
	if (sv == NULL) {
		log_printf(LOG_LEVEL_ERROR, "%s", why);
		free(why);
		free(path);
		return STATUS_TROUBLE;
	}
	log_open("millgate", o->foreground);
	raise_file_limit();
	first = services_setup(sv);
	error = pthread_create(&thread, NULL, serve_thread, sv);
	if (error != 0) {
		log_printf(LOG_LEVEL_ERROR, "cannot start the libmilter "
		    "thread: %s", strerror(error));
		return STATUS_TROUBLE;
	}
	log_printf(LOG_LEVEL_INFO, "ready on %s: mode=%s listeners=%zu "
	    "users=%zu keys=%zu", first->conf->socket,
	    first->conf->mode == MODE_ENFORCE ? "enforce" : "monitor",
	    first->conf->nlisteners, users_count(first->conf->users),
	    keyring_count(first->keys));
	report_ready(ready_fd);
	run_until_stopped(sv, absolute.conf_path);
	daemon_stop(sv, first->conf);
	return 0;
}
