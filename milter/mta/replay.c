/*
 * replay - the offline driver: the same session events from text
 *
 * Used by `millgatectl check' and `replay', by the scenario tests and by the
 * fuzzers. It calls session_* exactly as mfi.c does, and writes down answers,
 * edits and log records instead of sending them to an MTA.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/record.h"
#include "mail/edits.h"
#include "mta/replay.h"
#include "session/services.h"
#include "session/session.h"

#define MACROS		64
#define CLIENT_PORT	40000

struct macro {
	char	*name, *value;
};

struct replay {
	struct services	*sv;
	struct session	*session;
	struct macro	 macro[MACROS];
	size_t		 nmacros;
	struct buf	 outcome, json, edits;
	bool		 exact;		/* outcome: fields with their folds */
};

static const char *
replay_get(void *ctx, const char *name)
{
	struct replay	*r = ctx;
	size_t		 i;

	for (i = 0; i < r->nmacros; i++)
		if (strcmp(r->macro[i].name, name) == 0)
			return r->macro[i].value;
	return NULL;
}

static void
replay_record(void *arg, const struct record *rec)
{
	struct replay *r = arg;

	buf_addstr(&r->outcome, "log ");
	record_line(rec, &r->outcome);
	buf_addch(&r->outcome, '\n');
	buf_reset(&r->json);
	record_json(rec, &r->json);
}

struct replay *
replay_new(struct services *sv)
{
	struct replay *r = xcalloc(1, sizeof(*r));

	r->sv = sv;
	sv->on_record = replay_record;
	sv->on_record_arg = r;
	return r;
}

void
replay_free(struct replay **rp)
{
	struct replay	*r = *rp;
	size_t		 i;

	if (r == NULL)
		return;
	*rp = NULL;
	session_free(&r->session);
	r->sv->on_record = NULL;
	for (i = 0; i < r->nmacros; i++) {
		free(r->macro[i].name);
		free(r->macro[i].value);
	}
	buf_free(&r->outcome);
	buf_free(&r->json);
	buf_free(&r->edits);
	free(r);
}

void
replay_macro(struct replay *r, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < r->nmacros; i++)
		if (strcmp(r->macro[i].name, name) == 0)
			break;
	if (i == MACROS)
		return;
	if (i == r->nmacros) {
		r->macro[i].name = xstrdup(name);
		r->nmacros++;
	}
	free(r->macro[i].value);
	r->macro[i].value = value != NULL ? xstrdup(value) : NULL;
}

/* "verb action [code status] [rule text]" */
static struct verdict
replay_say(struct replay *r, const char *verb, struct verdict v)
{
	buf_printf(&r->outcome, "%s %s", verb, action_name(v.action));
	if (v.code[0] != '\0')
		buf_printf(&r->outcome, " %s %s", v.code, v.status);
	if (v.action != ACTION_ACCEPT)
		buf_printf(&r->outcome, " %s %s", v.rule, v.text);
	buf_addch(&r->outcome, '\n');
	return v;
}

static bool
parse_client(const char *text, struct sockaddr_storage *ss)
{
	struct sockaddr_in	*in = (void *)ss;
	struct sockaddr_in6	*in6 = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (strcmp(text, "local") == 0) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return true;
	}
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(CLIENT_PORT);
		return true;
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(CLIENT_PORT);
		return true;
	}
	return false;
}

bool
replay_connect(struct replay *r, const char *address, const char *name)
{
	struct sockaddr_storage ss;

	if (address != NULL && !parse_client(address, &ss))
		return false;
	if (name == NULL)
		name = address == NULL ? "unknown" :
		    strcmp(address, "local") == 0 ? "localhost" : address;
	session_free(&r->session);
	r->session = session_new(r->sv, replay_get, r);
	session_connect(r->session, name, address != NULL ?
	    (const struct sockaddr *)&ss : NULL);
	return true;
}

struct verdict
replay_helo(struct replay *r, const char *helo)
{
	return session_helo(r->session, helo);
}

struct verdict
replay_mail(struct replay *r, const char *path)
{
	return replay_mail_with(r, path, NULL);
}

struct verdict
replay_mail_with(struct replay *r, const char *path,
    const char *const *params)
{
	return replay_say(r, "mail", session_mail(r->session, path, params));
}

struct verdict
replay_rcpt(struct replay *r, const char *path)
{
	return replay_say(r, "rcpt", session_rcpt(r->session, path));
}

/* --- a message as text ------------------------------------------------ */

struct text {
	const char	*p, *end;
};

