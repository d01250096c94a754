/*
 * stages - gather the facts of the connection and the envelope
 *
 * They come from arguments of the events and from macros. A macro is copied
 * when it is read: Postfix sends the TLS and AUTH macros only up to DATA, and
 * libmilter keeps a value no longer than its event. A macro that was not sent
 * leaves its fact at NULL.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/escape.h"
#include "conf/users_query.h"
#include "mail/domain.h"
#include "mail/mailaddr.h"
#include "policy/policy_address.h"
#include "policy/policy_connection.h"
#include "policy/policy_hint.h"
#include "policy/policy_tier.h"
#include "stages_priv.h"

#define PATH_LONGEST	1000	/* octets; RFC 5321 4.5.3.1.3 asks for 256 */

const char *
stage_macro(struct session *s, struct arena *a, const char *name)
{
	const char *value = s->macro(s->macro_ctx, name);

	return value != NULL && value[0] != '\0' ? arena_strdup(a, value) :
	    NULL;
}

static bool
client_address(const struct sockaddr *client, struct netaddr *a)
{
	const struct sockaddr_in	*in = (const void *)client;
	const struct sockaddr_in6	*in6 = (const void *)client;

	if (client == NULL)
		return false;
	if (client->sa_family == AF_INET)
		return netaddr_from_octets(&in->sin_addr, 4, a);
	if (client->sa_family == AF_INET6)
		return netaddr_from_octets(&in6->sin6_addr, 16, a);
	return false;
}

static in_port_t
client_port(const struct sockaddr *client)
{
	if (client->sa_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)client)->
		    sin_port;
	if (client->sa_family == AF_INET6)
		return ((const struct sockaddr_in6 *)(const void *)client)->
		    sin6_port;
	return 1;
}

/* Did the client connect to a port? Postfix sends 0 for sendmail(1). */
static bool
has_daemon_port(const struct conn_facts *conn)
{
	return conn->daemon_port != NULL &&
	    strcmp(conn->daemon_port, "0") != 0;
}

/*
 * Is this sendmail(1)? Postfix reports it as localhost, 127.0.0.1, port 0;
 * Sendmail reports its own submissions without an address. No TCP client has
 * port 0, but Postfix reports it if a proxy sends XCLIENT without a port. Such
 * a client has a {daemon_port}.
 */
static bool
is_local(const struct conn_facts *conn, const struct sockaddr *client)
{
	if (has_daemon_port(conn))
		return false;
	if (client == NULL)
		return conn->client_name != NULL &&
		    strcasecmp(conn->client_name, "localhost") == 0;
	return conn->client_known && netaddr_is_loopback(&conn->client) &&
	    client_port(client) == 0;
}

void
stage_connect(struct session *s, const char *client_name,
    const struct sockaddr *client)
{
	struct conn_facts *conn = &s->conn;

	memset(conn, 0, sizeof(*conn));
	conn->client_name = arena_strdup(s->arena, client_name);
	conn->client_known = client_address(client, &conn->client);
	conn->daemon_name = stage_macro(s, s->arena, "{daemon_name}");
	conn->daemon_port = stage_macro(s, s->arena, "{daemon_port}");
	conn->daemon_addr = stage_macro(s, s->arena, "{daemon_addr}");
	conn->local = is_local(conn, client);
	conn->mta = s->mta;
	conn->mta.version = stage_macro(s, s->arena, "v");
	conn->mta.kind = policy_mta_kind(conn->mta.version);
	stage_note_macros(s, AT_CONNECT);
}

/* A connection that matches no listener is inbound, logged as listener=-. */
static const struct session_rules unlisted = {
	.name = "-",
	.direction = DIRECTION_INBOUND,
};

/* A connection that may belong to a listener that requires a login. */
static const struct session_rules undecided = {
	.name = "-",
	.direction = DIRECTION_INBOUND,
	.undecided = true,
};

void
stage_listener(struct session *s)
{
	struct message *m = s->message;
	const struct conf *c = m->setup->conf;

	m->rules = policy_connection(c->listeners, c->nlisteners, &s->conn);
	if (policy_connection_undecided(c->listeners, c->nlisteners,
	    &s->conn, m->rules))
		m->rules = &undecided;
	else if (m->rules == NULL)
		m->rules = &unlisted;
	m->f.direction = m->rules->direction;
	m->f.listener = m->rules->name;
	m->authserv_id = c->authserv_id;
	if (m->authserv_id == NULL)
		m->authserv_id = stage_macro(s, m->arena, "j");
	if (m->authserv_id == NULL)
		m->authserv_id = s->sv->hostname;
	stage_observe_listener(s);
}

