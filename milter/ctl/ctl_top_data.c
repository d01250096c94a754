/*
 * ctl_top_data - millgatectl top: the status that is shown, and its rates
 */
#include <string.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "base/json.h"
#include "ctl_top_priv.h"

/* --- read the status ------------------------------------------------------ */

static size_t
list_length(struct json list)
{
	struct json	at = { NULL, NULL }, v;
	size_t		n = 0;

	while (json_next(list, &at, NULL, &v))
		n++;
	return n;
}

static void
data_limit(struct arena *a, struct json account, struct top_row *r)
{
	struct json limits, at = { NULL, NULL }, fullest;

	if (!json_get(account, "limits", &limits) ||
	    !json_next(limits, &at, NULL, &fullest))
		return;
	r->limited = true;
	r->limit_name = json_get_text(a, fullest, "name");
	r->used = json_get_number(fullest, "used");
	r->limit = json_get_number(fullest, "limit");
}

static void
data_account(struct arena *a, struct json v, struct top_row *r)
{
	r->name = json_get_text(a, v, "account");
	r->plan = json_get_text(a, v, "plan");
	r->action = json_get_text(a, v, "blocked");
	r->recipients = json_get_number(v, "recipients");
	r->messages = json_get_number(v, "messages");
	r->share = json_get_number(v, "share");
	r->until = json_get_number(v, "free");
	data_limit(a, v, r);
}

static void
data_rule(struct arena *a, struct json v, struct top_row *r)
{
	r->name = json_get_text(a, v, "name");
	r->hour = json_get_number(v, "hour");
	r->total = json_get_number(v, "total");
}

static void
data_block(struct arena *a, struct json v, struct top_row *r)
{
	r->name = json_get_text(a, v, "account");
	r->action = json_get_text(a, v, "action");
	r->reason = json_get_text(a, v, "reason");
	r->until = json_get_number(v, "until");
}

typedef void	 data_row_fn(struct arena *a, struct json v,
		    struct top_row *r);

static void
data_list(struct arena *a, struct json status, const char *name,
    data_row_fn *data_row, struct top_list *list)
{
	struct json	found, at = { NULL, NULL }, v;
	struct top_row	*r;

	if (!json_get(status, name, &found))
		return;
	list->row = arena_array(a, list_length(found) + 1, sizeof(*r));
	while (json_next(found, &at, NULL, &v)) {
		r = &list->row[list->n++];
		r->plan = r->action = r->reason = r->limit_name = "";
		r->rate = TOP_NO_RATE;
		data_row(a, v, r);
	}
}

static void
data_flow(struct json v, struct top_flow *f)
{
	enum action a;

	for (a = ACTION_ACCEPT; a <= ACTION_REJECT; a++)
		f->n[a] = json_get_number(v, action_name(a));
}

/* The last element is a minute that is not over. */
static void
data_traffic(struct json status, struct top_data *d)
{
	struct json	list, at = { NULL, NULL }, v, last = { NULL, NULL };

	if (!json_get(status, "traffic", &list))
		return;
	while (json_next(list, &at, NULL, &v)) {
		if (last.p != NULL) {
			d->minute = json_get_number(last, "time");
			data_flow(last, &d->last);
		}
		last = v;
	}
}

static void
data_directions(struct json status, struct top_data *d)
{
	struct json	list, at = { NULL, NULL }, v;
	size_t		i;

	if (!json_get(status, "directions", &list))
		return;
	for (i = 0; i < 2 && json_next(list, &at, NULL, &v); i++)
		data_flow(v, &d->total[i]);
}

static void
data_health(struct arena *a, struct json status, struct top_data *d)
{
	struct json	health, why, at = { NULL, NULL }, first;
	const char	*text = NULL;

	d->why = "";
	if (!json_get(status, "health", &health))
		return;
	d->good = json_get_true(health, "good");
	if (json_get(health, "why", &why) &&
	    json_next(why, &at, NULL, &first))
		text = json_text(a, first);
	if (text != NULL)
		d->why = text;
}

static void
data_blocks(struct arena *a, struct json status, struct top_data *d)
{
	struct json v;

	if (json_get(status, "blocks", &v)) {
		d->blocks = json_get_number(v, "total");
		data_list(a, v, "list", data_block, &d->list[TOP_BLOCKS]);
	}
	if (json_get(status, "fuse", &v)) {
		d->fuse[0] = json_get_number(v, "networks");
		d->fuse[1] = json_get_number(v, "refused");
		d->fuse[2] = json_get_number(v, "from");
	}
}

