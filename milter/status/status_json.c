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

/* A comma, unless it is the first one of its object or list. */
static void
put_comma(struct buf *b)
{
	char last = b->len > 0 ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_addch(b, ',');
}

/* `name` is NULL in a list. */
static void
put_name(struct buf *b, const char *name)
{
	put_comma(b);
	if (name != NULL)
		buf_printf(b, "\"%s\":", name);
}

static void
put_number(struct buf *b, const char *name, uint64_t n)
{
	put_name(b, name);
	buf_printf(b, "%llu", (unsigned long long)n);
}

static void
put_bool(struct buf *b, const char *name, bool value)
{
	put_name(b, name);
	buf_addstr(b, value ? "true" : "false");
}

/* NULL adds nothing. */
static void
put_text(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	put_name(b, name);
	json_string(b, text);
}

/* Nothing for 0 and for STORE_FOREVER. */
static void
put_time(struct buf *b, const char *name, time_t t)
{
	if (t > 0 && t < STORE_FOREVER)
		put_number(b, name, (uint64_t)t);
}

static void
put_open(struct buf *b, const char *name, char bracket)
{
	put_name(b, name);
	buf_addch(b, bracket);
}

/* --- parts ---------------------------------------------------------------- */

static void
put_configuration(const struct status *s, struct buf *b)
{
	struct tallies *n = &s->sv->tallies;

	put_open(b, "configuration", '{');
	put_text(b, "file", s->setup->conf->path);
	put_time(b, "loaded", (time_t)counter_read(&n->loaded_at));
	put_number(b, "reloads", counter_read(&n->reloads_good));
	put_number(b, "reloads_refused", counter_read(&n->reloads_failed));
	put_bool(b, "last_refused", atomic_load(&n->reload_failed));
	buf_addch(b, '}');
}

static void
put_health(const struct status *s, struct buf *b)
{
	const char	*p, *end;
	struct buf	 line = BUF_INIT;

	put_open(b, "health", '{');
	put_bool(b, "good", s->good);
	put_open(b, "why", '[');
	for (p = s->why; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		buf_reset(&line);
		buf_add(&line, p, (size_t)(end - p));
		put_text(b, NULL, buf_str(&line));
	}
	buf_addstr(b, "]}");
	buf_free(&line);
}

static void
put_totals(const struct status *s, struct buf *b)
{
	struct counters *n = &s->sv->counters;

	put_open(b, "totals", '{');
	put_number(b, "connections", counter_read(&n->connections));
	put_number(b, "open_connections",
	    counter_read(&n->open_connections));
	put_number(b, "open_messages", mfi_open_messages());
	put_number(b, "messages", counter_read(&n->messages));
	put_number(b, "accepted", counter_read(&n->accepted));
	put_number(b, "held", counter_read(&n->held));
	put_number(b, "deferred", counter_read(&n->deferred));
	put_number(b, "rejected", counter_read(&n->rejected));
	put_number(b, "aborted", counter_read(&n->aborted));
	put_number(b, "quota_refused", counter_read(&n->quota_refused));
	put_number(b, "store_failures", counter_read(&n->store_failures));
	put_number(b, "memory", atomic_load(&s->sv->ceiling.memory));
	put_number(b, "warnings", counter_read(&n->warnings));
	buf_addch(b, '}');
}

