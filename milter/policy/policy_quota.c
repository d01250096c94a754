/*
 * policy_quota - words the store's answer to a reservation
 *
 * The store has decided; the rules say what refusing means, and the reply
 * says whose limit it was, how high it is, and when to try again. Clients
 * show replies to people in other time zones: the time is UTC, and the wait
 * is given in seconds beside it.
 */
#include <stdio.h>

#include "policy/policy_quota.h"

#define DAY	86400

/* Of a login in a reply: the rest of the sentence must fit, too. */
#define KEY_SHOWN	120

static struct verdict
cannot_tell(const struct quota_rules *r)
{
	if (r->on_store_failure == ACTION_ACCEPT)
		return verdict_note(ACTION_ACCEPT, "quota-unknown",
		    "Quota cannot be checked; accepted without counting");
	return verdict_by(r->on_store_failure, "quota-unknown", "550 5.3.0",
	    "451 4.3.0", "Quota cannot be checked at the moment; try again "
	    "later");
}

static const char *
unit(bool messages, uint32_t n)
{
	if (messages)
		return n == 1 ? "message" : "messages";
	return n == 1 ? "recipient" : "recipients";
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

/* "plan trial", "group acme", "its own setting": what has the limit. */
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
	uint32_t	 limit;
	long		 when = (long)(usage->next_fit % DAY), wait;
	const char	*what, *who = q->login != NULL ? q->login : q->key;
	char		 whose[80];

	if (answer == STORE_TAKEN)
		return verdict_accept();
	if (answer == STORE_UNKNOWN)
		return cannot_tell(r);
	limit = usage->by_messages ? q->messages_limit : q->limit;
	what = unit(usage->by_messages, limit);
	name_limit(whose, sizeof(whose), q, usage->by_messages);
	if (who == NULL)
		who = "this client";
	if (limit == 0)
		return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
		    "%.*s may not send: %s allows no %s", KEY_SHOWN, who,
		    whose, what);
	if (usage->next_fit == 0)
		return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
		    "Quota exceeded for %.*s: %s allows %lu %s an hour",
		    KEY_SHOWN, who, whose, (unsigned long)limit, what);
	wait = usage->next_fit > now ? (long)(usage->next_fit - now) : 0;
	return verdict_by(r->action, "quota", "550 5.7.1", "451 4.7.1",
	    "Quota exceeded for %.*s: %s allows %lu %s an hour; the "
	    "next one fits at %02ld:%02ld:%02ld UTC (in %ld seconds)",
	    KEY_SHOWN, who, whose, (unsigned long)limit, what,
	    when / 3600, when / 60 % 60, when % 60, wait);
}
