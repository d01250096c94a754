/*
 * policy_fuse - the block of a login that did too much of something
 */
#include <stdio.h>

#include "policy/policy_fuse.h"

struct store_setting
policy_fuse(const struct fuse_rules *r, const struct fuse_trip *trip,
    time_t now)
{
	static const char *const	 what[] = {
		[FUSE_NETWORKS] = "client networks",
		[FUSE_REFUSED] = "refused recipients",
		[FUSE_FROM] = "From addresses",
	};
	struct store_setting		 t = { .changed = now };

	t.blocked_until = now + (time_t)r->seconds;
	t.block = r->action == ACTION_REJECT ? STORE_BLOCK_REJECT :
	    r->action == ACTION_HOLD ? STORE_BLOCK_HOLD : STORE_BLOCK_DEFER;
	snprintf(t.reason, sizeof(t.reason), "fuse: %u %s in an hour "
	    "(limit %u)", trip->count, what[trip->kind], trip->limit);
	return t;
}
