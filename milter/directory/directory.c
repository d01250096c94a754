/*
 * directory - questions to a database of the site
 *
 * The callers' side: the cache, the open questions that a caller may join, and
 * the wait for a thread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "directory_priv.h"

#define PARTING_MS	100u	/* for threads that have nothing to do */
#define CONNECT_MIN	100u	/* milliseconds for one host */
#define STALE_LOG_MS	60000u

/* --- the place ----------------------------------------------------------- */

const struct directory_driver *
directory_driver_of(enum directory_kind kind)
{
	switch (kind) {
	case DIRECTORY_SQLITE:
		return directory_sqlite;
	case DIRECTORY_PGSQL:
		return directory_pgsql;
	case DIRECTORY_MYSQL:
		return directory_mysql;
	case DIRECTORY_LDAP:
		return directory_ldap;
	}
	return NULL;
}

const char *
directory_drivers(void)
{
	static const char *const names[] = {
		"sqlite", "sqlite pgsql", "sqlite mysql",
		"sqlite pgsql mysql", "sqlite ldap", "sqlite pgsql ldap",
		"sqlite mysql ldap", "sqlite pgsql mysql ldap"
	};

	return names[(directory_pgsql != NULL ? 1 : 0) +
	    (directory_mysql != NULL ? 2 : 0) +
	    (directory_ldap != NULL ? 4 : 0)];
}

static const char *
place_port(const struct directory_place *p, const struct directory_host *h)
{
	if (h->port[0] != '\0')
		return h->port;
	switch (p->kind) {
	case DIRECTORY_PGSQL:
		return "5432";
	case DIRECTORY_MYSQL:
		return "3306";
	case DIRECTORY_LDAP:
		return p->tls_at_once ? "636" : "389";
	case DIRECTORY_SQLITE:
		break;
	}
	return "";
}

static const char *
place_server(const struct directory_place *p, const struct directory_host *h,
    struct arena *a)
{
	const char *name = h->name;

	if (p->kind == DIRECTORY_SQLITE)
		return arena_strdup(a, p->database);
	if (name[0] == '\0')
		return "local socket";
	if (name[0] == '/')
		return arena_strdup(a, name);
	return arena_printf(a, strchr(name, ':') != NULL ? "[%s]:%s" : "%s:%s",
	    name, place_port(p, h));
}

static void
place_copy_hosts(struct directory *d, const struct directory_place *p)
{
	static const struct directory_host none = { "", "" };
	const struct directory_host *from = p->nhosts > 0 ? p->host : &none;
	size_t			 i, n = p->nhosts > 0 ? p->nhosts : 1;
	struct directory_host	*host = arena_array(d->arena, n,
				    sizeof(*host));

	d->server = arena_array(d->arena, n, sizeof(*d->server));
	d->host_away = arena_array(d->arena, n, sizeof(*d->host_away));
	for (i = 0; i < n; i++) {
		host[i].name = arena_strdup(d->arena, from[i].name);
		host[i].port = arena_strdup(d->arena, from[i].port);
		d->server[i] = place_server(p, &host[i], d->arena);
	}
	d->place.host = host;
	d->place.nhosts = n;
}

static void
place_copy(struct directory *d, const struct directory_place *p)
{
	struct arena *a = d->arena;

	d->place = *p;
	place_copy_hosts(d, p);
	d->place.shown = arena_strdup(a, p->shown);
	d->place.user = arena_strdup(a, p->user);
	d->place.database = arena_strdup(a, p->database);
	d->place.password = arena_strdup(a, p->password);
	d->place.password_file = arena_strdup(a, p->password_file);
	d->place.ca_file = arena_strdup(a, p->ca_file);
	d->place.connect = p->timeout / (unsigned)d->place.nhosts;
	if (d->place.connect < CONNECT_MIN)
		d->place.connect = CONNECT_MIN;
}

/* --- owners -------------------------------------------------------------- */

struct directory *
directory_new_driver(const struct directory_place *p,
    const struct directory_driver *driver)
{
	struct directory *d = xcalloc(1, sizeof(*d));

	d->arena = arena_new(0);
	place_copy(d, p);
	d->driver = driver;
	d->cache = directory_cache_new(p->cache, p->stale, DIRECTORY_KEPT);
	pthread_mutex_init(&d->lock, NULL);
	monotonic_cond_init(&d->work);
	monotonic_cond_init(&d->gone);
	d->last = &d->first;
	d->owners = d->uses = 1;
	return d;
}

