/*
 * control_answer - the daemon's counters and observations as JSON
 *
 * Counters are read one by one while mail is processed, so two of them may be
 * a message apart.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "conf/users_query.h"
#include "dkim/keybase.h"
#include "dns/resolver.h"
#include "mta/mfi.h"
#include "session/observed.h"
#include "session/services.h"
#include "status/status.h"
#include "control_priv.h"
#include "key_process_start_priv.h"
#include "sandbox_priv.h"

#define FORGET	"forget "

/* Seconds since `ticks`; 0 if that has never been. */
static void
answer_age(struct services *sv, struct buf *b, const char *name,
    uint64_t ticks)
{
	json_put_number(b, name, ticks == 0 ? 0 :
	    (sv->ticks() - ticks) / 1000);
}

static void
add_counters(struct services *sv, struct buf *b)
{
	struct counters *n = &sv->counters;

	status_put_counters(sv, b);
	json_put_number(b, "quota_refusals", atomic_load(&n->quota_refused));
	answer_age(sv, b, "store_failure_age",
	    atomic_load(&n->store_failed_at));
	answer_age(sv, b, "held_age", atomic_load(&n->held_at));
	json_put_number(b, "notify_dropped",
	    atomic_load(&n->notify_dropped));
	json_put_number(b, "outcomes_lost", atomic_load(&n->outcomes_lost));
	json_put_number(b, "over_max_sessions",
	    atomic_load(&n->over_sessions));
	json_put_number(b, "over_max_memory", atomic_load(&n->over_memory));
	json_put_number(b, "refused_connections",
	    atomic_load(&n->refused_connections));
}

static void
add_resolver(struct buf *b, struct resolver *r)
{
	struct resolver_stats st;

	resolver_stats(r, &st);
	json_put_open(b, "resolver", '{');
	status_put_resolver(&st, b);
	buf_addch(b, '}');
}

static void
add_counts(struct buf *b, const char *name, const struct directory_counts *n)
{
	json_put_open(b, name, '{');
	json_put_number(b, "asked", n->asked);
	json_put_number(b, "cached", n->cached);
	json_put_number(b, "stale", n->stale);
	json_put_number(b, "failed", n->failed);
	json_put_number(b, "kept", n->kept);
	buf_addch(b, '}');
}

/* What the databases of users and of owners were asked. */
static void
add_users(struct buf *b, const struct setup *st)
{
	struct directory_counts n;

	if (st->users != NULL) {
		users_query_count(st->users, &n);
		add_counts(b, "users", &n);
	}
	if (st->conf->sender_maps != NULL) {
		sender_maps_count(st->conf->sender_maps, &n);
		add_counts(b, "owners", &n);
	}
}

/* What the database of keys was asked, and what of it is in memory. */
static void
add_keybase(struct buf *b, struct keybase *kb)
{
	struct keybase_counts n;

	if (kb == NULL)
		return;
	keybase_count(kb, &n);
	json_put_open(b, "keys", '{');
	json_put_number(b, "asked", n.asked);
	json_put_number(b, "stale", n.stale);
	json_put_number(b, "failed", n.failed);
	json_put_number(b, "refused", n.refused);
	json_put_number(b, "domains", n.domains);
	json_put_number(b, "keys", n.keys);
	json_put_number(b, "octets", n.kept);
	json_put_number(b, "dropped", n.evicted);
	buf_addch(b, '}');
}

static void
answer_status(struct services *sv, const struct status_start *start,
    bool macros, struct buf *b)
{
	struct setup *st = services_setup(sv);

	buf_addch(b, '{');
	json_put_text(b, "version", PACKAGE_VERSION);
	json_put_number(b, "pid", (uint64_t)getpid());
	json_put_number(b, "started", (uint64_t)start->time);
	json_put_number(b, "uptime", (sv->ticks() - start->ticks) / 1000);
	json_put_text(b, "not_limited", sandbox_gaps());
	json_put_bool(b, "keys_swappable", key_process_is_swappable());
	json_put_text(b, "mode", st->conf->mode == MODE_ENFORCE ?
	    "enforce" : "monitor");
	add_counters(sv, b);
	add_resolver(b, sv->resolver);
	add_users(b, st);
	add_keybase(b, st->keybase);
	buf_addstr(b, ", \"listeners\": ");
	observed_json(sv->observed, macros, b);
	buf_addstr(b, "}\n");
	setup_unref(&st);
}

/* The options that the daemon has had since its start. */
static void
answer_restart(struct services *sv, struct buf *b)
{
	buf_addstr(b, "{\"restart\": ");
	json_string(b, sv->started_with != NULL ? sv->started_with : "");
	buf_addstr(b, "}\n");
}

/* `login` NULL: all. */
static void
answer_forget(struct services *sv, const char *login, struct buf *b)
{
	struct setup *st = services_setup(sv);

	buf_printf(b, "{\"forgotten\": %s}\n", setup_forget(st, login) ?
	    "true" : "false");
	setup_unref(&st);
}

void
control_answer(struct services *sv, const struct status_start *start,
    const char *command, struct buf *b)
{
	if (strcmp(command, "stats") == 0)
		answer_status(sv, start, false, b);
	else if (strcmp(command, "status") == 0)
		status_json(sv, start, b);
	else if (strcmp(command, "doctor") == 0)
		answer_status(sv, start, true, b);
	else if (strcmp(command, "restart") == 0)
		answer_restart(sv, b);
	else if (strcmp(command, "forget-all") == 0)
		answer_forget(sv, NULL, b);
	else if (strncmp(command, FORGET, strlen(FORGET)) == 0)
		answer_forget(sv, command + strlen(FORGET), b);
	else
		buf_addstr(b, "{\"error\": \"unknown command; use stats, "
		    "status, doctor, restart, forget-all or forget LOGIN\"}\n");
}
