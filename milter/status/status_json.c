/*
 * status_json - the snapshot as one JSON object
 *
 * Numbers are unsigned; times are seconds since the epoch, and absent if there
 * is none. packaging/millgate-metrics.7.in documents the names.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "mta/mfi.h"
#include "policy/policy_limit.h"
#include "session/observed.h"
#include "session/services.h"
#include "status_priv.h"

/* Nothing for 0 and for STORE_FOREVER. */
static void
put_time(struct buf *b, const char *name, time_t t)
{
	if (t > 0 && t < STORE_FOREVER)
		json_put_number(b, name, (uint64_t)t);
}

/* --- parts ---------------------------------------------------------------- */

static void
put_configuration(const struct status *s, struct buf *b)
{
	struct tallies *n = &s->sv->tallies;

	json_put_open(b, "configuration", '{');
	json_put_text(b, "file", s->setup->conf->path);
	put_time(b, "loaded", (time_t)counter_read(&n->loaded_at));
	json_put_number(b, "reloads", counter_read(&n->reloads_good));
	json_put_number(b, "reloads_refused", counter_read(&n->reloads_failed));
	json_put_bool(b, "last_refused", atomic_load(&n->reload_failed));
	buf_addch(b, '}');
}

static void
put_health(const struct status *s, struct buf *b)
{
	const char	*p, *end;
	struct buf	 line = BUF_INIT;

	json_put_open(b, "health", '{');
	json_put_bool(b, "good", s->good);
	json_put_open(b, "why", '[');
	for (p = s->why; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		buf_reset(&line);
		buf_add(&line, p, (size_t)(end - p));
		json_put_text(b, NULL, buf_str(&line));
	}
	buf_addstr(b, "]}");
	buf_free(&line);
}

/* --- for the control socket, too ------------------------------------------ */

void
status_put_counters(struct services *sv, struct buf *b)
{
	struct counters *n = &sv->counters;

	json_put_number(b, "connections", counter_read(&n->connections));
	json_put_number(b, "open_connections",
	    counter_read(&n->open_connections));
	json_put_number(b, "messages", counter_read(&n->messages));
	json_put_number(b, "open_messages", mfi_open_messages());
	json_put_number(b, "accepted", counter_read(&n->accepted));
	json_put_number(b, "held", counter_read(&n->held));
	json_put_number(b, "deferred", counter_read(&n->deferred));
	json_put_number(b, "rejected", counter_read(&n->rejected));
	json_put_number(b, "aborted", counter_read(&n->aborted));
	json_put_number(b, "store_failures",
	    counter_read(&n->store_failures));
	json_put_number(b, "warnings", counter_read(&n->warnings));
	json_put_number(b, "memory", atomic_load(&sv->ceiling.memory));
}

void
status_put_resolver(const struct resolver_stats *st, struct buf *b)
{
	json_put_number(b, "queries", st->queries);
	json_put_number(b, "cache_hits", st->cache_hits);
	json_put_number(b, "shared", st->shared);
	json_put_number(b, "timeouts", st->timeouts);
	json_put_number(b, "failures", st->failures);
	json_put_number(b, "failing", st->failing);
	json_put_number(b, "pending_max", st->pending_max);
}

/* --- more parts ----------------------------------------------------------- */

static void
put_totals(const struct status *s, struct buf *b)
{
	json_put_open(b, "totals", '{');
	status_put_counters(s->sv, b);
	json_put_number(b, "quota_refused",
	    counter_read(&s->sv->counters.quota_refused));
	buf_addch(b, '}');
}

