/*
 * notifier - run the site's command for an event, outside the mail path
 *
 * A slot is free, filled by a session, or taken by the thread. The lock guards
 * the states. The contents of a taken slot belong to the thread, which starts,
 * reaps and kills commands without the lock, because exec may hang on a dead
 * file server.
 *
 * There is no portable wait for a process with a timeout. While a command runs,
 * the thread checks for its end fifty times a second.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "session/notifier.h"

#define LOOK_MS		20
#define VARIABLES	13

enum slot_state { SLOT_FREE, SLOT_FILLED, SLOT_TAKEN };

struct slot {
	enum slot_state	 state;		/* guarded by the lock */
	bool		 running;	/* used by the thread only */
	char		*command;
	char		*variable[VARIABLES + 1];
	unsigned	 timeout;	/* seconds */
	pid_t		 pid;		/* and its process group */
	uint64_t	 deadline;	/* ticks */
	bool		 killed;
};

struct notifier {
	pthread_mutex_t	 lock;
	pthread_cond_t	 filled;
	pthread_t	 thread;
	bool		 started, stop;
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
slot_release(struct notifier *n, struct slot *s)
{
	size_t i;

	free(s->command);
	for (i = 0; i < VARIABLES; i++)
		free(s->variable[i]);
	pthread_mutex_lock(&n->lock);
	memset(s, 0, sizeof(*s));
	pthread_mutex_unlock(&n->lock);
}

static void
slot_start(struct notifier *n, struct slot *s)
{
	char	*argv[NOTIFIER_WORDS + 1];
	int	 error;

	split_command(s->command, argv);
	error = argv[0] == NULL ? ENOENT : spawn_command(&s->pid, argv,
	    s->variable);
	if (error != 0) {
		log_printf(LOG_LEVEL_WARNING, "notify-command \"%s\" cannot "
		    "be run: %s", s->command, strerror(error));
		slot_release(n, s);
		return;
	}
	s->deadline = monotonic_ms() + s->timeout * UINT64_C(1000);
	s->running = true;
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

/* Reap the command if it has ended, kill it if its time is over. */
static void
slot_check(struct notifier *n, struct slot *s)
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
	slot_release(n, s);
}

/* --- the thread --------------------------------------------------------- */

/* Take a filled slot for the thread; NULL: there is none. Locked. */
static struct slot *
slot_take(struct notifier *n)
{
	size_t i;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++) {
		if (n->slot[i].state == SLOT_FILLED) {
			n->slot[i].state = SLOT_TAKEN;
			return &n->slot[i];
		}
	}
	return NULL;
}

/* Check all commands; the number of those that still run. */
static size_t
slots_check(struct notifier *n)
{
	size_t i, running = 0;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++) {
		if (n->slot[i].running)
			slot_check(n, &n->slot[i]);
		if (n->slot[i].running)
			running++;
	}
	return running;
}

/* Called after `stop` is set, when sessions fill no slots any more. */
static void
slots_kill(struct notifier *n)
{
	size_t i;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++) {
		struct slot *s = &n->slot[i];

		if (s->running) {
			kill(-s->pid, SIGKILL);
			waitpid(s->pid, NULL, 0);
		}
		if (s->state != SLOT_FREE)
			slot_release(n, s);
	}
}

static void *
notifier_thread(void *arg)
{
	struct notifier	*n = arg;
	struct slot	*s;
	struct timespec	 soon;
	size_t		 running = 0;

	pthread_mutex_lock(&n->lock);
	while (!n->stop) {
		s = slot_take(n);
		if (s == NULL && running == 0) {
			pthread_cond_wait(&n->filled, &n->lock);
			continue;
		}
		if (s == NULL) {
			soon = monotonic_in(LOOK_MS);
			pthread_cond_timedwait(&n->filled, &n->lock, &soon);
		}
		pthread_mutex_unlock(&n->lock);
		if (s != NULL)
			slot_start(n, s);
		running = slots_check(n);
		pthread_mutex_lock(&n->lock);
	}
	pthread_mutex_unlock(&n->lock);
	slots_kill(n);
	return NULL;
}

