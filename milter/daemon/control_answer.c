/*
 * control_answer - what the daemon says about itself
 *
 * Figures are read one by one while mail goes on; two of them may be a
 * message apart.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "dns/resolver.h"
#include "mta/mfi.h"
#include "session/observed.h"
#include "session/services.h"
#include "control_priv.h"

static void
add(struct buf *b, const char *name, uint64_t value)
{
	buf_printf(b, ", \"%s\": %llu", name, (unsigned long long)value);
}

static void
add_counters(struct buf *b, struct counters *n)
{
	add(b, "connections", atomic_load(&n->connections));
	add(b, "messages", atomic_load(&n->messages));
	add(b, "accepted", atomic_load(&n->accepted));
	add(b, "held", atomic_load(&n->held));
	add(b, "deferred", atomic_load(&n->deferred));
	add(b, "rejected", atomic_load(&n->rejected));
	add(b, "aborted", atomic_load(&n->aborted));
	add(b, "open_messages", mfi_open_messages());
	add(b, "quota_refusals", atomic_load(&n->quota_refused));
	add(b, "store_failures", atomic_load(&n->store_failures));
	add(b, "warnings", atomic_load(&n->warnings));
	add(b, "notify_dropped", atomic_load(&n->notify_dropped));
	add(b, "outcomes_lost", atomic_load(&n->outcomes_lost));
}

static void
add_resolver(struct buf *b, struct resolver *r)
{
	struct resolver_stats st;

	resolver_stats(r, &st);
	buf_addstr(b, ", \"resolver\": {\"queries\": ");
	buf_printf(b, "%llu", (unsigned long long)st.queries);
	add(b, "cache_hits", st.cache_hits);
	add(b, "shared", st.shared);
	add(b, "timeouts", st.timeouts);
	add(b, "failures", st.failures);
	buf_addch(b, '}');
}

static void
describe(struct services *sv, const struct control_start *start, bool macros,
    struct buf *b)
{
	struct setup *st = services_setup(sv);

	buf_addstr(b, "{\"version\": ");
	json_string(b, PACKAGE_VERSION);
	add(b, "pid", (uint64_t)getpid());
	add(b, "started", (uint64_t)start->time);
	add(b, "uptime", (sv->ticks() - start->ticks) / 1000);
	buf_printf(b, ", \"mode\": \"%s\"", st->conf->mode == MODE_ENFORCE ?
	    "enforce" : "monitor");
	add_counters(b, &sv->counters);
	add_resolver(b, sv->resolver);
	buf_addstr(b, ", \"listeners\": ");
	observed_json(sv->observed, macros, b);
	buf_addstr(b, "}\n");
	setup_unref(&st);
}

void
control_answer(struct services *sv, const struct control_start *start,
    const char *command, struct buf *b)
{
	if (strcmp(command, "stats") == 0)
		describe(sv, start, false, b);
	else if (strcmp(command, "doctor") == 0)
		describe(sv, start, true, b);
	else
		buf_addstr(b, "{\"error\": \"no such command; there are: "
		    "stats, doctor\"}\n");
}
