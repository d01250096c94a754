/*
 * rolling - the counts of one key in one rolling window, by slot; pure
 *
 * A list of the slots in which the key sent, oldest first. A slot is a second,
 * a minute, 15 minutes or six hours, since the epoch. The hour is the current
 * minute and the 59 before it. The other windows are one slot longer than
 * their name says, so that nothing leaves them early. Slots in the future
 * count too, so that a clock that steps back frees nothing. Old slots stay in
 * the list, uncounted, until rolling_forget, or until room is needed.
 *
 * At most ROLLING_SLOTS slots of 20 octets. When all are in use and none is
 * old, the newest one counts what comes: later, never earlier.
 */
#ifndef MILLGATE_ROLLING_H
#define MILLGATE_ROLLING_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "store/usage.h"

struct counts {
	uint64_t	 of[STORE_UNITS];
};

/* A window is so many slots of so many seconds. */
struct rolling_shape {
	uint32_t	 seconds, slots;
};
extern const struct rolling_shape rolling_shapes[STORE_WINDOWS];

/* Twice as many as the longest window. */
#define ROLLING_SLOTS	242u
/* Leaves room for two windows: sums of slots never wrap around. */
#define ROLLING_AT_MAX	(UINT32_MAX - ROLLING_SLOTS)

/* Of `bytes` the lower half is first: 64 bits would need four octets more. */
struct rolling_slot {
	uint32_t	 at;
	uint32_t	 recipients, messages, bytes[2];
};

struct rolling {
	struct rolling_slot *slot;	/* malloced */
	uint16_t	 n, size;
};

/* The slot of a time; a time before the epoch gives 0. */
uint32_t	 rolling_at(enum store_window w, time_t now);
/* The oldest slot that counts when the clock shows slot `at`. */
uint32_t	 rolling_begin(enum store_window w, uint32_t at);
void		 rolling_free(struct rolling *r);

/* The list has this slot: an addition there needs no memory. */
bool		 rolling_has(const struct rolling *r, uint32_t at);
/* Make a slot for `at`; returns the slot in which it will count. */
uint32_t	 rolling_slot_for(struct rolling *r, enum store_window w,
		    uint32_t at);
/* Counts stop at UINT32_MAX, bytes at STORE_LIMIT_MAX. */
void		 rolling_add(struct rolling *r, enum store_window w,
		    uint32_t at, const struct counts *more);
/* The same for one row. */
struct counts	 rolling_cap(const struct counts *a, const struct counts *b);
struct counts	 rolling_counts(const struct rolling_slot *s);
/* The sum of all slots that count when the clock shows slot `at`. */
struct counts	 rolling_sum(const struct rolling *r, enum store_window w,
		    uint32_t at);
/*
 * The first slot at which at least `over` of the unit's present sum has left
 * the window. False: the sum is smaller than that.
 */
bool		 rolling_when_over(const struct rolling *r,
		    enum store_window w, uint32_t at, enum store_unit unit,
		    uint64_t over, uint32_t *when);
/*
 * The clock was set: move all slots by so many, and then those after `latest`
 * to `latest`. False: nothing has changed.
 */
bool		 rolling_move(struct rolling *r, enum store_window w,
		    int64_t slots, uint32_t latest);
/* Add to a list of window w what a shorter window counts. */
void		 rolling_seed(struct rolling *r, enum store_window w,
		    const struct rolling *shorter, enum store_window of);
/* Drop the slots that no longer count; the memory stays. */
void		 rolling_drop_over(struct rolling *r, enum store_window w,
		    uint32_t at);
/* The same, and free the memory when none is left: true. */
bool		 rolling_forget(struct rolling *r, enum store_window w,
		    uint32_t at);

#endif
