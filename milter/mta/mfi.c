/*
 * mfi - the libmilter driver: callbacks in, session events out
 *
 * Only translation: a callback finds its session, passes the event on, turns
 * the verdict into a reply, and at the end of a message applies the edits.
 *
 * The negotiation keeps the traffic small. Events whose answer the MTA does not
 * need get none (SMFIP_NR_*). The body is declined when the configuration
 * neither signs, verifies nor limits octets; otherwise it is sent without
 * replies. For all but the largest unsigned mail that is cheaper than a reply
 * to each chunk, which SMFIS_SKIP would need.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/why.h"
#include "mail/edits.h"
#include "mta/mfi.h"
#include "session/services.h"
#include "session/session.h"
#include "mfi_priv.h"

/* What the filter does to mail. An MTA that offers less is refused. */
#define ACTIONS		(SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE)
#define QUIET_STEPS	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR | \
			SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NR_UNKN | \
			SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC)

struct mfi_conn {
	struct session	*session;
	unsigned long	 steps;		/* negotiated SMFIP_* */
	unsigned	 began;		/* of its callback */
	bool		 in_message;
	bool		 admitted;	/* below max-sessions */
};

static struct services	*services;
static atomic_bool	 draining;
static atomic_uint	 open_messages;

static const char *
mfi_macro(void *ctx, const char *name)
{
	/* libmilter wants a char *; it does not write to it */
	return smfi_getsymval(ctx, (char *)(uintptr_t)name);
}

static void
message_begins(struct mfi_conn *c)
{
	if (!c->in_message)
		atomic_fetch_add(&open_messages, 1);
	c->in_message = true;
}

static void
message_ends(struct mfi_conn *c)
{
	if (c->in_message)
		atomic_fetch_sub(&open_messages, 1);
	c->in_message = false;
}

/* smfi_setreply takes its text as a format, so `%` is doubled. */
static void
set_reply(SMFICTX *ctx, const struct verdict *v)
{
	struct buf	 text = BUF_INIT;
	const char	*p;

	for (p = v->text; *p != '\0'; p++) {
		if (*p == '%')
			buf_addch(&text, '%');
		buf_addch(&text, *p);
	}
	if (smfi_setreply(ctx, (char *)(uintptr_t)v->code,
	    (char *)(uintptr_t)v->status, text.data) != MI_SUCCESS)
		log_printf(LOG_LEVEL_WARNING, "libmilter refused the reply "
		    "\"%s %s %s\"", v->code, v->status, v->text);
	buf_free(&text);
}

