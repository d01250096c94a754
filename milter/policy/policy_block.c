/*
 * policy_block - blocks of logins: the fuse sets them, MAIL is judged by them
 *
 * Mail clients show replies to people in any time zone, so times are in UTC.
 */
#include <stdio.h>
#include <time.h>

#include "policy/policy_block.h"
#include "policy/policy_rules.h"

struct store_setting
policy_fuse(const struct fuse_rules *r, const struct fuse_trip *trip,
    time_t now)
{
	static const char *const	 kinds[] = {
		[FUSE_NETWORKS] = "client networks",
		[FUSE_REFUSED] = "refused recipients",
		[FUSE_FROM] = "From addresses",
	};
	struct store_setting		 t = { .changed = now };

	t.blocked_until = now + (time_t)r->seconds;
	t.block = r->action == ACTION_REJECT ? STORE_BLOCK_REJECT :
	    r->action == ACTION_HOLD ? STORE_BLOCK_HOLD : STORE_BLOCK_DEFER;
	snprintf(t.reason, sizeof(t.reason), "fuse: %u %s in an hour "
	    "(limit %u)", trip->count, kinds[trip->kind], trip->limit);
	return t;
}

struct verdict
policy_block(const struct store_setting *setting, const char *key, time_t now)
{
	static const enum action actions[] = {
		[STORE_BLOCK_DEFER] = ACTION_DEFER,
		[STORE_BLOCK_REJECT] = ACTION_REJECT,
		[STORE_BLOCK_HOLD] = ACTION_HOLD,
	};
	enum action	 a = actions[setting->block];
	const char	*colon = setting->reason[0] != '\0' ? ": " : "";
	char		 when[40];
	struct tm	 tm;

	if (setting->blocked_until <= now)
		return verdict_accept();
	if (setting->blocked_until >= STORE_FOREVER)
		return verdict_by(a, "blocked", "550 5.7.1", "451 4.7.1",
		    "%.*s is blocked and may not send%s%s", REPLY_KEY_MAX, key,
		    colon, setting->reason);
	gmtime_r(&setting->blocked_until, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	return verdict_by(a, "blocked", "550 5.7.1", "451 4.7.1",
	    "%.*s is blocked until %s UTC (for %lld more seconds)%s%s",
	    REPLY_KEY_MAX, key, when,
	    (long long)setting->blocked_until - now, colon, setting->reason);
}
