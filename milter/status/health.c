/*
 * health - can the daemon do its work at this moment?
 *
 * Mail itself finds out: its lookups, its calls to the store, its signatures.
 * libunbound's end stops the daemon, so that needs no line here.
 */
#include "config.h"

#include "base/buf.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "status/health.h"

/* Seconds since `ticks`. False: that has never been, or long ago. */
static bool
is_recent(struct services *sv, uint64_t ticks, unsigned *seconds)
{
	uint64_t now = sv->ticks();

	if (ticks == 0 || ticks > now || now - ticks > HEALTH_SECONDS * 1000)
		return false;
	*seconds = (unsigned)((now - ticks) / 1000);
	return true;
}

bool
health_good(struct services *sv, struct buf *why)
{
	struct resolver_stats	st;
	size_t			before = why->len;
	unsigned		seconds;

	resolver_stats(sv->resolver, &st);
	if (st.failing >= HEALTH_LOOKUPS)
		buf_printf(why, "dns: the last %llu lookups failed\n",
		    (unsigned long long)st.failing);
	if (is_recent(sv, atomic_load(&sv->counters.store_failed_at),
	    &seconds))
		buf_printf(why, "state: a call failed %u seconds ago\n",
		    seconds);
	if (is_recent(sv, atomic_load(&sv->tallies.sign_failed_at), &seconds))
		buf_printf(why, "signing: a message could not be signed %u "
		    "seconds ago\n", seconds);
	return why->len == before;
}
