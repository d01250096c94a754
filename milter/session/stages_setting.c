/*
 * stages_setting - what is set for the accounts of a message beside the
 * configuration: limits in place of the plan's, and blocks
 */
#include "base/arena.h"
#include "policy/policy_block.h"
#include "store/store_settings.h"
#include "stages_priv.h"

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

/* What is set may be a block: the policy for a store that fails decides. */
static struct verdict
cannot_tell(struct session *s, const char *error)
{
	static const struct store_usage nothing;

	atomic_fetch_add(&s->sv->counters.store_failures, 1);
	s->store_error = arena_strdup(s->arena, error);
	return policy_quota(&s->setup->conf->quota, STORE_UNKNOWN, &nothing,
	    &s->f.quota[0], s->sv->now());
}

struct verdict
stage_settings(struct session *s)
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
		return cannot_tell(s, error);
	for (i = 0; i < n; i++) {
		apply(&s->f.quota[i], &t[i]);
		v = verdict_worse(v, policy_block(&t[i], key[i], now));
	}
	s->blocked = v.action != ACTION_ACCEPT;
	return v;
}
