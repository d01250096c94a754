/*
 * stages_fuse - report a login's behaviour to the fuse, and block the login if
 * the fuse trips
 *
 * A blocked login is not reported, so that its attempts during the block do
 * not count after it.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "policy/policy_block.h"
#include "session/notifier.h"
#include "store/store_settings.h"
#include "fuse_priv.h"
#include "stages_priv.h"

/* Block the login from now on, and refuse this message. */
static struct verdict
fuse_block(struct message *m, const struct quota_facts *q,
    const struct fuse_trip *trip)
{
	static const char *const	 events[] = {
		[FUSE_NETWORKS] = "fuse-networks",
		[FUSE_REFUSED] = "fuse-refused",
		[FUSE_FROM] = "fuse-from",
	};
	const struct conf		*c = m->setup->conf;
	time_t				 now = m->sv->now();
	struct store_setting		 t = policy_fuse(&c->fuse, trip, now);
	struct notice			 e = {
		.event = events[trip->kind], .login = q->login,
		.used = trip->count, .limit = trip->limit,
		.share = trip->count * 100 / trip->limit,
		.reason = t.reason,
	};
	/* its text is safe to log, whatever octets the login has */
	struct verdict			 v = policy_block(&t, q->key, now);
	char				 error[STORE_ERROR];

	m->blocked = true;
	if (c->mode == MODE_ENFORCE && store_setting_put(m->sv->store,
	    q->key, STORE_PART_BLOCK, &t, error) != STORE_TAKEN) {
		services_store_failed(m->sv);
		fuse_trip_again(m->sv->fuse, q->login, m->sv->ticks() / 1000,
		    trip);
		log_printf(LOG_LEVEL_ERROR, "fuse: the block \"%s\" cannot be "
		    "stored; it applies to this message, and is tried again "
		    "with the next one: %s", v.text, error);
	}
	if (!trip->again) {
		counter_add(&m->sv->tallies.fuse[trip->kind], 1);
		services_notice(m->sv, c, &e);
	}
	return v;
}

static struct verdict
fuse_report(struct message *m, enum fuse_kind kind, const char *value)
{
	const unsigned	*limit = m->setup->conf->fuse.limit;
	const struct quota_facts *q = m->f.quota;
	struct fuse_trip trip;

	if (limit[kind] == 0 || m->blocked || m->f.nquotas == 0)
		return verdict_accept();
	if (q->login == NULL || !fuse_note(m->sv->fuse, q->login, kind, value,
	    limit[kind], m->sv->ticks() / 1000, &trip))
		return verdict_accept();
	return fuse_block(m, q, &trip);
}

struct verdict
stage_fuse_client(struct message *m)
{
	const struct conn_facts	*conn = &m->f.conn;
	struct netaddr		 network;
	char			 text[NETADDR_TEXT];

	if (conn->local || !conn->client_known)
		return verdict_accept();
	network = netaddr_network(&conn->client, 24, 48);
	return fuse_report(m, FUSE_NETWORKS, netaddr_format(&network, text));
}

struct verdict
stage_fuse_refused(struct message *m)
{
	return fuse_report(m, FUSE_REFUSED, "");
}

struct verdict
stage_fuse_from(struct message *m)
{
	const struct mailbox_list	*from = &m->f.from.from;
	struct verdict			 v = verdict_accept();
	size_t				 i;

	for (i = 0; i < from->n; i++)
		v = verdict_worse(v, fuse_report(m, FUSE_FROM,
		    arena_strlower(m->arena, from->box[i].address)));
	return v;
}

bool
stage_was_refused(struct session *s)
{
	const char *mailer = s->macro(s->macro_ctx, "{rcpt_mailer}");

	return mailer != NULL && strcmp(mailer, "error") == 0;
}
