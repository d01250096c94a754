/*
 * advice_postfix - advice about the configuration of Postfix
 *
 * Each smtpd service is judged together with the listener of millgate.conf
 * that its mail will match. A parameter that the service takes from main.cf
 * gets advice about main.cf; a parameter of its own (-o) gets advice about
 * master.cf.
 *
 * The order of filters: each filter sees the changes of the previous ones. For
 * submission millgate must come last, because later changes break its
 * signature. For incoming mail it must come first, because earlier changes
 * break the signatures that it verifies. Filters that change nothing work in
 * either place.
 *
 * There is no advice about macro lists: Postfix sends the macros that a filter
 * requests, whatever is in milter_*_macros (measured with milter_protocol 2 to
 * 6).
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/advice.h"
#include "doctor/postfix_setup.h"
#include "policy/policy_connection.h"
#include "policy/policy_override.h"

struct doctor {
	struct advice_list		*list;
	struct arena			*arena;
	const struct advice_site	*site;
	const struct postfix_setup	*p;
	const char			*socket; /* in Postfix's syntax */
};

/* The list of filters of one service, or of sendmail(1). */
struct chain {
	const struct postfix_service	*service;	/* NULL: sendmail(1) */
	const char			*parameter;
	const struct session_rules	*listener;	/* NULL: none */
	struct mta_filters		 filters;
	const struct mta_filter		*ours;	/* millgate; NULL: missing */
	size_t				 at;	/* index of ours */
};

static const char *
chain_value(const struct doctor *d, const struct chain *c, const char *name)
{
	return postfix_value(d->p, c->service, name);
}

/*
 * The command that sets a parameter at the place that this chain reads. With
 * `here` it is set for this service alone.
 */
static const char *
chain_change(const struct doctor *d, const struct chain *c, const char *name,
    const char *to, bool here)
{
	if (c->service == NULL ||
	    (!here && mta_get(&c->service->own, name) == NULL))
		return arena_printf(d->arena, "postconf -e '%s = %s'", name,
		    to);
	return arena_printf(d->arena, "postconf -P '%s/%s=%s'",
	    c->service->name, name, to);
}

static const char *
chain_where(const struct doctor *d, const struct chain *c, const char *name)
{
	if (c->service == NULL || mta_get(&c->service->own, name) == NULL)
		return "main.cf";
	return arena_printf(d->arena, "master.cf %s", c->service->name);
}

/* A setting in braces with the socket is for this filter alone. */
static const char *
filter_value(const struct doctor *d, const struct chain *c, const char *name)
{
	const char *own = mta_get(&c->ours->options, name);

	return own != NULL ? own : chain_value(d, c,
	    arena_printf(d->arena, "milter_%s", name));
}

/*
 * Append the filter, with its settings in braces. The value of the setting
 * `name`, if not NULL, is replaced by `to`. There are no blanks, because
 * postconf -P does not accept them.
 */
static void
add_filter(struct buf *b, const struct mta_filter *f, const char *name,
    const char *to)
{
	const struct mta_setting	*s;
	size_t				 i;

	buf_printf(b, "%s%s%s", b->len > 0 ? "," : "",
	    f->options.n > 0 ? "{" : "", f->socket);
	for (i = 0; i < f->options.n; i++) {
		s = &f->options.setting[i];
		buf_printf(b, ",%s=%s", s->name, name != NULL &&
		    strcmp(s->name, name) == 0 ? to : s->value);
	}
	if (f->options.n > 0)
		buf_addch(b, '}');
}

/* The list of filters, with a setting in our braces changed. */
static const char *
with_option(const struct doctor *d, const struct chain *c, const char *name,
    const char *to)
{
	struct buf	 b = BUF_INIT;
	const char	*text;
	size_t		 i;

	for (i = 0; i < c->filters.n; i++)
		add_filter(&b, &c->filters.filter[i],
		    i == c->at ? name : NULL, to);
	text = arena_strdup(d->arena, buf_str(&b));
	buf_free(&b);
	return text;
}

static const char *
filter_change(const struct doctor *d, const struct chain *c, const char *name,
    const char *to)
{
	if (mta_get(&c->ours->options, name) != NULL)
		return chain_change(d, c, c->parameter, with_option(d, c,
		    name, to), false);
	return chain_change(d, c, arena_printf(d->arena, "milter_%s", name), to,
	    false);
}

