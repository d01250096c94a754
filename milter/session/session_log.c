/*
 * session_log - the log record of a message: the decision, its reasons and
 * its cost
 *
 * One record is written at the last answer to a message, and one for the first
 * recipient of a message that is refused. The keys are part of millgate's
 * interface and are documented in millgate(8).
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/record.h"
#include "dkim/keybase.h"
#include "dns/resolver.h"
#include "policy/policy_limit.h"
#include "stages_priv.h"

static void
log_session(struct record *r, const struct message *m)
{
	const struct facts	*f = &m->f;
	char			 client[NETADDR_TEXT];

	record_str(r, "listener", f->listener);
	if (f->conn.local)
		record_str(r, "client", "local");
	else
		record_str(r, "client", f->conn.client_known ?
		    netaddr_format(&f->conn.client, client) : "unknown");
	record_str(r, "helo", f->conn.helo);
	record_str(r, "tls", f->tls.version);
	record_str(r, "login", f->auth.login);
	record_str(r, "mechanism", f->auth.mechanism);
	record_str(r, "relay", f->relay);
	record_str(r, "tier", f->tier);
	record_str(r, "sender", f->env.sender);
	record_num(r, "recipients", f->env.recipients);
	if (m->refused > 0)
		record_num(r, "refused", m->refused);
}

/*
 * dkim=pass:example.org/s1,fail:example.net/s2(test-key), and in dkim-why the
 * reason of the first signature that did not pass.
 */
static void
log_signatures(struct record *r, const struct dkim_facts *dkim)
{
	const struct dkim_signature	*sig;
	const char			*why = NULL;
	struct buf			 b = BUF_INIT;
	size_t				 i;

	for (i = 0; i < dkim->n; i++) {
		sig = &dkim->sig[i];
		buf_printf(&b, "%s%s:%s/%s%s", i > 0 ? "," : "",
		    result_name(sig->result),
		    sig->domain != NULL ? sig->domain : "",
		    sig->selector != NULL ? sig->selector : "",
		    sig->testing ? "(test-key)" : "");
		if (sig->result != RESULT_PASS && why == NULL)
			why = sig->reason;
	}
	record_str(r, "dkim", dkim->n > 0 ? buf_str(&b) : "none");
	record_str(r, "dkim-why", why);
	if (dkim->skipped > 0)
		record_num(r, "dkim-skipped", dkim->skipped);
	buf_free(&b);
}

static void
log_dmarc(struct record *r, const struct dmarc_facts *dmarc)
{
	record_str(r, "dmarc", result_name(dmarc->result));
	if (dmarc->record_domain != NULL) {
		record_str(r, "dmarc-policy",
		    dmarc_policy_word(dmarc->policy));
		record_str(r, "dmarc-record", dmarc->record_domain);
	}
	if (dmarc->result != RESULT_PASS)
		record_str(r, "dmarc-why", dmarc->reason);
}

static void
log_override(struct record *r, const struct override_facts *o)
{
	record_str(r, "override", o->name);
	record_str(r, "override-why", o->reason);
	record_str(r, "override-of", o->rule);
}

static void
log_results(struct record *r, const struct facts *f)
{
	if (f->from.from.n > 0)
		record_str(r, "from", f->from.from.box[0].address);
	if (f->iprev.done)
		record_str(r, "iprev", result_name(f->iprev.result));
	if (f->spf_mfrom.done) {
		record_str(r, "spf", result_name(f->spf_mfrom.result));
		if (f->spf_mfrom.result != RESULT_PASS)
			record_str(r, "spf-why", f->spf_mfrom.reason);
	}
	if (f->spf_helo.done)
		record_str(r, "spf-helo", result_name(f->spf_helo.result));
	if (f->dkim.done)
		log_signatures(r, &f->dkim);
	if (f->dmarc.done)
		log_dmarc(r, &f->dmarc);
	log_override(r, &f->override);
	record_str(r, "spf-override", f->spf_override.name);
	record_str(r, "spf-override-why", f->spf_override.reason);
	record_str(r, "spf-override-of", f->spf_override.rule);
}

/* "12/1000", "12/unlimited" */
static void
log_of_limit(struct buf *b, uint64_t used, uint64_t limit)
{
	if (limit == STORE_UNLIMITED)
		buf_printf(b, "%" PRIu64 "/unlimited", used);
	else
		buf_printf(b, "%" PRIu64 "/%" PRIu64, used, limit);
}

static void
log_hour(struct buf *b, const struct quota_facts *q)
{
	log_of_limit(b, q->used, q->limits->of[STORE_RECIPIENTS][STORE_HOUR]);
}

