/*
 * stages_warn - tell the site of accounts that are near their limits
 */
#include "session/notifier.h"
#include "stages_priv.h"

/* What is nearer to its limit: the recipients, or the messages. */
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

/* Of what was refused, what others have reserved counts too. */
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

static unsigned
share_to_tell(struct session *s, const char *key, const struct fill *f)
{
	struct warn_use	use = { key, f->used, f->limit };
	unsigned	share;

	pthread_mutex_lock(&s->sv->warned_lock);
	share = policy_warn(&s->setup->conf->warn, s->sv->warned, &use,
	    s->sv->now());
	pthread_mutex_unlock(&s->sv->warned_lock);
	return share;
}

void
stage_warn(struct session *s, bool committed)
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
		e.share = share_to_tell(s, q->key, &f);
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
