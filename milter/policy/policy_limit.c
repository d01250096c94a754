/*
 * policy_limit - the names of the limits of a plan or a group
 */
#include <inttypes.h>
#include <stdio.h>

#include "policy/policy_limit.h"

static const char *const names[STORE_UNITS][STORE_WINDOWS] = {
	[STORE_RECIPIENTS] = { "recipients-per-minute", "recipients-per-hour",
	    "recipients-per-day", "recipients-per-month" },
	[STORE_MESSAGES] = { "messages-per-minute", "messages-per-hour",
	    "messages-per-day", "messages-per-month" },
	[STORE_BYTES] = { "bytes-per-minute", "bytes-per-hour",
	    "bytes-per-day", "bytes-per-month" },
};
static const char *const units[STORE_UNITS] = {
	[STORE_RECIPIENTS] = "recipients", [STORE_MESSAGES] = "messages",
	[STORE_BYTES] = "bytes"
};
static const struct {
	const char	*name, *each;
	unsigned	 seconds;
} windows[STORE_WINDOWS] = {
	[STORE_MINUTE] = { "minute", "a minute", 60 },
	[STORE_HOUR] = { "hour", "an hour", 3600 },
	[STORE_DAY] = { "day", "a day", 86400 },
	[STORE_MONTH] = { "month", "a month", 30 * 86400 },
};

const char *
policy_limit_name(enum store_unit unit, enum store_window window)
{
	return names[unit][window];
}

const char *
policy_limit_unit(enum store_unit unit)
{
	return units[unit];
}

const char *
policy_limit_window(enum store_window window)
{
	return windows[window].name;
}

const char *
policy_limit_each(enum store_window window)
{
	return windows[window].each;
}

unsigned
policy_limit_seconds(enum store_window window)
{
	return windows[window].seconds;
}

const char *
policy_limit_text(char text[SIZE_TEXT], enum store_unit unit, uint64_t limit)
{
	if (limit == STORE_UNLIMITED)
		snprintf(text, SIZE_TEXT, "unlimited");
	else if (unit == STORE_BYTES)
		size_text(text, limit);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64, limit);
	return text;
}

bool
policy_limits_unit(const struct store_limits *l, enum store_unit unit)
{
	enum store_window w;

	for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
		if (l->of[unit][w] != STORE_UNLIMITED)
			return true;
	return false;
}

bool
policy_limits_more(const struct store_limits *l)
{
	enum store_window	w;
	enum store_unit		u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
			if (l->of[u][w] != STORE_UNLIMITED &&
			    (u != STORE_RECIPIENTS || w != STORE_HOUR))
				return true;
	return false;
}

bool
policy_limits_allow_none(const struct store_limits *l)
{
	enum store_window	w;
	enum store_unit		u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
			if (l->of[u][w] == 0)
				return true;
	return false;
}
