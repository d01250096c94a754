/*
 * wallclock - the time of day, with steps of the machine's clock under control
 *
 * The time is seconds since the epoch. It advances with CLOCK_BOOTTIME, which
 * cannot be set and runs while the machine sleeps. wallclock_look compares it
 * with the machine's clock. A difference below one minute is followed at once
 * (an NTP slew changes both clocks anyway). A step of a minute or more is
 * reported, and followed only by wallclock_follow, after the store has
 * shifted its buckets. Small steps add up: sixty steps of a second count as
 * one of a minute.
 *
 * Any thread may call wallclock_time; the other functions belong to one.
 */
#ifndef MILLGATE_WALLCLOCK_H
#define MILLGATE_WALLCLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

struct wallclock {
	/* nanoseconds: of the clock that may be set; of the one that cannot */
	int64_t		(*wall)(void);
	int64_t		(*steady)(void);
	atomic_int_fast64_t offset;	/* our time minus steady */
	int64_t		 told;		/* the offset last reported */
};

/* NULL selects the machine's clock; tests pass their own. */
void	wallclock_start(struct wallclock *w, int64_t (*wall)(void),
	    int64_t (*steady)(void));
time_t	wallclock_time(const struct wallclock *w);
/*
 * The seconds, in whole minutes, by which the machine's clock was set since
 * the last report; 0: less than a minute. Rounded up, so that data shifted
 * by this amount never expires early.
 */
int64_t	wallclock_look(struct wallclock *w);
/* Follow a step: `seconds` is the return value of wallclock_look. */
void	wallclock_follow(struct wallclock *w, int64_t seconds);

#endif
