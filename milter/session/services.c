/*
 * services - load a setup and replace it on reload; open and close the objects
 * that all sessions share
 *
 * clock_lock: a session holds it for reading from services_time_begin until
 * the store has answered. services_clock_look holds it for writing while the
 * store shifts its buckets; a waiting writer goes first. A thread never takes
 * it twice, and never while it holds another lock.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "base/record.h"
#include "base/wallclock.h"
#include "conf/users_query.h"
#include "dkim/dkim_verify.h"
#include "dkim/keybase.h"
#include "dkim/keywatch.h"
#include "dns/resolver.h"
#include "session/notifier.h"
#include "session/observed.h"
#include "session/services.h"
#include "session/traffic.h"
#include "store/redis/redis_url.h"
#include "store/store.h"
#include "fuse_priv.h"

static time_t
clock_now(void)
{
	return time(NULL);
}

static struct dkim_lib *
open_dkim(const struct conf *conf)
{
	struct dkim_verify_limits limits = dkim_default_limits;

	limits.signatures = conf->dkim.max_signatures;
	limits.signature_bytes = conf->dkim.max_signature_bytes;
	limits.h_names = conf->dkim.max_signed_names;
	limits.clock_skew = conf->dkim.clock_skew;
	limits.min_key_bits = conf->dkim.min_key_bits;
	limits.max_age = conf->dkim.max_age;
	limits.test_keys = conf->dkim.test_keys;
	limits.required = conf->dkim.required_fields;
	return dkim_lib_new(&limits);
}

static struct keyring *
setup_load_keys(const struct conf *conf, char **why)
{
	if (conf->signing.key_directory != NULL)
		return keyring_load(conf->signing.key_directory, why);
	if (conf->signing.key_table != NULL)
		return keyring_load_tables(conf->signing.key_table,
		    conf->signing.signing_table, why);
	return keyring_empty();
}

static void
setup_free(struct setup *st)
{
	users_query_free(&st->users);
	dkim_lib_free(&st->dkim);
	keyring_free(&st->keys);
	keybase_free(&st->keybase);
	conf_unref(&st->conf);
	free(st);
}

/* Open the database of keys, and check what can be known without a server. */
static bool
setup_open_keybase(struct setup *st, char **why)
{
	if (st->conf->signing.keys_database == NULL)
		return true;
	st->keybase = setup_keybase(st->conf, why);
	return st->keybase != NULL && setup_check_keys(st, why);
}

struct setup *
setup_new(struct conf *conf, char **why)
{
	struct setup *st = xcalloc(1, sizeof(*st));

	atomic_init(&st->refs, 1);
	st->conf = conf;
	st->users = setup_users(conf);
	if (setup_check_users(st, why) && setup_open_keybase(st, why))
		st->keys = setup_load_keys(conf, why);
	if (st->keys != NULL) {
		st->dkim = open_dkim(conf);
		if (st->dkim != NULL)
			return st;
		*why = xstrdup("libopendkim cannot be initialized");
	}
	setup_free(st);
	return NULL;
}

static bool
setup_check_state(const struct conf *conf, char **why)
{
	struct store_place	 place = conf_state(conf);
	struct store		*s;

	if (!redis_url_is(place.spec))
		return true;
	s = store_open_at(&place, STORE_READ, why);
	if (s == NULL)
		return false;
	store_close(&s);
	return true;
}

struct setup *
setup_try(struct conf *conf, char **why)
{
	struct setup	*st = setup_new(conf, why);

	if (st != NULL && !setup_check_state(st->conf, why))
		setup_unref(&st);
	return st;
}

void
setup_unref(struct setup **stp)
{
	struct setup *st = *stp;

	*stp = NULL;
	if (st == NULL || atomic_fetch_sub(&st->refs, 1) != 1)
		return;
	setup_free(st);
}

/* For the fuse's hashes; before the kernel has randomness the time must do. */
static uint64_t
random_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(seed))
		return monotonic_ms();
	return seed;
}

static void
clock_lock_init(struct services *sv)
{
	pthread_rwlockattr_t at;

	pthread_rwlockattr_init(&at);
	pthread_rwlockattr_setkind_np(&at,
	    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&sv->clock_lock, &at);
	pthread_rwlockattr_destroy(&at);
}

struct services *
services_new(struct setup *setup, struct resolver *resolver,
    struct store *store, const char *hostname)
{
	struct services *sv = xcalloc(1, sizeof(*sv));

