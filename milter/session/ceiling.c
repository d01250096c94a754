/*
 * ceiling - how much the daemon takes on: max-sessions and max-memory
 *
 * A session that is not admitted costs a descriptor and little memory. It gets
 * a reply with the reason, which the MTA's own action for a failed filter
 * would not have; only when the last descriptors are in danger, connections
 * are closed instead (ceiling_is_full).
 */
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "base/resident.h"
#include "session/ceiling.h"
#include "session/services.h"

#define WARN_MS		(60 * UINT64_C(1000))
#define TRIM_MS		(5 * UINT64_C(1000))
#define MEBIBYTE	(1024 * 1024)

void
ceiling_init(struct ceiling *c)
{
	memset(c, 0, sizeof(*c));
	atomic_init(&c->max_sessions, UINT_MAX);
	atomic_init(&c->max_memory, CONF_UNLIMITED);
	atomic_init(&c->fit_sessions, UINT_MAX);
	atomic_init(&c->fit_connections, UINT_MAX);
}

void
ceiling_change(struct ceiling *c, const struct conf *conf)
{
	atomic_store(&c->max_sessions, conf->max_sessions);
	atomic_store(&c->max_memory, conf->max_memory);
	if (conf->max_memory == CONF_UNLIMITED)
		atomic_store(&c->memory_over, false);
}

static unsigned
places(struct ceiling *c)
{
	unsigned max = atomic_load(&c->max_sessions);
	unsigned fit = atomic_load(&c->fit_sessions);

	return max < fit ? max : fit;
}

bool
ceiling_admit(struct services *sv)
{
	struct ceiling	*c = &sv->ceiling;
	unsigned	 n = atomic_load(&c->admitted), max = places(c);

	while (n < max)
		if (atomic_compare_exchange_weak(&c->admitted, &n, n + 1))
			return true;
	return false;
}

void
ceiling_leave(struct services *sv)
{
	atomic_fetch_sub(&sv->ceiling.admitted, 1);
}

bool
ceiling_defers(struct services *sv, bool *admitted, struct verdict *v)
{
	if (!*admitted)
		*admitted = ceiling_admit(sv);
	if (!*admitted) {
		atomic_fetch_add(&sv->counters.over_sessions, 1);
		*v = verdict_refuse("max-sessions", "451 4.3.2",
		    "The mail filter has too many sessions; try again later");
	} else if (atomic_load(&sv->ceiling.memory_over)) {
		atomic_fetch_add(&sv->counters.over_memory, 1);
		*v = verdict_refuse("max-memory", "451 4.3.2",
		    "The mail filter has no memory for more messages; try "
		    "again later");
	} else
		return false;
	return true;
}

bool
ceiling_is_full(struct services *sv)
{
	if (atomic_load(&sv->counters.open_connections) <=
	    atomic_load(&sv->ceiling.fit_connections))
		return false;
	atomic_fetch_add(&sv->counters.refused_connections, 1);
	return true;
}

/* --- once a second ------------------------------------------------------- */

/* What malloc only keeps for later does not count. */
static void
look_at_memory(struct services *sv)
{
	struct ceiling	*c = &sv->ceiling;
	size_t		 max = atomic_load(&c->max_memory);
	size_t		 memory = resident_octets();

	if (memory > max && sv->ticks() >= c->trim_due) {
		resident_trim();
		memory = resident_octets();
		c->trim_due = sv->ticks() + TRIM_MS;
	}
	if (memory == 0 && max != CONF_UNLIMITED && !c->unknown) {
		log_printf(LOG_LEVEL_ERROR, "max-memory has no effect: "
		    "/proc/self/statm cannot be read");
		c->unknown = true;
	}
	atomic_store(&c->memory, memory);
	atomic_store(&c->memory_over, memory > max);
}

/* How many have come since the last warning; 0: there is nothing to warn of. */
static unsigned long long
news(struct services *sv, struct ceiling_said *said, uint64_t count)
{
	uint64_t more = count - said->count;

	if (more == 0 || sv->ticks() < said->due)
		return 0;
	said->count = count;
	said->due = sv->ticks() + WARN_MS;
	return more;
}

void
ceiling_look(struct services *sv)
{
	struct ceiling		*c = &sv->ceiling;
	struct counters		*n = &sv->counters;
	unsigned long long	 more;

	look_at_memory(sv);
	more = news(sv, &c->said_sessions, atomic_load(&n->over_sessions));
	if (more > 0)
		log_printf(LOG_LEVEL_WARNING, "max-sessions: %llu messages "
		    "were deferred, because %u other sessions were open; see "
		    "LIMITS in millgate(8)", more, places(c));
	more = news(sv, &c->said_memory, atomic_load(&n->over_memory));
	if (more > 0)
		log_printf(LOG_LEVEL_WARNING, "max-memory: %llu new messages "
		    "were deferred, because the daemon had more than %zu MiB",
		    more, atomic_load(&c->max_memory) / MEBIBYTE);
	more = news(sv, &c->said_connections,
	    atomic_load(&n->refused_connections));
	if (more > 0)
		log_printf(LOG_LEVEL_ERROR, "%llu connections of the MTA were "
		    "closed, because the limit of open files is nearly "
		    "reached; the MTA acts as for a filter that is down; see "
		    "LIMITS in millgate(8)", more);
}
