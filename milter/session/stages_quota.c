/*
 * stages_quota - the accounts of a submission: settings, reservation, warnings
 *
 * A message with a login counts on the login, in lower case, and on each group
 * of the login. The clients of a relay share one account. Mail without a login
 * (sendmail(1)) counts on an account of the listener if that has a plan.
 *
 * At MAIL the accounts are looked up, with the limits and blocks that
 * millgatectl has set for them. Each RCPT reserves one recipient on all
 * accounts, the end of the message commits them, and message_close gives back
 * what is not committed.
 */
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "conf/groups.h"
#include "conf/users.h"
#include "policy/policy_block.h"
#include "policy/policy_limit.h"
#include "policy/policy_message.h"
#include "policy/policy_quota.h"
#include "session/notifier.h"
#include "store/store_settings.h"
#include "stages_priv.h"

_Static_assert(QUOTA_ACCOUNTS == STORE_ACCOUNTS &&
    QUOTA_ACCOUNTS == GROUPS_OF_LOGIN + 1,
    "facts and store have room for as many accounts");
_Static_assert(QUOTA_UNITS == STORE_UNITS && QUOTA_WINDOWS == STORE_WINDOWS,
    "facts and store have the same limits");

/* --- the accounts, and what is set for them ----------------------------- */

/* Of a login, a relay or a listener. Key NULL: the message is not counted. */
static struct quota_facts
own_account(const struct message *m, const struct plan_rules *plan)
{
	struct quota_facts q = { .plan = plan->name, .limits = &plan->limits,
	    .message = &plan->message };

	if (m->f.relay != NULL) {
		q.key = m->user->login;
	} else if (m->f.auth.login != NULL) {
		q.login = arena_strlower(m->arena, m->f.auth.login);
		q.key = users_account(m->arena, q.login);
	} else if (m->rules->plan != NULL) {
		q.key = arena_printf(m->arena, LISTENER_BUCKET "%s",
		    m->rules->name);
	}
	return q;
}

static struct quota_facts
group_account(const struct group_rules *group, const char *login)
{
	struct quota_facts q = { .key = group->key, .login = login,
	    .group = group->name, .limits = &group->limits,
	    .message = &group->message };

	return q;
}

