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
#include "conf/groups.h"
#include "conf/users.h"
#include "policy/policy_block.h"
#include "policy/policy_quota.h"
#include "session/notifier.h"
#include "store/store_settings.h"
#include "stages_priv.h"

_Static_assert(QUOTA_ACCOUNTS == STORE_ACCOUNTS &&
    QUOTA_ACCOUNTS == GROUPS_OF_LOGIN + 1,
    "facts and store have room for as many accounts");

/* --- the accounts, and what is set for them ----------------------------- */

/* Of a login, a relay or a listener. Key NULL: the message is not counted. */
static struct quota_facts
own_account(const struct message *m, const struct plan_rules *plan)
{
	struct quota_facts q = { .plan = plan->name,
	    .limit = plan->limits.of[STORE_RECIPIENTS][STORE_HOUR],
	    .messages_limit = plan->limits.of[STORE_MESSAGES][STORE_HOUR] };

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
	    .group = group->name,
	    .limit = group->limits.of[STORE_RECIPIENTS][STORE_HOUR],
	    .messages_limit =
	    group->limits.of[STORE_MESSAGES][STORE_HOUR] };

	return q;
}

static void
apply_setting(struct quota_facts *q, const struct store_setting *t)
{
	q->set = store_limit_is_set(t, STORE_RECIPIENTS, STORE_HOUR);
	q->messages_set = store_limit_is_set(t, STORE_MESSAGES, STORE_HOUR);
	if (q->set)
		q->limit = t->limits.of[STORE_RECIPIENTS][STORE_HOUR];
	if (q->messages_set)
		q->messages_limit = t->limits.of[STORE_MESSAGES][STORE_HOUR];
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
	time_t			 now = m->sv->now();
	size_t			 i, n = m->f.nquotas;

	for (i = 0; i < n; i++)
		key[i] = m->f.quota[i].key;
	if (store_settings_get(m->sv->store, key, n, now, t, error) !=
	    STORE_TAKEN)
		return settings_unknown(m, error);
	for (i = 0; i < n; i++) {
		apply_setting(&m->f.quota[i], &t[i]);
		v = verdict_worse(v, policy_block(&t[i], key[i], now));
	}
	m->blocked = v.action != ACTION_ACCEPT;
	return v;
}

