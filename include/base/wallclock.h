/*
 * wallclock - the time of day, which nobody sets behind our back
 *
 * Seconds since the epoch that go on by a clock that cannot be set and that
 * runs while the machine sleeps. wallclock_look compares it with the
 * machine's clock: what is less than a minute apart is followed (an NTP slew
 * shows in both clocks anyway), a step of a minute or more is reported and
 * followed only by wallclock_follow, after the store has been told. Small
 * steps add up: sixty of them are one of a minute.
 *
 * wallclock_time may be asked by any thread, the others are for one.
 */
#ifndef MILLGATE_WALLCLOCK_H
#define MILLGATE_WALLCLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

struct wallclock {
	/* nanoseconds: since the epoch, may be set; cannot be set */
	int64_t		(*wall)(void);
	int64_t		(*steady)(void);
	atomic_int_fast64_t offset;	/* from steady to our time */
	int64_t		 told;		/* the offset that was reported */
};

/* The machine's clocks where NULL. */
void	wallclock_start(struct wallclock *w, int64_t (*wall)(void),
	    int64_t (*steady)(void));
time_t	wallclock_time(const struct wallclock *w);
/*
 * By how many seconds, whole minutes of them, was the machine's clock set
 * since the last report? 0: not worth a report. Rounded so that nothing
 * that moves along is ever early.
 */
int64_t	wallclock_look(struct wallclock *w);
/* Have the machine's time from now on; so many seconds were reported. */
void	wallclock_follow(struct wallclock *w, int64_t seconds);

#endif
