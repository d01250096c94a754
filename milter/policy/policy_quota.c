/*
 * policy_quota - the plan that limits a login, and the reply when it is full
 *
 * The store decides whether a recipient fits. The reply says whose limit was
 * reached, how high it is, and when to try again. Mail clients show replies
 * to people in any time zone: it gives the time in UTC and the wait in
 * seconds.
 */
#include <stdio.h>

#include "policy/policy_quota.h"

#define DAY	86400

static const struct group_rules *
group_with_plan(const struct plan_places *in)
{
	size_t i;

	for (i = 0; i < in->ngroups; i++)
		if (in->group[i]->plan != NULL)
			return in->group[i];
	return NULL;
}

struct plan_choice
policy_plan(const struct plan_places *in)
{
	struct plan_choice c = { in->by_default, PLAN_BY_DEFAULT,
	    "default-plan" };
	const struct group_rules *group;

	if (in->user != NULL && in->user->plan != NULL) {
		c.plan = in->user->plan;
		c.place = PLAN_OF_USER;
		c.name = in->user->login;
	} else if (in->tier != NULL && in->tier->plan != NULL) {
		c.plan = in->tier->plan;
		c.place = PLAN_OF_TIER;
		c.name = in->tier->name;
	} else if ((group = group_with_plan(in)) != NULL) {
		c.plan = group->plan;
		c.place = PLAN_OF_GROUP;
		c.name = group->name;
	} else if (in->listener != NULL && in->listener->plan != NULL) {
		c.plan = in->listener->plan;
		c.place = PLAN_OF_LISTENER;
		c.name = in->listener->name;
	}
	return c;
}

/* An account that never has room again is later than any other. */
static bool
is_later(const struct store_usage *a, const struct store_usage *b)
{
	if (!a->refused || !b->refused)
		return a->refused;
	return b->next_fit != 0 &&
	    (a->next_fit == 0 || a->next_fit > b->next_fit);
}

size_t
policy_quota_fullest(const struct store_usage *usage, size_t n)
{
	size_t i, fullest = 0;

	for (i = 1; i < n; i++)
		if (is_later(&usage[i], &usage[fullest]))
			fullest = i;
	return fullest;
}

static struct verdict
quota_unknown(const struct quota_rules *r)
{
	if (r->on_store_failure == ACTION_ACCEPT)
		return verdict_note(ACTION_ACCEPT, "quota-unknown",
		    "Quota cannot be checked; accepted without counting");
	return verdict_by(r->on_store_failure, "quota-unknown", "550 5.3.0",
	    "451 4.3.0", "Quota cannot be checked at the moment; try again "
	    "later");
}

static const char *
quota_unit(bool messages, uint64_t n)
{
	if (messages)
		return n == 1 ? "message" : "messages";
	return n == 1 ? "recipient" : "recipients";
}

/* The origin of the limit: "plan trial", "group acme", "its own setting". */
static const char *
name_limit(char *out, size_t size, const struct quota_facts *q, bool messages)
{
	if (messages ? q->messages_set : q->set)
		snprintf(out, size, "its own setting");
	else if (q->group != NULL)
		snprintf(out, size, "group %.60s", q->group);
	else
		snprintf(out, size, "plan %.40s", q->plan != NULL ? q->plan :
		    "none");
	return out;
}

struct verdict
policy_quota(const struct quota_rules *r, enum store_answer answer,
    const struct store_usage *usage, const struct quota_facts *q, time_t now)
{
	uint64_t	 limit;
	bool		 messages = usage->unit == STORE_MESSAGES;
	long		 when = (long)(usage->next_fit % DAY), wait;
	const char	*unit, *who = q->login != NULL ? q->login : q->key;
	char		 whose[80];

	if (answer == STORE_TAKEN)
		return verdict_accept();
	if (answer == STORE_UNKNOWN)
		return quota_unknown(r);
	limit = messages ? q->messages_limit : q->limit;
	unit = quota_unit(messages, limit);
	name_limit(whose, sizeof(whose), q, messages);
	if (who == NULL)
		who = "this client";
	if (limit == 0)
		return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
		    "%.*s may not send: %s allows no %s", REPLY_KEY_MAX, who,
		    whose, unit);
	if (usage->next_fit == 0)
		return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
		    "Quota exceeded for %.*s: %s allows %lu %s an hour",
		    REPLY_KEY_MAX, who, whose, (unsigned long)limit, unit);
	wait = usage->next_fit > now ? (long)(usage->next_fit - now) : 0;
	return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
	    "Quota exceeded for %.*s: %s allows %lu %s an hour; the "
	    "next one fits at %02ld:%02ld:%02ld UTC (in %ld seconds)",
	    REPLY_KEY_MAX, who, whose, (unsigned long)limit, unit,
	    when / 3600, when / 60 % 60, when % 60, wait);
}