static const char *
filter_where(const struct doctor *d, const struct chain *c, const char *name)
{
	if (mta_get(&c->ours->options, name) != NULL)
		return chain_where(d, c, c->parameter);
	return chain_where(d, c, arena_printf(d->arena, "milter_%s", name));
}

/* --- one chain ---------------------------------------------------------- */

static void
judge_default_action(struct doctor *d, const struct chain *c)
{
	if (strcasecmp(filter_value(d, c, "default_action"), "accept") == 0)
		advice_add(d->list, "fail-open",
		    filter_where(d, c, "default_action"),
		    filter_change(d, c, "default_action", "tempfail"),
		    "default_action is accept: while millgate does not "
		    "answer, mail passes unchecked and unsigned");
}

static void
judge_protocol(struct doctor *d, const struct chain *c)
{
	const char *protocol = filter_value(d, c, "protocol");

	if (*protocol != '\0' && atoi(protocol) < 6)
		advice_add(d->list, "protocol",
		    filter_where(d, c, "protocol"),
		    filter_change(d, c, "protocol", "6"),
		    "milter protocol %.20s is too old: header fields arrive "
		    "without their leading blank, which can break signatures, "
		    "and Postfix waits for a needless answer at each step",
		    protocol);
}

/* At the end of the message millgate waits for all its lookups. */
static void
judge_content_timeout(struct doctor *d, const struct chain *c)
{
	const char	*text = filter_value(d, c, "content_timeout");
	unsigned	 seconds = mta_seconds(text);

	if (seconds == MTA_NO_TIME || seconds > d->site->lookup_seconds)
		return;
	advice_add(d->list, "timeout", filter_where(d, c, "content_timeout"),
	    filter_change(d, c, "content_timeout", arena_printf(d->arena,
	    "%us", d->site->lookup_seconds + 40)),
	    "Postfix waits only %u s for an answer, but millgate waits up to "
	    "%u s for the DNS (resolver { timeout } in millgate.conf)",
	    seconds, d->site->lookup_seconds);
}