/*
 * Postfix sends {cert_subject} only for a certificate that it has verified.
 * Sendmail sends it for any certificate, with the result in {verify}. From any
 * other MTA a certificate counts only with {verify}=OK.
 */
static bool
cert_is_verified(struct session *s)
{
	const char *verify = s->macro(s->macro_ctx, "{verify}");

	if (verify != NULL)
		return strcmp(verify, "OK") == 0;
	return s->conn.mta.kind == MTA_POSTFIX;
}

/*
 * Sendmail encodes special characters in names of certificates as "+XX". NULL:
 * the encoding is wrong, or a control character is encoded.
 */
static const char *
decode_cert_name(struct arena *a, const char *coded)
{
	char *name = arena_strdup(a, coded);

	return escape_decode(name, '+') && !ascii_has_control(name) ? name :
	    NULL;
}

static const char *
decoded_macro(struct session *s, const char *macro)
{
	struct message *m = s->message;
	const char *value = stage_macro(s, m->arena, macro);

	return value != NULL ? decode_cert_name(m->arena, value) : NULL;
}

/* With the domain of login-domain, if that is set and it has none. */
static const char *
whole_login(const struct message *m, const char *login)
{
	return users_qualify(m->setup->conf->users, m->arena, login);
}

/*
 * Postfix's {cert_subject} and {cert_issuer} are the plain common names.
 * Sendmail's are whole subjects on one line, in which the value of one
 * attribute can look like another attribute. Its {cn_subject} and {cn_issuer}
 * are unambiguous.
 */
static void
gather_certificate(struct session *s)
{
	struct message *m = s->message;
	struct tls_facts *tls = &m->f.tls;

	if (s->conn.mta.kind == MTA_POSTFIX) {
		tls->cert_name = stage_macro(s, m->arena, "{cert_subject}");
		tls->cert_issuer_name = stage_macro(s, m->arena,
		    "{cert_issuer}");
	} else {
		tls->cert_subject = decoded_macro(s, "{cert_subject}");
		tls->cert_issuer = decoded_macro(s, "{cert_issuer}");
		tls->cert_name = decoded_macro(s, "{cn_subject}");
		tls->cert_issuer_name = decoded_macro(s, "{cn_issuer}");
	}
	if (tls->cert_name != NULL)
		tls->cert_login = whole_login(m, tls->cert_name);
	tls->cert_verified = (tls->cert_name != NULL ||
	    tls->cert_subject != NULL) && cert_is_verified(s);
}

static void
gather_tls(struct session *s)
{
	struct message	*m = s->message;
	struct tls_facts	*tls = &m->f.tls;
	const char		*bits;

	memset(tls, 0, sizeof(*tls));
	tls->version = stage_macro(s, m->arena, "{tls_version}");
	tls->on = tls->version != NULL;
	if (!tls->on)
		return;
	tls->cipher = stage_macro(s, m->arena, "{cipher}");
	bits = stage_macro(s, m->arena, "{cipher_bits}");
	tls->bits = bits != NULL ? atoi(bits) : 0;
	gather_certificate(s);
}

/* The login as an address, its domain in A-labels; NULL: not an address. */
static const char *
login_address(struct arena *a, const char *login)
{
	const char	*at = strrchr(login, '@'), *domain;

	if (at == NULL)
		return NULL;
	domain = domain_canonical(a, at + 1, strlen(at + 1));
	return domain != NULL ? arena_printf(a, "%.*s@%s", (int)(at - login),
	    login, domain) : NULL;
}

/*
 * Sendmail's {auth_authen} after EXTERNAL is the certificate's subject, encoded
 * twice. Postfix's is the login that the SASL server has found for it, and the
 * common name may be any other name. NULL: {auth_authen} is the login.
 */
static const char *
certificate_login(const struct session *s, const char *mechanism)
{
	struct message *m = s->message;

	return strcmp(mechanism, "EXTERNAL") == 0 &&
	    s->conn.mta.kind == MTA_SENDMAIL && m->f.tls.cert_verified ?
	    m->f.tls.cert_login : NULL;
}