struct directory *
directory_new(const struct directory_place *p)
{
	return directory_new_driver(p, directory_driver_of(p->kind));
}

struct directory *
directory_ref(struct directory *d)
{
	pthread_mutex_lock(&d->lock);
	d->owners++;
	pthread_mutex_unlock(&d->lock);
	return d;
}

void
directory_leave(struct directory *d)
{
	struct directory_job	*j;
	bool			 last = --d->uses == 0;

	while (last && (j = d->first) != NULL) {
		d->first = j->next;
		directory_job_done(d, j, NULL);
		directory_job_unref(&j);
	}
	pthread_mutex_unlock(&d->lock);
	if (!last)
		return;
	directory_pack_free(&d->trouble);
	directory_cache_free(&d->cache);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->work);
	pthread_cond_destroy(&d->gone);
	arena_wipe(&d->arena);		/* may have a password */
	free(d);
}

void
directory_free(struct directory **dp)
{
	struct directory	*d = *dp;
	struct timespec		 until = monotonic_in(PARTING_MS);
	int			 error = 0;

	if (d == NULL)
		return;
	*dp = NULL;
	pthread_mutex_lock(&d->lock);
	if (--d->owners > 0) {
		pthread_mutex_unlock(&d->lock);
		return;
	}
	d->ending = true;
	pthread_cond_broadcast(&d->work);
	while (d->threads > 0 && error == 0)
		error = pthread_cond_timedwait(&d->gone, &d->lock, &until);
	directory_leave(d);
}

/* --- one question -------------------------------------------------------- */

/* An open question of this key, or NULL. Locked. */
static struct directory_job *
find_open(const struct directory *d, const char *key)
{
	struct directory_job *j;

	for (j = key != NULL ? d->open : NULL; j != NULL; j = j->after)
		if (j->key != NULL && !j->forgotten &&
		    strcmp(j->key, key) == 0)
			return j;
	return NULL;
}

/* After a failure, one question at a time is tried after a pause. Locked. */
static bool
find_may_ask(const struct directory *d, uint64_t now)
{
	return !d->away || (!d->trying && now >= d->retry);
}

/* Open a question; NULL with the reason in *why. Locked. */
static struct directory_job *
find_enqueue(struct directory *d, const char *key,
    const struct directory_question *q, uint64_t now, const char **why)
{
	struct directory_job *j;

	if (d->waiting >= DIRECTORY_WAITING) {
		*why = "too many questions are open; raise the limits of the "
		    "database, or users-cache";
		return NULL;
	}
	j = directory_job_new(key, q, now);
	j->after = d->open;
	if (d->open != NULL)
		d->open->before = j;
	d->open = j;
	*d->last = j;
	d->last = &j->next;
	d->waiting++;
	j->trial = d->away;
	d->trying = d->trying || d->away;
	if (directory_thread_start(d)) {
		pthread_cond_signal(&d->work);
		return j;
	}
	/* without any thread, this is the only job */
	d->first = NULL;
	d->last = &d->first;
	d->waiting = 0;
	directory_job_done(d, j, NULL);
	directory_job_unref(&j);
	*why = "no thread can be started; raise the limit of tasks";
	return NULL;
}

/* Wait for the answer; NULL: the time is over. Locked. */
static struct directory_pack *
find_wait(struct directory *d, struct directory_job *j)
{
	struct timespec		 until = monotonic_in(d->place.timeout);
	struct directory_pack	*p = NULL;
	int			 error = 0;

	j->refs++;
	j->callers++;
	while (!j->done && error == 0)
		error = pthread_cond_timedwait(&j->ready, &d->lock, &until);
	if (j->done && j->pack != NULL)
		p = directory_pack_ref(j->pack);
	j->callers--;
	directory_job_unref(&j);
	return p;
}

static struct directory_pack *
find_in_cache(struct directory *d, const char *key, uint64_t now, bool *stale)
{
	return key != NULL ? directory_cache_find(d->cache, key, now, stale) :
	    NULL;
}

/* NULL with *why, or the answer of the database, which may be an error. */
static struct directory_pack *
find_locked(struct directory *d, const char *key,
    const struct directory_question *q, uint64_t now, const char **why)
{
	struct directory_job	*j = find_open(d, key);
	struct directory_pack	*p;

	if (j == NULL && !find_may_ask(d, now))
		return directory_pack_ref(d->trouble);
	if (j == NULL)
		j = find_enqueue(d, key, q, now, why);
	if (j == NULL)
		return NULL;
	p = find_wait(d, j);
	if (p == NULL)
		*why = "no answer in time; check the database and the network, "
		    "or raise the time-out";
	return p;
}

