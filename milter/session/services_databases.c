/*
 * services_databases - the databases and tables of a setup: open, check, ask,
 * forget, and keep them over a reload
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "conf/users_query.h"
#include "directory/directory.h"
#include "directory/sender_maps.h"
#include "dkim/keybase.h"
#include "session/services.h"

/* A start or a reload waits for the databases so long at most. */
#define PROBE_MS	2000u

bool
setup_keybase_place(const struct conf *conf, struct keybase_place *p)
{
	*p = (struct keybase_place){
		.database = conf->signing.keys_database,
		.query = conf->signing.keys_query,
		.password_file = conf->signing.keys_password_file,
		.ca_file = conf->signing.keys_ca_file,
		.timeout = conf->users_timeout,
		.cache = conf->users_cache * 1000,
		.stale = conf->users_stale * 1000,
	};
	return p->database != NULL;
}

struct keybase *
setup_keybase(const struct conf *conf, char **why)
{
	struct keybase_place p;

	return setup_keybase_place(conf, &p) ? keybase_new(&p, why) : NULL;
}

struct users_query *
setup_users(const struct conf *conf)
{
	struct users_plans	 plans = { conf->plans, conf->nplans };
	struct directory_place	 place = {
		.password_file = conf->users_password_file,
		.ca_file = conf->users_ca_file,
		.timeout = conf->users_timeout,
		.cache = conf->users_cache * 1000,
		.stale = conf->users_stale * 1000
	};
	struct arena		*a;
	struct users_query	*q = NULL;

	if (conf->users_database == NULL)
		return NULL;
	a = arena_new(0);
	/* the configuration has been checked */
	if (directory_place_parse(conf->users_database, a, &place) == NULL)
		q = users_query_new(&place, conf->users_query, &plans);
	arena_free(&a);
	return q;
}

void
setup_adopt(struct setup *st, const struct setup *old)
{
	users_query_adopt(st->users, old->users);
	sender_maps_adopt(st->conf->sender_maps, old->conf->sender_maps);
	st->keybase = keybase_adopt(st->keybase, old->keybase);
}

static void
probe_users(const struct setup *st, struct arena *a, struct probed *p)
{
	uint64_t		 start = monotonic_ms();
	struct users_reply	 r = users_query_probe(st->users, start, a);

	p->option = "users-database";
	p->place = arena_strdup(a, users_query_place(st->users));
	p->server = r.server;
	p->why = r.why;
	p->ms = monotonic_ms() - start;
}

/* False: the table has no database. */
static bool
probe_table(const struct conf *c, size_t i, struct arena *a, struct probed *p)
{
	uint64_t start = monotonic_ms();

	p->option = "sender-login-maps";
	p->place = c->sender_login_maps.s[i];
	if (!sender_maps_probe(c->sender_maps, i, start, a, &p->server,
	    &p->why))
		return false;
	p->ms = monotonic_ms() - start;
	return true;
}

static void
probe_keys(const struct setup *st, struct arena *a, struct probed *p)
{
	uint64_t		 start = monotonic_ms();
	struct keybase_row	*row;

	p->option = "keys-database";
	p->place = st->conf->signing.keys_database;
	keybase_list(st->keybase, KEYBASE_PROBE, &row, &p->server, &p->why, a);
	p->ms = monotonic_ms() - start;
}

struct probed *
setup_probe(const struct setup *st, struct arena *a, size_t *n)
{
	size_t		 i, tables = st->conf->sender_login_maps.n;
	struct probed	*list = arena_array(a, 2 + tables, sizeof(*list));

	*n = 0;
	if (st->users != NULL)
		probe_users(st, a, &list[(*n)++]);
	for (i = 0; i < tables; i++)
		*n += probe_table(st->conf, i, a, &list[*n]);
	if (st->keybase != NULL)
		probe_keys(st, a, &list[(*n)++]);
	return list;
}

/* A probe in a thread, which the caller may leave; the last one frees it. */
struct probing {
	pthread_mutex_t	 lock;		/* guards refs */
	pthread_cond_t	 left;
	unsigned	 refs;
	struct setup	*setup;		/* the thread's */
};

static void
probe_and_log(const struct setup *st)
{
	struct arena	*a = arena_new(0);
	size_t		 i, n;
	struct probed	*p = setup_probe(st, a, &n);

	for (i = 0; i < n; i++)
		if (p[i].why != NULL)
			log_printf(LOG_LEVEL_WARNING, "%s \"%s\": %s",
			    p[i].option, p[i].place, p[i].why);
	arena_free(&a);
}

/* Locked. */
static void
probing_leave(struct probing *g)
{
	bool last = --g->refs == 0;

	pthread_cond_signal(&g->left);
	pthread_mutex_unlock(&g->lock);
	if (!last)
		return;
	pthread_cond_destroy(&g->left);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static void *
probe_thread(void *arg)
{
	struct probing *g = arg;

	probe_and_log(g->setup);
	setup_unref(&g->setup);
	pthread_mutex_lock(&g->lock);
	probing_leave(g);
	return NULL;
}

void
setup_probe_log(struct setup *st)
{
	struct probing	*g = xcalloc(1, sizeof(*g));
	struct timespec	 until = monotonic_in(PROBE_MS);
	pthread_t	 thread;
	int		 error = 0;

	pthread_mutex_init(&g->lock, NULL);
	monotonic_cond_init(&g->left);
	g->refs = 2;
	atomic_fetch_add(&st->refs, 1);
	g->setup = st;
	if (pthread_create(&thread, NULL, probe_thread, g) == 0) {
		pthread_detach(thread);
	} else {
		setup_unref(&g->setup);
		g->refs--;
	}
	pthread_mutex_lock(&g->lock);
	while (g->refs == 2 && error == 0)
		error = pthread_cond_timedwait(&g->left, &g->lock, &until);
	probing_leave(g);
}

bool
setup_forget(const struct setup *st, const char *login)
{
	bool		 tables = sender_maps_forget(st->conf->sender_maps);
	struct arena	*a;

	if (st->users == NULL)
		return tables;
	a = arena_new(0);
	if (login != NULL)
		login = users_qualify(st->conf->users, a, login);
	users_query_forget(st->users, login);
	arena_free(&a);
	return true;
}

bool
setup_check_users(const struct setup *st, char **why)
{
	return (st->users == NULL || users_query_check(st->users, why)) &&
	    sender_maps_check(st->conf->sender_maps, why);
}

bool
setup_check_keys(const struct setup *st, char **why)
{
	return st->keybase == NULL || keybase_check(st->keybase, why);
}