static void
put_directions(const struct status *s, struct buf *b)
{
	uint64_t	n[ACTION_REJECT + 1];
	enum direction	d;
	enum action	a;

	put_open(b, "directions", '[');
	for (d = DIRECTION_INBOUND; d <= DIRECTION_SUBMISSION; d++) {
		observed_direction(s->sv->observed, d, n);
		put_open(b, NULL, '{');
		put_text(b, "name", tally_direction_name(d));
		for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
			put_number(b, action_name(a), n[a]);
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

static void
put_traffic(const struct status *s, struct buf *b)
{
	enum action	a;
	size_t		i;

	put_open(b, "traffic", '[');
	for (i = 0; i < TRAFFIC_MINUTES; i++) {
		put_open(b, NULL, '{');
		put_number(b, "time", (uint64_t)s->minute_time -
		    60 * (TRAFFIC_MINUTES - 1 - i));
		for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
			put_number(b, action_name(a), s->minute[i].n[a]);
		put_number(b, "refused_recipients",
		    s->minute[i].n[TRAFFIC_RECIPIENTS]);
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
	put_open(b, "rules", '[');
	for (i = 0; i < s->nrules; i++) {
		put_open(b, NULL, '{');
		put_text(b, "name", s->rule[i].name);
		put_number(b, "hour", s->rule[i].hour);
		put_number(b, "total", s->rule[i].total);
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
	put_open(b, NULL, '{');
	put_text(b, "name", policy_limit_name(l->unit, l->window));
	put_number(b, "used", l->used);
	put_number(b, "limit", l->limit);
	put_bool(b, "set", l->set);
	put_time(b, "free", l->free);
	buf_addch(b, '}');
}

static void
put_accounts(struct buf *b, const char *name,
    const struct status_account *account, size_t n)
{
	const struct status_account	*a;
	size_t				 i, j;

	put_open(b, name, '[');
	for (i = 0; i < n; i++) {
		a = &account[i];
		put_open(b, NULL, '{');
		put_text(b, "account", a->key);
		put_text(b, "plan", a->plan);
		put_number(b, "recipients", a->recipients);
		put_number(b, "messages", a->messages);
		put_open(b, "limits", '[');
		for (j = 0; j < a->nlimits; j++)
			put_limit(b, &a->limit[j]);
		buf_addch(b, ']');
		if (a->nlimits > 0)
			put_number(b, "share", a->limit[0].share);
		put_time(b, "free", a->free);
		if (a->blocked)
			put_text(b, "blocked", block_word(a->block));
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

static void
put_blocks(const struct status *s, struct buf *b)
{
	const struct status_block	*k;
	size_t				 i;

	put_open(b, "blocks", '{');
	put_number(b, "total", s->blocks_total);
	put_open(b, "list", '[');
	for (i = 0; i < s->nblocks; i++) {
		k = &s->block[i];
		put_open(b, NULL, '{');
		put_text(b, "account", k->key);
		put_text(b, "action", block_word(k->setting.block));
		put_time(b, "until", k->setting.blocked_until);
		put_text(b, "reason", k->setting.reason);
		put_time(b, "changed", k->setting.changed);
		put_bool(b, "fuse", k->fuse);
		put_text(b, "lift", k->lift);
		buf_addch(b, '}');
	}
	buf_addstr(b, "]}");
	put_open(b, "fuse", '{');
	put_number(b, "networks",
	    counter_read(&s->sv->tallies.fuse[FUSE_NETWORKS]));
	put_number(b, "refused",
	    counter_read(&s->sv->tallies.fuse[FUSE_REFUSED]));
	put_number(b, "from", counter_read(&s->sv->tallies.fuse[FUSE_FROM]));
	buf_addch(b, '}');
}

static void
put_authors(const struct status *s, struct buf *b)
{
	static const enum result	 shown[] = { RESULT_PASS, RESULT_FAIL,
	    RESULT_NONE, RESULT_TEMPERROR, RESULT_PERMERROR };
	size_t				 i, r;

	put_open(b, "dmarc", '[');
	for (i = 0; i < s->ndomains; i++) {
		put_open(b, NULL, '{');
		put_text(b, "domain", s->domain[i].domain);
		put_number(b, "messages", s->domain[i].messages);
		for (r = 0; r < sizeof(shown) / sizeof(shown[0]); r++)
			put_number(b, result_name(shown[r]),
			    s->domain[i].n[shown[r]]);
		put_number(b, "refused", s->domain[i].n[TRAFFIC_REFUSED]);
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
		put_number(b, name, us);
}

static void
put_dns(const struct status *s, struct buf *b)
{
	size_t i;

	put_open(b, "dns", '{');
	put_number(b, "queries", s->dns.queries);
	put_number(b, "cache_hits", s->dns.cache_hits);
	put_number(b, "shared", s->dns.shared);
	put_number(b, "timeouts", s->dns.timeouts);
	put_number(b, "failures", s->dns.failures);
	put_number(b, "failing", s->dns.failing);
	put_latency(s, b, "p50_us", 50);
	put_latency(s, b, "p95_us", 95);
	put_latency(s, b, "p99_us", 99);
	put_open(b, "latency", '[');
	for (i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		put_open(b, NULL, '{');
		if (i < HISTOGRAM_BOUNDS)
			put_number(b, "le_us", histogram_bounds[i]);
		put_number(b, "n", s->dns_latency[i]);
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

	put_open(b, "keys", '{');
	for (i = KEY_ACTIVE; i <= KEY_RETIRED; i++)
		put_number(b, key_state_name((enum key_state)i),
		    s->keys_of[i]);
	put_open(b, "list", '[');
	for (i = 0; i < s->nkeys; i++) {
		k = &s->key[i];
		put_open(b, NULL, '{');
		put_text(b, "kept", i < s->database_from ? "file" :
		    "database");
		put_text(b, "domain", k->domain);
		put_text(b, "selector", k->selector);
		put_text(b, "algorithm", k->algorithm);
		put_text(b, "state", k->state);
		put_time(b, "since", k->since);
		put_text(b, "dns", dns[k->record]);
		put_time(b, "checked", k->checked);
		buf_addch(b, '}');
	}
	buf_addstr(b, "]}");
}

static void
put_advice(const struct status *s, struct buf *b)
{
	size_t i;

	put_open(b, "advice", '[');
	for (i = 0; i < s->advice.n; i++) {
		put_open(b, NULL, '{');
		put_text(b, "id", s->advice.item[i].id);
		put_text(b, "where", s->advice.item[i].where);
		put_text(b, "text", s->advice.item[i].text);
		put_text(b, "change", s->advice.item[i].change);
		buf_addch(b, '}');
	}
	buf_addch(b, ']');
}

void
status_write_json(const struct status *s, struct buf *b)
{
	buf_addch(b, '{');
	put_text(b, "version", PACKAGE_VERSION);
	put_text(b, "host", s->sv->hostname);
	put_number(b, "pid", (uint64_t)getpid());
	put_number(b, "now", (uint64_t)s->now);
	put_time(b, "started", s->start->time);
	put_number(b, "uptime",
	    (s->sv->ticks() - s->start->ticks) / 1000);
	put_text(b, "mode", s->setup->conf->mode == MODE_ENFORCE ?
	    "enforce" : "monitor");
	put_configuration(s, b);
	put_health(s, b);
	put_totals(s, b);
	put_directions(s, b);
	put_traffic(s, b);
	put_text(b, "store_error", s->store_why);
	put_accounts(b, "logins", s->login, s->nlogins);
	put_accounts(b, "groups", s->group, s->ngroups);
	put_blocks(s, b);
	put_authors(s, b);
	put_dns(s, b);
	put_keys(s, b);
	put_advice(s, b);
	buf_addstr(b, "}\n");
}