/*
 * A login needs both {auth_type} and {auth_authen}. {auth_author} is never
 * read: an unauthenticated client can set it with MAIL FROM ... AUTH=.
 */
static void
gather_auth(struct session *s)
{
	struct message	*m = s->message;
	struct auth_facts	*auth = &m->f.auth;
	char			*mechanism, *p;
	const char		*type, *login;

	memset(auth, 0, sizeof(*auth));
	type = s->macro(s->macro_ctx, "{auth_type}");
	login = s->macro(s->macro_ctx, "{auth_authen}");
	if (type == NULL || type[0] == '\0' || login == NULL ||
	    login[0] == '\0')
		return;
	mechanism = arena_strdup(m->arena, type);
	for (p = mechanism; *p != '\0'; p++)
		*p = ascii_upper(*p);
	auth->mechanism = mechanism;
	auth->login = certificate_login(s, mechanism);
	if (auth->login == NULL)
		auth->login = whole_login(m, arena_strdup(m->arena, login));
	auth->address = login_address(m->arena, auth->login);
}

/* "The lookup failed" is not "there is no entry". */
static void
gather_user(struct session *s)
{
	struct message	*m = s->message;
	struct users_reply	 r = { .answer = USERS_NONE };

	if (m->f.auth.login != NULL)
		r = users_lookup(m->setup->conf->users, m->setup->users,
		    m->f.auth.login, s->sv->ticks(), m->arena);
	m->user = r.user;
	m->users_error = r.why;
	m->users_stale = r.stale;
	m->f.login_unknown = r.answer == USERS_UNKNOWN;
}

void
stage_login(struct session *s)
{
	struct message	*m = s->message;
	const struct conf	 *c = m->setup->conf;
	const struct relay_rules *relay;

	gather_tls(s);
	gather_auth(s);
	gather_user(s);
	relay = policy_relay(m->rules, &m->f);
	if (relay != NULL) {
		m->f.relay = relay->name;
		m->user = &relay->who;
	}
	m->tier = policy_tier(c->tiers, c->ntiers, m->rules, m->user, &m->f);
	m->f.tier = m->tier != NULL ? m->tier->name : NULL;
}

static bool
is_too_long(const char *path)
{
	return strnlen(path, PATH_LONGEST + 1) > PATH_LONGEST;
}

/* MTAs make a@b of the local parts a%b, b!a and "a@b". */
static bool
gets_a_domain(const struct mailbox *box)
{
	return box->domain == NULL && box->local != NULL &&
	    strpbrk(box->local, "@!%") != NULL;
}

void
stage_sender(struct session *s, const char *path)
{
	struct message	*m = s->message;
	struct env_facts	*env = &m->f.env;
	struct mailbox		 box, loose;

	memset(env, 0, sizeof(*env));
	env->queue_id = stage_macro(s, m->arena, "i");
	env->sender_bad = is_too_long(path) ||
	    !mailaddr_path(m->arena, path, &box);
	if (env->sender_bad)
		box = (struct mailbox){ .address = "?" };
	if ((env->sender_bad || gets_a_domain(&box)) &&
	    mailaddr_loose(m->arena, path, &loose)) {
		env->sender_bad = true;
		box = loose;
	}
	env->sender = box.address;
	env->sender_local = box.local;
	env->sender_domain = box.domain;
}

/* Only overrides read the list, and on submission exempt-recipients. */
static bool
needs_recipients(const struct message *m)
{
	const struct conf *c = m->setup->conf;

	return m->f.direction == DIRECTION_INBOUND ? c->noverrides > 0 :
	    c->signing.exempt.nrecipients > 0;
}

/*
 * A recipient that cannot be parsed is kept as an empty mailbox, which matches
 * no pattern.
 */
void
stage_recipient(struct message *m, const char *path)
{
	struct mailbox_list	*list = &m->f.env.recipient_list;
	struct mailbox		 box = { NULL, NULL, NULL };

	if (!needs_recipients(m))
		return;
	if (is_too_long(path) || !mailaddr_path(m->arena, path, &box))
		memset(&box, 0, sizeof(box));
	/* the list is full when its length is 0 or a power of two */
	if ((list->n & (list->n - 1)) == 0)
		list->box = arena_enlarge(m->arena, list->box, list->n,
		    list->n == 0 ? 1 : 2 * list->n, sizeof(*list->box));
	list->box[list->n++] = box;
}
