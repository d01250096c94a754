/*
 * policy_block - words what a block of a login, or of one of its groups, means
 *
 * Clients show replies to people in other time zones: the time is UTC.
 */
#include <stdio.h>
#include <time.h>

#include "policy/policy_block.h"

/* Of a login in a reply: the rest of the sentence must fit, too. */
#define KEY_SHOWN	120

static enum action
action_of(enum store_block block)
{
	static const enum action actions[] = {
		[STORE_BLOCK_DEFER] = ACTION_DEFER,
		[STORE_BLOCK_REJECT] = ACTION_REJECT,
		[STORE_BLOCK_HOLD] = ACTION_HOLD,
	};

	return actions[block];
}

struct verdict
policy_block(const struct store_setting *setting, const char *key, time_t now)
{
	const char	*colon = setting->reason[0] != '\0' ? ": " : "";
	enum action	 a = action_of(setting->block);
	char		 when[40];
	struct tm	 tm;

	if (setting->blocked_until <= now)
		return verdict_accept();
	if (setting->blocked_until >= STORE_FOREVER)
		return verdict_by(a, "blocked", "550 5.7.1", "451 4.7.1",
		    "%.*s is blocked and may not send%s%s", KEY_SHOWN, key,
		    colon, setting->reason);
	gmtime_r(&setting->blocked_until, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	return verdict_by(a, "blocked", "550 5.7.1", "451 4.7.1",
	    "%.*s is blocked until %s UTC (for %lld more seconds)%s%s",
	    KEY_SHOWN, key, when, (long long)setting->blocked_until - now,
	    colon, setting->reason);
}
