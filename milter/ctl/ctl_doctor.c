/*
 * ctl_doctor - millgatectl doctor: does the MTA give millgate what it needs?
 *
 *	doctor [--postfix DIR] [--sendmail FILE] [--json]
 *
 * The daemon says what has arrived since it started, the MTA's configuration
 * says what would; the judgement is in advice*.c. Without these options the
 * MTA that the daemon has seen is looked for at its usual place.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "conf/conf.h"
#include "doctor/postfix_setup.h"
#include "doctor/sendmail_setup.h"
#include "ctl_ask_priv.h"
#include "ctl_doctor_priv.h"
#include "ctl_priv.h"

#define POSTFIX_DIR	"/etc/postfix"
#define SENDMAIL_CF	"/etc/mail/sendmail.cf"

static const char usage_text[] =
    "usage: millgatectl [-c FILE] doctor [--postfix DIR] [--sendmail FILE]\n"
    "           [--json]\n\n"
    "What the MTA sends to millgate, and the lines to change where something\n"
    "is missing. Status 1: there is advice.\n";

struct doctor {
	const struct conf *conf;
	const char	*postfix, *sendmail;	/* as asked for; NULL */
	bool		 json;
	struct diagnosis d;
};

/* --- what the daemon has seen --------------------------------------------- */

/* `macros` is the JSON list of a listener. */
static bool
never(const void *macros, const char *macro)
{
	struct arena	*a = arena_new(4096);
	struct json	 at = { NULL, NULL }, m;
	bool		 seen = false;

	while (!seen && json_next(*(const struct json *)macros, &at, NULL, &m))
		seen = strcmp(json_get_text(a, m, "macro"), macro) == 0 &&
		    json_get_number(m, "sent") + json_get_number(m, "empty") >
		    0;
	arena_free(&a);
	return !seen;
}

static void
read_mta(struct arena *a, struct json l, struct mta_facts *mta)
{
	mta->known = json_get_true(l, "negotiated");
	mta->version = json_get_text(a, l, "mta");
	mta->kind = policy_mta_kind(mta->version);
	mta->protocol = (unsigned)json_get_number(l, "protocol");
	mta->takes_lists = json_get_true(l, "takes_lists");
}

/* No listener is inbound, too. */
static bool
is_unbound(const struct conf *c, const char *listener)
{
	size_t i;

	for (i = 0; i < c->nlisteners; i++)
		if (strcmp(c->listeners[i]->name, listener) == 0 &&
		    c->listeners[i]->direction == DIRECTION_SUBMISSION)
			return false;
	return c->trust.logins != TRUST_ANY_LOGIN;
}

static void
advise_listener(struct doctor *w, struct json l)
{
	struct arena		*a = w->d.arena;
	struct advice_seen	 seen = { .never = never };
	struct json		 macros, rules, at = { NULL, NULL }, key, n;

	seen.listener = json_get_text(a, l, "name");
	seen.sessions = json_get_number(l, "sessions");
	seen.unbound = is_unbound(w->conf, seen.listener);
	read_mta(a, l, &seen.mta);
	seen.setup_known = w->d.postfix != NULL || w->d.sendmail != NULL;
	if (!json_get(l, "macros", &macros) || !json_get(l, "rules", &rules))
		return;
	seen.never_arg = &macros;
	advice_session(&w->d.advice, &seen);
	while (json_next(rules, &at, &key, &n))
		advice_refusals(&w->d.advice, &seen, json_text(a, key));
}

static void
advise_seen(struct doctor *w)
{
	struct json list, at = { NULL, NULL }, l;

	if (w->d.daemon == NULL ||
	    !json_get(*w->d.daemon, "listeners", &list))
		return;
	while (json_next(list, &at, NULL, &l))
		advise_listener(w, l);
}

