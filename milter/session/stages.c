/*
 * stages - gather the facts of the connection and the envelope
 *
 * Macros are copied when they are read: Postfix sends the TLS and AUTH ones
 * up to DATA only, and a value lives no longer than its event. A macro that
 * was never sent is a fact that is not there.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "conf/users_query.h"
#include "mail/domain.h"
#include "mail/mailaddr.h"
#include "policy/policy_connection.h"
#include "policy/policy_hint.h"
#include "policy/policy_relay.h"
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

/* A port of the MTA; Postfix sends 0 where there was none. */
static bool
came_by_a_port(const struct conn_facts *conn)
{
	return conn->daemon_port != NULL &&
	    strcmp(conn->daemon_port, "0") != 0;
}

/*
 * Postfix shows sendmail(1) as localhost, 127.0.0.1, port 0; Sendmail's own
 * submissions have no address at all. No TCP client has port 0, but one for
 * which a proxy says XCLIENT without a port looks as if it had: it came by a
 * port of the MTA.
 */
static bool
is_local(const struct conn_facts *conn, const struct sockaddr *client)
{
	if (came_by_a_port(conn))
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
	struct conn_facts *conn = &s->f.conn;

	memset(conn, 0, sizeof(*conn));
	conn->client_name = arena_strdup(s->conn_arena, client_name);
	conn->client_known = client_address(client, &conn->client);
	conn->daemon_name = stage_macro(s, s->conn_arena, "{daemon_name}");
	conn->daemon_port = stage_macro(s, s->conn_arena, "{daemon_port}");
	conn->daemon_addr = stage_macro(s, s->conn_arena, "{daemon_addr}");
	conn->local = is_local(conn, client);
	conn->mta = s->mta;
	conn->mta.version = stage_macro(s, s->conn_arena, "v");
	conn->mta.kind = policy_mta_kind(conn->mta.version);
	stage_look(s, AT_CONNECT);
}

/* What matches no listener is judged as inbound; the log says listener=-. */
static const struct session_rules unlisted = {
	.name = "-",
	.direction = DIRECTION_INBOUND,
};

/* What might belong to a listener that asks for a login. */
static const struct session_rules undecided = {
	.name = "-",
	.direction = DIRECTION_INBOUND,
	.undecided = true,
};

void
stage_listener(struct session *s)
{
	const struct conf *c = s->setup->conf;

	s->rules = policy_connection(c->listeners, c->nlisteners, &s->f.conn);
	if (policy_connection_undecided(c->listeners, c->nlisteners,
	    &s->f.conn, s->rules))
		s->rules = &undecided;
	else if (s->rules == NULL)
		s->rules = &unlisted;
	s->f.direction = s->rules->direction;
	s->f.listener = s->rules->name;
	s->authserv_id = c->authserv_id;
	if (s->authserv_id == NULL)
		s->authserv_id = stage_macro(s, s->arena, "j");
	if (s->authserv_id == NULL)
		s->authserv_id = s->sv->hostname;
	stage_attribute(s);
}

/*
 * Postfix sends {cert_subject} only for a certificate that it verified.
 * Sendmail sends it for any, and {verify} beside it. An MTA that is not
 * Postfix and does not say {verify}=OK has verified nothing.
 */
static bool
cert_is_verified(struct session *s)
{
	const char *verify = s->macro(s->macro_ctx, "{verify}");
	const char *mta = s->macro(s->macro_ctx, "v");

	if (verify != NULL)
		return strcmp(verify, "OK") == 0;
	return mta != NULL && strncasecmp(mta, "Postfix", 7) == 0;
}

/*
 * Sendmail writes "+XX" for what is not plain in a certificate's names.
 * NULL when it is not written so, or hides a control character.
 */
static const char *
decode_name(struct arena *a, const char *coded)
{
	char	*name = arena_strdup(a, coded), *out = name;
	int	 high, low;

	for (; *coded != '\0'; coded++) {
		*out = *coded;
		if (*coded == '+') {
			high = ascii_hex(coded[1]);
			low = high < 0 ? -1 : ascii_hex(coded[2]);
			if (low < 0)
				return NULL;
			*out = (char)(high * 16 + low);
			coded += 2;
		}
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			return NULL;
		out++;
	}
	*out = '\0';
	return name;
}

/* A macro that Sendmail writes coded. */
static const char *
coded_macro(struct session *s, const char *macro)
{
	const char *value = stage_macro(s, s->arena, macro);

	return value != NULL ? decode_name(s->arena, value) : NULL;
}

/*
 * Postfix's {cert_subject} and {cert_issuer} are the common names, as they
 * are. Sendmail's are whole subjects on one line, in which one attribute's
 * value can look like another attribute; {cn_subject} and {cn_issuer} cannot.
 */