/* The recipients of the hour have keys of their own: quota, groups. */
static void
log_windows(struct buf *b, const struct quota_facts *q)
{
	enum store_window	w;
	enum store_unit		u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
			if (q->limits->of[u][w] == STORE_UNLIMITED ||
			    (u == STORE_RECIPIENTS && w == STORE_HOUR))
				continue;
			buf_addstr(b, b->len > 0 ? "," : "");
			if (q->group != NULL)
				buf_printf(b, "%s/", q->group);
			buf_printf(b, "%s:", policy_limit_name(u, w));
			log_of_limit(b, q->windows != NULL ?
			    q->windows[u][w] : 0, q->limits->of[u][w]);
		}
}

static void
log_groups(struct record *r, const struct facts *f)
{
	const struct quota_facts *q;
	struct buf	 hour = BUF_INIT, windows = BUF_INIT;
	size_t		 i;

	for (i = 1; i < f->nquotas; i++) {
		q = &f->quota[i];
		buf_printf(&hour, "%s%s%s:", i > 1 ? "," : "", q->group,
		    q->set != 0 ? "(set)" : "");
		log_hour(&hour, q);
		log_windows(&windows, q);
	}
	if (hour.len > 0)
		record_str(r, "groups", buf_str(&hour));
	if (windows.len > 0)
		record_str(r, "group-windows", buf_str(&windows));
	buf_free(&hour);
	buf_free(&windows);
}

/*
 * plan=trial quota=1/1000 windows=recipients-per-day:1/5000
 * groups=acme:12/5000,all(set):40/unlimited
 * group-windows=acme/bytes-per-day:4711/1048576. "(set)": a limit was set with
 * millgatectl.
 */
static void
log_quota(struct record *r, const struct facts *f)
{
	const struct quota_facts *q = f->quota;
	struct buf	b = BUF_INIT;

	if (f->nquotas == 0)
		return;
	record_str(r, "plan", q->set != 0 ? arena_printf(r->arena, "%s(set)",
	    q->plan) : q->plan);
	log_hour(&b, q);
	record_str(r, "quota", buf_str(&b));
	buf_reset(&b);
	log_windows(&b, q);
	if (b.len > 0)
		record_str(r, "windows", buf_str(&b));
	buf_free(&b);
	log_groups(r, f);
}

static void
log_cost(struct record *r, struct session *s)
{
	struct message *m = s->message;

	if (m->lookups != NULL) {
		record_num(r, "dns", lookups_count(m->lookups));
		record_num(r, "dns-ms", lookups_waited_ms(m->lookups));
	}
	record_num(r, "ms", s->sv->ticks() - m->began);
}

static void
log_verdict(struct record *r, const struct message *m, enum action taken,
    const char *hint)
{
	const struct verdict *v = m->verdict;

	record_str(r, "action", action_name(taken));
	record_str(r, "rule", v->rule);
	if (v->action != taken)
		record_str(r, "would", action_name(v->action));
	if (v->code[0] != '\0')
		record_str(r, "reply", arena_printf(r->arena, "%s %s",
		    v->code, v->status));
	if (v->action != ACTION_ACCEPT)
		record_str(r, "text", v->text);
	if (strcmp(v->rule, "quota") == 0 && m->counted != NULL) {
		record_str(r, "full", m->counted->full);
		if (m->counted->fits > 0)
			record_num(r, "fits", (uint64_t)m->counted->fits);
	}
	record_str(r, "hint", hint);
}

static void
log_keys(struct record *r, const struct keybase_reply *keys)
{
	if (keys == NULL)
		return;
	if (keys->unknown)
		record_str(r, "keys-error", keys->why);
	if (keys->stale)
		record_str(r, "keys", "stale");
}

void
session_log(struct session *s, enum action taken, const char *event)
{
	struct message *m = s->message;
	struct record r;

	stage_observe(s, taken, event);
	record_init(&r, m->arena);
	record_str(&r, "id", m->f.env.queue_id != NULL ?
	    m->f.env.queue_id : "-");
	record_str(&r, "event", event);
	log_verdict(&r, m, taken, stage_hint(s));
	log_session(&r, m);
	log_results(&r, &m->f);
	log_keys(&r, m->keys);
	if (m->nsigned > 0)
		record_num(&r, "signed", m->nsigned);
	else if (m->f.direction == DIRECTION_SUBMISSION)
		record_str(&r, "unsigned", m->sign_why);
	log_quota(&r, &m->f);
	record_str(&r, "owners", m->owners);
	record_str(&r, "users", m->users_stale ? "stale" : NULL);
	record_str(&r, "users-error", m->users_error);
	record_str(&r, "store-error", m->store_error);
	log_cost(&r, s);
	services_record(s->sv, LOG_LEVEL_INFO, &r);
}
