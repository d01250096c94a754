/*
 * ctl_doctor - millgatectl doctor: does the MTA send what millgate needs?
 *
 *	doctor [--postfix DIR] [--sendmail FILE] [--json]
 *
 * Three sources: what the running daemon has received since it started, the
 * configuration of the MTA, and the answers of databases. The judgement is in
 * doctor/advice*.c. Without an option, the configuration is read from its usual
 * place, if the daemon has seen this MTA or none yet.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "conf/conf_socket.h"
#include "daemon/privileges.h"
#include "doctor/postfix_setup.h"
#include "doctor/sendmail_setup.h"
#include "status/status.h"
#include "ctl_ask_priv.h"
#include "ctl_common_priv.h"
#include "ctl_doctor_priv.h"
#include "ctl_postconf_priv.h"

#define TEXT_BYTES	(4 * 1024 * 1024)	/* more is not read */

static const char usage[] =
    "usage: millgatectl [-c FILE] doctor [--postfix DIR] [--sendmail FILE]\n"
    "           [--json]\n\n"
    "Show what the MTA sends to millgate, and which lines to change in its\n"
    "configuration. Exit status 1: there is advice.\n";

struct doctor {
	const struct ctl *ctl;
	struct conf	*conf;
	const char	*postfix, *sendmail;	/* options; NULL: not given */
	struct diagnosis d;
};

/* --- what the daemon has seen -------------------------------------------- */

/*
 * Was this macro never sent? An empty value counts as sent. `macros` is the
 * JSON list of a listener. (A policy_never_fn.)
 */
static bool
macro_never(const void *macros, const char *macro)
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