static sfsistat
answer(SMFICTX *ctx, struct mfi_conn *c, const struct verdict *v,
    unsigned long no_reply)
{
	mfi_callback_ends(c->began);
	if ((c->steps & no_reply) != 0)
		return SMFIS_NOREPLY;
	if (v->action < ACTION_DEFER)
		return SMFIS_CONTINUE;
	set_reply(ctx, v);
	return v->action == ACTION_DEFER ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

/*
 * The connection's state, made at its first event. That is the negotiation, or
 * connect if the MTA is too old to negotiate. An old MTA has granted no
 * actions: edits fail, and the message is deferred. The callback begins here,
 * and ends in answer() or before another return.
 */
static struct mfi_conn *
mfi_conn(SMFICTX *ctx)
{
	struct mfi_conn *c = smfi_getpriv(ctx);

	if (c == NULL) {
		c = xcalloc(1, sizeof(*c));
		c->session = session_new(services, mfi_macro, ctx);
		c->admitted = ceiling_admit(services);
		smfi_setpriv(ctx, c);
	}
	c->began = mfi_callback_begins();
	return c;
}

static void
ask_for_macros(SMFICTX *ctx)
{
	static const struct {
		int		 stage;
		const char	*names;
	} wanted[] = {
		{ SMFIM_CONNECT, "j v {daemon_name} {daemon_port} "
		    "{daemon_addr}" },
		{ SMFIM_HELO, "j {tls_version} {cipher_bits} "
		    "{cert_subject}" },
		{ SMFIM_ENVFROM, "i {auth_type} {auth_authen} {tls_version} "
		    "{cipher} {cipher_bits} {cert_subject} {cert_issuer} "
		    "{cn_subject} {cn_issuer} {verify}" },
		{ SMFIM_ENVRCPT, "i {rcpt_mailer}" },
		{ SMFIM_EOH, "i" },
		{ SMFIM_EOM, "i" },
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (smfi_setsymlist(ctx, wanted[i].stage,
		    (char *)(uintptr_t)wanted[i].names) != MI_SUCCESS)
			log_printf(LOG_LEVEL_WARNING, "libmilter refused the "
			    "macro list for stage %d", wanted[i].stage);
}

/*
 * The fuse counts recipients that the MTA itself refuses. With SMFIP_RCPT_REJ
 * Postfix reports them with {rcpt_mailer} "error". Sendmail 8.17 accepts the
 * request but was never seen to report any. Asked for only where the MTA also
 * takes our macro lists: without {rcpt_mailer} a refused recipient would look
 * like an accepted one.
 */
static bool
refused_are_counted(void)
{
	struct setup	*st = services_setup(services);
	bool		 counted = st->conf->fuse.limit[FUSE_REFUSED] > 0;

	setup_unref(&st);
	return counted;
}

static bool
body_is_needed(void)
{
	struct setup	*st = services_setup(services);
	bool		 needed;

	needed = st->conf->dkim.verify || st->conf->counts_bytes ||
	    keyring_count(st->keys) > 0 || st->keybase != NULL ||
	    atomic_load(&services->counts_bytes);
	setup_unref(&st);
	return needed;
}

/*
 * libmilter does not show the protocol version, but each version has offered
 * new steps. SMFIP_NR_* prove nothing: libmilter adds them to the offer.
 */
static unsigned
protocol_version(unsigned long steps)
{
	if ((steps & SMFIP_SKIP) != 0)
		return 6;
	if ((steps & SMFIP_NODATA) != 0)
		return 4;
	return (steps & SMFIP_NOUNKNOWN) != 0 ? 3 : 2;
}

static sfsistat
mfi_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
    unsigned long f2, unsigned long f3, unsigned long *pf0,
    unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	struct mfi_conn	*c = mfi_conn(ctx);

	(void)f2;
	(void)f3;
	mfi_callback_ends(c->began);	/* nothing here waits */
	if (ceiling_is_full(services))
		return SMFIS_REJECT;
	if ((f0 & ACTIONS) != ACTIONS) {
		log_printf(LOG_LEVEL_ERROR, "the MTA does not allow filters "
		    "to add and change header fields and to quarantine mail; "
		    "Postfix: set milter_protocol = 6");
		return SMFIS_REJECT;
	}
	*pf0 = ACTIONS | (f0 & SMFIF_SETSYMLIST);
	*pf1 = f1 & QUIET_STEPS;
	if (!body_is_needed())
		*pf1 |= f1 & SMFIP_NOBODY;
	if ((f0 & SMFIF_SETSYMLIST) != 0 && refused_are_counted())
		*pf1 |= f1 & SMFIP_RCPT_REJ;
	*pf2 = *pf3 = 0;
	if ((f0 & SMFIF_SETSYMLIST) != 0)
		ask_for_macros(ctx);
	c->steps = *pf1;
	session_negotiated(c->session, protocol_version(f1),
	    (f0 & SMFIF_SETSYMLIST) != 0);
	if ((c->steps & SMFIP_NOBODY) != 0)
		session_no_bodies(c->session);
	return SMFIS_CONTINUE;
}

static sfsistat
mfi_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *client)
{
	struct mfi_conn	*c = mfi_conn(ctx);
	struct verdict	 v;

	v = session_connect(c->session, name, (const void *)client);
	return answer(ctx, c, &v, SMFIP_NR_CONN);
}