static void
apply_setting(struct arena *a, struct quota_facts *q,
    const struct store_setting *t)
{
	struct store_limits	*limits;
	enum store_window	 w;
	enum store_unit		 u;

	for (u = STORE_RECIPIENTS; u < STORE_UNITS; u++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
			if (store_limit_is_set(t, u, w))
				q->set |= policy_limit_bit(u, w);
	if (q->set == 0)
		return;
	limits = arena_alloc(a, sizeof(*limits));
	*limits = store_limits_in_force(*q->limits, t);
	q->limits = limits;
}

/* There may be a block, so that the policy for a failing store decides. */
static struct verdict
settings_unknown(struct message *m, const char *error)
{
	static const struct store_usage nothing;

	services_store_failed(m->sv);
	m->store_error = arena_strdup(m->arena, error);
	return policy_quota(&m->setup->conf->quota, STORE_UNKNOWN, &nothing,
	    &m->f.quota[0], m->sv->now());
}

static struct verdict
read_settings(struct message *m)
{
	struct verdict		 v = verdict_accept();
	struct store_setting	 t[STORE_ACCOUNTS];
	const char		*key[STORE_ACCOUNTS];
	char			 error[STORE_ERROR];
	enum store_answer	 answer;
	time_t			 now = m->sv->now();
	uint64_t		 begun;
	size_t			 i, n = m->f.nquotas;

	for (i = 0; i < n; i++)
		key[i] = m->f.quota[i].key;
	begun = monotonic_us();
	answer = store_settings_get(m->sv->store, key, n, now, t, error);
	stage_store_end(m, TALLY_SETTINGS, begun);
	if (answer != STORE_TAKEN)
		return settings_unknown(m, error);
	for (i = 0; i < n; i++) {
		apply_setting(m->arena, &m->f.quota[i], &t[i]);
		v = verdict_worse(v, policy_block(&t[i], key[i], now));
	}
	m->blocked = v.action != ACTION_ACCEPT;
	return v;
}

static void
counted_open(struct message *m)
{
	struct store_account	 account[STORE_ACCOUNTS];
	size_t			 i;

	for (i = 0; i < m->f.nquotas; i++) {
		account[i].key = m->f.quota[i].key;
		account[i].limits = *m->f.quota[i].limits;
	}
	m->counted = arena_alloc(m->arena, sizeof(*m->counted));
	m->counted->by_bytes = policy_message_counts_bytes(&m->f);
	m->counted->reservation = store_reservation_new(m->sv->store, account,
	    m->f.nquotas);
}

struct verdict
stage_quota_open(struct message *m)
{
	const struct conf	*c = m->setup->conf;
	const struct group_rules *group[GROUPS_OF_LOGIN];
	struct plan_places	 places = {
		.user = m->user,
		.listener = m->rules,
		.by_default = c->default_plan,
		.group = group,
		.tier = m->tier,
	};
	struct quota_facts	 own, *q;
	struct verdict		 v;
	size_t			 i;

	if (m->f.direction != DIRECTION_SUBMISSION)
		return verdict_accept();
	places.ngroups = groups_of(c->groups, m->f.auth.login, m->arena,
	    group, GROUPS_OF_LOGIN);
	own = own_account(m, policy_plan(&places).plan);
	if (own.key == NULL)
		return verdict_accept();
	m->f.nquotas = places.ngroups + 1;
	m->f.quota = q = arena_array(m->arena, m->f.nquotas, sizeof(*q));
	q[0] = own;
	for (i = 0; i < places.ngroups; i++)
		q[i + 1] = group_account(group[i], own.login);
	v = read_settings(m);
	counted_open(m);
	return v;
}

/* --- warnings to the site ----------------------------------------------- */

/* How much of a window is used, in one unit. */
struct fill {
	enum store_unit	 unit;
	enum store_window window;
	uint64_t	 used, limit;
};

static bool
is_limited(const struct fill *f)
{
	return f->limit != 0 && f->limit != STORE_UNLIMITED;
}

/* Is `a` nearer to its limit than `b`? */
static bool
is_fuller(const struct fill *a, const struct fill *b)
{
	return is_limited(a) && (!is_limited(b) ||
	    (double)a->used / (double)a->limit >
	    (double)b->used / (double)b->limit);
}

static struct fill
fill_of(const struct quota_facts *q, const struct store_usage *u,
    enum store_unit unit, enum store_window window)
{
	struct fill f = { unit, window, u->used[unit][window],
	    q->limits->of[unit][window] };

	return f;
}

/* After a commit: the unit of a window that is nearest to its limit. */
static struct fill
fullest_unit(const struct quota_facts *q, const struct store_usage *u,
    enum store_window window)
{
	struct fill	best = fill_of(q, u, STORE_RECIPIENTS, window), f;
	enum store_unit	unit;

	for (unit = STORE_MESSAGES; unit < STORE_UNITS; unit++) {
		f = fill_of(q, u, unit, window);
		if (is_fuller(&f, &best))
			best = f;
	}
	return best;
}

/* The percentage to warn about; 0: no warning is due. */
static unsigned
share_to_warn(struct message *m, const char *key, const struct fill *f)
{
	struct warn_use	use = { key, f->window, f->used, f->limit };
	unsigned	share;

	pthread_mutex_lock(&m->sv->warned_lock);
	share = policy_warn(&m->setup->conf->warn, m->sv->warned, &use,
	    m->sv->now());
	pthread_mutex_unlock(&m->sv->warned_lock);
	return share;
}

static void
warn_if_due(struct message *m, const struct quota_facts *q,
    const struct fill *f)
{
	struct notice e = {
		.event = "quota-warning",
		.login = q->login != NULL ? q->login : q->key,
		.group = q->group,
		.plan = q->plan,
		.unit = policy_limit_unit(f->unit),
		.window = policy_limit_window(f->window),
		.used = f->used,
		.limit = f->limit,
	};

	if (!is_limited(f))
		return;
	e.share = share_to_warn(m, q->key, f);
	if (e.share != 0)
		services_notice(m->sv, m->setup->conf, &e);
}

static void
warn_committed(struct message *m, const struct store_usage *usage)
{
	struct fill		f;
	enum store_window	w;
	size_t			i;

	for (i = 0; i < m->f.nquotas; i++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++) {
			f = fullest_unit(&m->f.quota[i], &usage[i], w);
			warn_if_due(m, &m->f.quota[i], &f);
		}
}

/*
 * Of the limit that refused. Then the reservations of other sessions count,
 * too.
 */
static void
warn_refused(struct message *m, const struct store_usage *usage)
{
	const struct store_usage *u;
	struct fill		  f;
	size_t			  i;

	for (i = 0; i < m->f.nquotas; i++) {
		u = &usage[i];
		if (!u->refused)
			continue;
		f = fill_of(&m->f.quota[i], u, u->unit, u->window);
		f.used += u->reserved[u->unit];
		warn_if_due(m, &m->f.quota[i], &f);
	}
}

/* --- the store ---------------------------------------------------------- */

/* Report the account that has room last. */
static struct verdict
quota_verdict(struct message *m, const struct store_usage *usage,
    enum store_answer answer)
{
	size_t i = policy_quota_fullest(usage, m->f.nquotas);

	if (answer == STORE_REFUSED) {
		m->counted->full = policy_limit_name(usage[i].unit,
		    usage[i].window);
		m->counted->fits = usage[i].next_fit;
	}
	return policy_quota(&m->setup->conf->quota, answer, &usage[i],
	    &m->f.quota[i], usage[i].now);
}

/* For the log line. Most plans limit the recipients of the hour alone. */
static void
note_used(struct message *m, struct quota_facts *q,
    const struct store_usage *u)
{
	enum store_window	w;
	enum store_unit		unit;

	q->used = u->used[STORE_RECIPIENTS][STORE_HOUR] +
	    u->reserved[STORE_RECIPIENTS];
	if (!policy_limits_more(q->limits))
		return;
	if (q->windows == NULL)
		q->windows = arena_array(m->arena, STORE_UNITS,
		    sizeof(*q->windows));
	for (unit = STORE_RECIPIENTS; unit < STORE_UNITS; unit++)
		for (w = STORE_MINUTE; w < STORE_WINDOWS; w++)
			q->windows[unit][w] = u->used[unit][w] +
			    u->reserved[unit];
}

/* What a group's limits take counts on the plan of its login, too. */
static void
tally_plan(struct message *m, enum store_answer answer, bool committed)
{
	const char		*plan = m->f.quota[0].plan;
	struct counter_row	*row;

	if (answer == STORE_UNKNOWN || (!committed && answer == STORE_TAKEN))
		return;
	row = counter_set_row(&m->sv->tallies.plans, plan);
	if (answer == STORE_REFUSED) {
		counter_add(&row->cell[TALLY_REFUSED], 1);
	} else {
		counter_add(&row->cell[TALLY_RECIPIENTS],
		    m->f.env.recipients);
		counter_add(&row->cell[TALLY_MESSAGES], 1);
	}
}

/* Count and log the store's answer, and warn the site if needed. */
static void
note_answer(struct message *m, const struct store_usage *usage,
    enum store_answer answer, bool committed)
{
	struct counters	*c = &m->sv->counters;
	size_t		 i;

	tally_plan(m, answer, committed);
	if (answer == STORE_UNKNOWN) {
		services_store_failed(m->sv);
		m->store_error = arena_strdup(m->arena, usage[0].error);
		return;
	}
	for (i = 0; i < m->f.nquotas; i++)
		note_used(m, &m->f.quota[i], &usage[i]);
	if (answer == STORE_REFUSED) {
		atomic_fetch_add(&c->quota_refused, 1);
		warn_refused(m, usage);
	} else if (committed)
		warn_committed(m, usage);
}

/*
 * Tell the store the octets of a message to so many recipients; `more`: the
 * last of them is not reserved yet.
 */
static void
set_bytes(struct message *m, uint64_t size, unsigned recipients, bool more)
{
	uint64_t	times = 1, alone = size;
	size_t		i;

	if (!m->counted->by_bytes)
		return;
	if (m->setup->conf->quota.bytes_count == BYTES_OF_DELIVERED)
		times = recipients;
	if (times > 0 && size > STORE_LIMIT_MAX / times)
		size = STORE_LIMIT_MAX;
	else
		size *= times;
	for (i = 0; i < m->f.nquotas; i++) {
		m->f.quota[i].bytes = size;
		m->f.quota[i].bytes_alone = more && times > 1 ? alone : 0;
	}
	store_set_bytes(m->counted->reservation, size);
}

struct verdict
stage_quota_recipient(struct message *m)
{
	struct store_usage	 usage[STORE_ACCOUNTS];
	struct counted		*c = m->counted;
	enum store_answer	 answer;
	time_t			 now;
	uint64_t		 begun;

	if (c == NULL || c->reservation == NULL)
		return verdict_accept();
	set_bytes(m, c->declared, c->recipients + 1, true);
	now = services_time_begin(m->sv);
	begun = monotonic_us();
	answer = store_reserve(c->reservation, now, usage);
	stage_store_end(m, TALLY_RESERVE, begun);
	services_time_end(m->sv);
	c->recipients += answer == STORE_TAKEN;
	note_answer(m, usage, answer, false);
	return quota_verdict(m, usage, answer);
}

struct verdict
stage_quota_commit(struct message *m)
{
	struct store_usage	 usage[STORE_ACCOUNTS];
	struct counted		*c = m->counted;
	enum store_answer	 answer;
	time_t			 now;
	uint64_t		 begun;

	if (c == NULL || c->reservation == NULL)
		return verdict_accept();
	set_bytes(m, c->size, c->recipients, false);
	now = services_time_begin(m->sv);
	begun = monotonic_us();
	answer = store_commit(&c->reservation, now, usage);
	stage_store_end(m, TALLY_COMMIT, begun);
	services_time_end(m->sv);
	note_answer(m, usage, answer, true);
	return quota_verdict(m, usage, answer);
}

void
stage_quota_close(struct message *m)
{
	if (m->counted != NULL)
		store_give_back(&m->counted->reservation);
}
