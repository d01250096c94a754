/*
 * policy_quota - the plan that limits a login, and the reply when it is full
 *
 * The store decides whether a recipient fits. The reply says whose limit was
 * reached, in which window, how high it is, and when there is room in all
 * windows. Mail clients show replies to people in any time zone: it gives the
 * time in UTC and the wait in seconds.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/policy_limit.h"
#include "policy/policy_quota.h"

#define DAY		86400
#define ALLOWANCE	64	/* octets of "1000 recipients an hour" */
#define MOMENT		72	/* of "14:05:00 UTC (in 7500 seconds)" */

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

/* "1000 recipients an hour", "25M bytes a day", "1 message a minute" */
static const char *
allowance(char out[ALLOWANCE], enum store_unit unit, enum store_window window,
    uint64_t limit)
{
	char		 text[SIZE_TEXT];
	const char	*name = policy_limit_unit(unit);

	snprintf(out, ALLOWANCE, "%s %.*s %s",
	    policy_limit_text(text, unit, limit),
	    (int)strlen(name) - (limit == 1), name, policy_limit_each(window));
	return out;
}

/* "14:05:00 UTC (in 7500 seconds)", from a day on with the date. */
static const char *
moment(char out[MOMENT], time_t when, time_t now)
{
	char		 text[32];
	struct tm	 tm;
	time_t		 wait = when > now ? when - now : 0;

	gmtime_r(&when, &tm);
	strftime(text, sizeof(text), wait < DAY ? "%H:%M:%S" :
	    "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out, MOMENT, "%s UTC (in %lld seconds)", text,
	    (long long)wait);
	return out;
}

const char *
policy_quota_origin(char out[QUOTA_ORIGIN], const struct quota_facts *q)
{
	if (q->group != NULL)
		snprintf(out, QUOTA_ORIGIN, "group %.60s", q->group);
	else
		snprintf(out, QUOTA_ORIGIN, "plan %.40s", q->plan != NULL ?
		    q->plan : "none");
	return out;
}

const char *
policy_quota_who(const struct quota_facts *q)
{
	if (q->login != NULL)
		return q->login;
	return q->key != NULL ? q->key : "this client";
}

/* Is it the number of recipients, and not the message, that is too large? */
static bool
fits_alone(const struct quota_facts *q, uint64_t limit)
{
	return q->bytes_alone > 0 && q->bytes_alone <= limit;
}

static struct verdict
too_many_recipients(const struct quota_facts *q, const char *whose,
    const char *allowed)
{
	return verdict_refuse("quota", "452 4.5.3", "Too many recipients for "
	    "%.*s: %s allows %s, this message needs %llu; send to the others "
	    "in another message", REPLY_KEY_MAX, policy_quota_who(q), whose,
	    allowed, (unsigned long long)q->bytes);
}

/* No time makes room: the limit is lower than what this message needs. */
static struct verdict
never_fits(const struct quota_rules *r, const struct quota_facts *q,
    enum store_unit unit, const char *whose, const char *allowed)
{
	const char *who = policy_quota_who(q);

	if (unit == STORE_BYTES)
		return verdict_by(r->action == ACTION_HOLD ? ACTION_HOLD :
		    ACTION_REJECT, "quota", "552 5.3.4", "", "Message too "
		    "large for %.*s: %s allows %s, this one needs %llu",
		    REPLY_KEY_MAX, who, whose, allowed,
		    (unsigned long long)q->bytes);
	return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
	    "Quota exceeded for %.*s: %s allows %s", REPLY_KEY_MAX, who,
	    whose, allowed);
}

static struct verdict
quota_full(const struct quota_rules *r, const struct store_usage *u,
    const struct quota_facts *q, time_t now)
{
	uint64_t	 limit = q->limits->of[u->unit][u->window];
	char		 origin[QUOTA_ORIGIN], allowed[ALLOWANCE];
	char		 when[MOMENT];
	const char	*who = policy_quota_who(q), *whose;

	whose = (q->set & policy_limit_bit(u->unit, u->window)) != 0 ?
	    "its own setting" : policy_quota_origin(origin, q);
	if (limit == 0)
		return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
		    "%.*s may not send: %s allows no %s", REPLY_KEY_MAX, who,
		    whose, policy_limit_unit(u->unit));
	allowance(allowed, u->unit, u->window, limit);
	if (u->next_fit == 0 && u->unit == STORE_BYTES &&
	    r->action == ACTION_DEFER && fits_alone(q, limit))
		return too_many_recipients(q, whose, allowed);
	if (u->next_fit == 0)
		return never_fits(r, q, u->unit, whose, allowed);
	return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
	    "Quota exceeded for %.*s: %s allows %s; %s fits at %s",
	    REPLY_KEY_MAX, who, whose, allowed, u->unit == STORE_BYTES &&
	    q->bytes > 0 ? "this message" : "the next one",
	    moment(when, u->next_fit, now));
}

struct verdict
policy_quota(const struct quota_rules *r, enum store_answer answer,
    const struct store_usage *usage, const struct quota_facts *q, time_t now)
{
	if (answer == STORE_TAKEN)
		return verdict_accept();
	if (answer == STORE_UNKNOWN)
		return quota_unknown(r);
	return quota_full(r, usage, q, now);
}