static sfsistat
mfi_helo(SMFICTX *ctx, char *helo)
{
	struct mfi_conn	*c = mfi_conn(ctx);
	struct verdict	 v = session_helo(c->session, helo);

	return answer(ctx, c, &v, SMFIP_NR_HELO);
}

/*
 * Must a new message wait for another session? Yes, if the daemon is stopping,
 * or if the MTA agreed to send no bodies and a reload has turned on signing,
 * verification or a limit of octets since.
 */
static bool
session_is_over(const struct mfi_conn *c, struct verdict *v)
{
	if (atomic_load(&draining))
		*v = verdict_refuse("shutdown", "451 4.3.2",
		    "The mail filter is shutting down; try again");
	else if ((c->steps & SMFIP_NOBODY) == 0 || !body_is_needed())
		return false;
	else {
		*v = verdict_refuse("reload", "451 4.3.2", "The mail filter "
		    "has a new configuration; try again in a new session");
		log_printf(LOG_LEVEL_INFO, "a message is deferred: its "
		    "session began before the reload and sends no message "
		    "bodies, which the new configuration needs");
	}
	return true;
}

static sfsistat
mfi_envfrom(SMFICTX *ctx, char **argv)
{
	struct mfi_conn	*c = mfi_conn(ctx);
	const char	*path = argv[0] != NULL ? argv[0] : "";
	struct verdict	 v;

	if (session_is_over(c, &v) ||
	    ceiling_defers(services, &c->admitted, &v)) {
		session_defer(c->session, path, &v);
		message_ends(c);
		return answer(ctx, c, &v, 0);
	}
	message_begins(c);
	v = session_mail(c->session, path, argv[0] != NULL ?
	    (const char *const *)(argv + 1) : NULL);
	if (v.action >= ACTION_DEFER)
		message_ends(c);
	return answer(ctx, c, &v, 0);
}

static sfsistat
mfi_envrcpt(SMFICTX *ctx, char **argv)
{
	struct mfi_conn	*c = mfi_conn(ctx);
	struct verdict	 v;

	v = session_rcpt(c->session, argv[0] != NULL ? argv[0] : "");
	return answer(ctx, c, &v, 0);
}

/*
 * DATA is not declined with SMFIP_NODATA. Postfix sends its macros anyway, and
 * on TCP that packet without an answer delays the whole message by the 40 ms
 * of our delayed acknowledgement.
 */
static sfsistat
mfi_data(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat
mfi_header(SMFICTX *ctx, char *name, char *value)
{
	struct mfi_conn	*c = mfi_conn(ctx);
	struct buf	 led = BUF_INIT;
	struct verdict	 v;

	if ((c->steps & SMFIP_HDR_LEADSPC) != 0)
		v = session_header(c->session, name, value);
	else {	/* the MTA has removed one blank */
		buf_printf(&led, " %s", value);
		v = session_header(c->session, name, buf_str(&led));
		buf_free(&led);
	}
	return answer(ctx, c, &v, SMFIP_NR_HDR);
}

static sfsistat
mfi_eoh(SMFICTX *ctx)
{
	struct mfi_conn	*c = mfi_conn(ctx);
	struct verdict	 v = session_eoh(c->session);

	return answer(ctx, c, &v, SMFIP_NR_EOH);
}

static sfsistat
mfi_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	struct mfi_conn	*c = mfi_conn(ctx);
	struct verdict	 v = session_body(c->session, data, len);

	return answer(ctx, c, &v, SMFIP_NR_BODY);
}

static bool
apply_edit(SMFICTX *ctx, const struct mfi_conn *c, const struct edit *e)
{
	char		*name = (char *)(uintptr_t)e->name;
	const char	*value = e->value;

	if (e->kind == EDIT_DELETE)
		return smfi_chgheader(ctx, name, (int)e->nth, NULL) ==
		    MI_SUCCESS;
	/* without HDR_LEADSPC the MTA writes the blank itself */
	if ((c->steps & SMFIP_HDR_LEADSPC) == 0 && *value == ' ')
		value++;
	return smfi_insheader(ctx, (int)e->index, name,
	    (char *)(uintptr_t)value) == MI_SUCCESS;
}

