/*
 * wallclock - the time of day, with steps of the machine's clock under control
 */
#include "base/wallclock.h"

#define SECOND	INT64_C(1000000000)
#define MINUTE	(60 * SECOND)
#define CLOCK_TRIES	3

static int64_t
read_clock(clockid_t id)
{
	struct timespec	ts = { 0, 0 };
	int		tries = CLOCK_TRIES;

	/* a wrong time would count mail where it is never looked for */
	while (clock_gettime(id, &ts) != 0 && --tries > 0)
		;
	return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec;
}

static int64_t
machine_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

static int64_t
machine_steady(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

/*
 * How far the machine's clock is ahead of the steady one. Read again when the
 * machine was suspended between the reads: that would look like a step.
 */
static int64_t
ahead(const struct wallclock *w)
{
	int64_t before, wall, after;

	do {
		before = w->steady();
		wall = w->wall();
		after = w->steady();
	} while (after - before > SECOND);
	return wall - after;
}

void
wallclock_start(struct wallclock *w, int64_t (*wall)(void),
    int64_t (*steady)(void))
{
	w->wall = wall != NULL ? wall : machine_wall;
	w->steady = steady != NULL ? steady : machine_steady;
	w->told = ahead(w);
	atomic_store(&w->offset, w->told);
}

time_t
wallclock_time(const struct wallclock *w)
{
	int64_t now = atomic_load(&w->offset) + w->steady();

	/* round down, also before the epoch */
	return (time_t)(now / SECOND - (now % SECOND < 0 ? 1 : 0));
}

int64_t
wallclock_look(struct wallclock *w)
{
	int64_t now = ahead(w), moved = now - w->told;

	if (moved > -MINUTE && moved < MINUTE) {
		atomic_store(&w->offset, now);
		return 0;
	}
	/* up: a step forward by part of a minute counts as a whole minute */
	return (moved > 0 ? (moved + MINUTE - 1) / MINUTE :
	    moved / MINUTE) * 60;
}

void
wallclock_follow(struct wallclock *w, int64_t seconds)
{
	w->told += seconds * SECOND;
	atomic_store(&w->offset, ahead(w));
}
