/*
 * services_clock - the time that the store is given, and its steps
 *
 * Lock: held for reading by who has asked for the time and has not had the
 * store's answer yet, for writing while the store moves its counts. Whoever
 * waits to write goes first. Never taken twice by one thread; no other lock
 * is held when it is taken.
 */
#include "config.h"

#include "base/log.h"
#include "base/wallclock.h"
#include "session/services.h"
#include "store/store.h"

void
services_clock_init(struct services *sv)
{
	pthread_rwlockattr_t at;

	pthread_rwlockattr_init(&at);
	pthread_rwlockattr_setkind_np(&at,
	    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&sv->clock_lock, &at);
	pthread_rwlockattr_destroy(&at);
}

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
	log_printf(LOG_LEVEL_WARNING, "the machine's clock was set %s by %lld "
	    "minutes; the counts of the last hour move along",
	    seconds < 0 ? "back" : "forward",
	    (long long)(seconds < 0 ? -seconds : seconds) / 60);
	if (answer == STORE_UNKNOWN)
		log_printf(LOG_LEVEL_ERROR, "state file: %s", error);
}
