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
#include "dkim/dkim_sign.h"
#include "dkim/dkim_verify.h"
#include "mail/authres.h"
#include "mail/claims.h"
#include "policy/policy_identity.h"
#include "policy/policy_session.h"
#include "spf/spf_received.h"
#include "stages_priv.h"

#define CONN_CHUNK	1024
#define MESSAGE_CHUNK	16384

struct session *
session_new(struct services *sv, session_macro_fn *macro, void *ctx)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->sv = sv;
	s->macro = macro;
	s->macro_ctx = ctx;
	s->conn_arena = arena_new(CONN_CHUNK);
	atomic_fetch_add(&sv->counters.connections, 1);
	atomic_fetch_add(&sv->counters.open_connections, 1);
	return s;
}

static void
message_close(struct session *s)
{
	struct conn_facts conn = s->f.conn;

	if (!s->open)
		return;
	stage_quota_close(s);
	stage_end(s);
	setup_unref(&s->setup);
	memset(&s->f, 0, sizeof(s->f));
	s->f.conn = conn;
	s->open = false;
}

void
session_free(struct session **sp)
{
	struct session *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	session_abort(s);
	atomic_fetch_sub(&s->sv->counters.open_connections, 1);
	arena_free(&s->arena);
	arena_free(&s->conn_arena);
	free(s->helo);
	free(s);
}

static bool
enforces(const struct session *s)
{
	return s->setup->conf->mode == MODE_ENFORCE;
}

static void
count_action(struct session *s, enum action a)
{
	struct counters *c = &s->sv->counters;

	atomic_fetch_add(&c->messages, 1);
	if (a == ACTION_REJECT)
		atomic_fetch_add(&c->rejected, 1);
	else if (a == ACTION_DEFER)
		atomic_fetch_add(&c->deferred, 1);
	else if (a == ACTION_HOLD) {
		atomic_fetch_add(&c->held, 1);
		atomic_store(&c->held_at, s->sv->ticks());
	} else
		atomic_fetch_add(&c->accepted, 1);
}