/* The list of filters with ours at the right end; it may be missing before. */
static const char *
chain_reordered(const struct doctor *d, const struct chain *c,
    const struct mta_filter *ours, bool first)
{
	struct buf	 b = BUF_INIT;
	const char	*text;
	size_t		 i;

	if (first)
		add_filter(&b, ours, NULL, NULL);
	for (i = 0; i < c->filters.n; i++)
		if (c->ours == NULL || i != c->at)
			add_filter(&b, &c->filters.filter[i], NULL, NULL);
	if (!first)
		add_filter(&b, ours, NULL, NULL);
	text = arena_strdup(d->arena, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
judge_order(struct doctor *d, const struct chain *c)
{
	bool		 first;
	const char	*to;

	if (c->filters.n < 2 || c->listener == NULL)
		return;
	first = c->listener->direction == DIRECTION_INBOUND;
	if (c->at == (first ? 0 : c->filters.n - 1))
		return;
	to = chain_change(d, c, c->parameter, chain_reordered(d, c, c->ours,
	    first), true);
	if (first)
		advice_add(d->list, "order", c->service != NULL ?
		    c->service->name : "main.cf", to, "%s comes before "
		    "millgate: its changes can break the sender's signature "
		    "before millgate verifies it; for incoming mail millgate "
		    "must come first", c->filters.filter[c->at - 1].socket);
	else
		advice_add(d->list, "order", c->service != NULL ?
		    c->service->name : "main.cf", to, "%s comes after "
		    "millgate: its changes can break the signature that "
		    "millgate has added; for submission millgate must come "
		    "last", c->filters.filter[c->at + 1].socket);
}

static bool
in_chroot(const struct doctor *d, const struct chain *c)
{
	return c->service != NULL ? c->service->chroot :
	    d->p->cleanup_chroot;
}

/*
 * The path in the list is the end of ours, but it begins at the queue directory
 * if it is relative, or if the service is in a chroot.
 */
static void
judge_path(struct doctor *d, const struct chain *c)
{
	struct mta_filter	ours = *c->ours;
	bool			chroot = in_chroot(d, c);

	if (postfix_reaches(d->arena, d->p, chroot, ours.socket,
	    d->site->socket))
		return;
	ours.socket = d->socket;
	if (postfix_reaches(d->arena, d->p, chroot, ours.socket,
	    d->site->socket))
		advice_add(d->list, "socket-path",
		    chain_where(d, c, c->parameter), chain_change(d, c,
		    c->parameter, chain_reordered(d, c, &ours, c->listener !=
		    NULL && c->listener->direction == DIRECTION_INBOUND),
		    false), "%s does not lead to millgate's socket: mail is "
		    "deferred", c->ours->socket);
	else
		advice_add(d->list, "chroot", c->service != NULL ?
		    c->service->name : "cleanup/unix", arena_printf(d->arena,
		    "millgate.conf: socket = \"unix:%s/millgate/"
		    "millgate.sock\"; main.cf: unix:millgate/millgate.sock "
		    "(see THE SOCKET in millgate(8))", postfix_value(d->p,
		    NULL, "queue_directory")), "this service runs in a "
		    "chroot, where it does not reach millgate's socket: mail "
		    "is deferred");
}

static void
find_ours(struct doctor *d, struct chain *c)
{
	postfix_filters(d->arena, chain_value(d, c, c->parameter), &c->filters);
	c->ours = NULL;
	for (c->at = 0; c->at < c->filters.n; c->at++)
		if (mta_is_socket(c->filters.filter[c->at].socket,
		    d->site->socket)) {
			c->ours = &c->filters.filter[c->at];
			return;
		}
}

static void
judge_missing(struct doctor *d, const struct chain *c)
{
	struct mta_filter	ours = { .socket = d->socket };
	bool			first;

	first = c->listener->direction == DIRECTION_INBOUND;
	advice_add(d->list, "filter-missing", chain_where(d, c, c->parameter),
	    chain_change(d, c, c->parameter, chain_reordered(d, c, &ours,
	    first), false), c->service != NULL ?
	    "millgate is not in %s: mail for listener %s bypasses it" :
	    "millgate is not in %s: mail from sendmail(1), for listener %s, "
	    "bypasses it", c->parameter, c->listener->name);
}

/* Is no_milters among the options? The advice is the line without it. */
static void
judge_override(struct doctor *d, const struct chain *c)
{
	const char	*name = "receive_override_options", *word;
	const char	*text = chain_value(d, c, name), *rest = "";
	bool		 found = false;

	while ((word = mta_word(d->arena, &text, ", \t")) != NULL)
		if (strcasecmp(word, "no_milters") == 0)
			found = true;
		else
			rest = arena_printf(d->arena, "%s%s%s", rest,
			    *rest != '\0' ? "," : "", word);
	if (found)
		advice_add(d->list, "no-milters", chain_where(d, c, name),
		    chain_change(d, c, name, rest, false), "%s has "
		    "no_milters: this mail bypasses millgate", name);
}

static void
judge_chain(struct doctor *d, struct chain *c)
{
	find_ours(d, c);
	if (c->ours == NULL) {
		if (c->listener != NULL)
			judge_missing(d, c);
		return;
	}
	judge_path(d, c);
	judge_default_action(d, c);
	judge_protocol(d, c);
	judge_content_timeout(d, c);
	judge_order(d, c);
}

/* --- a service ---------------------------------------------------------- */

static const struct session_rules *
service_listener(const struct doctor *d, const struct postfix_service *s)
{
	struct conn_facts conn;

	memset(&conn, 0, sizeof(conn));
	conn.daemon_port = s->port;
	conn.daemon_addr = s->address;
	conn.daemon_name = postfix_value(d->p, s,
	    "milter_macro_daemon_name");
	return policy_connection(d->site->listeners, d->site->nlisteners,
	    &conn);
}

static bool
is_yes(const struct doctor *d, const struct chain *c, const char *name)
{
	return strcasecmp(chain_value(d, c, name), "yes") == 0;
}

static void
judge_offers(struct doctor *d, const struct chain *c)
{
	const char *level = chain_value(d, c, "smtpd_tls_security_level");

	/* a listener for relays may need neither */
	if (c->listener->nrelays > 0)
		return;
	if (c->listener->require_auth &&
	    !is_yes(d, c, "smtpd_sasl_auth_enable"))
		advice_add(d->list, "no-login", c->service->name,
		    chain_change(d, c, "smtpd_sasl_auth_enable", "yes", true),
		    "listener %s requires a login, but this service offers "
		    "none: its mail is refused", c->listener->name);
	if (c->listener->require_tls && !is_yes(d, c,
	    "smtpd_tls_wrappermode") && !is_yes(d, c, "smtpd_use_tls") &&
	    (*level == '\0' || strcasecmp(level, "none") == 0))
		advice_add(d->list, "no-tls", c->service->name,
		    chain_change(d, c, "smtpd_tls_security_level", "encrypt",
		    true), "listener %s requires TLS, but this service does "
		    "not offer it: its mail is refused", c->listener->name);
}

/* At an inbound listener a login is neither bound to addresses nor counted. */
static void
judge_service_logins(struct doctor *d, const struct chain *c)
{
	if (c->listener->direction != DIRECTION_INBOUND ||
	    d->site->trust_logins || !is_yes(d, c, "smtpd_sasl_auth_enable"))
		return;
	advice_add(d->list, "login-inbound", c->service->name,
	    chain_change(d, c, "smtpd_sasl_auth_enable", "no", true),
	    "this service offers a login, but listener %s is inbound: there "
	    "a login is not bound to addresses and has no quota",
	    c->listener->name);
}

/* The parameter exists since 3.5.23, 3.6.13, 3.7.9 and 3.8.4; before: "". */
static void
judge_smuggling(struct doctor *d, const struct chain *c)
{
	const char *name = "smtpd_forbid_bare_newline";

	if (strcasecmp(chain_value(d, c, name), "no") == 0)
		advice_add(d->list, "smuggling", chain_where(d, c, name),
		    chain_change(d, c, name, "yes", false), "a bare line feed "
		    "ends a line: a client can hide a second message in the "
		    "first one, and it bypasses millgate (SMTP smuggling)");
}

/* A load balancer sends its own port, which {daemon_port} then has. */
static bool
is_balanced(const struct doctor *d, const struct postfix_service *s)
{
	return *postfix_value(d->p, s, "smtpd_upstream_proxy_protocol") !=
	    '\0';
}

static void
judge_service(struct doctor *d, const struct postfix_service *s)
{
	struct chain c = { .service = s, .parameter = "smtpd_milters" };

	if (!is_balanced(d, s))
		c.listener = service_listener(d, s);
	judge_chain(d, &c);
	if (c.ours == NULL)
		return;
	judge_override(d, &c);
	judge_smuggling(d, &c);
	if (c.listener != NULL) {
		judge_offers(d, &c);
		judge_service_logins(d, &c);
		if (c.listener->direction == DIRECTION_SUBMISSION)
			advice_owners(d->list, d->site, d->p, s);
	} else if (!is_balanced(d, s))
		advice_add(d->list, "no-listener", s->name,
		    arena_printf(d->arena, "millgate.conf: listener NAME { "
		    "daemon-ports = {%s} direction = submission } (or "
		    "inbound); or, if the service receives mail from a "
		    "content filter: postconf -P '%s/smtpd_milters='",
		    s->port, s->name), "no listener of millgate.conf matches "
		    "port %s: its mail is judged as inbound", s->port);
}

static void
judge_local(struct doctor *d)
{
	struct chain		c = { .parameter = "non_smtpd_milters" };
	struct conn_facts	conn;

	memset(&conn, 0, sizeof(conn));
	conn.local = true;
	c.listener = policy_connection(d->site->listeners,
	    d->site->nlisteners, &conn);
	judge_chain(d, &c);
	if (c.ours != NULL && c.listener == NULL)
		advice_add(d->list, "no-listener", "main.cf",
		    "millgate.conf: listener local { local = yes direction = "
		    "submission }", "no listener of millgate.conf matches "
		    "mail from sendmail(1): it is judged as inbound and not "
		    "signed");
}

void
advice_postfix(struct advice_list *l, const struct advice_site *site,
    const struct postfix_setup *p)
{
	struct doctor	d = { l, l->arena, site, p, NULL };
	size_t		i;

	d.socket = postfix_socket(l->arena, p, site->socket);
	for (i = 0; i < p->n; i++)
		judge_service(&d, &p->service[i]);
	judge_local(&d);
}