static void
advise_listener(struct doctor *w, struct json l)
{
	struct arena		*a = w->d.arena;
	struct advice_seen	 seen = { .never = macro_never };
	struct json		 macros, rules, at = { NULL, NULL }, key, n;

	seen.listener = json_get_text(a, l, "name");
	seen.sessions = json_get_number(l, "sessions");
	seen.unbound = conf_is_unbound(w->conf, seen.listener);
	/* what was refused before the option was set counts no more */
	if (w->conf->login_domain == NULL)
		seen.bare_logins = json_get_number(l,
		    "logins_without_domain_refused");
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

/* Has the daemon seen this kind of MTA, or no known kind at all? */
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

/* --- the configuration of the MTA ---------------------------------------- */

static bool
read_sendmail(struct arena *a, const char *path, struct sendmail_setup *s)
{
	struct buf	text = BUF_INIT;
	bool		ok = ctl_read_file(path, TEXT_BYTES, &text);

	if (ok)
		sendmail_read(a, s, buf_str(&text));
	buf_free(&text);
	return ok;
}

/* --- who can connect ----------------------------------------------------- */

/* Can Postfix's user connect to our socket? */
static void
advise_mail_owner(struct doctor *w, const struct postfix_setup *p)
{
	const struct conf	*c = w->conf;
	const char		*owner = postfix_value(p, NULL, "mail_owner");
	const char		*group = c->socket_group;

	if (strncmp(c->socket, "local:", 6) != 0 || *owner == '\0' ||
	    privileges_reach(owner, c->socket + 6))
		return;
	advice_add(&w->d.advice, "socket-group", "millgate.conf",
	    arena_printf(w->d.arena, "%sadduser %s %s; restart Postfix",
	    group != NULL ? "" : "socket-group = \"millgate-mta\"; ", owner,
	    group != NULL ? group : "millgate-mta"), "Postfix's user %s may "
	    "not connect to %s: mail is deferred", owner, c->socket + 6);
}

/* Can others than the MTA connect, or the MTA read the keys? */
static void
advise_socket(struct doctor *w)
{
	struct conf_danger	 danger;
	const char		*group, *guest;

	if (conf_socket_danger(w->d.arena, w->conf, CONF_PASSWD, &danger))
		advice_add(&w->d.advice, "socket", "millgate.conf",
		    danger.change, "%s", danger.text);
	guest = privileges_guest(w->d.arena, w->conf->user, &group);
	if (guest != NULL)
		advice_add(&w->d.advice, "key-group", "/etc/group",
		    arena_printf(w->d.arena, "deluser %s %s; if it is the "
		    "MTA's user: adduser %s millgate-mta", guest, group,
		    guest), "the user %s is a member of the daemon's group: "
		    "it may read the keys and the state", guest);
}

static bool
advise_postfix(struct doctor *w)
{
	struct advice_site	 site = status_advice_site(w->conf);
	struct postfix_setup	*p = arena_alloc(w->d.arena, sizeof(*p));
	const char		*dir = w->postfix;

	if (dir == NULL && w->sendmail == NULL &&
	    may_be(w, MTA_POSTFIX) &&
	    access(MTA_POSTFIX_DIR "/main.cf", R_OK) == 0)
		dir = MTA_POSTFIX_DIR;
	if (dir == NULL)
		return true;
	if (!ctl_postconf_read(w->d.arena, dir, p))
		return false;
	w->d.postfix = dir;
	advice_postfix(&w->d.advice, &site, p);
	advise_mail_owner(w, p);
	return true;
}

static bool
advise_sendmail(struct doctor *w)
{
	struct advice_site	 site = status_advice_site(w->conf);
	struct sendmail_setup	*s = arena_alloc(w->d.arena, sizeof(*s));
	const char		*path = w->sendmail;

	if (path == NULL && w->postfix == NULL &&
	    may_be(w, MTA_SENDMAIL) && access(MTA_SENDMAIL_CF, R_OK) == 0)
		path = MTA_SENDMAIL_CF;
	if (path == NULL)
		return true;
	if (!read_sendmail(w->d.arena, path, s))
		return false;
	w->d.sendmail = path;
	advice_sendmail(&w->d.advice, &site, s);
	return true;
}

static void
advise_daemon(struct doctor *w, enum daemon_answer said)
{
	const struct conf	*c = w->conf;
	struct advice_daemon	 d = {
		.answer = said,
		.control = c->control_socket,
		.state = c->state,
		.server = c->resolver.servers.n > 0 ?
		    c->resolver.servers.s[0] : NULL,
	};
	struct json		 resolver;

	if (said == DAEMON_ANSWERED) {
		d.store_failures = json_get_number(*w->d.daemon,
		    "store_failures");
		d.store_failure_age = json_get_number(*w->d.daemon,
		    "store_failure_age");
		d.held = json_get_number(*w->d.daemon, "held");
		d.held_age = json_get_number(*w->d.daemon, "held_age");
		d.not_limited = json_get_text(w->d.arena, *w->d.daemon,
		    "not_limited");
		d.keys_swappable = json_get_true(*w->d.daemon,
		    "keys_swappable");
		if (json_get(*w->d.daemon, "resolver", &resolver))
			d.lookups_failing = json_get_number(resolver,
			    "failing");
	}
	advice_daemon(&w->d.advice, &d);
	w->d.ours = w->d.advice.n;
}

static int
examine(struct doctor *w, bool json)
{
	struct buf		text = BUF_INIT;
	struct json		answer;
	enum daemon_answer	said;
	bool			good;

	said = ctl_ask_quietly(w->conf, "doctor", &text, &answer);
	w->d.advice.arena = w->d.arena = arena_new(16384);
	w->d.daemon = said == DAEMON_ANSWERED ? &answer : NULL;
	advise_daemon(w, said);
	good = advise_postfix(w) && advise_sendmail(w);
	if (good) {
		advise_seen(w);
		doctor_databases(w->conf, &w->d);
		doctor_keys(w->ctl, w->conf, &w->d.advice);
		advise_socket(w);
		if (json)
			doctor_print_json(&w->d, buf_str(&text));
		else
			doctor_print(&w->d);
	}
	arena_free(&w->d.arena);
	buf_free(&text);
	if (!good)
		return CTL_TROUBLE;
	return w->d.advice.n > 0 ? CTL_NO : CTL_GOOD;
}

enum { OPT_POSTFIX = CTL_OPT_OWN, OPT_SENDMAIL };

static bool
doctor_option(void *arg, int option, char *value)
{
	struct doctor *w = arg;

	*(option == OPT_POSTFIX ? &w->postfix : &w->sendmail) = value;
	return true;
}

int
ctl_doctor(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "postfix",	required_argument, NULL, OPT_POSTFIX },
		{ "sendmail",	required_argument, NULL, OPT_SENDMAIL },
		CTL_OPTION_JSON,
		CTL_OPTION_END
	};
	static const struct ctl_syntax syntax = { usage, options,
	    doctor_option, 0, 0 };
	struct doctor	 w = { .conf = NULL };
	struct conf	*conf;
	int		 status = ctl_parse(c, &syntax, &w, argc, argv);

	if (status != CTL_PARSED)
		return status;
	conf = ctl_load_conf(c);
	if (conf == NULL)
		return CTL_TROUBLE;
	w.ctl = c;
	w.conf = conf;
	status = examine(&w, c->json);
	conf_unref(&conf);
	return status;
}
