/*
 * redis_session - a connection that is logged in, has loaded our script, and
 * knows the server's clock
 *
 * This takes one round trip: the commands are sent together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/monotonic.h"
#include "base/password_file.h"
#include "base/why.h"
#include "redis_session_priv.h"

/* --- refusals ------------------------------------------------------------ */

/* The code is the first word of the server's error. */
static const struct refusal {
	const char	*code;
	bool		 down;
	const char	*remedy;
} refusals[] = {
	{ "NOAUTH", true, "set state-password-file" },
	{ "WRONGPASS", true, "check state-password-file and the user in "
	    "state" },
	{ "NOPERM", true, "its user may not do this: see millgate.conf(5)" },
	{ "READONLY", true, "it is a replica: name the master in state" },
	{ "MASTERDOWN", true, "it is a replica: name the master in state" },
	{ "LOADING", true, "it is loading its data: wait" },
	{ "MOVED", true, "a cluster is not supported: name a single server" },
	{ "CROSSSLOT", true, "a cluster is not supported: name a single "
	    "server" },
	{ "OOM", false, "raise its maxmemory, or remove other data" },
	{ "MISCONF", false, "it cannot save: check the server's disk" },
	{ "BUSY", false, "another client's script is running: see SCRIPT "
	    "KILL" },
	{ "WRONGTYPE", false, "a key millgate:* is damaged: remove it" },
	{ "NOREPLICAS", false, "too few replicas are connected to it" },
};

static const struct refusal *
refusal_of(const char *said)
{
	size_t i, len = strcspn(said, " ");

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strlen(refusals[i].code) == len &&
		    strncmp(said, refusals[i].code, len) == 0)
			return &refusals[i];
	return NULL;
}

bool
redis_said(const struct redis_reply *r, const char *code)
{
	return r->kind == REDIS_TROUBLE &&
	    strncmp(r->text, code, strlen(code)) == 0;
}

bool
redis_is_down(const struct redis_reply *r)
{
	const struct refusal *known = r->kind == REDIS_TROUBLE ?
	    refusal_of(r->text) : NULL;

	return known != NULL && known->down;
}

