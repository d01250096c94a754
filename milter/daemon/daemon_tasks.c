/*
 * daemon_tasks - the daemon's periodic tasks
 *
 * They run one after the other in the thread that waits for signals. A slow
 * task delays only the other tasks and the reaction to a signal, never mail.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/wallclock.h"
#include "dkim/keybase.h"
#include "dkim/keyrecord.h"
#include "dkim/keyseen.h"
#include "doctor/mta_words.h"
#include "session/services.h"
#include "status/status.h"
#include "store/store.h"
#include "store/store_outcomes.h"
#include "store/store_settings.h"
#include "control_priv.h"
#include "daemon_alarms_priv.h"
#include "daemon_tasks_priv.h"
#include "key_process_start_priv.h"

#define KEYS_SECONDS	60	/* between two checks of all pending keys */
#define TROUBLE_SECONDS	10	/* the same while the store fails */

static struct wallclock clock_of_day;

static time_t
tasks_now(void)
{
	return wallclock_time(&clock_of_day);
}

static void
state_failed(struct services *sv, const char *error)
{
	services_store_failed(sv);
	log_printf(LOG_LEVEL_ERROR, "state: %s", error);
}

void
daemon_tasks_clock(struct services *sv)
{
	char error[STORE_ERROR];

	wallclock_start(&clock_of_day, NULL, NULL);
	sv->now = tasks_now;
	if (store_clock_known(sv->store, tasks_now(), error) == STORE_UNKNOWN)
		state_failed(sv, error);
}

static void
check_clock(struct services *sv)
{
	services_clock_look(sv, &clock_of_day);
}

static void
prune_store(struct services *sv)
{
	char error[STORE_ERROR] = "";

	if (store_prune(sv->store, sv->now(), error) == STORE_UNKNOWN)
		state_failed(sv, error);
}

/* Old outcomes are pruned even if no new ones are recorded. */
static void
write_outcomes(struct services *sv)
{
	struct setup	*st = services_setup(sv);
	char		 error[STORE_ERROR];
	uint64_t	 lost;

	if (store_write_dmarc(sv->store, sv->now(), st->conf->outcomes.days,
	    error) == STORE_UNKNOWN)
		state_failed(sv, error);
	lost = store_dmarc_lost(sv->store);
	atomic_fetch_add(&sv->counters.outcomes_lost, lost);
	if (lost > 0)
		log_printf(LOG_LEVEL_WARNING, "DMARC outcomes of %llu messages "
		    "were not recorded", (unsigned long long)lost);
	setup_unref(&st);
}

/* Changes that millgatectl has requested. Only the first failure is logged. */
static void
take_requests(struct services *sv)
{
	static bool	in_trouble;
	bool		ok;
	char		error[STORE_ERROR];

	ok = store_take_requests(sv->store, error) != STORE_UNKNOWN;
	if (!ok && !in_trouble)
		state_failed(sv, error);
	else if (!ok)
		services_store_failed(sv);
	in_trouble = !ok;
}

static struct {
	size_t		next;		/* pending key to check */
	uint64_t	due;		/* ticks: the next round */
	bool		in_trouble;	/* the store failed the last time */
} keys;

/* Only the first failure is logged. */
static void
keys_say(bool *in_trouble, bool ok, const char *error)
{
	if (!ok && !*in_trouble)
		log_printf(LOG_LEVEL_ERROR, "state: pending keys: %s", error);
	*in_trouble = !ok;
}

static bool
recall_keys(struct services *sv, struct setup *st, char error[STORE_ERROR])
{
	size_t	n = 0;
	bool	ok = keyseen_recall(st->keys, sv->store, &n, error);

	if (n > 0)
		log_printf(LOG_LEVEL_INFO, "%zu pending %s been seen in the "
		    "DNS before and %s from now on", n, n == 1 ? "key has" :
		    "keys have", n == 1 ? "signs" : "sign");
	return ok;
}

void
daemon_tasks_recall(struct services *sv, struct setup *st)
{
	char	error[STORE_ERROR];
	bool	ok = recall_keys(sv, st, error);

	keys_say(&keys.in_trouble, ok, error);
}

static uint64_t
keys_again(const struct services *sv, bool ok)
{
	return sv->ticks() + (ok ? KEYS_SECONDS : TROUBLE_SECONDS) *
	    UINT64_C(1000);
}

/*
 * Let pending keys sign when their record has appeared in the DNS. One batch a
 * call, so that a signal need not wait for thousands of keys and a dead name
 * server. Another host may have seen a record, and told the store.
 */
