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
own_account(const struct session *s, const struct plan_rules *plan)
{
	struct quota_facts q = { .plan = plan->name,
	    .limit = plan->limits.recipients,
	    .messages_limit = plan->limits.messages };

	if (s->f.relay != NULL) {
		q.key = s->user->login;
	} else if (s->f.auth.login != NULL) {
		q.login = arena_strlower(s->arena, s->f.auth.login);
		q.key = users_account(s->arena, q.login);
	} else if (s->rules->plan != NULL) {
		q.key = arena_printf(s->arena, LISTENER_BUCKET "%s",
		    s->rules->name);
	}
	return q;
}

static struct quota_facts
group_account(const struct group_rules *group, const char *login)
{
	struct quota_facts q = { .key = group->key, .login = login,
	    .group = group->name, .limit = group->limits.recipients,
	    .messages_limit = group->limits.messages };

	return q;
}

static void
apply_setting(struct quota_facts *q, const struct store_setting *t)
{
	if (t->recipients_set)
		q->limit = t->limits.recipients;
	if (t->messages_set)
		q->messages_limit = t->limits.messages;
	q->set = t->recipients_set;
	q->messages_set = t->messages_set;
}

/* There may be a block, so that the policy for a failing store decides. */
static struct verdict
settings_unknown(struct session *s, const char *error)
{
	static const struct store_usage nothing;

	services_store_failed(s->sv);
	s->store_error = arena_strdup(s->arena, error);
	return policy_quota(&s->setup->conf->quota, STORE_UNKNOWN, &nothing,
	    &s->f.quota[0], s->sv->now());
}

static struct verdict
read_settings(struct session *s)
{
	struct verdict		 v = verdict_accept();
	struct store_setting	 t[STORE_ACCOUNTS];
	const char		*key[STORE_ACCOUNTS];
	char			 error[STORE_ERROR];
	time_t			 now = s->sv->now();
	size_t			 i, n = s->f.nquotas;

	for (i = 0; i < n; i++)
		key[i] = s->f.quota[i].key;
	if (store_settings_get(s->sv->store, key, n, now, t, error) !=
	    STORE_TAKEN)
		return settings_unknown(s, error);
	for (i = 0; i < n; i++) {
		apply_setting(&s->f.quota[i], &t[i]);
		v = verdict_worse(v, policy_block(&t[i], key[i], now));
	}
	s->blocked = v.action != ACTION_ACCEPT;
	return v;
}

static void
reservation_open(struct session *s)
{
	struct store_account	 account[STORE_ACCOUNTS];
	const struct quota_facts *q;
	size_t			 i;

	for (i = 0; i < s->f.nquotas; i++) {
		q = &s->f.quota[i];
		account[i].key = q->key;
		account[i].limits.recipients = q->limit;
		account[i].limits.messages = q->messages_limit;
	}
	s->reservation = store_reservation_new(s->sv->store, account,
	    s->f.nquotas);
}

struct verdict
stage_quota_open(struct session *s)
{
	const struct conf	*c = s->setup->conf;
	const struct group_rules *group[GROUPS_OF_LOGIN];
	struct plan_places	 places = {
		.user = s->user,
		.listener = s->rules,
		.by_default = c->default_plan,
		.group = group,
		.tier = s->tier,
	};
	struct quota_facts	*q = s->f.quota;
	struct verdict		 v;
	size_t			 i;

	memset(s->usage, 0, sizeof(s->usage));
	s->store_error = NULL;
	if (s->f.direction != DIRECTION_SUBMISSION)
		return verdict_accept();
	places.ngroups = groups_of(c->groups, s->f.auth.login, s->arena,
	    group, GROUPS_OF_LOGIN);
	q[0] = own_account(s, policy_plan(&places).plan);
	if (q[0].key == NULL)
		return verdict_accept();
	for (i = 0; i < places.ngroups; i++)
		q[i + 1] = group_account(group[i], q[0].login);
	s->f.nquotas = places.ngroups + 1;
	v = read_settings(s);
	reservation_open(s);
	return v;
}

/* --- warnings to the site ----------------------------------------------- */

