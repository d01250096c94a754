/*
 * stages_quota - reserve, commit and give back what a submission counts on
 *
 * A quota is counted on the folded login, that of a relay's clients on all of
 * them together. All else that comes without a login, as from sendmail(1), is
 * one bucket where the listener names a plan.
 */
#include <ctype.h>
#include <string.h>

#include "arena.h"
#include "session_priv.h"

/* NULL: nothing is counted. */
static const char *
quota_key(const struct session *s)
{
	char *key, *p;

	if (s->f.relay != NULL)
		return s->user->login;
	if (s->f.auth.login == NULL)
		return s->rules->plan == NULL ? NULL :
		    arena_printf(s->arena, LISTENER_BUCKET "%s",
		    s->rules->name);
	key = arena_strdup(s->arena, s->f.auth.login);
	for (p = key; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return key;
}

void
stage_quota_open(struct session *s)
{
	struct plan_places	 places = {
		.user = s->user,
		.listener = s->rules,
		.by_default = s->setup->conf->default_plan,
	};
	struct quota_facts	*q = &s->f.quota;
	struct store_account	 account;
	const struct plan_rules	*plan = policy_plan(&places).plan;

	memset(s->usage, 0, sizeof(s->usage));
	account.key = quota_key(s);
	if (s->f.direction != DIRECTION_SUBMISSION || account.key == NULL)
		return;
	q->counted = true;
	q->key = account.key;
	q->plan = plan->name;
	q->limit = plan->limits.recipients;
	q->messages_limit = plan->limits.messages;
	account.limits = plan->limits;
	s->reservation = store_reservation_new(s->sv->store, &account, 1);
}

struct verdict
stage_quota_recipient(struct session *s)
{
	const struct store_usage *u = &s->usage[0];
	enum store_answer	 answer;
	time_t			 now = s->sv->now();

	if (s->reservation == NULL)
		return verdict_accept();
	answer = store_reserve(s->reservation, now, s->usage);
	s->f.quota.used = u->recipients + u->reserved_recipients;
	s->f.quota.messages_used = u->messages + u->reserved_messages;
	return policy_quota(&s->setup->conf->quota, answer, u, &s->f.quota,
	    now);
}

struct verdict
stage_quota_commit(struct session *s)
{
	enum store_answer	answer;
	time_t			now = s->sv->now();

	if (s->reservation == NULL)
		return verdict_accept();
	answer = store_commit(&s->reservation, now, s->usage);
	if (answer == STORE_TAKEN)
		return verdict_accept();
	return policy_quota(&s->setup->conf->quota, answer, &s->usage[0],
	    &s->f.quota, now);
}

void
stage_quota_close(struct session *s)
{
	store_give_back(&s->reservation);
}