/* The thread blocks all signals: they are for the main thread. Locked. */
static bool
notifier_start(struct notifier *n)
{
	sigset_t all, before;

	if (n->started)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	n->started = pthread_create(&n->thread, NULL, notifier_thread, n) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n->started;
}

/* --- for sessions ------------------------------------------------------- */

struct notifier *
notifier_new(void)
{
	struct notifier *n = xcalloc(1, sizeof(*n));

	pthread_mutex_init(&n->lock, NULL);
	monotonic_cond_init(&n->filled);
	return n;
}

void
notifier_stop(struct notifier *n)
{
	bool started;

	if (n == NULL)
		return;
	pthread_mutex_lock(&n->lock);
	started = n->started && !n->stop;
	n->stop = true;
	pthread_cond_signal(&n->filled);
	pthread_mutex_unlock(&n->lock);
	if (started)
		pthread_join(n->thread, NULL);
}

void
notifier_free(struct notifier **np)
{
	struct notifier *n = *np;

	*np = NULL;
	if (n == NULL)
		return;
	notifier_stop(n);
	pthread_cond_destroy(&n->filled);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/* "NAME=value"; control characters, which could end a line, become "?". */
static char *
env_text(const char *name, const char *value)
{
	struct buf	b = BUF_INIT;
	char		*p;

	buf_printf(&b, "%s=", name);
	if (value != NULL)
		buf_add(&b, value, strnlen(value, NOTIFIER_VALUE));
	for (p = b.data; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return b.data;
}

static char *
env_count(const char *name, const struct notice *e, uint64_t value)
{
	char text[24] = "unlimited";

	if (e->share == 0)
		text[0] = '\0';
	else if (value != UINT64_MAX)
		snprintf(text, sizeof(text), "%" PRIu64, value);
	return env_text(name, text);
}

static void
slot_fill(struct slot *s, const struct notifier_rules *r,
    const struct notice *e)
{
	char **v = s->variable;

	s->state = SLOT_FILLED;
	s->command = xstrdup(r->command);
	s->timeout = r->timeout;
	*v++ = env_text("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	*v++ = env_text("MILLGATE_EVENT", e->event);
	*v++ = env_text("MILLGATE_LOGIN", e->login);
	*v++ = env_text("MILLGATE_GROUP", e->group);
	*v++ = env_text("MILLGATE_PLAN", e->plan);
	*v++ = env_text("MILLGATE_UNIT", e->unit);
	*v++ = env_text("MILLGATE_WINDOW", e->window);
	*v++ = env_count("MILLGATE_USED", e, e->used);
	*v++ = env_count("MILLGATE_LIMIT", e, e->limit);
	*v++ = env_count("MILLGATE_SHARE", e, e->share);
	*v++ = env_text("MILLGATE_DOMAIN", e->domain);
	*v++ = env_text("MILLGATE_SELECTOR", e->selector);
	*v++ = env_text("MILLGATE_REASON", e->reason != NULL ? e->reason :
	    e->hint);
}

/* NULL: `parallel` slots are in use. Locked. */
static struct slot *
slot_find_free(struct notifier *n, unsigned parallel)
{
	struct slot	*s = NULL;
	unsigned	 used = 0;
	size_t		 i;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++) {
		if (n->slot[i].state != SLOT_FREE)
			used++;
		else if (s == NULL)
			s = &n->slot[i];
	}
	return used < parallel ? s : NULL;
}

bool
notifier_event(struct notifier *n, const struct notifier_rules *r,
    const struct notice *e)
{
	struct slot *s = NULL;

	if (n == NULL || r->command == NULL)
		return false;
	pthread_mutex_lock(&n->lock);
	if (!n->stop && notifier_start(n))
		s = slot_find_free(n, r->parallel);
	if (s != NULL) {
		slot_fill(s, r, e);
		pthread_cond_signal(&n->filled);
	}
	pthread_mutex_unlock(&n->lock);
	return s != NULL;
}