static void
gather_certificate(struct session *s)
{
	struct tls_facts *tls = &s->f.tls;

	if (s->macro(s->macro_ctx, "{verify}") == NULL) {
		tls->cert_name = stage_macro(s, s->arena, "{cert_subject}");
		tls->cert_issuer_name = stage_macro(s, s->arena,
		    "{cert_issuer}");
	} else {
		tls->cert_subject = coded_macro(s, "{cert_subject}");
		tls->cert_issuer = coded_macro(s, "{cert_issuer}");
		tls->cert_name = coded_macro(s, "{cn_subject}");
		tls->cert_issuer_name = coded_macro(s, "{cn_issuer}");
	}
	tls->cert_verified = (tls->cert_name != NULL ||
	    tls->cert_subject != NULL) && cert_is_verified(s);
}

static void
gather_tls(struct session *s)
{
	struct tls_facts	*tls = &s->f.tls;
	const char		*bits;

	memset(tls, 0, sizeof(*tls));
	tls->version = stage_macro(s, s->arena, "{tls_version}");
	tls->on = tls->version != NULL;
	if (!tls->on)
		return;
	tls->cipher = stage_macro(s, s->arena, "{cipher}");
	bits = stage_macro(s, s->arena, "{cipher_bits}");
	tls->bits = bits != NULL ? atoi(bits) : 0;
	gather_certificate(s);
}

/* A domain in UTF-8 is compared by its A-labels; NULL: no address. */
static const char *
address_of(struct arena *a, const char *login)
{
	const char	*at = strrchr(login, '@'), *domain;

	if (at == NULL)
		return NULL;
	domain = domain_canonical(a, at + 1, strlen(at + 1));
	return domain != NULL ? arena_printf(a, "%.*s@%s", (int)(at - login),
	    login, domain) : NULL;
}

/*
 * A login is {auth_type} and {auth_authen} together; {auth_author} is what
 * any client says without logging in, and is never read.
 */
static void
gather_auth(struct session *s)
{
	struct auth_facts	*auth = &s->f.auth;
	char			*mechanism, *p;
	const char		*type, *login;

	memset(auth, 0, sizeof(*auth));
	type = s->macro(s->macro_ctx, "{auth_type}");
	login = s->macro(s->macro_ctx, "{auth_authen}");
	if (type == NULL || type[0] == '\0' || login == NULL ||
	    login[0] == '\0')
		return;
	mechanism = arena_strdup(s->arena, type);
	for (p = mechanism; *p != '\0'; p++)
		*p = ascii_upper(*p);
	auth->mechanism = mechanism;
	auth->login = arena_strdup(s->arena, login);
	/* Sendmail's login by certificate is the subject, coded twice */
	if (strcmp(mechanism, "EXTERNAL") == 0 && s->f.tls.cert_verified &&
	    s->f.tls.cert_name != NULL)
		auth->login = s->f.tls.cert_name;
	auth->address = address_of(s->arena, auth->login);
}

/* "Cannot tell" is told apart from "nobody". */
static void
find_user(struct session *s)
{
	struct users_reply	 r = { USERS_NONE, NULL, NULL };

	if (s->f.auth.login != NULL)
		r = users_lookup(s->setup->conf->users, s->setup->users,
		    s->f.auth.login, s->sv->ticks(), s->arena);
	s->user = r.user;
	s->users_error = r.why;
	s->f.login_unknown = r.answer == USERS_UNKNOWN;
}

void
stage_login(struct session *s)
{
	const struct conf	 *c = s->setup->conf;
	const struct relay_rules *relay;

	gather_tls(s);
	gather_auth(s);
	find_user(s);
	relay = policy_relay(s->rules, &s->f);
	if (relay != NULL) {
		s->f.relay = relay->name;
		s->user = &relay->who;
	}
	s->tier = policy_tier(c->tiers, c->ntiers, s->rules, s->user, &s->f);
	s->f.tier = s->tier != NULL ? s->tier->name : NULL;
}

void
stage_sender(struct session *s, const char *path)
{
	struct env_facts	*env = &s->f.env;
	struct mailbox		 box;

	memset(env, 0, sizeof(*env));
	env->queue_id = stage_macro(s, s->arena, "i");
	if (strnlen(path, PATH_LONGEST + 1) > PATH_LONGEST ||
	    !mailaddr_path(s->arena, path, &box)) {
		env->sender_bad = true;
		env->sender = arena_strdup(s->arena, "?");
		return;
	}
	env->sender = box.address;
	env->sender_local = box.local;
	env->sender_domain = box.domain;
}

/* Asked for by overrides alone. What cannot be parsed fits no pattern. */
void
stage_recipient(struct session *s, const char *path)
{
	struct mailbox_list	*list = &s->f.env.recipient_list;
	struct mailbox		 box = { NULL, NULL, NULL }, *more;

	if (s->setup->conf->noverrides == 0 ||
	    s->f.direction != DIRECTION_INBOUND)
		return;
	if (strnlen(path, PATH_LONGEST + 1) > PATH_LONGEST ||
	    !mailaddr_path(s->arena, path, &box))
		memset(&box, 0, sizeof(box));
	/* room is doubled when the list is as long as a power of two */
	if ((list->n & (list->n - 1)) == 0) {
		more = arena_array(s->arena, list->n == 0 ? 1 : 2 * list->n,
		    sizeof(*more));
		if (list->n > 0)
			memcpy(more, list->box, list->n * sizeof(*more));
		list->box = more;
	}
	list->box[list->n++] = box;
}
