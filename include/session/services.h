/*
 * services - the objects that all sessions share
 *
 * They are the current setup, the resolver, the store, the counters, the
 * observations, the fuse, the notifier and what is known of keys' records;
 * each of them is thread-safe. A
 * setup is a configuration and everything that was loaded for it. It is
 * immutable and reference-counted; a reload replaces it.
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
#include "session/ceiling.h"
#include "session/tallies.h"

struct dkim_lib;
struct fuse;
struct keybase;
struct keybase_place;
struct keywatch;
struct notice;
struct notifier;
struct observed;
struct record;
struct resolver;
struct store;
struct traffic;
struct users_query;
struct wallclock;
struct warned;

struct setup {
	atomic_uint	 refs;
	struct conf	*conf;
	struct keyring	*keys;		/* in files */
	struct keybase	*keybase;	/* NULL: no keys' database */
	struct dkim_lib	*dkim;		/* with this configuration's limits */
	struct users_query *users;	/* NULL: no users' database */
};

/* Counters since the start, for log, metrics and `millgatectl stats'. */
struct counters {
	atomic_uint_fast64_t connections, messages;
	atomic_uint_fast64_t open_connections;	/* now */
	atomic_uint_fast64_t accepted, held, deferred, rejected, aborted;
	atomic_uint_fast64_t outcomes_lost;	/* DMARC, not recorded */
	atomic_uint_fast64_t quota_refused;	/* recipients */
	atomic_uint_fast64_t store_failures;	/* calls */
	atomic_uint_fast64_t store_failed_at;	/* ticks of the last one */
	atomic_uint_fast64_t held_at;		/* ticks of the last one */
	atomic_uint_fast64_t warnings;		/* notices to the site */
	atomic_uint_fast64_t notify_dropped;	/* without its command */
	/* messages deferred by max-sessions, and by max-memory */
	atomic_uint_fast64_t over_sessions, over_memory;
	atomic_uint_fast64_t refused_connections; /* for want of files */
};

struct services {
	pthread_mutex_t	 lock;		/* guards `current` */
	struct setup	*current;
	struct resolver	*resolver;
	struct store	*store;
	pthread_mutex_t	 warned_lock;
	struct warned	*warned;	/* which accounts have been warned */
	struct notifier	*notifier;	/* NULL: no commands are run */
	struct counters	 counters;
	struct tallies	 tallies;
	struct ceiling	 ceiling;
	/* the size of some login's messages is limited by a setting */
	atomic_bool	 counts_bytes;
	struct observed	*observed;
	struct traffic	*traffic;
	struct keywatch	*keywatch;
	struct fuse	*fuse;
	const char	*hostname;
	char		*started_with;	/* conf_restart_text of the start */
	pthread_rwlock_t clock_lock;	/* see services_time_begin */
	/* time of day; tests and `millgatectl check --time' replace it */
	time_t		(*now)(void);
	/* milliseconds of a clock that is never set, for durations */
	uint64_t	(*ticks)(void);
	/* receives the records; NULL: they go to the log */
	void		(*on_record)(void *arg, const struct record *r);
	void		*on_record_arg;
};

/*
 * Load the keys and users that `conf` names. Takes over the caller's reference
 * to `conf`. NULL with *why (malloced; the caller frees).
 */
struct setup	*setup_new(struct conf *conf, char **why);
/*
 * The users' database, not opened yet. NULL: the configuration names none.
 * It refers to `conf`, which must outlive it; free it with users_query_free.
 */
struct users_query *setup_users(const struct conf *conf);
/*
 * A reload: `st` uses the connections and caches of `old` where the
 * configuration has not changed them. Call it before the first message.
 */
void		 setup_adopt(struct setup *st, const struct setup *old);
/* What a database said to a question without an effect. */
struct probed {
	const char	*option;	/* "users-database" */
	const char	*place;		/* its value */
	const char	*server;	/* who answered, "host:port" */
	const char	*why;		/* NULL: it answered, and all is well */
	uint64_t	 ms;
};
/*
 * Ask all databases; `n` of them in the arena. Starts threads; waits for the
 * time-out of each at most.
 */
struct probed	*setup_probe(const struct setup *st, struct arena *a,
		    size_t *n);
/*
 * The same in a thread; those that do not answer are logged as warnings.
 * Returns after two seconds at the latest, so that silent databases do not
 * delay a start or a reload for their time-outs.
 */
void		 setup_probe_log(struct setup *st);
/*
 * Forget the cached answers of databases for a login, in any case; NULL: all.
 * Those of sender-login-maps, which are about addresses, are forgotten for any
 * login. False: there is no database.
 */
bool		 setup_forget(const struct setup *st, const char *login);
/*
 * Can the users' database be read? setup_new checks it; check again after
 * privileges have been dropped. False with *why as above.
 */
bool		 setup_check_users(const struct setup *st, char **why);
/*
 * The database of keys, not opened yet; NULL if there is none, and with *why if
 * it is not valid. The caller frees it with keybase_free.
 */
struct keybase	*setup_keybase(const struct conf *conf, char **why);
/* Where it is, as configured: its strings are those of `conf`. False: none. */
bool		 setup_keybase_place(const struct conf *conf,
		    struct keybase_place *p);
/* The same as setup_check_users, for the database of keys. */
bool		 setup_check_keys(const struct setup *st, char **why);
/*
 * Like setup_new, for a test of the configuration. It also checks the URL,
 * password file and certificates of a state server, but does not connect.
 */
struct setup	*setup_try(struct conf *conf, char **why);
/* Give up one reference; the last one frees the setup. NULL is allowed. */
void		 setup_unref(struct setup **stp);

/*
 * Takes over `setup`, `resolver` and `store`; `hostname` must outlive the
 * services. Never NULL.
 */
struct services	*services_new(struct setup *setup, struct resolver *resolver,
		    struct store *store, const char *hostname);
void		 services_free(struct services **svp);

/*
 * The time to pass to the store. The store's buckets are not shifted until
 * services_time_end, which must follow when the store has answered.
 */
time_t		 services_time_begin(struct services *sv);
void		 services_time_end(struct services *sv);
/*
 * If the machine's clock has been set, shift the quota buckets of the store by
 * the same time. sv->now must read this clock. Call it once a second, always
 * from the same thread.
 */
void		 services_clock_look(struct services *sv,
		    struct wallclock *w);
/* Write one record to the log at `level`, or hand it to `on_record`. */
void		 services_record(struct services *sv, enum log_level level,
		    const struct record *r);
/* A call to the store has failed: count it. */
void		 services_store_failed(struct services *sv);
/*
 * Tell the site about an event: log it, count it as a warning, and run the
 * notify-command of `c`. Never waits.
 */
void		 services_notice(struct services *sv, const struct conf *c,
		    const struct notice *e);

/* A reference to the current setup, for setup_unref. */
struct setup	*services_setup(struct services *sv);
/* Use `setup` from the next message on; it is taken over. */
void		 services_swap(struct services *sv, struct setup *setup);

/* Count a message by the action that was the answer to its MTA. */
void		 services_count(struct services *sv, enum action a);

#endif