	pthread_mutex_init(&sv->lock, NULL);
	pthread_mutex_init(&sv->warned_lock, NULL);
	sv->warned = warned_new();
	clock_lock_init(sv);
	sv->current = setup;
	tallies_init(&sv->tallies);
	ceiling_init(&sv->ceiling);
	if (setup != NULL) {	/* else a test without sessions */
		ceiling_change(&sv->ceiling, setup->conf);
		sv->started_with = conf_restart_text(setup->conf);
	}
	sv->resolver = resolver;
	sv->store = store;
	sv->hostname = hostname;
	sv->observed = observed_new();
	sv->traffic = traffic_new();
	sv->keywatch = keywatch_new();
	sv->fuse = fuse_new(random_seed());
	sv->now = clock_now;
	sv->ticks = monotonic_ms;
	return sv;
}

void
services_free(struct services **svp)
{
	struct services *sv = *svp;

	if (sv == NULL)
		return;
	*svp = NULL;
	notifier_free(&sv->notifier);
	fuse_free(&sv->fuse);
	resolver_free(&sv->resolver);
	store_close(&sv->store);
	observed_free(&sv->observed);
	traffic_free(&sv->traffic);
	keywatch_free(&sv->keywatch);
	warned_free(&sv->warned);
	pthread_mutex_destroy(&sv->warned_lock);
	setup_unref(&sv->current);
	free(sv->started_with);
	pthread_rwlock_destroy(&sv->clock_lock);
	pthread_mutex_destroy(&sv->lock);
	free(sv);
}

struct setup *
services_setup(struct services *sv)
{
	struct setup *st;

	pthread_mutex_lock(&sv->lock);
	st = sv->current;
	atomic_fetch_add(&st->refs, 1);
	pthread_mutex_unlock(&sv->lock);
	return st;
}

void
services_swap(struct services *sv, struct setup *setup)
{
	struct setup *old;

	pthread_mutex_lock(&sv->lock);
	old = sv->current;
	sv->current = setup;
	ceiling_change(&sv->ceiling, setup->conf);
	pthread_mutex_unlock(&sv->lock);
	setup_unref(&old);
}

/* --- the clock ---------------------------------------------------------- */

time_t
services_time_begin(struct services *sv)
{
	pthread_rwlock_rdlock(&sv->clock_lock);
	return sv->now();
}

void
services_time_end(struct services *sv)
{
	pthread_rwlock_unlock(&sv->clock_lock);
}

void
services_clock_look(struct services *sv, struct wallclock *w)
{
	int64_t			seconds = wallclock_look(w);
	enum store_answer	answer;
	char			error[STORE_ERROR];

	if (seconds == 0)
		return;
	pthread_rwlock_wrlock(&sv->clock_lock);
	answer = store_clock_moved(sv->store, seconds, error);
	wallclock_follow(w, seconds);
	pthread_rwlock_unlock(&sv->clock_lock);
	log_printf(LOG_LEVEL_WARNING, "the system clock was set %s; quota "
	    "buckets are shifted by %lld minutes",
	    seconds < 0 ? "back" : "forward",
	    (long long)(seconds < 0 ? -seconds : seconds) / 60);
	if (answer == STORE_UNKNOWN) {
		services_store_failed(sv);
		log_printf(LOG_LEVEL_ERROR, "state: %s", error);
	}
}

/* --- counters and records ------------------------------------------------ */

void
services_store_failed(struct services *sv)
{
	atomic_fetch_add(&sv->counters.store_failures, 1);
	atomic_store(&sv->counters.store_failed_at, sv->ticks());
}

void
services_record(struct services *sv, enum log_level level,
    const struct record *r)
{
	if (sv->on_record != NULL)
		sv->on_record(sv->on_record_arg, r);
	else
		log_event(level, r);
}

void
services_count(struct services *sv, enum action a)
{
	struct counters *c = &sv->counters;

	atomic_fetch_add(&c->messages, 1);
	if (a == ACTION_REJECT)
		atomic_fetch_add(&c->rejected, 1);
	else if (a == ACTION_DEFER)
		atomic_fetch_add(&c->deferred, 1);
	else if (a == ACTION_HOLD) {
		atomic_fetch_add(&c->held, 1);
		atomic_store(&c->held_at, sv->ticks());
	} else
		atomic_fetch_add(&c->accepted, 1);
}
