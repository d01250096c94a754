/*
 * services - what sessions share, each safe by itself
 *
 * The current setup (a configuration and what was loaded for it; immutable,
 * reference-counted, swapped on reload), the resolver, the store and the
 * counters. A session may reach these and nothing else.
 */
#ifndef MILLGATE_SERVICES_H
#define MILLGATE_SERVICES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/log.h"
#include "conf/conf.h"
#include "dkim/keyring.h"

struct dkim_lib;
struct fuse;
struct notice;
struct notifier;
struct observed;
struct record;
struct resolver;
struct store;
struct users_query;
struct wallclock;
struct warned;

struct setup {
	atomic_uint	 refs;
	struct conf	*conf;
	struct keyring	*keys;
	struct dkim_lib	*dkim;		/* with its settings */
	struct users_query *users;	/* NULL: none */
};

/* Counters since the start; the log and `millgatectl stats` tell them. */
struct counters {
	atomic_uint_fast64_t connections, messages;
	atomic_uint_fast64_t accepted, held, deferred, rejected, aborted;
	atomic_uint_fast64_t outcomes_lost;	/* of DMARC */
	/* recipients refused by a quota; times the store did not work */
	atomic_uint_fast64_t quota_refused, store_failures;
	/* events told to the site; its command was not run for so many */
	atomic_uint_fast64_t warnings, notify_dropped;
};

struct services {
	pthread_mutex_t	 lock;		/* guards `current` */
	struct setup	*current;
	struct resolver	*resolver;
	struct store	*store;
	pthread_mutex_t	 warned_lock;
	struct warned	*warned;	/* who was told of a quota */
	struct notifier	*notifier;	/* NULL: no command is run */
	struct counters	 counters;
	struct observed	*observed;
	struct fuse	*fuse;
	const char	*hostname;
	pthread_rwlock_t clock_lock;	/* see services_time_begin */
	/* the clock; tests and `millgatectl check --time` set their own */
	time_t		(*now)(void);
	/* milliseconds of a clock that never steps, for durations */
	uint64_t	(*ticks)(void);
	/* where a message's record goes; NULL: the log */
	void		(*on_record)(void *arg, const struct record *r);
	void		*on_record_arg;
};

/*
 * Load what `conf` names; takes over the caller's reference. NULL with *why
 * (malloced; the caller frees).
 */
struct setup	*setup_new(struct conf *conf, char **why);
/*
 * The users' database, not opened yet; NULL: the configuration names none. It
 * refers to `conf`; users_query_free ends it.
 */
struct users_query *setup_users(const struct conf *conf);
/*
 * Can the users' database be read? Asked by setup_new, and again by who has
 * given up privileges since. False with *why as above.
 */
bool		 setup_check_users(const struct setup *st, char **why);
/*
 * setup_new for a test of the configuration: also looks at what a start would
 * refuse of a server for the state. No server is asked.
 */
struct setup	*setup_try(struct conf *conf, char **why);
void		 setup_unref(struct setup **stp);

/*
 * Takes over `setup`, `resolver` and `store`; `hostname` must outlive it.
 * Never NULL.
 */
struct services	*services_new(struct setup *setup, struct resolver *resolver,
		    struct store *store, const char *hostname);
void		 services_free(struct services **svp);

/*
 * The time, for the store; it is not set by anybody until services_time_end,
 * which follows when the store has answered.
 */
time_t		 services_time_begin(struct services *sv);
void		 services_time_end(struct services *sv);
/*
 * Was the machine's clock set? Then the store's counts move along; sv->now
 * must be that of this clock. Once a second, from one thread.
 */
void		 services_clock_look(struct services *sv,
		    struct wallclock *w);
/* Write one record to the log at `level`, or hand it to `on_record`. */
void		 services_record(struct services *sv, enum log_level level,
		    const struct record *r);
/*
 * Tell the site about an event: log it, count it as a warning, and run the
 * notify-command of `c`. Never waits.
 */
void		 services_notice(struct services *sv, const struct conf *c,
		    const struct notice *e);

/* The setup for a message that begins now; the caller unrefs it. */
struct setup	*services_setup(struct services *sv);
/* Messages that begin from now on use `setup`, which is taken over. */
void		 services_swap(struct services *sv, struct setup *setup);

#endif