/* --- replies ------------------------------------------------------------- */

static struct directory_reply
find_reply(struct directory_pack **pp, struct arena *a, bool cached,
    bool stale)
{
	struct directory_reply r = directory_pack_reply(*pp, a);

	r.cached = cached;
	r.stale = stale;
	directory_pack_free(pp);
	return r;
}

/* Count it, and say once a minute that old answers are used. */
static void
find_count_stale(struct directory *d, uint64_t now, const char *why)
{
	bool log;

	pthread_mutex_lock(&d->lock);
	d->counts.stale++;
	log = now >= d->next_stale_log;
	if (log)
		d->next_stale_log = now + STALE_LOG_MS;
	pthread_mutex_unlock(&d->lock);
	if (log)
		log_printf(LOG_LEVEL_WARNING, "%s: older answers are used%s%s",
		    d->place.shown, why != NULL ? ": " : "",
		    why != NULL ? why : "");
}

/* The question failed: the older answer, or the error. */
static struct directory_reply
find_failed(struct directory *d, const char *key, uint64_t now,
    struct directory_reply error, struct arena *a)
{
	struct directory_pack *p = NULL;

	if (key != NULL)
		p = directory_cache_stale(d->cache, key, now, DIRECTORY_PAUSE);
	if (p != NULL) {
		find_count_stale(d, now, error.why);
		return find_reply(&p, a, true, true);
	}
	pthread_mutex_lock(&d->lock);
	d->counts.failed++;
	pthread_mutex_unlock(&d->lock);
	return error;
}

static struct directory_reply
find_unknown(const struct directory *d, const char *why, struct arena *a)
{
	struct directory_reply r = { .result = DIRECTORY_UNKNOWN };

	r.server = arena_strdup(a, d->place.nhosts == 1 ? d->server[0] :
	    d->place.shown);
	r.why = arena_printf(a, "%s: %s", r.server, why);
	return r;
}

static struct directory_reply
find_cached(struct directory *d, struct directory_pack **pp, bool stale,
    uint64_t now, struct arena *a)
{
	if (stale)
		find_count_stale(d, now, NULL);
	atomic_fetch_add_explicit(&d->cached, 1, memory_order_relaxed);
	return find_reply(pp, a, true, stale);
}

/* What the cache had no answer for. */
static struct directory_reply
find_asked(struct directory *d, const char *key,
    const struct directory_question *q, uint64_t now, struct arena *a)
{
	uint64_t		 started = monotonic_ms();
	struct directory_pack	*p, *cached;
	struct directory_reply	 r;
	const char		*why = NULL;
	bool			 stale = false;

	pthread_mutex_lock(&d->lock);
	/* another caller may have got the answer just now */
	p = cached = find_in_cache(d, key, now, &stale);
	if (p == NULL)
		p = find_locked(d, key, q, now, &why);
	pthread_mutex_unlock(&d->lock);
	if (cached != NULL)
		return find_cached(d, &p, stale, now, a);
	r = p != NULL ? find_reply(&p, a, false, false) :
	    find_unknown(d, why, a);
	if (r.result != DIRECTORY_UNKNOWN)
		return r;
	now += monotonic_ms() - started;
	return find_failed(d, key, now, r, a);
}

struct directory_reply
directory_find(struct directory *d, const char *key,
    const struct directory_question *q, uint64_t now, struct arena *a)
{
	struct directory_pack	*p;
	bool			 stale = false;

	p = find_in_cache(d, key, now, &stale);
	if (p != NULL)
		return find_cached(d, &p, stale, now, a);
	return find_asked(d, key, q, now, a);
}

/* --- the cache ----------------------------------------------------------- */

void
directory_forget(struct directory *d, const char *key)
{
	struct directory_job *j;

	pthread_mutex_lock(&d->lock);
	for (j = d->open; j != NULL; j = j->after)
		if (key == NULL || (j->key != NULL &&
		    strcmp(j->key, key) == 0))
			j->forgotten = true;
	directory_cache_forget(d->cache, key);
	pthread_mutex_unlock(&d->lock);
}

void
directory_count(struct directory *d, struct directory_counts *c)
{
	pthread_mutex_lock(&d->lock);
	*c = d->counts;
	pthread_mutex_unlock(&d->lock);
	c->cached = atomic_load(&d->cached);
	c->kept = directory_cache_count(d->cache);
}
