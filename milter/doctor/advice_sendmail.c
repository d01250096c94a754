/*
 * advice_sendmail - advice about a sendmail.cf
 *
 * The changes are lines of the .mc file from which the .cf file is made. The
 * order of filters is judged as in advice_postfix.c, and there is no advice
 * about macro lists for the same reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/advice.h"
#include "doctor/sendmail_setup.h"
#include "policy/policy_connection.h"
#include "policy/policy_override.h"

#define MC	"sendmail.mc"

struct doctor {
	struct advice_list		*list;
	struct arena			*arena;
	const struct advice_site	*site;
	const struct sendmail_setup	*s;
	const struct sendmail_filter	*ours;
};

/* The correct line for the filter. An existing one keeps name and socket. */
static const char *
filter_line(const struct doctor *d)
{
	unsigned eom = d->site->lookup_seconds + 40;

	return arena_printf(d->arena, "INPUT_MAIL_FILTER(`%s', `S=%s, F=T, "
	    "T=C:10s;S:30s;R:30s;E:%us')", d->ours != NULL ? d->ours->name :
	    "millgate", d->ours != NULL ? d->ours->socket : d->site->socket,
	    d->ours != NULL && d->ours->eom_seconds > eom ?
	    d->ours->eom_seconds : eom);
}

static void
judge_flags(struct doctor *d)
{
	const char *flags = d->ours->flags;

	if (flags == NULL || strpbrk(flags, "TtRr4") == NULL)
		advice_add(d->list, "fail-open", MC, filter_line(d),
		    "the filter has no F=T: while millgate does not answer, "
		    "mail passes unchecked and unsigned");
}

static void
judge_eom_timeout(struct doctor *d)
{
	if (d->ours->eom_seconds <= d->site->lookup_seconds)
		advice_add(d->list, "timeout", MC, filter_line(d),
		    "Sendmail waits only %u s for an answer (timeout E), but "
		    "millgate waits up to %u s for the DNS (resolver { "
		    "timeout } in millgate.conf)", d->ours->eom_seconds,
		    d->site->lookup_seconds);
}

static const struct session_rules *
daemon_listener(const struct doctor *d, const struct sendmail_daemon *daemon)
{
	struct conn_facts conn;

	memset(&conn, 0, sizeof(conn));
	conn.daemon_port = daemon->port;
	conn.daemon_name = daemon->name;
	conn.daemon_addr = daemon->address;
	return policy_connection(d->site->listeners, d->site->nlisteners,
	    &conn);
}

/*
 * The filter before ours, or after it; NULL: there is none. *found: ours is in
 * the list.
 */
static const char *
neighbour(const struct doctor *d, const char *names, bool before,
    bool *found)
{
	const char *name, *last = NULL;

	*found = false;
	while ((name = mta_word(d->arena, &names, ",; \t\r")) != NULL) {
		if (*found)
			return before ? last : name;
		if (strcmp(name, d->ours->name) == 0)
			*found = true;
		else
			last = name;
	}
	return *found && before ? last : NULL;
}

/* The list of names with ours at the right end. */
static const char *
names_reordered(const struct doctor *d, const char *names, bool first)
{
	struct buf	 b = BUF_INIT;
	const char	*name, *text;

	if (first)
		buf_addstr(&b, d->ours->name);
	while ((name = mta_word(d->arena, &names, ",; \t\r")) != NULL)
		if (strcmp(name, d->ours->name) != 0)
			buf_printf(&b, "%s%s", b.len > 0 ? ";" : "", name);
	if (!first)
		buf_printf(&b, "%s%s", b.len > 0 ? ";" : "", d->ours->name);
	text = arena_strdup(d->arena, buf_str(&b));
	buf_free(&b);
	return text;
}

/*
 * At an inbound listener a login is neither bound to addresses nor counted.
 * Without TRUST_AUTH_MECH it gives no rights, and needs no advice.
 */
