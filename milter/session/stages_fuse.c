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
fuse_block(struct session *s, const struct quota_facts *q,
    const struct fuse_trip *trip)
{
	static const char *const	 events[] = {
		[FUSE_NETWORKS] = "fuse-networks",
		[FUSE_REFUSED] = "fuse-refused",
		[FUSE_FROM] = "fuse-from",
	};
	const struct conf		*c = s->setup->conf;
	time_t				 now = s->sv->now();
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

	s->blocked = true;
	if (c->mode == MODE_ENFORCE && store_setting_put(s->sv->store,
	    q->key, STORE_PART_BLOCK, &t, error) != STORE_TAKEN) {
		services_store_failed(s->sv);
		log_printf(LOG_LEVEL_ERROR, "fuse: the block \"%s\" cannot be "
		    "stored and applies to this message only: %s", v.text,
		    error);
	}
	services_notice(s->sv, c, &e);
	return v;
}

static struct verdict
fuse_report(struct session *s, enum fuse_kind kind, const char *value)
{
	const unsigned	*limit = s->setup->conf->fuse.limit;
	const struct quota_facts *q = &s->f.quota[0];
	struct fuse_trip trip;

	if (limit[kind] == 0 || s->blocked || s->f.nquotas == 0)
		return verdict_accept();
	if (q->login == NULL || !fuse_note(s->sv->fuse, q->login, kind, value,
	    limit[kind], s->sv->ticks() / 1000, &trip))
		return verdict_accept();
	return fuse_block(s, q, &trip);
}

struct verdict
stage_fuse_client(struct session *s)
{
	const struct conn_facts	*conn = &s->f.conn;
	struct netaddr		 network;
	char			 text[NETADDR_TEXT];

	if (conn->local || !conn->client_known)
		return verdict_accept();
	network = netaddr_network(&conn->client, 24, 48);
	return fuse_report(s, FUSE_NETWORKS, netaddr_format(&network, text));
}

struct verdict
stage_fuse_refused(struct session *s)
{
	return fuse_report(s, FUSE_REFUSED, "");
}

struct verdict
stage_fuse_from(struct session *s)
{
	const struct mailbox_list	*from = &s->f.from.from;
	struct verdict			 v = verdict_accept();
	size_t				 i;

	for (i = 0; i < from->n; i++)
		v = verdict_worse(v, fuse_report(s, FUSE_FROM,
		    arena_strlower(s->arena, from->box[i].address)));
	return v;
}

bool
stage_was_refused(struct session *s)
{
	const char *mailer = s->macro(s->macro_ctx, "{rcpt_mailer}");

	return mailer != NULL && strcmp(mailer, "error") == 0;
}