/* These two return NULL, or the text for the client of a deferred message. */
static const char *
hold_message(SMFICTX *ctx, const struct verdict *v)
{
	return v->action != ACTION_HOLD || smfi_quarantine(ctx,
	    (char *)(uintptr_t)v->text) == MI_SUCCESS ? NULL :
	    "The message could not be held; try again later";
}

static const char *
apply_edits(SMFICTX *ctx, const struct mfi_conn *c, const struct edits *edits)
{
	size_t i;

	for (i = 0; i < edits->n; i++)
		if (!apply_edit(ctx, c, &edits->edit[i]))
			return "The message header could not be changed; try "
			    "again later";
	return NULL;
}

/*
 * The final verdict can be stricter than `judged`: the quota is only committed
 * here, and may have been used up by other sessions.
 */
static struct verdict
apply_and_commit(SMFICTX *ctx, struct mfi_conn *c, const struct edits *edits,
    const struct verdict *judged)
{
	const char	*failed = apply_edits(ctx, c, edits);
	struct verdict	 v;

	if (failed == NULL)
		failed = hold_message(ctx, judged);
	v = session_commit(c->session, failed);
	return session_end(c->session, judged->action == ACTION_HOLD ? NULL :
	    hold_message(ctx, &v));
}

static sfsistat
mfi_eom(SMFICTX *ctx)
{
	struct mfi_conn		*c = mfi_conn(ctx);
	const struct edits	*edits;
	struct verdict		 v;

	v = session_eom(c->session, &edits);
	if (v.action < ACTION_DEFER)
		v = apply_and_commit(ctx, c, edits, &v);
	message_ends(c);
	return answer(ctx, c, &v, 0);
}

static sfsistat
mfi_abort(SMFICTX *ctx)
{
	struct mfi_conn *c = mfi_conn(ctx);

	session_abort(c->session);
	message_ends(c);
	mfi_callback_ends(c->began);
	return SMFIS_CONTINUE;
}

static sfsistat
mfi_close(SMFICTX *ctx)
{
	struct mfi_conn *c = smfi_getpriv(ctx);

	mfi_socket_closed();
	if (c == NULL)
		return SMFIS_CONTINUE;
	smfi_setpriv(ctx, NULL);
	c->began = mfi_callback_begins();
	session_free(&c->session);
	mfi_callback_ends(c->began);
	message_ends(c);
	if (c->admitted)
		ceiling_leave(services);
	free(c);
	return SMFIS_CONTINUE;
}

static char filter_name[] = "millgate";

static const struct smfiDesc filter = {
	.xxfi_name = filter_name,
	.xxfi_version = SMFI_VERSION,
	.xxfi_flags = ACTIONS | SMFIF_SETSYMLIST,
	.xxfi_connect = mfi_connect,
	.xxfi_helo = mfi_helo,
	.xxfi_envfrom = mfi_envfrom,
	.xxfi_envrcpt = mfi_envrcpt,
	.xxfi_data = mfi_data,
	.xxfi_header = mfi_header,
	.xxfi_eoh = mfi_eoh,
	.xxfi_body = mfi_body,
	.xxfi_eom = mfi_eom,
	.xxfi_abort = mfi_abort,
	.xxfi_close = mfi_close,
	.xxfi_negotiate = mfi_negotiate,
};

bool
mfi_open(const struct conf *c, int passed, char **why)
{
	if (smfi_register(filter) != MI_SUCCESS)
		return why_set(why, "socket \"%s\": libmilter refused to "
		    "register the filter", c->socket);
	return mfi_socket_open(c->socket, passed, why);
}

bool
mfi_run(struct services *sv)
{
	services = sv;
	return smfi_main() == MI_SUCCESS;
}

void
mfi_drain(void)
{
	atomic_store(&draining, true);
}

unsigned
mfi_open_messages(void)
{
	return atomic_load(&open_messages);
}
