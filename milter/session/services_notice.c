/*
 * services_notice - tell the site: a line of the log, and its command
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/record.h"
#include "session/notifier.h"
#include "session/services.h"

#define LINE_CHUNK	2048

static void
say(struct services *sv, const struct record *r)
{
	struct buf b = BUF_INIT;

	if (sv->on_record != NULL) {
		sv->on_record(sv->on_record_arg, r);
		return;
	}
	record_line(r, &b);
	log_printf(LOG_LEVEL_WARNING, "%s", buf_str(&b));
	buf_free(&b);
}

void
services_notice(struct services *sv, const struct conf *c,
    const struct notice *e)
{
	struct arena	*a = arena_new(LINE_CHUNK);
	struct record	 r;

	atomic_fetch_add(&sv->counters.warnings, 1);
	record_init(&r, a);
	record_str(&r, "event", e->event);
	record_str(&r, "login", e->login);
	record_str(&r, "group", e->group);
	record_str(&r, "plan", e->plan);
	record_num(&r, "used", e->used);
	if (e->limit == UINT32_MAX)
		record_str(&r, "limit", "unlimited");
	else
		record_num(&r, "limit", e->limit);
	record_str(&r, "unit", e->unit);
	record_num(&r, "share", e->share);
	record_str(&r, "reason", e->reason);
	if (!notifier_event(sv->notifier, &c->notify, e) &&
	    sv->notifier != NULL && c->notify.command != NULL) {
		atomic_fetch_add(&sv->counters.notify_dropped, 1);
		record_str(&r, "notify", "dropped");
	}
	say(sv, &r);
	arena_free(&a);
}