/* Has the daemon had sessions of such an MTA, or of none at all? */
static bool
may_be(const struct doctor *w, enum mta_kind kind)
{
	struct json		list, at = { NULL, NULL }, l;
	struct mta_facts	mta;
	bool			other = false;

	if (w->d.daemon == NULL ||
	    !json_get(*w->d.daemon, "listeners", &list))
		return true;
	while (json_next(list, &at, NULL, &l)) {
		read_mta(w->d.arena, l, &mta);
		if (mta.kind == kind)
			return true;
		other = other || mta.kind != MTA_UNKNOWN;
	}
	return !other;
}

/* --- what the MTA is told ------------------------------------------------- */

static struct advice_site
site_of(const struct conf *c)
{
	struct advice_site site = { c->socket, c->resolver.timeout,
	    c->listeners, c->nlisteners,
	    c->trust.logins == TRUST_ANY_LOGIN };

	return site;
}

static bool
advise_postfix(struct doctor *w)
{
	struct advice_site	 site = site_of(w->conf);
	struct postfix_setup	*p = arena_alloc(w->d.arena, sizeof(*p));
	const char		*dir = w->postfix;

	if (dir == NULL && w->sendmail == NULL &&
	    may_be(w, MTA_POSTFIX) && access(POSTFIX_DIR "/main.cf", R_OK) == 0)
		dir = POSTFIX_DIR;
	if (dir == NULL)
		return true;
	if (!doctor_read_postfix(w->d.arena, dir, p))
		return false;
	w->d.postfix = dir;
	advice_postfix(&w->d.advice, &site, p);
	return true;
}

static bool
advise_sendmail(struct doctor *w)
{
	struct advice_site	 site = site_of(w->conf);
	struct sendmail_setup	*s = arena_alloc(w->d.arena, sizeof(*s));
	const char		*path = w->sendmail;

	if (path == NULL && w->postfix == NULL &&
	    may_be(w, MTA_SENDMAIL) && access(SENDMAIL_CF, R_OK) == 0)
		path = SENDMAIL_CF;
	if (path == NULL)
		return true;
	if (!doctor_read_sendmail(w->d.arena, path, s))
		return false;
	w->d.sendmail = path;
	advice_sendmail(&w->d.advice, &site, s);
	return true;
}

static int
examine(struct doctor *w)
{
	struct buf	text = BUF_INIT;
	struct json	answer;
	bool		asked = ctl_ask(w->conf, "doctor", &text, &answer);
	bool		good;

	w->d.advice.arena = w->d.arena = arena_new(16384);
	w->d.daemon = asked ? &answer : NULL;
	good = advise_postfix(w) && advise_sendmail(w);
	if (good) {
		advise_seen(w);
		if (w->json)
			doctor_print_json(&w->d, buf_str(&text));
		else
			doctor_print(&w->d);
	}
	arena_free(&w->d.arena);
	buf_free(&text);
	if (!good || !asked)
		return CTL_TROUBLE;
	return w->d.advice.n > 0 ? CTL_NO : CTL_GOOD;
}

int
ctl_doctor(const struct ctl *c, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "postfix",	required_argument,	NULL, 'p' },
		{ "sendmail",	required_argument,	NULL, 's' },
		{ "json",	no_argument,		NULL, 'j' },
		{ "help",	no_argument,		NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct doctor	 w = { .json = c->json };
	struct conf	*conf;
	char		*why = NULL;
	int		 ch, status;

	while ((ch = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (ch == 'p')
			w.postfix = optarg;
		else if (ch == 's')
			w.sendmail = optarg;
		else if (ch == 'j')
			w.json = true;
		else {
			if (ch == 'h')
				fputs(usage_text, stdout);
			return ch == 'h' ? CTL_GOOD : CTL_TROUBLE;
		}
	}
	if (optind != argc) {
		fputs(usage_text, stderr);
		return CTL_TROUBLE;
	}
	conf = conf_load(c->conf_path, &why);
	if (conf == NULL) {
		fprintf(stderr, "%s\n", why);
		free(why);
		return CTL_TROUBLE;
	}
	w.conf = conf;
	status = examine(&w);
	conf_unref(&conf);
	return status;
}