void
redis_explain(const char *said, char error[REDIS_ERROR])
{
	const struct refusal	*known = refusal_of(said);
	char			*p;

	snprintf(error, REDIS_ERROR, "it answers \"%.70s\"; %.70s", said,
	    known != NULL ? known->remedy : "see the server's log");
	for (p = error; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

/* --- opening ------------------------------------------------------------- */

/* AUTH [user] password. The file is read each time: it may have changed. */
static bool
session_add_login(const struct redis_server *s, struct buf *b,
    char error[REDIS_ERROR])
{
	struct buf		password = BUF_INIT;
	char			*why = NULL;
	struct redis_word	words[3] = { redis_word("AUTH") };
	size_t			n = 1;
	bool			ok;

	ok = password_file_read(s->password_file, &password, &why);
	if (ok) {
		if (s->url.user[0] != '\0')
			words[n++] = redis_word(s->url.user);
		words[n].text = buf_str(&password);
		words[n++].len = password.len;
		redis_command_add(b, words, n);
		explicit_bzero(password.data, password.len);
	} else {
		snprintf(error, REDIS_ERROR, "%s", why);
	}
	buf_free(&password);
	free(why);
	return ok;
}

/* All commands of the greeting; their replies come in the same order. */
static bool
session_add_greeting(const struct redis_server *s, struct buf *b,
    char error[REDIS_ERROR])
{
	char			number[16];
	struct redis_word	choose[2] = { redis_word("SELECT") };
	struct redis_word	load[] = {
		redis_word("SCRIPT"), redis_word("LOAD"), redis_word(s->script)
	};
	struct redis_word	time[] = { redis_word("TIME") };

	snprintf(number, sizeof(number), "%u", s->url.number);
	choose[1] = redis_word(number);
	if (s->password_file != NULL && !session_add_login(s, b, error))
		return false;
	redis_command_add(b, choose, 2);
	redis_command_add(b, load, 3);
	redis_command_add(b, time, 1);
	return true;
}

/* Receive a reply that must be a text. */
static struct redis_reply *
session_receive_text(struct redis_session *s, uint64_t deadline,
    char error[REDIS_ERROR])
{
	struct redis_reply *r = redis_link_receive(s->link, deadline, error);

	if (r == NULL || r->kind == REDIS_TEXT)
		return r;
	if (r->kind == REDIS_TROUBLE)
		redis_explain(r->text, error);
	else
		snprintf(error, REDIS_ERROR, "it gives an unexpected answer");
	redis_reply_free(&r);
	return NULL;
}

static bool
session_receive_done(struct redis_session *s, uint64_t deadline,
    char error[REDIS_ERROR])
{
	struct redis_reply	*r = session_receive_text(s, deadline, error);
	bool			 ok = r != NULL;

	redis_reply_free(&r);
	return ok;
}

static bool
session_receive_sha(struct redis_session *s, uint64_t deadline,
    char error[REDIS_ERROR])
{
	struct redis_reply	*r = session_receive_text(s, deadline, error);
	bool			 ok;

	if (r == NULL)
		return false;
	ok = r->len == sizeof(s->sha) - 1;
	if (ok)
		memcpy(s->sha, r->text, sizeof(s->sha));
	else
		snprintf(error, REDIS_ERROR, "it gives an unexpected answer");
	redis_reply_free(&r);
	return ok;
}

/* TIME: two texts, seconds and microseconds. */
static bool
session_receive_time(struct redis_session *s, uint64_t deadline,
    char error[REDIS_ERROR])
{
	struct redis_reply	*r = redis_link_receive(s->link, deadline,
				    error);
	int64_t			 ms;
	bool			 ok;

	if (r == NULL)
		return false;
	ok = r->kind == REDIS_LIST && r->n == 2 &&
	    r->item[0].kind == REDIS_TEXT && r->item[1].kind == REDIS_TEXT &&
	    r->item[0].len <= 12;
	if (ok) {
		ms = strtoll(r->item[0].text, NULL, 10) * 1000 +
		    strtol(r->item[1].text, NULL, 10) / 1000;
		s->ahead = ms - (int64_t)monotonic_ms();
	} else {
		snprintf(error, REDIS_ERROR, "it gives an unexpected answer");
	}
	redis_reply_free(&r);
	return ok;
}

static bool
session_greet(const struct redis_server *server, struct redis_session *s,
    uint64_t deadline, char error[REDIS_ERROR])
{
	struct buf	b = BUF_INIT;
	bool		ok;

	ok = session_add_greeting(server, &b, error) &&
	    redis_link_send(s->link, b.data, b.len, deadline, error);
	if (b.data != NULL)
		explicit_bzero(b.data, b.len);
	buf_free(&b);
	return ok && (server->password_file == NULL ||
	    session_receive_done(s, deadline, error)) &&
	    session_receive_done(s, deadline, error) &&
	    session_receive_sha(s, deadline, error) &&
	    session_receive_time(s, deadline, error);
}

struct redis_session *
redis_session_open(const struct redis_server *server, uint64_t deadline,
    char error[REDIS_ERROR])
{
	struct redis_session *s = xcalloc(1, sizeof(*s));

	s->link = redis_link_open(&server->url, server->trust, deadline,
	    error);
	if (s->link == NULL || !session_greet(server, s, deadline, error))
		redis_session_close(&s);
	return s;
}

void
redis_session_close(struct redis_session **sp)
{
	if (*sp == NULL)
		return;
	redis_link_close(&(*sp)->link);
	free(*sp);
	*sp = NULL;
}

struct redis_reply *
redis_session_ask(struct redis_session *s, const struct redis_word *words,
    size_t n, uint64_t deadline, char error[REDIS_ERROR])
{
	struct redis_reply	*r = NULL;
	struct buf		 b = BUF_INIT;

	redis_command_add(&b, words, n);
	if (redis_link_send(s->link, b.data, b.len, deadline, error))
		r = redis_link_receive(s->link, deadline, error);
	buf_free(&b);
	return r;
}
