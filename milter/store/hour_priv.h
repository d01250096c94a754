/*
 * hour - the counts of one key in the last hour, by minute; pure
 *
 * A list of the minutes in which the key sent, oldest first. A bucket of
 * minute M counts while the clock shows M + 59 or less. Buckets in the future
 * count too, so that a clock that steps back frees nothing. Old buckets stay
 * in the list, uncounted, until hour_forget, or until room is needed.
 *
 * At most HOUR_BUCKETS buckets of 12 octets. When all are in use and none is
 * old, the newest one counts what comes: later, never earlier.
 */
#ifndef MILLGATE_HOUR_H
#define MILLGATE_HOUR_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define HOUR_MINUTES	60u
#define HOUR_BUCKETS	120u
/* Leaves room for an hour: sums of minutes never wrap around. */
#define HOUR_MINUTE_MAX	(UINT32_MAX - 2 * HOUR_MINUTES)

struct hour_bucket {
	uint32_t	 minute;	/* since the epoch */
	uint32_t	 recipients, messages;
};

struct hour {
	struct hour_bucket *bucket;	/* malloced */
	uint16_t	 n, size;
};

struct hour_sum {
	uint64_t	 recipients, messages;
};

/* Seconds since the epoch to minutes; a time before the epoch gives 0. */
uint32_t	 hour_minute(time_t now);
void		 hour_free(struct hour *h);

/* Make a bucket for `minute`; returns the minute in which it will count. */
uint32_t	 hour_slot(struct hour *h, uint32_t minute);
/* Counts stop at UINT32_MAX. */
void		 hour_add(struct hour *h, uint32_t minute,
		    uint32_t recipients, uint32_t messages);
/* The sum of all buckets that count when the clock shows `minute`. */
struct hour_sum	 hour_sum(const struct hour *h, uint32_t minute);
/*
 * The first minute at which at least `over` of the present sum has left the
 * hour. False: the sum is smaller than that.
 */
bool		 hour_when_over(const struct hour *h, uint32_t minute,
		    struct hour_sum over, uint32_t *when);
/* At most UINT32_MAX. */
uint32_t	 hour_cap(uint64_t count);
/*
 * The clock was set: move all buckets by so many minutes, and then those
 * after `latest` to `latest`. False: nothing has changed.
 */
bool		 hour_move(struct hour *h, int64_t minutes, uint32_t latest);
/* Drop the buckets that no longer count. True: none is left. */
bool		 hour_forget(struct hour *h, uint32_t minute);

#endif
