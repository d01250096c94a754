/*
 * conf_listener - errors in listener and relay sections
 *
 * An option without effect on its listener is an error, and so is a listener
 * that another one hides. A relay that no listener names is a warning.
 */
#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "conf/conf_options.h"
#include "policy/policy_connection.h"
#include "conf_tree_priv.h"

static bool
option_is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static const char *const connection_options[] = {
	"daemon-ports", "daemon-names", "daemon-addrs", "client-networks",
	"networks", "allow-plaintext", NULL
};
static const char *const session_options[] = {
	"require-auth", "require-tls", "min-tls", "min-tls-bits", "mechanisms",
	"second-factor", "certificate-issuers", "relay-for", NULL
};
static const char *const submission_options[] = {
	"null-sender", "plan", NULL
};
static const char *const tls_options[] = { "min-tls", "min-tls-bits", NULL };
static const char *const clear_options[] = { "allow-plaintext", NULL };

bool
conf_listener_takes(const struct session_rules *r, const char *option)
{
	if (r->local)
		return !option_is_one_of(option, connection_options) &&
		    !option_is_one_of(option, session_options) &&
		    (r->direction == DIRECTION_SUBMISSION ||
		    !option_is_one_of(option, submission_options));
	if (r->direction == DIRECTION_INBOUND)
		return !option_is_one_of(option, session_options) &&
		    !option_is_one_of(option, submission_options);
	return !option_is_one_of(option, r->require_tls ? clear_options :
	    tls_options);
}

/* Values like "no", "none" and empty lists require nothing. */
static bool
asks_for_something(const struct conf_section *s, const char *option)
{
	const char *text;

	if (!conf_section_sets(s, option))
		return false;
	text = conf_section_find(s, option)->value[0].text;
	return strcasecmp(text, "no") != 0 && strcasecmp(text, "none") != 0 &&
	    strcasecmp(text, "false") != 0 && strcasecmp(text, "off") != 0 &&
	    strcmp(text, "0") != 0;
}

/* The end of "OPTION has no effect on", for conf_listener_takes(). */
static const char *
without_effect(const struct session_rules *r)
{
	if (r->local)
		return "a local listener: mail of sendmail(1) has no "
		    "connection and no login; remove it";
	if (r->direction == DIRECTION_INBOUND)
		return "an inbound listener; write direction = submission";
	if (r->require_tls)
		return "a listener that requires TLS; write require-tls = no";
	return "a listener without require-tls; write require-tls = yes";
}

static void
check_listener_options(struct conf_builder *b, const struct conf_section *s,
    const struct session_rules *r)
{
	const char	*name, *why = without_effect(r);
	size_t		 i;

	for (i = 0; i < s->n; i++) {
		name = s->setting[i].option->name;
		if (!conf_listener_takes(r, name) &&
		    asks_for_something(s, name))
			conf_complain_in(b->bad, s, s->setting[i].place,
			    "%s has no effect on %s", name, why);
	}
}

/* "null-sender = no" forbids something, which asks_for_something() ignores. */
static void
check_null_sender(struct conf_builder *b, const struct conf_section *s,
    const struct session_rules *r)
{
	const char *why = r->local ? "a local listener: mail of sendmail(1) "
	    "may have any sender" : "an inbound listener, where bounces arrive";

	if ((r->local || r->direction == DIRECTION_INBOUND) &&
	    conf_section_sets(s, "null-sender") && !r->null_sender)
		conf_complain_in(b->bad, s, conf_section_where(s,
		    "null-sender"), "null-sender = no has no effect on %s; "
		    "remove it", why);
}

/* On any other network a password without TLS can be intercepted. */
static void
check_plaintext(struct conf_builder *b, const struct conf_section *s)
{
	const struct conf_setting	*set = conf_section_find(s,
					     "allow-plaintext");
	const struct conf_value		*v;
	struct netblock			 block;
	size_t				 i;

	for (i = 0; set != NULL && i < set->n; i++) {
		v = &set->value[i];
		if (netblock_parse(v->text, &block) &&
		    !netblock_is_loopback(&block))
			conf_complain_in(b->bad, s, v->place,
			    "allow-plaintext = \"%s\" is not limited to "
			    "loopback; write 127.0.0.0/8, ::1 or a part of "
			    "them",
			    conf_shown(b->arena, v->text));
	}
}

/* No entry limits the senders of a client without a login. */
static void
check_anybody(struct conf_builder *b, const struct conf_section *s,
    const struct session_rules *r)
{
	if (r->direction == DIRECTION_SUBMISSION && !r->local &&
	    !r->require_auth && r->second_factor == SECOND_FACTOR_NONE)
		conf_complain_in(b->warnings, s, conf_section_where(s,
		    "require-auth"), "clients without a login may send as any "
		    "address, unsigned; a relay section limits the senders "
		    "of its clients");
}

static void
check_listener(struct conf_builder *b, const struct conf_section *s,
    const struct session_rules *r)
{
	check_listener_options(b, s, r);
	check_null_sender(b, s, r);
	check_plaintext(b, s);
	check_anybody(b, s, r);
	if (!r->local && !policy_has_condition(r))
		conf_complain_in(b->bad, s, s->place, "matches no connection; "
		    "set daemon-ports, daemon-names, daemon-addrs, "
		    "client-networks or local");
}

