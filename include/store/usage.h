/*
 * usage - counts, limits and settings of an account
 *
 * Plain data, for judges too. Counts are those of the rolling hour.
 */
#ifndef MILLGATE_USAGE_H
#define MILLGATE_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define STORE_UNLIMITED	UINT32_MAX
#define STORE_ERROR	320
#define STORE_ACCOUNTS	4	/* that one message counts on */

enum store_answer {
	STORE_TAKEN,
	STORE_REFUSED,		/* the limit would be exceeded */
	STORE_UNKNOWN		/* the store failed; see error */
};

struct store_limits {
	uint32_t recipients;	/* in an hour; STORE_UNLIMITED; 0 blocks */
	uint32_t messages;
};

struct store_usage {
	uint32_t recipients, messages;	/* committed in the rolling hour */
	uint32_t reserved_recipients, reserved_messages;
	/*
	 * When the next recipient (message) fits, if nothing else is sent; 0
	 * when it fits now or can never fit (limit 0).
	 */
	time_t	 next_fit;
	time_t	 now;		/* of the clock that counts */
	bool	 refused;	/* this account has no room for one more */
	bool	 by_messages;	/* refused by the limit of messages */
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
	bool		 recipients_set, messages_set;
	struct store_limits limits;	/* valid where set */
	/*
	 * 0: not blocked; or STORE_FOREVER. A time of the wall clock: people
	 * were given it, so it does not move with store_clock_moved.
	 */
	time_t		 blocked_until;
	enum store_block block;
	char		 reason[STORE_REASON];	/* of the block */
	time_t		 changed;
};

#endif