/* The last answer to a message: one log line, one count, and it is closed. */
static struct verdict
message_end(struct session *s, const char *event)
{
	struct verdict v = s->verdict;

	if (!enforces(s))
		v = verdict_accept();
	session_log(s, action_name(v.action), event);
	stage_outcome(s, v.action);
	count_action(s, v.action);
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
refuses(const struct session *s)
{
	return s->verdict.action >= ACTION_DEFER && enforces(s);
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
	s->f.conn.helo = s->helo = helo != NULL ? xstrdup(helo) : NULL;
	stage_note_macros(s, AT_HELO);
	return go_on();
}

static void
message_open(struct session *s)
{
	session_abort(s);
	if (s->arena == NULL)
		s->arena = arena_new(MESSAGE_CHUNK);
	arena_reset(s->arena);
	s->setup = services_setup(s->sv);
	s->began = s->sv->ticks();
	s->open = true;
	s->too_large = s->headers_ended = false;
	s->sign_why = NULL;
	s->nsigned = s->nwalks = 0;
	s->refused = 0;
	s->blocked = false;
	s->verdict = verdict_accept();
	headers_init(&s->headers, s->arena, s->setup->conf->max_header_fields,
	    s->setup->conf->max_header_bytes);
	edits_init(&s->edits, s->arena);
}

/* Also sets `unentitled`, which may_sign reads. */
static struct verdict
judge_envelope(struct session *s)
{
	struct verdict v, sender;

	v = policy_session(s->rules, s->user, &s->f);
	sender = policy_sender(s->rules, &s->setup->conf->identity, s->user,
	    s->tier, &s->f);
	s->unentitled = sender.action >= ACTION_DEFER ||
	    s->f.login_unknown || (s->user != NULL && s->user->block);
	return v.action == ACTION_ACCEPT ? sender : v;
}

struct verdict
session_mail(struct session *s, const char *path)
{
	message_open(s);
	stage_listener(s);
	stage_login(s);
	stage_sender(s, path);
	s->verdict = judge_envelope(s);
	if (!refuses(s))
		s->verdict = verdict_worse(s->verdict, stage_quota_open(s));
	if (!refuses(s))
		s->verdict = verdict_worse(s->verdict, stage_fuse_client(s));
	if (refuses(s))
		return message_end(s, "mail");
	if (s->f.direction == DIRECTION_INBOUND)
		stage_inbound_start(s);
	return go_on();
}

void
session_defer(struct session *s, const char *path, const struct verdict *v)
{
	message_open(s);
	stage_listener(s);
	stage_login(s);
	stage_sender(s, path);
	s->verdict = *v;
	session_log(s, action_name(v->action), "mail");
	count_action(s, v->action);
	message_close(s);
}

static void
note_queue_id(struct session *s)
{
	/* Postfix assigns it with the first accepted recipient */
	if (s->f.env.queue_id == NULL)
		s->f.env.queue_id = stage_macro(s, s->arena, "i");
}

/* Refuse this recipient alone. Only the first one of a message is logged. */
static struct verdict
recipient_refused(struct session *s, struct verdict v)
{
	struct verdict before = s->verdict;

	if (s->refused++ == 0) {
		s->verdict = v;
		session_log(s, action_name(v.action), "rcpt");
		s->verdict = before;
	}
	s->verdict = verdict_worse(s->verdict, stage_fuse_refused(s));
	return v;
}

/*
 * For mail from sendmail(1) the message is refused as a whole, not a single
 * recipient. Postfix takes a refusal at RCPT by a filter of non_smtpd_milters
 * for a "milter configuration error" and retries the message, even after 5xx.
 */
static bool
refuses_at_eom(const struct session *s)
{
	return s->f.conn.local || !enforces(s);
}

struct verdict
session_rcpt(struct session *s, const char *path)
{
	struct verdict v;

	if (!s->open)
		return go_on();
	note_queue_id(s);
	if (stage_was_refused(s)) {
		s->verdict = verdict_worse(s->verdict, stage_fuse_refused(s));
		return go_on();
	}
	v = stage_quota_recipient(s);
	if (v.action < ACTION_DEFER || refuses_at_eom(s)) {
		s->f.env.recipients++;
		stage_recipient(s, path);
		s->verdict = verdict_worse(s->verdict, v);
		return go_on();
	}
	return recipient_refused(s, v);
}

struct verdict
session_header(struct session *s, const char *name, const char *value)
{
	if (!s->open || s->too_large)
		return go_on();
	if (!headers_add(&s->headers, name, value))
		s->too_large = true;
	else if (s->verifier != NULL)
		dkim_verifier_header(s->verifier, name, value);
	return go_on();
}

/*
 * Mail that fails the identity check is not signed, nor is mail of a blocked
 * login in monitor mode. All other mail is signed in monitor mode, even if
 * enforce mode would refuse it: a site on trial must not send unsigned mail.
 * Mail that a block holds is signed, because it is sent unchanged on release.
 */
static bool
may_sign(const struct session *s)
{
	return !s->unentitled && (!s->blocked || enforces(s)) && !refuses(s);
}

struct verdict
session_eoh(struct session *s)
{
	if (!s->open || s->too_large)
		return go_on();
	note_queue_id(s);
	stage_headers(s);
	s->headers_ended = true;
	if (s->f.direction == DIRECTION_SUBMISSION) {
		struct verdict v = policy_identity(s->rules,
		    &s->setup->conf->identity, s->user, s->tier, &s->f);

		s->unentitled |= v.action >= ACTION_DEFER;
		s->verdict = verdict_worse(s->verdict, v);
		s->verdict = verdict_worse(s->verdict, stage_fuse_from(s));
		if (may_sign(s))
			stage_sign_start(s);
	}
	return go_on();
}

struct verdict
session_body(struct session *s, const void *data, size_t len)
{
	if (!s->open || s->too_large)
		return go_on();
	if (s->verifier != NULL)
		dkim_verifier_body(s->verifier, data, len);
	if (s->signer != NULL)
		dkim_signer_body(s->signer, data, len);
	return go_on();
}

static struct verdict
judge_inbound(struct session *s)
{
	const struct conf	*c = s->setup->conf;
	struct verdict		 v;

	if (policy_trust(&c->trust, &s->f, policy_is_own_mail(&c->identity,
	    s->user, s->tier, &s->f), &s->f.override))
		return verdict_accept();
	v = policy_override(c->overrides, c->noverrides, &c->identity, &s->f,
	    &s->f.override, policy_dmarc(&c->dmarc, &s->f));
	return verdict_worse(v, policy_spf(&c->spf, &s->f));
}

static struct verdict
judge_message(struct session *s)
{
	if (s->too_large)
		return verdict_refuse("header-size", "552 5.3.4",
		    "The message header is too large");
	if (!s->headers_ended)	/* From has not been checked */
		return verdict_refuse("sequence", "451 4.3.0",
		    "The message had no end of headers; try again");
	if (s->f.direction == DIRECTION_SUBMISSION)
		return verdict_accept();	/* judged at end of headers */
	stage_inbound_collect(s);
	return judge_inbound(s);
}

/* --- the trace fields of an accepted message ---------------------------- */

/* Delete all fields of this name that claim to be ours. */
static void
delete_claimed(struct session *s, const char *field,
    bool (*claims)(const char *value, const char *us))
{
	const struct header	*h;
	unsigned		 nth;

	for (nth = 1; (h = headers_find(&s->headers, field, nth)) != NULL;
	    nth++)
		if (claims(h->value, s->authserv_id))
			edits_delete(&s->edits, field, nth);
}

/* RFC 7208 9.1: one field for each identity, MAIL FROM on top. */
static void
plan_received_spf(struct session *s)
{
	static const bool	 helo[] = { true, false };
	static const char	 field[] = "Received-SPF";
	const char		*value;
	size_t			 i;

	delete_claimed(s, field, spf_received_claims);
	for (i = 0; i < 2; i++) {
		value = spf_received_format(s->arena, &s->f, s->authserv_id,
		    helo[i]);
		if (value != NULL)
			edits_insert_top(&s->edits, field, value);
	}
}

/*
 * RFC 8601 4 and 5: delete fields with our authserv-id, also where we insert
 * none, and insert ours on top.
 */
static void
plan_results(struct session *s)
{
	static const char	 field[] = "Authentication-Results";
	const struct authres_form form = { s->authserv_id,
	    s->setup->conf->submission_results, !enforces(s) };
	const char		*value;

	delete_claimed(s, field, authres_claims);
	if (s->setup->conf->spf.received_spf)
		plan_received_spf(s);
	value = authres_format(s->arena, &form, &s->f, &s->verdict);
	if (value != NULL)
		edits_insert_top(&s->edits, field, value);
}

struct verdict
session_eom(struct session *s, const struct edits **edits)
{
	*edits = NULL;
	if (!s->open)
		return verdict_refuse("sequence", "451 4.3.0",
		    "The message has no sender; try again");
	note_queue_id(s);
	s->verdict = verdict_worse(s->verdict, judge_message(s));
	if (!refuses(s) && !stage_sign_finish(s))
		s->verdict = verdict_worse(s->verdict,
		    verdict_refuse("sign", "451 4.3.0",
		    "The message could not be signed; try again later"));
	if (refuses(s))
		return message_end(s, "eom");
	if (!s->too_large)
		plan_results(s);
	edits_order(&s->edits);
	*edits = &s->edits;
	return enforces(s) ? s->verdict : verdict_accept();
}

struct verdict
session_commit(struct session *s, const char *failed)
{
	if (!s->open)
		return go_on();
	if (failed != NULL)
		s->verdict = verdict_refuse("edits", "451 4.3.0", "%s",
		    failed);
	else
		s->verdict = verdict_worse(s->verdict, stage_quota_commit(s));
	return enforces(s) ? s->verdict : verdict_accept();
}

struct verdict
session_end(struct session *s, const char *failed)
{
	if (!s->open)
		return go_on();
	if (failed != NULL)
		s->verdict = verdict_refuse("edits", "451 4.3.0", "%s",
		    failed);
	return message_end(s, "eom");
}

void
session_abort(struct session *s)
{
	if (!s->open)
		return;
	atomic_fetch_add(&s->sv->counters.aborted, 1);
	message_close(s);
}