/* How full an account is, in recipients or in messages. */
struct fill {
	uint64_t	 used;
	uint32_t	 limit;
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
fill_of(const struct session *s, size_t i, bool committed)
{
	const struct quota_facts *q = &s->f.quota[i];
	const struct store_usage *u = &s->usage[i];
	struct fill		  r, m;

	r = (struct fill){ .used = u->recipients, .limit = q->limit,
	    .unit = "recipients" };
	m = (struct fill){ .used = u->messages, .limit = q->messages_limit,
	    .unit = "messages" };
	if (committed)
		return fuller(r, m);
	r.used += u->reserved_recipients;
	m.used += u->reserved_messages;
	return u->by_messages ? m : r;
}

/* The percentage to warn about; 0: no warning is due. */
static unsigned
share_to_warn(struct session *s, const char *key, const struct fill *f)
{
	struct warn_use	use = { key, f->used, f->limit };
	unsigned	share;

	pthread_mutex_lock(&s->sv->warned_lock);
	share = policy_warn(&s->setup->conf->warn, s->sv->warned, &use,
	    s->sv->now());
	pthread_mutex_unlock(&s->sv->warned_lock);
	return share;
}

static void
warn_site(struct session *s, bool committed)
{
	const struct quota_facts *q;
	struct notice		  e = { .event = "quota-warning" };
	struct fill		  f;
	size_t			  i;

	for (i = 0; i < s->f.nquotas; i++) {
		if (!committed && !s->usage[i].refused)
			continue;
		q = &s->f.quota[i];
		f = fill_of(s, i, committed);
		e.share = share_to_warn(s, q->key, &f);
		if (e.share == 0)
			continue;
		e.login = q->login != NULL ? q->login : q->key;
		e.group = q->group;
		e.plan = q->plan;
		e.unit = f.unit;
		e.used = (uint32_t)f.used;
		e.limit = f.limit;
		services_notice(s->sv, s->setup->conf, &e);
	}
}

/* --- the store ---------------------------------------------------------- */

/* Report the account that has room last. */
static struct verdict
quota_verdict(const struct session *s, enum store_answer answer)
{
	size_t i = policy_quota_fullest(s->usage, s->f.nquotas);

	return policy_quota(&s->setup->conf->quota, answer, &s->usage[i],
	    &s->f.quota[i], s->usage[i].now);
}

/* Count and log the store's answer, and warn the site if needed. */
static void
note_answer(struct session *s, enum store_answer answer, bool committed)
{
	struct counters *c = &s->sv->counters;

	if (answer == STORE_REFUSED)
		atomic_fetch_add(&c->quota_refused, 1);
	if (answer == STORE_UNKNOWN) {
		services_store_failed(s->sv);
		s->store_error = arena_strdup(s->arena, s->usage[0].error);
	} else if (committed || answer == STORE_REFUSED)
		warn_site(s, committed);
}

struct verdict
stage_quota_recipient(struct session *s)
{
	const struct store_usage *u;
	enum store_answer	 answer;
	time_t			 now;
	size_t			 i;

	if (s->reservation == NULL)
		return verdict_accept();
	now = services_time_begin(s->sv);
	answer = store_reserve(s->reservation, now, s->usage);
	services_time_end(s->sv);
	for (i = 0; i < s->f.nquotas; i++) {
		u = &s->usage[i];
		s->f.quota[i].used = u->recipients + u->reserved_recipients;
		s->f.quota[i].messages_used = u->messages +
		    u->reserved_messages;
	}
	note_answer(s, answer, false);
	return quota_verdict(s, answer);
}

struct verdict
stage_quota_commit(struct session *s)
{
	enum store_answer	answer;
	time_t			now;

	if (s->reservation == NULL)
		return verdict_accept();
	now = services_time_begin(s->sv);
	answer = store_commit(&s->reservation, now, s->usage);
	services_time_end(s->sv);
	note_answer(s, answer, true);
	return quota_verdict(s, answer);
}

void
stage_quota_close(struct session *s)
{
	store_give_back(&s->reservation);
}
