/*
 * directory_thread - the threads that ask a database
 *
 * Each has one link, to one host. After a failure of all hosts, the questions
 * that wait fail, too: each would take as long again.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "directory_priv.h"

#define WHY_MAX		(DIRECTORY_ERROR + 320)	/* with the server's name */

static atomic_bool started;

struct thread {
	struct directory *d;
	void		*link;		/* NULL: none */
	size_t		 host;		/* of the link */
	bool		 used;		/* it has answered before */
	struct directory_answer *answer;
	char		 why[DIRECTORY_ERROR];
	const char	*server;	/* that said so */
};

static void
thread_hang_up(struct thread *t)
{
	if (t->link != NULL)
		t->d->driver->close(t->link);
	t->link = NULL;
}

/* --- hosts --------------------------------------------------------------- */

/* Is a host before the link's good again? Locked. */
static bool
thread_has_better_host(const struct thread *t, uint64_t now)
{
	size_t i;

	for (i = 0; i < t->host; i++)
		if (t->d->host_away[i] <= now)
			return true;
	return false;
}

/*
 * The host to try: the first that is good, else one that failed; those in
 * `tried` failed just now. False: none is left. One thread at a time tries a
 * host that was away. Locked.
 */
static bool
thread_choose_host(struct thread *t, const bool *tried, uint64_t now)
{
	struct directory	*d = t->d;
	size_t			 i, n = d->place.nhosts, best = n;

	for (i = 0; i < n; i++) {
		if (tried[i])
			continue;
		if (d->host_away[i] <= now) {
			best = i;
			break;
		}
		if (best == n)
			best = i;
	}
	if (best == n)
		return false;
	t->host = best;
	if (d->host_away[best] != 0)
		d->host_away[best] = now + DIRECTORY_AWAY;
	return true;
}

static void
thread_host_failed(struct thread *t, struct directory_job *j, bool *tried)
{
	struct directory	*d = t->d;
	bool			 first;

	tried[t->host] = true;
	pthread_mutex_lock(&d->lock);
	first = d->host_away[t->host] == 0;
	d->host_away[t->host] = directory_job_now(j) + DIRECTORY_AWAY;
	pthread_mutex_unlock(&d->lock);
	if (first && d->place.nhosts > 1)
		log_printf(LOG_LEVEL_WARNING, "%s: %s: %s; the other hosts are "
		    "used", d->place.shown, d->server[t->host], t->why);
}

static void
thread_host_good(struct thread *t)
{
	struct directory	*d = t->d;
	bool			 again;

	t->used = true;
	pthread_mutex_lock(&d->lock);
	again = d->host_away[t->host] != 0;
	d->host_away[t->host] = 0;
	pthread_mutex_unlock(&d->lock);
	if (again && d->place.nhosts > 1)
		log_printf(LOG_LEVEL_INFO, "%s: %s answers again",
		    d->place.shown, d->server[t->host]);
}

/* --- one question -------------------------------------------------------- */

static bool
thread_connect(struct thread *t, struct directory_job *j, const bool *tried)
{
	struct directory	*d = t->d;
	bool			 found;

	pthread_mutex_lock(&d->lock);
	found = thread_choose_host(t, tried, directory_job_now(j));
	pthread_mutex_unlock(&d->lock);
	if (!found)
		return false;
	t->server = d->server[t->host];
	t->used = false;
	t->why[0] = '\0';
	t->link = d->driver->open(&d->place, &d->place.host[t->host], t->why);
	return true;
}

/* BROKEN: the link is closed; DONE or REFUSED: the server has answered. */
static enum directory_ask
thread_ask_link(struct thread *t, struct directory_job *j)
{
	enum directory_ask result;

	directory_answer_reset(t->answer);
	t->server = t->d->server[t->host];
	t->why[0] = '\0';
	result = t->d->driver->ask(t->link, &j->question, t->answer, t->why);
	if (result == DIRECTORY_ASK_BROKEN)
		thread_hang_up(t);
	if (!directory_answer_is_refused(t->answer))
		return result;
	why_print(t->why, sizeof(t->why), "%s",
	    directory_answer_why(t->answer));
	return DIRECTORY_ASK_REFUSED;
}

/* Ask the hosts in turn. BROKEN: none has answered; t->why is the last's. */
static enum directory_ask
thread_ask(struct thread *t, struct directory_job *j)
{
	bool			*tried = arena_array(j->arena,
				    t->d->place.nhosts, sizeof(*tried));
	enum directory_ask	 result;
	bool			 used;

	for (;;) {
		if (t->link == NULL && !thread_connect(t, j, tried))
			return DIRECTORY_ASK_BROKEN;
		used = t->used;
		result = t->link != NULL ? thread_ask_link(t, j) :
		    DIRECTORY_ASK_BROKEN;
		if (result != DIRECTORY_ASK_BROKEN) {
			thread_host_good(t);
			return result;
		}
		/* the server may have closed an idle link: once more */
		if (!used)
			thread_host_failed(t, j, tried);
	}
}

