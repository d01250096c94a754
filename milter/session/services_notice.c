/*
 * services_notice - tell the site about an event: log, counter, notify-command
 */
#include "base/arena.h"
#include "base/record.h"
#include "conf/conf.h"
#include "session/notifier.h"
#include "session/services.h"

#define NOTICE_CHUNK	2048	/* octets of a notice's arena */

/* Events without a share have no counts. */
static void
notice_counts(struct record *r, const struct notice *e)
{
	if (e->share == 0)
		return;
	record_num(r, "used", e->used);
	if (e->limit == UINT64_MAX)
		record_str(r, "limit", "unlimited");
	else
		record_num(r, "limit", e->limit);
	record_str(r, "unit", e->unit);
	record_num(r, "share", e->share);
	record_str(r, "window", e->window);
}

void
services_notice(struct services *sv, const struct conf *c,
    const struct notice *e)
{
	struct arena	*a = arena_new(NOTICE_CHUNK);
	struct record	 r;

	atomic_fetch_add(&sv->counters.warnings, 1);
	record_init(&r, a);
	record_str(&r, "event", e->event);
	record_str(&r, "login", e->login);
	record_str(&r, "group", e->group);
	record_str(&r, "domain", e->domain);
	record_str(&r, "selector", e->selector);
	record_str(&r, "plan", e->plan);
	notice_counts(&r, e);
	record_str(&r, "reason", e->reason);
	record_str(&r, "hint", e->hint);
	if (!notifier_event(sv->notifier, &c->notify, e) &&
	    sv->notifier != NULL && c->notify.command != NULL) {
		atomic_fetch_add(&sv->counters.notify_dropped, 1);
		record_str(&r, "notify", "dropped");
	}
	services_record(sv, e->good ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, &r);
	arena_free(&a);
}