struct top_data *
top_read(struct arena *a, struct json status)
{
	struct top_data	*d = arena_alloc(a, sizeof(*d));
	struct json	 totals;

	d->version = json_get_text(a, status, "version");
	d->host = json_get_text(a, status, "host");
	d->mode = json_get_text(a, status, "mode");
	d->store_error = json_get_text(a, status, "store_error");
	d->now = json_get_number(status, "now");
	d->started = json_get_number(status, "started");
	d->uptime = json_get_number(status, "uptime");
	if (json_get(status, "totals", &totals)) {
		d->sessions = json_get_number(totals, "open_connections");
		d->messages = json_get_number(totals, "open_messages");
	}
	data_health(a, status, d);
	data_traffic(status, d);
	data_directions(status, d);
	data_list(a, status, "logins", data_account, &d->list[TOP_LOGINS]);
	data_list(a, status, "groups", data_account, &d->list[TOP_GROUPS]);
	data_list(a, status, "rules", data_rule, &d->list[TOP_RULES]);
	data_blocks(a, status, d);
	return d;
}

/* --- rates ---------------------------------------------------------------- */

static uint64_t
name_id(const char *name)
{
	return fnv_add(FNV_START, name, strlen(name));
}

static void
sample_take(struct top_sample *s, const struct top_data *d)
{
	size_t page, i;

	memset(s, 0, sizeof(*s));
	s->uptime = d->uptime;
	memcpy(s->total, d->total, sizeof(s->total));
	for (page = TOP_LOGINS; page <= TOP_GROUPS; page++) {
		for (i = 0; i < d->list[page].n && i < TOP_ACCOUNTS; i++) {
			s->account[page][i].id =
			    name_id(d->list[page].row[i].name);
			s->account[page][i].recipients =
			    d->list[page].row[i].recipients;
		}
		s->n[page] = i;
	}
}

/*
 * What the account had sent at that time. An account that is missing in a list
 * that is not full had sent nothing. False: it is not known.
 */
static bool
sample_count(const struct top_sample *s, size_t page, uint64_t id,
    uint64_t *recipients)
{
	size_t i;

	*recipients = 0;
	for (i = 0; i < s->n[page]; i++) {
		if (s->account[page][i].id != id)
			continue;
		*recipients = s->account[page][i].recipients;
		return true;
	}
	return s->n[page] < TOP_ACCOUNTS;
}

static uint64_t
a_minute(const struct top_history *h, uint64_t n)
{
	uint64_t seconds = h->sample[h->n - 1].uptime - h->sample[0].uptime;

	/* rounded */
	return (n * 60 + seconds / 2) / seconds;
}

/* The count is of a rolling hour: it also falls, which is no sending. */
static uint64_t
account_rate(const struct top_history *h, size_t page, uint64_t id)
{
	uint64_t	rise = 0, before, after;
	size_t		i;

	for (i = 1; i < h->n; i++)
		if (sample_count(&h->sample[i - 1], page, id, &before) &&
		    sample_count(&h->sample[i], page, id, &after) &&
		    after > before)
			rise += after - before;
	return a_minute(h, rise);
}

static uint64_t
flow_rate(const struct top_history *h, size_t d, size_t action)
{
	uint64_t	first = h->sample[0].total[d].n[action];
	uint64_t	last = h->sample[h->n - 1].total[d].n[action];

	return a_minute(h, last > first ? last - first : 0);
}

/* Make room. Of the samples before the last minute, the newest one stays. */
static void
history_age(struct top_history *h, uint64_t uptime)
{
	size_t n = 0;

	while (n + 1 < h->n && h->sample[n].uptime + TOP_WINDOW < uptime)
		n++;
	if (n == 0 && h->n == TOP_SAMPLES)
		n = 1;
	h->n -= n;
	memmove(h->sample, h->sample + n, h->n * sizeof(h->sample[0]));
}

void
top_rates(struct top_history *h, struct top_data *d)
{
	size_t page, i;

	if (h->n > 0 && (h->started != d->started ||
	    h->sample[h->n - 1].uptime > d->uptime))
		h->n = 0;
	h->started = d->started;
	/* an answer that the daemon gave before */
	if (h->n == 0 || h->sample[h->n - 1].uptime != d->uptime) {
		history_age(h, d->uptime);
		sample_take(&h->sample[h->n++], d);
	}
	d->has_rates = h->n > 1;
	if (!d->has_rates)
		return;
	for (i = 0; i <= ACTION_REJECT; i++) {
		d->rate[0].n[i] = flow_rate(h, 0, i);
		d->rate[1].n[i] = flow_rate(h, 1, i);
	}
	for (page = TOP_LOGINS; page <= TOP_GROUPS; page++)
		for (i = 0; i < d->list[page].n; i++)
			d->list[page].row[i].rate = account_rate(h, page,
			    name_id(d->list[page].row[i].name));
}
