/*
 * policy_quota - the reply to a recipient for whom there is no room
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_QUOTA_H
#define MILLGATE_POLICY_QUOTA_H

#include "mail/facts.h"
#include "mail/verdict.h"
#include "store/usage.h"

struct quota_rules {
	enum action	 action;		/* defer, reject, hold */
	enum action	 on_store_failure;	/* defer, accept */
};

/*
 * Which of the n accounts of a message that was refused has to make room
 * last: the one to name in the reply.
 */
size_t		 policy_quota_fullest(const struct store_usage *usage,
		    size_t n);

/*
 * Words what the store answered to a reservation, for one of its accounts;
 * `now` for the wait.
 */
struct verdict	 policy_quota(const struct quota_rules *r,
		    enum store_answer answer, const struct store_usage *usage,
		    const struct quota_facts *q, time_t now);

#endif
