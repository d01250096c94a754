/*
 * usage - counts, limits and settings of an account
 *
 * Plain data, for judges too. An account is limited in three units over four
 * windows, and all limits that are set hold at once. Windows roll. A month has
 * 30 days.
 */
#ifndef MILLGATE_USAGE_H
#define MILLGATE_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* A limit of 0 lets nothing pass. No limit is above STORE_LIMIT_MAX. */
#define STORE_UNLIMITED	UINT64_MAX
#define STORE_LIMIT_MAX	((UINT64_C(1) << 53) - 1)
#define STORE_ERROR	320
#define STORE_ACCOUNTS	4	/* that one message counts on */

enum store_answer {
	STORE_TAKEN,
	STORE_REFUSED,		/* the limit would be exceeded */
	STORE_UNKNOWN		/* the store failed; see error */
};

enum store_unit {
	STORE_RECIPIENTS, STORE_MESSAGES, STORE_BYTES, STORE_UNITS
};
enum store_window {
	STORE_MINUTE, STORE_HOUR, STORE_DAY, STORE_MONTH, STORE_WINDOWS
};

struct store_limits {
	uint64_t of[STORE_UNITS][STORE_WINDOWS];
};
/* Initializers: no limit at all, or these limits an hour. */
#define STORE_LIMITS_NONE \
	STORE_LIMITS_HOUR(STORE_UNLIMITED, STORE_UNLIMITED)
#define STORE_LIMITS_HOUR(recipients, messages) { .of = { \
	{ STORE_UNLIMITED, (recipients), STORE_UNLIMITED, STORE_UNLIMITED }, \
	{ STORE_UNLIMITED, (messages), STORE_UNLIMITED, STORE_UNLIMITED }, \
	{ STORE_UNLIMITED, STORE_UNLIMITED, STORE_UNLIMITED, \
	    STORE_UNLIMITED } } }

struct store_usage {
	time_t	 now;		/* of the clock that counts */
	bool	 refused;	/* this account has no room for one more */
	/* refused: the limit that has room last */
	enum store_unit unit;
	enum store_window window;
	/*
	 * When the next recipient, message and octet (or these bytes) fit, if
	 * nothing else is sent: in all windows, and in each one. 0: now, or
	 * never, because a limit is too low for them.
	 */
	time_t	 next_fit, fits[STORE_WINDOWS];
	unsigned counted;	/* 1 << window for each that is counted */
	/* committed in the rolling window; 0 where it is not counted */
	uint64_t used[STORE_UNITS][STORE_WINDOWS];
	uint64_t reserved[STORE_UNITS];	/* count in each window */
	char	 error[STORE_ERROR];	/* STORE_UNKNOWN: why, what to do */
};

/* An account that a message counts on: a login, or a group of logins. */
struct store_account {
	const char	*key;
	struct store_limits limits;
};

#define STORE_REASON	128
/* The last second of the year 9999. */
#define STORE_FOREVER	((time_t)253402300799)

/* The action of a block on the key's mail. */
enum store_block { STORE_BLOCK_DEFER, STORE_BLOCK_REJECT, STORE_BLOCK_HOLD };

struct store_setting {
	/*
	 * Each limit holds until its time; 0: it is not set, or STORE_FOREVER.
	 * All times here are of the wall clock: people were given them, so they
	 * do not move with store_clock_moved.
	 */
	struct store_limits limits;	/* 0 where not set */
	time_t		 until[STORE_UNITS][STORE_WINDOWS];
	time_t		 blocked_until;	/* 0: not blocked; or STORE_FOREVER */
	enum store_block block;
	char		 reason[STORE_REASON];	/* of the block */
	time_t		 changed;
};

static inline bool
store_limit_is_set(const struct store_setting *t, enum store_unit unit,
    enum store_window window)
{
	return t->until[unit][window] != 0;
}

/* A limit that is set replaces the configured one. */
static inline struct store_limits
store_limits_in_force(struct store_limits configured,
    const struct store_setting *t)
{
	int u, w;

	for (u = 0; u < STORE_UNITS; u++)
		for (w = 0; w < STORE_WINDOWS; w++)
			if (t->until[u][w] != 0)
				configured.of[u][w] = t->limits.of[u][w];
	return configured;
}

#endif
