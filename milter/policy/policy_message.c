/*
 * policy_message - the limits of one message, whatever was sent before it
 *
 * Of several limits, the reply names the lowest.
 */
#include "policy/policy_limit.h"
#include "policy/policy_message.h"
#include "policy/policy_quota.h"

/* The account with the lowest limit; NULL: there is no limit. */
static const struct quota_facts *
strictest(const struct facts *f, bool bytes, uint64_t *limit)
{
	const struct quota_facts *found = NULL;
	uint64_t		  one;
	size_t			  i;

	*limit = UINT64_MAX;
	for (i = 0; i < f->nquotas; i++) {
		one = bytes ? f->quota[i].message->bytes :
		    f->quota[i].message->recipients;
		if (one >= *limit)
			continue;
		*limit = one;
		found = &f->quota[i];
	}
	return found;
}

struct verdict
policy_message_recipient(const struct facts *f)
{
	const struct quota_facts *q;
	char			 origin[QUOTA_ORIGIN];
	uint64_t		 limit;

	q = strictest(f, false, &limit);
	if (q == NULL || f->env.recipients < limit)
		return verdict_accept();
	return verdict_refuse(RULE_RECIPIENTS, f->conn.local ? "550 5.5.3" :
	    "452 4.5.3", "Too many recipients for %.*s: %s allows %llu a "
	    "message%s", REPLY_KEY_MAX, policy_quota_who(q),
	    policy_quota_origin(origin, q), (unsigned long long)limit,
	    f->conn.local || limit == 0 ? "" :
	    "; send to the others in another message");
}

struct verdict
policy_message_bytes(const struct facts *f, uint64_t bytes)
{
	const struct quota_facts *q;
	char			 origin[QUOTA_ORIGIN], size[SIZE_TEXT];
	uint64_t		 limit;

	q = strictest(f, true, &limit);
	if (q == NULL || bytes <= limit)
		return verdict_accept();
	return verdict_refuse("message-bytes", "552 5.3.4", "Message too "
	    "large for %.*s: %s allows %s bytes a message, this one has %llu",
	    REPLY_KEY_MAX, policy_quota_who(q), policy_quota_origin(origin, q),
	    size_text(size, limit), (unsigned long long)bytes);
}

bool
policy_message_counts_bytes(const struct facts *f)
{
	size_t i;

	for (i = 0; i < f->nquotas; i++)
		if (f->quota[i].message->bytes != STORE_UNLIMITED ||
		    policy_limits_unit(f->quota[i].limits, STORE_BYTES))
			return true;
	return false;
}
