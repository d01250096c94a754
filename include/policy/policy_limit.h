/*
 * policy_limit - the names of the limits of a plan or a group
 *
 * A limit has a unit (recipients, messages, bytes) and a rolling window
 * (minute, hour, day, month). "recipients-per-day" is its name in the
 * configuration, in the log and in JSON.
 */
#ifndef MILLGATE_POLICY_LIMIT_H
#define MILLGATE_POLICY_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/size.h"
#include "store/usage.h"

/* "recipients-per-day"; static. */
const char	*policy_limit_name(enum store_unit unit,
		    enum store_window window);
/* "recipients", "messages", "bytes". */
const char	*policy_limit_unit(enum store_unit unit);
/* "minute", "hour", "day", "month"; with its article "an hour". */
const char	*policy_limit_window(enum store_window window);
const char	*policy_limit_each(enum store_window window);
/* The length of a window in seconds; a month has 30 days. */
unsigned	 policy_limit_seconds(enum store_window window);
/* "1000", or for bytes "25M"; "unlimited" without a limit. Returns `text`. */
const char	*policy_limit_text(char text[SIZE_TEXT], enum store_unit unit,
		    uint64_t limit);
/* Is any window of this unit limited? */
bool		 policy_limits_unit(const struct store_limits *l,
		    enum store_unit unit);
/* Is anything limited but the recipients of the hour? */
bool		 policy_limits_more(const struct store_limits *l);
/* Does a limit of 0 let nothing pass? */
bool		 policy_limits_allow_none(const struct store_limits *l);
/* A bit for each limit: for sets of them. */
static inline unsigned
policy_limit_bit(enum store_unit unit, enum store_window window)
{
	return 1u << (unit * STORE_WINDOWS + window);
}

#endif
