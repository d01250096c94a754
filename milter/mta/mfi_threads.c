/*
 * mfi_threads - sessions for which libmilter cannot start a thread
 *
 * libmilter (worker.c of sendmail 8.17) marks a session as running before it
 * starts the thread that is to run it. If that fails, for example at a limit of
 * processes, it logs that and never looks at the session again: the MTA waits
 * until its timeout. So this program has a pthread_create() of its own. When
 * no thread can be started for a session, libmilter is told that one was, and
 * the session waits here. The timer of mfi_starved.c tries again, every 50 ms.
 * If the MTA gives up before, the thread finds a closed connection.
 */
#define _GNU_SOURCE	/* RTLD_NEXT */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "mfi_priv.h"

#define QUIET_MS	60000u	/* one line in the log for so long */

typedef void *(*thread_run)(void *);
typedef int (*create_call)(pthread_t *, const pthread_attr_t *, thread_run,
    void *);

struct waiting {
	struct waiting	*next;
	void		*session;
};

static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
/* from the first to the last, in the order of their begin */
static struct waiting	*first, **last = &first;
static uint64_t		 logged;	/* ms; 0: never */
static atomic_uint	 nwaiting;

/*
 * What libmilter's threads run. Before its listening thread accepts the first
 * connection, it starts such threads last.
 */
static _Atomic(thread_run) worker;
static _Thread_local thread_run latest;

/* That of a sanitizer, if it is in the program; it must know all threads. */
int	__interceptor_pthread_create(pthread_t *, const pthread_attr_t *,
	    thread_run, void *) __attribute__((weak));

static int
real_create(pthread_t *thread, const pthread_attr_t *attr, thread_run run,
    void *arg)
{
	static _Atomic(create_call)	real;
	create_call			call = atomic_load(&real);
	void				*found;

	if (call == NULL)
		call = __interceptor_pthread_create;
	if (call == NULL) {
		found = dlsym(RTLD_NEXT, "pthread_create");
		if (found == NULL)
			return ENOSYS;
		memcpy(&call, &found, sizeof(call));
		atomic_store(&real, call);
	}
	return call(thread, attr, run, arg);
}

static bool
is_news(void)
{
	const uint64_t	now = monotonic_ms();
	const bool	news = logged == 0 || now - logged > QUIET_MS;

	if (news)
		logged = now;
	return news;
}

static void
session_waits(void *session, int error)
{
	struct waiting	*w = xcalloc(1, sizeof(*w));
	bool		 news;

	w->session = session;
	pthread_mutex_lock(&lock);
	*last = w;
	last = &w->next;
	atomic_fetch_add(&nwaiting, 1);
	news = is_news();
	pthread_mutex_unlock(&lock);
	if (news)
		log_printf(LOG_LEVEL_ERROR, "no thread can be started for a "
		    "session of the MTA: %s; sessions wait until one can. In "
		    "the systemd unit, raise TasksMax; in a shell, raise "
		    "ulimit -u", strerror(error));
	mfi_timer_start();
}

/* Replaces libc's pthread_create() in this program. */
int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
	int error = real_create(thread, attr, run, arg);

	latest = run;
	if (error == 0 || arg == NULL || run != atomic_load(&worker))
		return error;
	session_waits(arg, error);
	return 0;
}

void
mfi_threads_note(void)
{
	if (atomic_load(&worker) == NULL && latest != NULL)
		atomic_store(&worker, latest);
}

bool
mfi_threads_wanted(void)
{
	return atomic_load(&nwaiting) > 0;
}

/* Only one thread takes sessions from the list. */
void
mfi_threads_retry(void)
{
	struct waiting	*w;
	pthread_t	 thread;

	while (mfi_threads_wanted()) {
		pthread_mutex_lock(&lock);
		w = first;
		pthread_mutex_unlock(&lock);
		if (real_create(&thread, NULL, atomic_load(&worker),
		    w->session) != 0)
			return;
		pthread_mutex_lock(&lock);
		first = w->next;
		if (first == NULL)
			last = &first;
		atomic_fetch_sub(&nwaiting, 1);
		pthread_mutex_unlock(&lock);
		free(w);
	}
}