static void
put_directions(const struct status *s, struct buf *b)
{
	uint64_t	n[ACTION_REJECT + 1];
	enum direction	d;
	enum action	a;

	json_put_open(b, "directions", '[');
	for (d = DIRECTION_INBOUND; d <= DIRECTION_SUBMISSION; d++) {
		observed_direction(s->sv->observed, d, n);
		json_put_open(b, NULL, '{');
		json_put_text(b, "name", tally_direction_name(d));
		for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
			json_put_number(b, action_name(a), n[a]);
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

static void
put_traffic(const struct status *s, struct buf *b)
{
	enum action	a;
	size_t		i;

	json_put_open(b, "traffic", '[');
	for (i = 0; i < TRAFFIC_MINUTES; i++) {
		json_put_open(b, NULL, '{');
		json_put_number(b, "time", (uint64_t)s->minute_time -
		    60 * (TRAFFIC_MINUTES - 1 - i));
		for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
			json_put_number(b, action_name(a), s->minute[i].n[a]);
		json_put_number(b, "refused_recipients",
		    s->minute[i].n[TRAFFIC_RECIPIENTS]);
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
	json_put_open(b, "rules", '[');
	for (i = 0; i < s->nrules; i++) {
		json_put_open(b, NULL, '{');
		json_put_text(b, "name", s->rule[i].name);
		json_put_number(b, "hour", s->rule[i].hour);
		json_put_number(b, "total", s->rule[i].total);
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

static const char *
block_word(enum store_block block)
{
	static const char *const words[] = {
		[STORE_BLOCK_DEFER] = "defer",
		[STORE_BLOCK_REJECT] = "reject",
		[STORE_BLOCK_HOLD] = "hold"
	};

	return words[block];
}

static void
put_limit(struct buf *b, const struct status_limit *l)
{
	json_put_open(b, NULL, '{');
	json_put_text(b, "name", policy_limit_name(l->unit, l->window));
	json_put_number(b, "used", l->used);
	json_put_number(b, "limit", l->limit);
	json_put_bool(b, "set", l->set);
	put_time(b, "free", l->free);
	buf_addch(b, '}');
}

static void
put_accounts(struct buf *b, const char *name,
    const struct status_account *account, size_t n)
{
	const struct status_account	*a;
	size_t				 i, j;

	json_put_open(b, name, '[');
	for (i = 0; i < n; i++) {
		a = &account[i];
		json_put_open(b, NULL, '{');
		json_put_text(b, "account", a->key);
		json_put_text(b, "plan", a->plan);
		json_put_number(b, "recipients", a->recipients);
		json_put_number(b, "messages", a->messages);
		json_put_open(b, "limits", '[');
		for (j = 0; j < a->nlimits; j++)
			put_limit(b, &a->limit[j]);
		buf_addch(b, ']');
		if (a->nlimits > 0)
			json_put_number(b, "share", a->limit[0].share);
		put_time(b, "free", a->free);
		if (a->blocked)
			json_put_text(b, "blocked", block_word(a->block));
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

static void
put_blocks(const struct status *s, struct buf *b)
{
	const struct status_block	*k;
	size_t				 i;

	json_put_open(b, "blocks", '{');
	json_put_number(b, "total", s->blocks_total);
	json_put_open(b, "list", '[');
	for (i = 0; i < s->nblocks; i++) {
		k = &s->block[i];
		json_put_open(b, NULL, '{');
		json_put_text(b, "account", k->key);
		json_put_text(b, "action", block_word(k->setting.block));
		put_time(b, "until", k->setting.blocked_until);
		json_put_text(b, "reason", k->setting.reason);
		put_time(b, "changed", k->setting.changed);
		json_put_bool(b, "fuse", k->fuse);
		json_put_text(b, "lift", k->lift);
		buf_addch(b, '}');
	}
	buf_addstr(b, "]}");
	json_put_open(b, "fuse", '{');
	json_put_number(b, "networks",
	    counter_read(&s->sv->tallies.fuse[FUSE_NETWORKS]));
	json_put_number(b, "refused",
	    counter_read(&s->sv->tallies.fuse[FUSE_REFUSED]));
	json_put_number(b, "from", counter_read(&s->sv->tallies.fuse[FUSE_FROM]));
	buf_addch(b, '}');
}

static void
put_authors(const struct status *s, struct buf *b)
{
	static const enum result	 shown[] = { RESULT_PASS, RESULT_FAIL,
	    RESULT_NONE, RESULT_TEMPERROR, RESULT_PERMERROR };
	size_t				 i, r;

	json_put_open(b, "dmarc", '[');
	for (i = 0; i < s->ndomains; i++) {
		json_put_open(b, NULL, '{');
		json_put_text(b, "domain", s->domain[i].domain);
		json_put_number(b, "messages", s->domain[i].messages);
		for (r = 0; r < sizeof(shown) / sizeof(shown[0]); r++)
			json_put_number(b, result_name(shown[r]),
			    s->domain[i].n[shown[r]]);
		json_put_number(b, "refused", s->domain[i].n[TRAFFIC_REFUSED]);
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

static void
put_latency(const struct status *s, struct buf *b, const char *name,
    unsigned percent)
{
	uint64_t us = status_latency(s, percent);

	if (us > 0 && us < UINT64_MAX)
		json_put_number(b, name, us);
}

static void
put_dns(const struct status *s, struct buf *b)
{
	size_t i;

	json_put_open(b, "dns", '{');
	status_put_resolver(&s->dns, b);
	put_latency(s, b, "p50_us", 50);
	put_latency(s, b, "p95_us", 95);
	put_latency(s, b, "p99_us", 99);
	json_put_open(b, "latency", '[');
	for (i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		json_put_open(b, NULL, '{');
		if (i < HISTOGRAM_BOUNDS)
			json_put_number(b, "le_us", histogram_bounds[i]);
		json_put_number(b, "n", s->dns_latency[i]);
		buf_addch(b, '}');
	}
	buf_addstr(b, "]}");
}

static void
put_keys(const struct status *s, struct buf *b)
{
	static const char *const	 dns[] = {
		[RECORD_NOT_CHECKED] = "not checked",
		[RECORD_NOT_PUBLISHED] = "not published",
		[RECORD_DIFFERENT] = "differs",
		[RECORD_PUBLISHED] = "published"
	};
	const struct status_key		*k;
	size_t				 i;

	json_put_open(b, "keys", '{');
	for (i = KEY_ACTIVE; i <= KEY_RETIRED; i++)
		json_put_number(b, key_state_name((enum key_state)i),
		    s->keys_of[i]);
	json_put_open(b, "list", '[');
	for (i = 0; i < s->nkeys; i++) {
		k = &s->key[i];
		json_put_open(b, NULL, '{');
		json_put_text(b, "kept", i < s->database_from ? "file" :
		    "database");
		json_put_text(b, "domain", k->domain);
		json_put_text(b, "selector", k->selector);
		json_put_text(b, "algorithm", k->algorithm);
		json_put_text(b, "state", k->state);
		put_time(b, "since", k->since);
		json_put_text(b, "dns", dns[k->record]);
		put_time(b, "checked", k->checked);
		buf_addch(b, '}');
	}
	buf_addstr(b, "]}");
}

static void
put_advice(const struct status *s, struct buf *b)
{
	size_t i;

	json_put_open(b, "advice", '[');
	for (i = 0; i < s->advice.n; i++) {
		json_put_open(b, NULL, '{');
		json_put_text(b, "id", s->advice.item[i].id);
		json_put_text(b, "where", s->advice.item[i].where);
		json_put_text(b, "text", s->advice.item[i].text);
		json_put_text(b, "change", s->advice.item[i].change);
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

static void
put_mta(const struct status *s, struct buf *b)
{
	json_put_open(b, "mta", '{');
	json_put_text(b, "read", s->mta_read);
	json_put_text(b, "error", s->mta_why);
	put_time(b, "time", s->mta_time);
	buf_addch(b, '}');
}

void
status_write_json(const struct status *s, struct buf *b)
{
	buf_addch(b, '{');
	json_put_text(b, "version", PACKAGE_VERSION);
	json_put_text(b, "host", s->sv->hostname);
	json_put_number(b, "pid", (uint64_t)getpid());
	json_put_number(b, "now", (uint64_t)s->now);
	put_time(b, "started", s->start->time);
	json_put_number(b, "uptime",
	    (s->sv->ticks() - s->start->ticks) / 1000);
	json_put_text(b, "mode", s->setup->conf->mode == MODE_ENFORCE ?
	    "enforce" : "monitor");
	put_configuration(s, b);
	put_health(s, b);
	put_totals(s, b);
	put_directions(s, b);
	put_traffic(s, b);
	json_put_text(b, "store_error", s->store_why);
	put_accounts(b, "logins", s->login, s->nlogins);
	put_accounts(b, "groups", s->group, s->ngroups);
	put_blocks(s, b);
	put_authors(s, b);
	put_dns(s, b);
	put_keys(s, b);
	put_advice(s, b);
	put_mta(s, b);
	buf_addstr(b, "}\n");
}