static void
reservation_open(struct message *m)
{
	struct store_account	 account[STORE_ACCOUNTS];
	const struct quota_facts *q;
	size_t			 i;

	for (i = 0; i < m->f.nquotas; i++) {
		q = &m->f.quota[i];
		account[i].key = q->key;
		account[i].limits = (struct store_limits)
		    STORE_LIMITS_HOUR(q->limit, q->messages_limit);
	}
	m->reservation = store_reservation_new(m->sv->store, account,
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
	reservation_open(m);
	return v;
}

/* --- warnings to the site ----------------------------------------------- */

/* How full an account is, in recipients or in messages. */
struct fill {
	uint64_t	 used, limit;
	const char	*unit;
};

static bool
is_limited(const struct fill *f)
{
	return f->limit != 0 && f->limit != STORE_UNLIMITED;
}

static struct fill
fuller(struct fill recipients, struct fill messages)
{
	if (!is_limited(&messages))
		return recipients;
	if (!is_limited(&recipients))
		return messages;
	return messages.used * recipients.limit >
	    recipients.used * messages.limit ? messages : recipients;
}

/*
 * After a commit, the fuller of the two. After a refusal, the one that refused;
 * then the reservations of other sessions count, too.
 */
static struct fill
fill_of(const struct quota_facts *q, const struct store_usage *u,
    bool committed)
{
	struct fill by_rcpt, by_msg;

	by_rcpt = (struct fill){ .limit = q->limit,
	    .used = u->used[STORE_RECIPIENTS][STORE_HOUR],
	    .unit = "recipients" };
	by_msg = (struct fill){ .limit = q->messages_limit,
	    .used = u->used[STORE_MESSAGES][STORE_HOUR],
	    .unit = "messages" };
	if (committed)
		return fuller(by_rcpt, by_msg);
	by_rcpt.used += u->reserved[STORE_RECIPIENTS];
	by_msg.used += u->reserved[STORE_MESSAGES];
	return u->unit == STORE_MESSAGES ? by_msg : by_rcpt;
}

/* The percentage to warn about; 0: no warning is due. */
static unsigned
share_to_warn(struct message *m, const char *key, const struct fill *f)
{
	struct warn_use	use = { key, f->used, f->limit };
	unsigned	share;

	pthread_mutex_lock(&m->sv->warned_lock);
	share = policy_warn(&m->setup->conf->warn, m->sv->warned, &use,
	    m->sv->now());
	pthread_mutex_unlock(&m->sv->warned_lock);
	return share;
}

static void
warn_site(struct message *m, const struct store_usage *usage, bool committed)
{
	const struct quota_facts *q;
	struct notice		  e = { .event = "quota-warning" };
	struct fill		  f;
	size_t			  i;

	for (i = 0; i < m->f.nquotas; i++) {
		if (!committed && !usage[i].refused)
			continue;
		q = &m->f.quota[i];
		f = fill_of(q, &usage[i], committed);
		e.share = share_to_warn(m, q->key, &f);
		if (e.share == 0)
			continue;
		e.login = q->login != NULL ? q->login : q->key;
		e.group = q->group;
		e.plan = q->plan;
		e.unit = f.unit;
		e.used = f.used;
		e.limit = f.limit;
		services_notice(m->sv, m->setup->conf, &e);
	}
}

/* --- the store ---------------------------------------------------------- */

/* Report the account that has room last. */
static struct verdict
quota_verdict(const struct message *m, const struct store_usage *usage,
    enum store_answer answer)
{
	size_t i = policy_quota_fullest(usage, m->f.nquotas);

	return policy_quota(&m->setup->conf->quota, answer, &usage[i],
	    &m->f.quota[i], usage[i].now);
}

/* Count and log the store's answer, and warn the site if needed. */
static void
note_answer(struct message *m, const struct store_usage *usage,
    enum store_answer answer, bool committed)
{
	struct counters *c = &m->sv->counters;

	if (answer == STORE_REFUSED)
		atomic_fetch_add(&c->quota_refused, 1);
	if (answer == STORE_UNKNOWN) {
		services_store_failed(m->sv);
		m->store_error = arena_strdup(m->arena, usage[0].error);
	} else if (committed || answer == STORE_REFUSED)
		warn_site(m, usage, committed);
}

struct verdict
stage_quota_recipient(struct message *m)
{
	struct store_usage	 usage[STORE_ACCOUNTS], *u;
	enum store_answer	 answer;
	time_t			 now;
	size_t			 i;

	if (m->reservation == NULL)
		return verdict_accept();
	now = services_time_begin(m->sv);
	answer = store_reserve(m->reservation, now, usage);
	services_time_end(m->sv);
	for (i = 0; i < m->f.nquotas; i++) {
		u = &usage[i];
		m->f.quota[i].used = u->used[STORE_RECIPIENTS][STORE_HOUR] +
		    u->reserved[STORE_RECIPIENTS];
		m->f.quota[i].messages_used =
		    u->used[STORE_MESSAGES][STORE_HOUR] +
		    u->reserved[STORE_MESSAGES];
	}
	note_answer(m, usage, answer, false);
	return quota_verdict(m, usage, answer);
}

struct verdict
stage_quota_commit(struct message *m)
{
	struct store_usage	usage[STORE_ACCOUNTS];
	enum store_answer	answer;
	time_t			now;

	if (m->reservation == NULL)
		return verdict_accept();
	now = services_time_begin(m->sv);
	answer = store_commit(&m->reservation, now, usage);
	services_time_end(m->sv);
	note_answer(m, usage, answer, true);
	return quota_verdict(m, usage, answer);
}

void
stage_quota_close(struct message *m)
{
	store_give_back(&m->reservation);
}
