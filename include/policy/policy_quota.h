/*
 * policy_quota - the plan that limits a login, and the reply when it is full
 *
 * Pure: facts and rules in, an answer out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_QUOTA_H
#define MILLGATE_POLICY_QUOTA_H

#include "mail/facts.h"
#include "mail/verdict.h"
#include "policy/policy_rules.h"
#include "store/usage.h"

/* The sections that may name a plan; a later one wins. */
enum plan_place {
	PLAN_BY_DEFAULT,
	PLAN_OF_LISTENER,
	PLAN_OF_GROUP,
	PLAN_OF_TIER,
	PLAN_OF_USER
};

struct plan_places {
	const struct user_rules *user;		/* NULL: no entry */
	const struct session_rules *listener;	/* NULL: not known */
	const struct plan_rules *by_default;
	/* the login's groups, the most specific first */
	const struct group_rules *const *group;	size_t ngroups;
	const struct tier_rules *tier;		/* NULL: none */
};

struct plan_choice {
	const struct plan_rules *plan;
	enum plan_place	 place;
	const char	*name;	/* of the section, or "default-plan" */
};

/* The plan of the most specific place that names one. */
struct plan_choice policy_plan(const struct plan_places *in);

/* How many octets a message to several recipients counts. */
enum bytes_count { BYTES_OF_MESSAGE, BYTES_OF_DELIVERED };

struct quota_rules {
	enum action	 action;		/* defer, reject, hold */
	enum action	 on_store_failure;	/* defer, accept */
	enum bytes_count bytes_count;
};

/* Octets of the origin of a limit. */
#define QUOTA_ORIGIN	80

/* "plan trial", "group acme": the section with the limits of an account. */
const char	*policy_quota_origin(char out[QUOTA_ORIGIN],
		    const struct quota_facts *q);
/* The name of the sender for a reply; never NULL, REPLY_KEY_MAX cuts it. */
const char	*policy_quota_who(const struct quota_facts *q);

/*
 * The index of the account to name in the reply: of the n accounts of a
 * refused message, the one that has room again last.
 */
size_t		 policy_quota_fullest(const struct store_usage *usage,
		    size_t n);

/*
 * The verdict for the store's answer to a reservation. `usage` and `q` are
 * those of the account that the reply names; `now` is for the wait.
 */
struct verdict	 policy_quota(const struct quota_rules *r,
		    enum store_answer answer, const struct store_usage *usage,
		    const struct quota_facts *q, time_t now);

#endif
