/*
 * policy_session - may this session submit mail?
 *
 * Judged at MAIL, the first event after both STARTTLS and AUTH were possible.
 * TLS is judged before the login, so that no client is asked for a password
 * over a plaintext connection. A macro that the MTA did not send proves
 * nothing: no login, no TLS. A relay's client needs no login, and needs TLS
 * only if the relay section says so.
 */
#include <strings.h>

#include "policy/policy_address.h"
#include "policy/policy_proof.h"
#include "policy/policy_session.h"

static struct verdict
judge_tls(const struct session_rules *r, const struct tls_facts *tls)
{
	if (!tls->on)
		return verdict_refuse("tls-required", "530 5.7.0",
		    "Must issue a STARTTLS command first");
	if (r->min_tls != NULL && policy_tls_rank(tls->version) <
	    policy_tls_rank(r->min_tls))
		return verdict_refuse("min-tls", "530 5.7.0",
		    "This session uses %s; at least %s is required here",
		    tls->version, r->min_tls);
	if (tls->bits < r->min_tls_bits)
		return verdict_refuse("min-tls-bits", "530 5.7.0",
		    "This session's cipher has %d bits; at least %d are "
		    "required here", tls->bits, r->min_tls_bits);
	return verdict_accept();
}

/* An eavesdropper could use the password or the token. */
static bool
is_plaintext(const char *mechanism)
{
	enum mechanism_class class = policy_mechanism_class(mechanism);

	return class == MECHANISM_PLAINTEXT || class == MECHANISM_TOKEN;
}

/* allow-plaintext clients are on loopback; nobody can eavesdrop. */
static bool
plaintext_allowed(const struct session_rules *r, const struct facts *f)
{
	return f->tls.on || netblocks_contain(r->allow_plaintext,
	    r->nallow_plaintext, &f->conn.client);
}

static bool
mechanism_allowed(const struct session_rules *r, const char *mechanism)
{
	size_t i;

	if (r->nmechanisms == 0)
		return true;
	for (i = 0; mechanism != NULL && i < r->nmechanisms; i++)
		if (strcasecmp(r->mechanisms[i], mechanism) == 0)
			return true;
	return false;
}

static struct verdict
judge_mechanism(const struct session_rules *r, const struct facts *f)
{
	const char *mechanism = f->auth.mechanism;

	if (is_plaintext(mechanism) && !plaintext_allowed(r, f))
		return verdict_refuse("plaintext-mechanism", "530 5.7.0",
		    "Must issue a STARTTLS command first: %s sends its "
		    "secret in the clear", mechanism != NULL ? mechanism :
		    "this mechanism");
	if (!mechanism_allowed(r, mechanism))
		return verdict_refuse("mechanism", "530 5.7.9",
		    "Authentication mechanism %s is not allowed here",
		    mechanism != NULL ? mechanism : "(none)");
	return verdict_accept();
}

static struct verdict
judge_second_factor(const struct session_rules *r,
    const struct user_rules *user, const struct facts *f)
{
	if (r->second_factor == SECOND_FACTOR_NONE &&
	    (user == NULL || !user->second_factor))
		return verdict_accept();
	/* the identity provider checks a factor of its own for a token */
	if (policy_mechanism_class(f->auth.mechanism) == MECHANISM_TOKEN ||
	    policy_certificate_fits(r, user, f))
		return verdict_accept();
	return verdict_refuse("second-factor", "530 5.7.9",
	    "A second factor is required: a token login or a client "
	    "certificate of %s", f->auth.login);
}

/* SASL EXTERNAL: the certificate must have the required name and issuer. */
static struct verdict
judge_certificate(const struct session_rules *r, const struct user_rules *user,
    const struct facts *f)
{
	if (policy_mechanism_class(f->auth.mechanism) !=
	    MECHANISM_CERTIFICATE || !policy_certificate_asked(r, user) ||
	    policy_certificate_fits(r, user, f))
		return verdict_accept();
	return verdict_refuse("certificate", "530 5.7.9",
	    "This client certificate is not accepted for %s here",
	    f->auth.login);
}

static struct verdict
judge_login(const struct session_rules *r, const struct user_rules *user,
    const struct facts *f)
{
	struct verdict v;

	v = judge_mechanism(r, f);
	if (v.action != ACTION_ACCEPT)
		return v;
	if (user != NULL && user->nnetworks > 0 &&
	    !netblocks_contain(user->networks, user->nnetworks,
	    &f->conn.client))
		return verdict_refuse("networks", "550 5.7.1",
		    "%s may not send from this client address", f->auth.login);
	v = judge_certificate(r, user, f);
	if (v.action != ACTION_ACCEPT)
		return v;
	return judge_second_factor(r, user, f);
}

/* The listener's networks hold for relays and logins alike. */
static struct verdict
judge_client(const struct session_rules *r, const struct conn_facts *conn)
{
	char text[NETADDR_TEXT];

	if (r->nnetworks == 0 || netblocks_contain(r->networks, r->nnetworks,
	    &conn->client))
		return verdict_accept();
	return verdict_refuse("listener-networks", "550 5.7.1",
	    "Client address %s is not in the networks of listener %s",
	    netaddr_format(&conn->client, text), r->name);
}

/* Judged first, because the client cannot do anything about it. */
static struct verdict
judge_block(const struct user_rules *user, const struct facts *f)
{
	if (user == NULL || !user->block || f->auth.login == NULL)
		return verdict_accept();
	return verdict_refuse("blocked", "550 5.7.1",
	    "%s is blocked and may not send", f->auth.login);
}

/*
 * While the login's entry cannot be read, it could be blocked, or allowed
 * more or less than a login without an entry. By default the client is asked to
 * come again.
 */
static struct verdict
judge_entry(const struct identity_rules *ir, const struct user_rules *user,
    const struct facts *f)
{
	if (f->auth.login == NULL || !f->login_unknown)
		return judge_block(user, f);
	if (ir->users_failure == USERS_FAILURE_REFUSE)
		return verdict_refuse("users-unknown", "550 5.3.0",
		    "The list of users cannot be read at the moment");
	return verdict_refuse("users-unknown", "451 4.3.0",
	    "The list of users cannot be read at the moment; try again "
	    "later");
}

struct verdict
policy_session(const struct session_rules *r,
    const struct identity_rules *ir, const struct user_rules *user,
    const struct facts *f)
{
	const struct relay_rules	*relay = policy_relay(r, f);
	struct verdict			 v;

	if (r->undecided)
		return verdict_refuse("listener-unknown", "451 4.3.5",
		    "The mail system is not configured completely; try again "
		    "later");
	v = judge_entry(ir, user, f);
	if (v.action != ACTION_ACCEPT || f->conn.local)
		return v;
	v = judge_client(r, &f->conn);
	if (v.action != ACTION_ACCEPT)
		return v;
	if (relay != NULL ? relay->require_tls : r->require_tls)
		v = judge_tls(r, &f->tls);
	if (v.action != ACTION_ACCEPT || relay != NULL)
		return v;
	if (f->auth.login != NULL)
		return judge_login(r, user, f);
	if (r->require_auth || r->second_factor != SECOND_FACTOR_NONE)
		return verdict_refuse("auth-required", "530 5.7.0",
		    "Authentication required");
	return verdict_accept();
}