/* The first item in both lists, or NULL. An empty list matches all: "". */
static const char *
common_item(const char *const *a, size_t na, const char *const *b, size_t nb)
{
	size_t i, j;

	if (na == 0 || nb == 0)
		return "";
	for (i = 0; i < na; i++)
		for (j = 0; j < nb; j++)
			if (strcasecmp(a[i], b[j]) == 0)
				return a[i];
	return NULL;
}

/* Does list `a` match all that list `b` matches? */
static bool
list_covers(const char *const *a, size_t na, const char *const *b, size_t nb)
{
	size_t i;

	if (na == 0)
		return true;
	for (i = 0; i < nb; i++)
		if (common_item(a, na, &b[i], 1) == NULL)
			return false;
	return nb > 0;
}

/* Is each of b's client networks part of one of a's? None are all. */
static bool
clients_cover(const struct session_rules *a, const struct session_rules *b)
{
	size_t i, j;

	if (a->nclient_networks == 0)
		return true;
	for (i = 0; i < b->nclient_networks; i++) {
		for (j = 0; j < a->nclient_networks; j++)
			if (a->client_networks[j].bits <=
			    b->client_networks[i].bits &&
			    netblocks_contain(&a->client_networks[j], 1,
			    &b->client_networks[i].addr))
				break;
		if (j == a->nclient_networks)
			return false;
	}
	return b->nclient_networks > 0;
}

static bool
listener_covers(const struct session_rules *a, const struct session_rules *b)
{
	if (a->local || b->local)
		return a->local && b->local;
	return clients_cover(a, b) &&
	    list_covers(a->daemon_ports, a->ndaemon_ports,
	    b->daemon_ports, b->ndaemon_ports) &&
	    list_covers(a->daemon_names, a->ndaemon_names,
	    b->daemon_names, b->ndaemon_names) &&
	    list_covers(a->daemon_addrs, a->ndaemon_addrs,
	    b->daemon_addrs, b->ndaemon_addrs);
}

/* A port in both, unless other conditions keep the two apart; or NULL. */
static const char *
shared_port(const struct session_rules *a, const struct session_rules *b)
{
	const char *port;

	if (a->local || b->local || a->ndaemon_ports == 0 ||
	    b->ndaemon_ports == 0 || a->nclient_networks > 0 ||
	    common_item(a->daemon_names, a->ndaemon_names,
	    b->daemon_names, b->ndaemon_names) == NULL ||
	    common_item(a->daemon_addrs, a->ndaemon_addrs,
	    b->daemon_addrs, b->ndaemon_addrs) == NULL)
		return NULL;
	port = common_item(a->daemon_ports, a->ndaemon_ports,
	    b->daemon_ports, b->ndaemon_ports);
	return port;
}

/* The first listener that matches is taken, and `a` comes before `b`. */
static void
check_pair(struct conf_builder *bu, const struct conf_section *s,
    const struct session_rules *a, const struct session_rules *b)
{
	const char *port;

	if (listener_covers(a, b)) {
		conf_complain_in(bu->bad, s, s->place, "never matches: "
		    "listener %s matches all its connections first; change "
		    "one of the two", a->name);
		return;
	}
	port = shared_port(a, b);
	if (port != NULL && !listener_covers(b, a))
		conf_complain_in(bu->bad, s, s->place, "shares port %s with "
		    "listener %s; give the port to one of the two", port,
		    a->name);
}

static bool
is_served(const struct conf *c, const struct relay_rules *relay)
{
	size_t i, j;

	for (i = 0; i < c->nlisteners; i++)
		for (j = 0; j < c->listeners[i]->nrelays; j++)
			if (c->listeners[i]->relays[j] == relay)
				return true;
	return false;
}

static void
check_relays(struct conf_builder *b)
{
	const struct conf_section	*s;
	const struct relay_rules	*r = b->conf->relays;
	size_t				 i = 0, j;

	for (; (s = conf_tree_next(b->tree, "relay", &i)) != NULL; r++) {
		if (!is_served(b->conf, r))
			conf_complain_in(b->warnings, s, s->place, "no "
			    "listener names it in relay-for, so its clients "
			    "need a login");
		for (j = 0; j < r->who.nnetworks; j++)
			if (r->who.networks[j].bits == 0)
				conf_complain_in(b->warnings, s,
				    conf_section_where(s, "networks"),
				    "networks has all addresses, so no "
				    "client needs a login; write your own "
				    "networks");
	}
}

void
conf_check_listeners(struct conf_builder *b)
{
	const struct session_rules *const *list = b->conf->listeners;
	const struct conf_section	*s, *first;
	size_t				 i = 0, k, n, before;

	for (n = 0; (s = conf_tree_next(b->tree, "listener", &i)) != NULL;
	    n++) {
		check_listener(b, s, list[n]);
		for (before = k = 0; before < n; before++) {
			first = conf_tree_next(b->tree, "listener", &k);
			if (!complaints_skip(b->bad, first))
				check_pair(b, s, list[before], list[n]);
		}
	}
	check_relays(b);
}