static void
judge_daemon_logins(struct doctor *d, const struct sendmail_daemon *daemon,
    const char *title, const struct session_rules *r)
{
	if (r == NULL || r->direction != DIRECTION_INBOUND ||
	    d->site->trust_logins || !d->s->trusts_logins ||
	    strchr(daemon->modifiers, 'A') != NULL)
		return;
	advice_add(d->list, "login-inbound", title, arena_printf(d->arena,
	    "DAEMON_OPTIONS: M=%sA", daemon->modifiers), "this daemon offers "
	    "a login, but listener %s is inbound: there a login is not bound "
	    "to addresses and has no quota", r->name);
}

static void
judge_daemon(struct doctor *d, const struct sendmail_daemon *daemon)
{
	const struct session_rules	*r = daemon_listener(d, daemon);
	const char			*names = daemon->filters, *other;
	const char			*title = daemon->name;
	bool				 found, first;

	if (names == NULL)
		names = d->s->filters != NULL ? d->s->filters : "";
	if (title == NULL)
		title = arena_printf(d->arena, "port %s", daemon->port);
	first = r != NULL && r->direction == DIRECTION_INBOUND;
	other = neighbour(d, names, first, &found);
	if (!found) {
		if (r != NULL)
			advice_add(d->list, "filter-missing", title,
			    daemon->filters != NULL ? arena_printf(d->arena,
			    "DAEMON_OPTIONS: InputMailFilters=%s",
			    names_reordered(d, names, first)) :
			    filter_line(d), "millgate is not in the list of "
			    "filters: mail for listener %s bypasses it",
			    r->name);
		return;
	}
	judge_daemon_logins(d, daemon, title, r);
	if (r == NULL)
		advice_add(d->list, "no-listener", title,
		    arena_printf(d->arena, "millgate.conf: listener NAME { "
		    "daemon-ports = {%s} direction = submission } (or "
		    "inbound)", daemon->port), "no listener of millgate.conf "
		    "matches port %s: its mail is judged as inbound",
		    daemon->port);
	else if (other != NULL)
		advice_add(d->list, "order", title, arena_printf(d->arena,
		    "DAEMON_OPTIONS: InputMailFilters=%s",
		    names_reordered(d, names, first)), first ?
		    "%s comes before millgate: its changes can break the "
		    "sender's signature before millgate verifies it; for "
		    "incoming mail millgate must come first" :
		    "%s comes after millgate: its changes can break the "
		    "signature that millgate has added; for submission "
		    "millgate must come last", other);
}

/* Debian's 8.17.1.9 and 8.18 or later end a message only at CR LF . CR LF. */
static void
judge_version(struct doctor *d)
{
	const char	*v = d->s->version;
	int		 major = 0, minor = 0;

	if (v == NULL || sscanf(v, "%2d.%3d", &major, &minor) != 2 ||
	    major > 8 || (major == 8 && minor >= 18) ||
	    strncmp(v, "8.17.1.9", 8) == 0)
		return;
	advice_add(d->list, "smuggling", MC, "update to Sendmail 8.18",
	    "Sendmail %.20s accepts other line ends than CR LF: a client can "
	    "hide a second message in the first one, and it bypasses millgate "
	    "(SMTP smuggling)", v);
}

void
advice_sendmail(struct advice_list *l, const struct advice_site *site,
    const struct sendmail_setup *s)
{
	struct doctor	d = { l, l->arena, site, s, NULL };
	size_t		i;

	for (i = 0; i < s->nfilters && d.ours == NULL; i++)
		if (mta_is_socket(s->filter[i].socket, site->socket))
			d.ours = &s->filter[i];
	if (d.ours == NULL) {
		advice_add(l, "filter-missing", MC, filter_line(&d),
		    "no filter of this Sendmail has millgate's socket: mail "
		    "bypasses it");
		return;
	}
	judge_flags(&d);
	judge_eom_timeout(&d);
	for (i = 0; i < s->ndaemons; i++)
		judge_daemon(&d, &s->daemon[i]);
	judge_version(&d);
}
