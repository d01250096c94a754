/*
 * session - one connection and its messages, event by event
 *
 * The driver (mfi.c or replay.c) calls session_* for each event. Each of them
 * calls the stages of this event (listed in stages_priv.h) and the judges, and
 * keeps the worst verdict so far; in monitor mode the answer is ACCEPT.
 *
 * A message exists from MAIL to its last answer. However it ends (a refusal,
 * RSET, a second MAIL, disconnect), message_close gives the reservation back,
 * stops the lookups and clears all facts, so that the next one starts clean.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "dkim/dkim_sign.h"
#include "dkim/dkim_verify.h"
#include "policy/policy_identity.h"
#include "policy/policy_message.h"
#include "policy/policy_session.h"
#include "stages_priv.h"

/* Enough for the connection's names, and for a message's envelope. */
#define CONN_CHUNK	512
#define MESSAGE_CHUNK	1488
#define MESSAGE_GROWTH	512

static const struct verdict accepted = { .action = ACTION_ACCEPT,
    .rule = "ok" };

struct session *
session_new(struct services *sv, session_macro_fn *macro, void *ctx)
{
	struct arena	*a = arena_new(CONN_CHUNK);
	struct session	*s = arena_alloc(a, sizeof(*s));

	s->sv = sv;
	s->macro = macro;
	s->macro_ctx = ctx;
	s->arena = a;
	atomic_fetch_add(&sv->counters.connections, 1);
	atomic_fetch_add(&sv->counters.open_connections, 1);
	return s;
}

static void
message_close(struct session *s)
{
	struct message	*m = s->message;
	struct arena	*a;

	if (m == NULL)
		return;
	s->message = NULL;
	stage_quota_close(m);
	stage_end(m);
	setup_unref(&m->setup);
	a = m->arena;
	arena_free(&a);
}

void
session_free(struct session **sp)
{
	struct session	*s = *sp;
	struct arena	*a;

	if (s == NULL)
		return;
	*sp = NULL;
	session_abort(s);
	atomic_fetch_sub(&s->sv->counters.open_connections, 1);
	free(s->helo);
	a = s->arena;
	arena_free(&a);
}

static bool
enforces(const struct message *m)
{
	return m->setup->conf->mode == MODE_ENFORCE;
}

void
message_judge(struct message *m, struct verdict v)
{
	if (verdict_is_worse(&v, m->verdict))
		m->verdict = memcpy(arena_alloc(m->arena, sizeof(v)), &v,
		    sizeof(v));
}

/* Replace the verdict, also by one that is not worse. */
static void
message_refuse_edits(struct message *m, const char *failed)
{
	struct verdict *v = arena_alloc(m->arena, sizeof(*v));

	*v = verdict_refuse("edits", "451 4.3.0", "%s", failed);
	m->verdict = v;
}

static struct verdict
message_answer(const struct message *m)
{
	return enforces(m) ? *m->verdict : verdict_accept();
}

/* The last answer to a message: one log line, one count, and it is closed. */
static struct verdict
message_end(struct session *s, const char *event)
{
	struct verdict v = message_answer(s->message);

	session_log(s, v.action, event);
	stage_outcome(s->message, v.action);
	stage_tally(s->message, v.action);
	services_count(s->sv, v.action);
	message_close(s);
	return v;
}

/* The answer to an event that does not end the message. */
static struct verdict
go_on(void)
{
	return verdict_accept();
}

static bool
refuses(const struct message *m)
{
	return m->verdict->action >= ACTION_DEFER && enforces(m);
}

struct verdict
session_connect(struct session *s, const char *client_name,
    const struct sockaddr *client)
{
	stage_connect(s, client_name, client);
	return go_on();
}

struct verdict
session_helo(struct session *s, const char *helo)
{
	/*
	 * A second HELO follows STARTTLS; only the last one counts. It is not
	 * in the connection's arena, because a client may repeat it for ever.
	 */
	free(s->helo);
	s->conn.helo = s->helo = helo != NULL ? xstrdup(helo) : NULL;
	if (s->message != NULL)
		s->message->f.conn.helo = s->helo;
	stage_note_macros(s, AT_HELO);
	return go_on();
}