/* The next line, without its line end. False: the text has ended. */
static bool
text_line(struct text *t, const char **line, size_t *len)
{
	const char *lf;

	if (t->p == t->end)
		return false;
	*line = t->p;
	lf = memchr(t->p, '\n', (size_t)(t->end - t->p));
	if (lf == NULL) {
		*len = (size_t)(t->end - t->p);
		t->p = t->end;
		return true;
	}
	*len = (size_t)(lf - t->p);
	t->p = lf + 1;
	if (*len > 0 && (*line)[*len - 1] == '\r')
		--*len;
	return true;
}

static bool
is_fold(const struct text *t)
{
	return t->p < t->end && (*t->p == ' ' || *t->p == '\t');
}

/* Send one field, with LF in its folds. False: the header has ended. */
static bool
send_field(struct replay *r, struct text *t)
{
	const struct text	 before = *t;
	struct buf		 value = BUF_INIT;
	const char		*line, *colon;
	char			*name;
	size_t			 len;

	if (!text_line(t, &line, &len) || len == 0)
		return false;
	colon = memchr(line, ':', len);
	if (colon == NULL || colon == line) {
		*t = before;	/* like an MTA: the body begins here */
		return false;
	}
	name = strndup(line, (size_t)(colon - line));
	buf_add(&value, colon + 1, len - (size_t)(colon + 1 - line));
	while (is_fold(t) && text_line(t, &line, &len)) {
		buf_addch(&value, '\n');
		buf_add(&value, line, len);
	}
	session_header(r->session, name != NULL ? name : "", buf_str(&value));
	free(name);
	buf_free(&value);
	return true;
}

static void
send_body(struct replay *r, struct text *t)
{
	struct buf	 body = BUF_INIT;
	const char	*line;
	size_t		 len;

	while (text_line(t, &line, &len)) {
		buf_add(&body, line, len);
		buf_addstr(&body, "\r\n");
	}
	if (body.len > 0)
		session_body(r->session, body.data, body.len);
	buf_free(&body);
}

/* The value, and each of its folds as one blank. */
static void
say_unfolded(struct replay *r, const char *value)
{
	const char *p;

	for (p = value; *p != '\0'; p++) {
		if (*p == '\n' && (p[1] == '\t' || p[1] == ' '))
			p++;
		buf_addch(&r->outcome, *p == '\n' || *p == '\t' ? ' ' : *p);
	}
}

static void
say_edit(struct replay *r, const struct edit *e)
{
	if (e->kind == EDIT_DELETE) {
		buf_printf(&r->outcome, "delete %s %u\n", e->name, e->nth);
		return;
	}
	buf_printf(&r->outcome, "insert %s:", e->name);
	if (r->exact)
		buf_addstr(&r->outcome, e->value);
	else
		say_unfolded(r, e->value);
	buf_addch(&r->outcome, '\n');
}

static void
note_edit(struct replay *r, const struct edit *e)
{
	bool insert = e->kind == EDIT_INSERT;

	buf_addstr(&r->edits, r->edits.len > 0 ? ",{" : "{");
	buf_printf(&r->edits, "\"kind\":\"%s\",\"name\":", insert ? "insert" :
	    "delete");
	json_string(&r->edits, e->name);
	buf_printf(&r->edits, ",\"index\":%u,\"value\":", insert ? e->index :
	    e->nth);
	if (insert)
		json_string(&r->edits, e->value);
	else
		buf_addstr(&r->edits, "null");
	buf_addch(&r->edits, '}');
}

struct verdict
replay_message(struct replay *r, const char *text, size_t len)
{
	struct text		 t = { text, text + len };
	const struct edits	*edits;
	struct verdict		 v;
	size_t			 i;

	while (send_field(r, &t))
		;
	session_eoh(r->session);
	send_body(r, &t);
	v = session_eom(r->session, &edits);
	for (i = 0; edits != NULL && i < edits->n; i++) {
		say_edit(r, &edits->edit[i]);
		note_edit(r, &edits->edit[i]);
	}
	if (edits != NULL) {
		session_commit(r->session, NULL);
		v = session_end(r->session, NULL);
	}
	return replay_say(r, "eom", v);
}

void
replay_abort(struct replay *r)
{
	session_abort(r->session);
}

const char *
replay_outcome(const struct replay *r)
{
	return buf_str(&r->outcome);
}

void
replay_clear(struct replay *r)
{
	buf_reset(&r->outcome);
	buf_reset(&r->json);
	buf_reset(&r->edits);
}

void
replay_exact(struct replay *r)
{
	r->exact = true;
}

const char *
replay_edits_json(const struct replay *r)
{
	return r->edits.len > 0 ? buf_str(&r->edits) : "";
}

const char *
replay_record_json(const struct replay *r)
{
	return r->json.len > 0 ? buf_str(&r->json) : "{}";
}
