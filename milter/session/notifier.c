/*
 * notifier - run the site's command for an event, outside the mail path
 *
 * A slot is free, filled by a session, or taken by the thread. The lock guards
 * the states; what is in a taken slot belongs to the thread, which starts,
 * reaps and kills without the lock: exec may hang on a dead file server.
 *
 * The kernel has no wait for a process with a time limit that is everywhere:
 * while a command runs the thread looks for its end fifty times a second.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
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
#define VARIABLES	9

enum slot_state { SLOT_FREE, SLOT_FILLED, SLOT_TAKEN };

struct slot {
	enum slot_state	 state;		/* guarded by the lock */
	bool		 running;	/* the thread's own view */
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

/* --- one command --------------------------------------------------------- */

/* Words are parted by blanks; `text` is cut up. */
static void
split(char *text, char *argv[NOTIFIER_WORDS + 1])
{
	char	*save = NULL, *word;
	size_t	 n = 0;

	for (word = strtok_r(text, " \t", &save);
	    word != NULL && n < NOTIFIER_WORDS;
	    word = strtok_r(NULL, " \t", &save))
		argv[n++] = word;
	argv[n] = NULL;
}

/* Nothing of ours goes along: descriptors, signals, directory, group. */
static int
spawn(pid_t *pid, char *const argv[], char *const envp[])
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
slot_clear(struct notifier *n, struct slot *s)
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

	split(s->command, argv);
	error = argv[0] == NULL ? ENOENT : spawn(&s->pid, argv, s->variable);
	if (error != 0) {
		log_printf(LOG_LEVEL_WARNING, "notify-command \"%s\" cannot "
		    "be run: %s", s->command, strerror(error));
		slot_clear(n, s);
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
		    "killed after %u seconds", s->command, s->timeout);
	else if (WIFSIGNALED(status))
		log_printf(LOG_LEVEL_WARNING, "notify-command \"%s\" ended by "
		    "signal %d", s->command, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_printf(LOG_LEVEL_WARNING, "notify-command \"%s\" ended "
		    "with status %d", s->command, WEXITSTATUS(status));
}

/* Has it ended, or must it? */
static void
slot_look(struct notifier *n, struct slot *s)
{
	siginfo_t	info = { .si_pid = 0 };
	int		status = 0;

	/* not reaped yet, so that nobody else has its process group's number */
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
	slot_clear(n, s);
}

/* --- the thread ---------------------------------------------------------- */

/* A filled slot, which is the thread's from now on; NULL: none. Locked. */
static struct slot *
next_filled(struct notifier *n)
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

/* How many still run. */
static size_t
look_at_all(struct notifier *n)
{
	size_t i, running = 0;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++) {
		if (n->slot[i].running)
			slot_look(n, &n->slot[i]);
		if (n->slot[i].running)
			running++;
	}
	return running;
}

/* Nothing is filled any more. */
static void
kill_all(struct notifier *n)
{
	size_t i;

	for (i = 0; i < NOTIFIER_PARALLEL_MAX; i++) {
		struct slot *s = &n->slot[i];

		if (s->running) {
			kill(-s->pid, SIGKILL);
			waitpid(s->pid, NULL, 0);
		}
		if (s->state != SLOT_FREE)
			slot_clear(n, s);
	}
}

static void *
work(void *arg)
{
	struct notifier	*n = arg;
	struct slot	*s;
	struct timespec	 soon;
	size_t		 running = 0;

	pthread_mutex_lock(&n->lock);
	while (!n->stop) {
		s = next_filled(n);
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
		running = look_at_all(n);
		pthread_mutex_lock(&n->lock);
	}
	pthread_mutex_unlock(&n->lock);
	kill_all(n);
	return NULL;
}

/* Signals are the main thread's. Locked. */
static bool
start_thread(struct notifier *n)
{
	sigset_t all, before;

	if (n->started)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	n->started = pthread_create(&n->thread, NULL, work, n) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n->started;
}

/* --- for sessions -------------------------------------------------------- */

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

/* "NAME=value" with nothing in it that could end a line. */
static char *
variable(const char *name, const char *value)
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
number(const char *name, uint32_t value)
{
	char text[16] = "unlimited";

	if (value != UINT32_MAX)
		snprintf(text, sizeof(text), "%lu", (unsigned long)value);
	return variable(name, text);
}

static void
slot_fill(struct slot *s, const struct notifier_rules *r,
    const struct notice *e)
{
	char **v = s->variable;

	s->state = SLOT_FILLED;
	s->command = xstrdup(r->command);
	s->timeout = r->timeout;
	*v++ = variable("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	*v++ = variable("MILLGATE_EVENT", e->event);
	*v++ = variable("MILLGATE_LOGIN", e->login);
	*v++ = variable("MILLGATE_GROUP", e->group);
	*v++ = variable("MILLGATE_PLAN", e->plan);
	*v++ = variable("MILLGATE_UNIT", e->unit);
	*v++ = number("MILLGATE_USED", e->used);
	*v++ = number("MILLGATE_LIMIT", e->limit);
	*v++ = number("MILLGATE_SHARE", e->share);
}

/* Locked. NULL: as many as the rules allow are there. */
static struct slot *
free_slot(struct notifier *n, unsigned parallel)
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
	if (!n->stop && start_thread(n))
		s = free_slot(n, r->parallel);
	if (s != NULL) {
		slot_fill(s, r, e);
		pthread_cond_signal(&n->filled);
	}
	pthread_mutex_unlock(&n->lock);
	return s != NULL;
}