static struct directory_pack *
thread_pack_error(struct thread *t)
{
	char why[WHY_MAX];

	why_print(why, sizeof(why), "%.*s: %s", 300, t->server, t->why);
	return directory_pack_error(why, t->server);
}

/* --- the state of the database ------------------------------------------- */

/* No host has answered. Locked. */
static void
thread_database_failed(struct directory *d, struct directory_job *j,
    struct directory_pack *p)
{
	struct directory_job *waiting;

	d->away = true;
	d->retry = directory_job_now(j) + DIRECTORY_PAUSE;
	directory_pack_free(&d->trouble);
	d->trouble = directory_pack_ref(p);
	while ((waiting = d->first) != NULL) {
		d->first = waiting->next;
		directory_job_done(d, waiting, p);
		directory_job_unref(&waiting);
	}
	d->last = &d->first;
	d->waiting = 0;
}

static void
thread_log(const struct thread *t, bool was_away, bool broken)
{
	const struct directory *d = t->d;

	if (broken && !was_away)
		log_printf(LOG_LEVEL_WARNING, "%s: %s%s%s", d->place.shown,
		    d->place.nhosts > 1 ? t->server : "",
		    d->place.nhosts > 1 ? ": " : "", t->why);
	if (!broken && was_away)
		log_printf(LOG_LEVEL_INFO, "%s answers again", d->place.shown);
}

/* A pack for the job, and the state of the database after it. */
static void
thread_finish(struct thread *t, struct directory_job *j,
    enum directory_ask result)
{
	struct directory	*d = t->d;
	struct directory_pack	*p;
	bool			 broken = result == DIRECTORY_ASK_BROKEN;
	bool			 was_away;

	if (result == DIRECTORY_ASK_DONE)
		p = directory_pack_answer(t->answer, t->server,
		    j->key == NULL);
	else
		p = thread_pack_error(t);
	pthread_mutex_lock(&d->lock);
	was_away = d->away;
	if (result == DIRECTORY_ASK_DONE && j->key != NULL && !j->forgotten)
		directory_cache_add(d->cache, j->key, j->now, p);
	directory_job_done(d, j, p);
	d->busy--;
	if (broken)
		thread_database_failed(d, j, p);
	else
		d->away = false;
	pthread_mutex_unlock(&d->lock);
	thread_log(t, was_away, broken);
	directory_pack_free(&p);
}

static void
thread_run(struct thread *t, struct directory_job *j)
{
	t->answer = directory_answer_new(j->arena);
	thread_finish(t, j, thread_ask(t, j));
}

/* --- the thread ---------------------------------------------------------- */

/* The next job that a caller waits for, or NULL. Locked. */
static struct directory_job *
thread_take(struct directory *d)
{
	struct directory_job *j;

	while ((j = d->first) != NULL) {
		d->first = j->next;
		if (d->first == NULL)
			d->last = &d->first;
		d->waiting--;
		if (j->callers > 0)
			return j;
		/* all have left */
		directory_job_done(d, j, NULL);
		directory_job_unref(&j);
	}
	return NULL;
}

/* False: nothing to do for so long that the thread ends. Locked. */
static bool
thread_wait(struct directory *d)
{
	struct timespec	until = monotonic_in(DIRECTORY_IDLE);
	int		error = 0;

	while (!d->ending && d->first == NULL && error == 0)
		error = pthread_cond_timedwait(&d->work, &d->lock, &until);
	return !d->ending && d->first != NULL;
}

static void *
directory_thread(void *arg)
{
	struct directory	*d = arg;
	struct thread		 t = { .d = d };
	struct directory_job	*j;

	pthread_mutex_lock(&d->lock);
	while (!d->ending && (d->first != NULL || thread_wait(d))) {
		j = thread_take(d);
		if (j == NULL)
			continue;
		d->busy++;
		d->counts.asked++;
		if (t.link != NULL &&
		    !thread_has_better_host(&t, directory_job_now(j)))
			pthread_mutex_unlock(&d->lock);
		else {
			pthread_mutex_unlock(&d->lock);
			thread_hang_up(&t);
		}
		thread_run(&t, j);
		pthread_mutex_lock(&d->lock);
		directory_job_unref(&j);
	}
	pthread_mutex_unlock(&d->lock);
	thread_hang_up(&t);
	pthread_mutex_lock(&d->lock);
	d->threads--;
	pthread_cond_broadcast(&d->gone);
	directory_leave(d);
	return NULL;
}

/* The thread blocks all signals: they are for the main thread. */
bool
directory_thread_start(struct directory *d)
{
	pthread_attr_t	attr;
	pthread_t	thread;
	sigset_t	all, before;
	bool		ok;

	if (d->threads - d->busy >= d->waiting || d->threads == DIRECTORY_LINKS)
		return true;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	ok = pthread_create(&thread, &attr, directory_thread, d) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (ok) {
		atomic_store(&started, true);
		d->threads++;
		d->uses++;
	}
	return ok || d->threads > 0;
}

bool
directory_has_threads(void)
{
	return atomic_load(&started);
}