static struct message *
message_open(struct session *s)
{
	struct arena	*a = arena_new(MESSAGE_CHUNK);
	struct message	*m = arena_alloc(a, sizeof(*m));

	session_abort(s);
	arena_grow_by(a, MESSAGE_GROWTH);
	m->sv = s->sv;
	m->arena = a;
	m->setup = services_setup(s->sv);
	m->f.conn = s->conn;
	m->began = s->sv->ticks();
	m->verdict = &accepted;
	headers_init(&m->headers, a, m->setup->conf->max_header_fields,
	    m->setup->conf->max_header_bytes);
	edits_init(&m->edits, a);
	return s->message = m;
}

/* Also sets `unentitled`, which may_sign reads. */
static struct verdict
judge_envelope(struct message *m)
{
	struct verdict v, sender;

	v = policy_session(m->rules, &m->setup->conf->identity, m->user,
	    &m->f);
	sender = policy_sender(m->rules, &m->setup->conf->identity, m->user,
	    m->tier, &m->f);
	m->unentitled = sender.action >= ACTION_DEFER ||
	    m->f.login_unknown || (m->user != NULL && m->user->block);
	return v.action == ACTION_ACCEPT ? sender : v;
}

struct verdict
session_mail(struct session *s, const char *path, const char *const *params)
{
	struct message *m = message_open(s);

	stage_listener(s);
	stage_login(s);
	stage_sender(s, path);
	stage_sender_owner(m);
	message_judge(m, judge_envelope(m));
	if (!refuses(m))
		message_judge(m, stage_quota_open(m));
	if (!refuses(m))
		message_judge(m, stage_size_open(s, params));
	if (!refuses(m))
		message_judge(m, stage_fuse_client(m));
	if (refuses(m))
		return message_end(s, "mail");
	if (m->f.direction == DIRECTION_INBOUND)
		stage_inbound_start(m);
	return go_on();
}

void
session_defer(struct session *s, const char *path, const struct verdict *v)
{
	struct message *m = message_open(s);

	stage_listener(s);
	stage_login(s);
	stage_sender(s, path);
	m->verdict = v;
	session_log(s, v->action, "mail");
	services_count(s->sv, v->action);
	message_close(s);
}

static void
note_queue_id(struct session *s)
{
	struct message *m = s->message;

	/* Postfix assigns it with the first accepted recipient */
	if (m->f.env.queue_id == NULL)
		m->f.env.queue_id = stage_macro(s, m->arena, "i");
}

/*
 * Refuse this recipient alone. Only the first one of a message is logged. A
 * client that sends to the others in another message does what RFC 5321 asks
 * of it: the fuse does not count that.
 */
static struct verdict
recipient_refused(struct session *s, struct verdict v)
{
	struct message		*m = s->message;
	const struct verdict	*before = m->verdict;

	if (m->refused++ == 0) {
		m->verdict = &v;
		session_log(s, v.action, "rcpt");
		m->verdict = before;
	}
	if (strcmp(v.rule, RULE_RECIPIENTS) != 0)
		message_judge(m, stage_fuse_refused(m));
	return v;
}

/*
 * For mail from sendmail(1) the message is refused as a whole, not a single
 * recipient. Postfix takes a refusal at RCPT by a filter of non_smtpd_milters
 * for a "milter configuration error" and retries the message, even after 5xx.
 */
static bool
refuses_at_eom(const struct message *m)
{
	return m->f.conn.local || !enforces(m);
}

struct verdict
session_rcpt(struct session *s, const char *path)
{
	struct message	*m = s->message;
	struct verdict	 v;

	if (m == NULL)
		return go_on();
	note_queue_id(s);
	if (stage_was_refused(s)) {
		message_judge(m, stage_fuse_refused(m));
		return go_on();
	}
	v = policy_message_recipient(&m->f);
	if (v.action < ACTION_DEFER || !enforces(m))
		v = verdict_worse(v, stage_quota_recipient(m));
	if (v.action < ACTION_DEFER || refuses_at_eom(m)) {
		m->f.env.recipients++;
		stage_recipient(m, path);
		message_judge(m, v);
		return go_on();
	}
	return recipient_refused(s, v);
}

struct verdict
session_header(struct session *s, const char *name, const char *value)
{
	struct message *m = s->message;

	if (m == NULL)
		return go_on();
	stage_size_field(m, name, value);
	if (!m->too_large && headers_add(&m->headers, name, value))
		stage_field(m);
	else
		stage_trace_beyond(m, name, value);
	return go_on();
}

