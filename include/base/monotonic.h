/*
 * monotonic - milliseconds and microseconds of CLOCK_MONOTONIC
 *
 * For deadlines and durations. For the time of day see wallclock.h.
 */
#ifndef MILLGATE_MONOTONIC_H
#define MILLGATE_MONOTONIC_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

struct pollfd;

uint64_t	monotonic_ms(void);
uint64_t	monotonic_us(void);
/*
 * The same as of the kernel's last tick (Linux): up to 4 ms old, but five
 * times cheaper.
 */
uint64_t	monotonic_ms_coarse(void);
/*
 * poll(2) one descriptor until it is ready (1) or until the deadline (0),
 * whatever interrupts it; 0 at once if that has passed. -1 with errno.
 */
int		monotonic_poll(struct pollfd *p, uint64_t deadline);
/* The time `ms` from now, for pthread_cond_timedwait. */
struct timespec	monotonic_in(uint64_t ms);
/* A condition variable whose timed waits use this clock. */
void		monotonic_cond_init(pthread_cond_t *cond);

#endif