static void
check_keys(struct services *sv)
{
	struct setup	*st;
	char		 error[STORE_ERROR];
	bool		 ok, more;

	if (sv->ticks() < keys.due)
		return;
	st = services_setup(sv);
	ok = keys.next > 0 || recall_keys(sv, st, error);
	more = keyrecord_activate_pending(st->keys, sv->resolver, &keys.next);
	ok = ok && keyseen_note(st->keys, sv->store, sv->now(), error);
	keys_say(&keys.in_trouble, ok, error);
	if (!more)
		keys.due = keys_again(sv, ok);
	setup_unref(&st);
}

static struct {
	size_t		next;		/* in the cache of keys-database */
	uint64_t	due;		/* ticks: the next round */
	bool		in_trouble;
} base_keys;

/* The same for keys of the database; keys read just now need not wait. */
static void
check_base_keys(struct services *sv)
{
	struct setup	*st = services_setup(sv);
	char		 error[STORE_ERROR];
	bool		 ok;

	if (st->keybase != NULL && (base_keys.next > 0 ||
	    sv->ticks() >= base_keys.due || keybase_has_new(st->keybase))) {
		if (!keybase_activate_pending(st->keybase, sv->resolver,
		    sv->store, sv->now(), &base_keys.next, error)) {
			ok = error[0] == '\0';
			base_keys.due = keys_again(sv, ok);
			keys_say(&base_keys.in_trouble, ok, error);
		}
	}
	setup_unref(&st);
}

static struct status_start started;	/* of the daemon, for the metrics */

/* Only the first failure is logged, and its end. */
static void
write_metrics(struct services *sv)
{
	static bool	 in_trouble;
	struct setup	*st = services_setup(sv);
	const char	*path = st->conf->metrics_file;
	char		*why = NULL;
	bool		 ok = path == NULL || metrics_file_write(path, sv,
			     &started, &why);

	if (!ok && !in_trouble)
		log_printf(LOG_LEVEL_ERROR, "%s", why);
	else if (ok && in_trouble && path != NULL)
		log_printf(LOG_LEVEL_INFO, "metrics-file \"%s\" can be "
		    "written again", path);
	in_trouble = !ok;
	free(why);
	setup_unref(&st);
}

static void
check_key_process(struct services *sv)
{
	(void)sv;
	key_process_check();
}

static void
look_at_mta(struct services *sv)
{
	status_mta_look(sv, MTA_POSTFIX_DIR, MTA_SENDMAIL_CF);
}

/* One row is one task. */
static struct task {
	void		(*run)(struct services *sv);
	unsigned	 seconds;
	bool		 at_start;		/* and after a reload */
	uint64_t	 due;			/* ticks */
} tasks[] = {
	{ check_clock,		 1, false, 0 },
	{ ceiling_look,		 1, true, 0 },
	{ take_requests,	 1, false, 0 },
	{ check_key_process,	 1, false, 0 },
	{ prune_store,		60, true, 0 },
	{ write_outcomes,	60, false, 0 },
	{ alarm_keys,		15, true, 0 },	/* before those are checked */
	{ check_keys,		 1, true, 0 },
	{ check_base_keys,	 1, true, 0 },
	{ alarm_health,		 1, false, 0 },
	{ alarm_blocks,		10, true, 0 },
	{ write_metrics,	15, true, 0 },
	{ look_at_mta,	      3600, true, 0 },
};

#define NTASKS	(sizeof(tasks) / sizeof(tasks[0]))

static uint64_t
due_again(const struct services *sv, const struct task *t)
{
	return sv->ticks() + t->seconds * UINT64_C(1000);
}

void
daemon_tasks_start(struct services *sv)
{
	size_t i;

	started.time = sv->now();
	started.ticks = sv->ticks();
	for (i = 0; i < NTASKS; i++)
		tasks[i].due = due_again(sv, &tasks[i]);
	daemon_tasks_reloaded();
}

void
daemon_tasks_reloaded(void)
{
	size_t i;

	keys.next = 0;
	keys.due = 0;
	base_keys.next = 0;
	base_keys.due = 0;
	for (i = 0; i < NTASKS; i++)
		if (tasks[i].at_start)
			tasks[i].due = 0;
}

int
daemon_tasks_run(struct services *sv)
{
	uint64_t	now, next = UINT64_MAX;
	size_t		i;

	for (i = 0; i < NTASKS; i++) {
		if (sv->ticks() >= tasks[i].due) {
			tasks[i].run(sv);
			tasks[i].due = due_again(sv, &tasks[i]);
		}
		if (tasks[i].due < next)
			next = tasks[i].due;
	}
	now = sv->ticks();
	return next > now ? (int)(next - now) : 0;
}

void
daemon_tasks_last(struct services *sv)
{
	write_outcomes(sv);
	status_mta_end();
}
