/*
 * mfi - libmilter's callbacks in, session events out; verdicts and edits back
 *
 * Only translation: a callback finds its session, passes the event on, and
 * turns the verdict into a reply. What is asked of the MTA at the start is in
 * mfi_negotiate.c.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "mail/edits.h"
#include "mta/mfi.h"
#include "session/services.h"
#include "session/session.h"
#include "mfi_priv.h"

#define LISTEN_BACKLOG	1024

static struct services	*services;
static atomic_bool	 draining;
static atomic_uint	 open_messages;

static const char *
get_macro(void *ctx, const char *name)
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

/* smfi_setreply reads its text as a format: a `%` is written twice. */
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
	if ((c->steps & no_reply) != 0)
		return SMFIS_NOREPLY;
	if (v->action < ACTION_DEFER)
		return SMFIS_CONTINUE;
	set_reply(ctx, v);
	return v->action == ACTION_DEFER ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

struct mfi_conn *
mfi_conn(SMFICTX *ctx)
{
	struct mfi_conn *c = smfi_getpriv(ctx);

	if (c == NULL) {
		c = xcalloc(1, sizeof(*c));
		c->services = services;
		c->session = session_new(services, get_macro, ctx);
		smfi_setpriv(ctx, c);
	}
	return c;
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
 * Not in this session: the daemon ends, or a reload turned on what needs the
 * body, and the MTA agreed at the start of the session to send none.
 */
static bool
is_over(const struct mfi_conn *c, struct verdict *v)
{
	if (atomic_load(&draining))
		*v = verdict_refuse("shutdown", "451 4.3.2",
		    "The mail filter is shutting down; try again");
	else if ((c->steps & SMFIP_NOBODY) == 0 ||
	    !mfi_body_is_needed(c->services))
		return false;
	else {
		*v = verdict_refuse("reload", "451 4.3.2", "The mail filter "
		    "has a new configuration; try again in a new session");
		log_printf(LOG_LEVEL_INFO, "a message is deferred: its "
		    "session is older than the configuration, and was told "
		    "to send no bodies");
	}
	return true;
}

static sfsistat
mfi_envfrom(SMFICTX *ctx, char **argv)
{
	struct mfi_conn	*c = mfi_conn(ctx);
	struct verdict	 v;

	if (is_over(c, &v))
		return answer(ctx, c, &v, 0);
	message_begins(c);
	v = session_mail(c->session, argv[0] != NULL ? argv[0] : "");
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
 * Not declined with SMFIP_NODATA: Postfix sends the macros of DATA all the
 * same, and on TCP that packet without an answer holds the whole message
 * back for the 40 ms of our delayed acknowledgement.
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
	else {	/* the MTA took one blank away */
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

static bool
hold(SMFICTX *ctx, const struct verdict *v)
{
	return v->action != ACTION_HOLD || smfi_quarantine(ctx,
	    (char *)(uintptr_t)v->text) == MI_SUCCESS;
}

static bool
apply(SMFICTX *ctx, const struct mfi_conn *c, const struct edits *edits,
    const struct verdict *v)
{
	size_t i;

	for (i = 0; i < edits->n; i++)
		if (!apply_edit(ctx, c, &edits->edit[i]))
			return false;
	return hold(ctx, v);
}

/* The quota may say at the last moment that the message does not fit. */
static struct verdict
commit(SMFICTX *ctx, struct mfi_conn *c, const struct edits *edits,
    const struct verdict *judged)
{
	struct verdict v = session_commit(c->session, apply(ctx, c, edits,
	    judged));

	if (judged->action == ACTION_HOLD || hold(ctx, &v))
		return v;
	return verdict_refuse("edits", "451 4.3.0",
	    "The message could not be held; try again later");
}

static sfsistat
mfi_eom(SMFICTX *ctx)
{
	struct mfi_conn		*c = mfi_conn(ctx);
	const struct edits	*edits;
	struct verdict		 v;

	v = session_eom(c->session, &edits);
	if (v.action < ACTION_DEFER)
		v = commit(ctx, c, edits, &v);
	message_ends(c);
	return answer(ctx, c, &v, 0);
}

static sfsistat
mfi_abort(SMFICTX *ctx)
{
	struct mfi_conn *c = mfi_conn(ctx);

	session_abort(c->session);
	message_ends(c);
	return SMFIS_CONTINUE;
}

static sfsistat
mfi_close(SMFICTX *ctx)
{
	struct mfi_conn *c = smfi_getpriv(ctx);

	if (c == NULL)
		return SMFIS_CONTINUE;
	smfi_setpriv(ctx, NULL);
	session_free(&c->session);
	message_ends(c);
	free(c);
	return SMFIS_CONTINUE;
}

static char filter_name[] = "millgate";

static const struct smfiDesc filter = {
	.xxfi_name = filter_name,
	.xxfi_version = SMFI_VERSION,
	.xxfi_flags = MFI_ACTIONS | SMFIF_SETSYMLIST,
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

/*
 * An edit and the answer behind it are two small writes; on TCP the second
 * would wait 40 ms for the MTA's delayed acknowledgement. And a host that
 * vanished, without a word, is found after two minutes, not after two hours:
 * until then its sessions keep what they have reserved. libmilter keeps its
 * listening socket to itself, but accepted ones inherit these from it.
 */
static void
set_options(int first_fd)
{
	static const struct { int level, name, value; } options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 10 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 6 },
	};
	int		fd, listening = 0;
	socklen_t	len = sizeof(listening);
	size_t		i;

	for (fd = first_fd; fd < first_fd + 16; fd++) {
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
		    &len) != 0 || listening == 0)
			continue;
		/* a unix socket refuses what it does not need */
		for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
			setsockopt(fd, options[i].level, options[i].name,
			    &options[i].value, sizeof(options[i].value));
	}
}

/* The lowest free descriptor: what is opened next gets it. */
static int
next_fd(void)
{
	int fd = dup(STDERR_FILENO);

	if (fd != -1)
		close(fd);
	return fd != -1 ? fd : STDERR_FILENO + 1;
}

static bool
failed(char **why, const char *what, const char *socket)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "socket \"%s\": %s", socket, what);
	*why = b.data;
	return false;
}

bool
mfi_open(const struct conf *c, char **why)
{
	char	*spec = (char *)(uintptr_t)c->socket;
	int	 fd = next_fd();

	if (smfi_register(filter) != MI_SUCCESS)
		return failed(why, "libmilter refused to register the filter",
		    c->socket);
	if (smfi_setconn(spec) != MI_SUCCESS)
		return failed(why, "libmilter does not understand it; write "
		    "\"inet:PORT@ADDRESS\" or \"unix:/PATH\"", c->socket);
	smfi_setbacklog(LISTEN_BACKLOG);
	/* true: a socket file that a crash left behind is removed */
	if (smfi_opensocket(true) != MI_SUCCESS)
		return failed(why, strncmp(spec, "local:", 6) == 0 ?
		    "cannot be made; is its directory writable, and no other "
		    "file in its place?" :
		    "cannot be opened; is the port in use, or the address not "
		    "one of this host?", c->socket);
	set_options(fd);
	return true;
}

/*
 * Found by the dynamic linker before libc's. libmilter has a thread that waits
 * for SIGHUP, SIGTERM and SIGINT and takes each of them for a stop; now and
 * then it was handed one before the daemon's own thread ran. Signals are the
 * daemon's: this never gives one to the only thread that asks.
 */
int
sigwait(const sigset_t *set, int *number)
{
	(void)set;
	(void)number;
	for (;;)
		pause();
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
