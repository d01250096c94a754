/*
 * monotonic - milliseconds and microseconds of CLOCK_MONOTONIC
 */
#include <errno.h>
#include <poll.h>

#include "base/monotonic.h"

#define MS_PER_SECOND	1000
#define US_PER_SECOND	1000000
#define NS_PER_US	1000
#define NS_PER_MS	1000000L
#define NS_PER_SECOND	1000000000L
#define CLOCK_TRIES	3

/* A wrong time would make a wait endless: a failed read is repeated. */
static struct timespec
monotonic_get(clockid_t clock)
{
	struct timespec	ts = { 0, 0 };
	int		tries = CLOCK_TRIES;

	while (clock_gettime(clock, &ts) != 0 && --tries > 0)
		;
	return ts;
}

static uint64_t
monotonic_read(clockid_t clock)
{
	struct timespec ts = monotonic_get(clock);

	return (uint64_t)ts.tv_sec * MS_PER_SECOND +
	    (uint64_t)(ts.tv_nsec / NS_PER_MS);
}

uint64_t
monotonic_ms(void)
{
	return monotonic_read(CLOCK_MONOTONIC);
}

uint64_t
monotonic_us(void)
{
	struct timespec ts = monotonic_get(CLOCK_MONOTONIC);

	return (uint64_t)ts.tv_sec * US_PER_SECOND +
	    (uint64_t)(ts.tv_nsec / NS_PER_US);
}

uint64_t
monotonic_ms_coarse(void)
{
	return monotonic_read(CLOCK_MONOTONIC_COARSE);
}

int
monotonic_poll(struct pollfd *p, uint64_t deadline)
{
	uint64_t	now;
	int		n;

	do {
		now = monotonic_ms();
		n = now < deadline ? poll(p, 1, (int)(deadline - now)) : 0;
	} while (n == -1 && errno == EINTR);
	return n;
}

struct timespec
monotonic_in(uint64_t ms)
{
	struct timespec ts = monotonic_get(CLOCK_MONOTONIC);

	ts.tv_sec += (time_t)(ms / MS_PER_SECOND);
	ts.tv_nsec += (long)(ms % MS_PER_SECOND) * NS_PER_MS;
	if (ts.tv_nsec >= NS_PER_SECOND) {
		ts.tv_sec++;
		ts.tv_nsec -= NS_PER_SECOND;
	}
	return ts;
}

void
monotonic_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}
