/*
 * stages_setting - what is set for the accounts of a message beside the
 * configuration: limits in place of the plan's, and blocks
 */
#include "session_priv.h"

static void
apply(struct quota_facts *q, const struct store_setting *t)
{
	if (t->recipients_set)
		q->limit = t->limits.recipients;
	if (t->messages_set)
		q->messages_limit = t->limits.messages;
	q->set = t->recipients_set;
	q->messages_set = t->messages_set;
}

/*
 * Where the store does not answer nothing is set: its recipients will ask
 * again, and the policy for that case decides.
 */
struct verdict
stage_settings(struct session *s)
{
	struct verdict		 v = verdict_accept();
	struct store_setting	 t;
	struct quota_facts	*q;
	char			 error[STORE_ERROR];
	time_t			 now = s->sv->now();
	size_t			 i;

	for (i = 0; i < s->f.nquotas; i++) {
		q = &s->f.quota[i];
		if (store_setting_get(s->sv->store, q->key, now, &t, error) !=
		    STORE_TAKEN)
			continue;
		apply(q, &t);
		v = verdict_worse(v, policy_block(&t, q->key, now));
	}
	s->blocked = v.action != ACTION_ACCEPT;
	return v;
}