/*
 * Mail that fails the identity check is not signed, nor is mail of a blocked
 * login in monitor mode. All other mail is signed in monitor mode, even if
 * enforce mode would refuse it: a site on trial must not send unsigned mail.
 * Mail that a block holds is signed, because it is sent unchanged on release.
 */
static bool
may_sign(const struct message *m)
{
	return !m->unentitled && (!m->blocked || enforces(m)) && !refuses(m);
}

static struct verdict
keys_unknown(void)
{
	return verdict_refuse("keys", "451 4.7.0", "The signing keys of the "
	    "author's domain cannot be looked up; try again later");
}

struct verdict
session_eoh(struct session *s)
{
	struct message *m = s->message;

	if (m == NULL)
		return go_on();
	stage_size_body(m, strlen("\r\n"));
	if (m->too_large)
		return go_on();
	note_queue_id(s);
	stage_headers(m);
	stage_author_owners(m);
	m->headers_ended = true;
	if (m->f.direction == DIRECTION_SUBMISSION) {
		struct verdict v = policy_identity(m->rules,
		    &m->setup->conf->identity, m->user, m->tier, &m->f);

		m->unentitled |= v.action >= ACTION_DEFER;
		message_judge(m, v);
		message_judge(m, stage_fuse_from(m));
		if (may_sign(m) && !stage_sign_start(m))
			message_judge(m, keys_unknown());
	}
	return go_on();
}

struct verdict
session_body(struct session *s, const void *data, size_t len)
{
	struct message *m = s->message;

	if (m == NULL)
		return go_on();
	stage_size_body(m, len);
	if (m->too_large)
		return go_on();
	if (m->verifier != NULL)
		dkim_verifier_body(m->verifier, data, len);
	if (m->signer != NULL)
		dkim_signer_body(m->signer, data, len);
	return go_on();
}

static struct verdict
judge_inbound(struct message *m)
{
	const struct conf	*c = m->setup->conf;
	struct verdict		 v;

	if (policy_trust(&c->trust, &m->f, policy_is_own_mail(&c->identity,
	    m->user, m->tier, &m->f), &m->f.override))
		return verdict_accept();
	v = policy_override(c->overrides, c->noverrides, &c->identity, &m->f,
	    &m->f.override, policy_dmarc(&c->dmarc, &m->f));
	return verdict_worse(v, policy_override_spf(c->overrides,
	    c->noverrides, &c->identity, &m->f, &m->f.spf_override,
	    policy_spf(&c->spf, &m->f)));
}

static struct verdict
judge_message(struct message *m)
{
	if (m->too_large)
		return verdict_refuse("header-size", "552 5.3.4",
		    "The message header is too large");
	if (!m->headers_ended)	/* From has not been checked */
		return verdict_refuse("sequence", "451 4.3.0",
		    "The message had no end of headers; try again");
	if (m->f.direction == DIRECTION_SUBMISSION)	/* From was judged */
		return stage_size_judge(m);
	stage_inbound_collect(m);
	return judge_inbound(m);
}

struct verdict
session_eom(struct session *s, const struct edits **edits)
{
	struct message *m = s->message;

	*edits = NULL;
	if (m == NULL)
		return verdict_refuse("sequence", "451 4.3.0",
		    "The message has no sender; try again");
	m->ended_us = (uint32_t)monotonic_us() | 1;
	note_queue_id(s);
	message_judge(m, judge_message(m));
	if (!refuses(m) && !stage_sign_finish(m))
		message_judge(m, verdict_refuse("sign", "451 4.3.0",
		    "The message could not be signed; try again later"));
	if (refuses(m))
		return message_end(s, "eom");
	stage_trace(m, !enforces(m));
	edits_order(&m->edits);
	*edits = &m->edits;
	return message_answer(m);
}

struct verdict
session_commit(struct session *s, const char *failed)
{
	struct message *m = s->message;

	if (m == NULL)
		return go_on();
	if (failed != NULL)
		message_refuse_edits(m, failed);
	else
		message_judge(m, stage_quota_commit(m));
	return message_answer(m);
}

struct verdict
session_end(struct session *s, const char *failed)
{
	struct message *m = s->message;

	if (m == NULL)
		return go_on();
	if (failed != NULL)
		message_refuse_edits(m, failed);
	return message_end(s, "eom");
}

void
session_abort(struct session *s)
{
	if (s->message == NULL)
		return;
	atomic_fetch_add(&s->sv->counters.aborted, 1);
	message_close(s);
}
