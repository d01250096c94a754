/*
 * stages_mail - gather the facts of a message (SPF, DKIM, author), and sign
 *
 * Inbound, each lookup starts as soon as its name is known: SPF, the sender's
 * DMARC walk and the PTR query at MAIL; DKIM keys and the authors' walks at
 * the end of headers. The end of the message only collects the answers.
 */
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/record.h"
#include "dkim/dkim_sign.h"
#include "dkim/dkim_verify.h"
#include "dns/resolver.h"
#include "mail/commaize.h"
#include "mail/mailaddr.h"
#include "policy/policy_address.h"
#include "policy/policy_sign.h"
#include "stages_priv.h"

static void
spf_start(struct session *s, struct spf_question *q, bool helo)
{
	q->client = s->f.conn.client;
	/* a HELO during the message frees the connection's copy */
	q->helo = arena_strdup(s->arena, s->f.conn.helo);
	q->sender = s->f.env.sender;
	q->receiver = s->authserv_id;
	q->check_helo = helo;
	q->now = (uint64_t)s->sv->now();
	spf_prefetch(s->lookups, q, &s->spf_limits);
}

/*
 * Why the sender is not a MAIL FROM identity; NULL: it is. It must have a
 * domain, even if the rest is not an address: RFC 7208 4.3 is about domains.
 * To a local part alone the MTA adds a domain of its own.
 */
static const char *
no_sender(const struct env_facts *env)
{
	if (env->sender_domain != NULL)
		return NULL;
	if (env->sender_bad)
		return "the sender cannot be parsed";
	return env->sender_local != NULL ? "the sender has no domain" : NULL;
}

/* For the null sender the MAIL FROM identity is the HELO name already. */
static bool
checks_helo(const struct session *s)
{
	return s->f.env.sender_bad || s->f.env.sender_local != NULL;
}

void
stage_inbound_start(struct session *s)
{
	const struct conf	*c = s->setup->conf;
	struct lookup_limits	 limits = {
		.timeout_ms = c->resolver.timeout * 1000,
		.max_queries = c->resolver.max_queries,
	};

	s->lookups = lookups_new(s->sv->resolver, &limits);
	s->spf_limits = spf_default_limits;
	s->spf_limits.voids = c->spf.max_voids;
	if (c->dkim.verify)
		s->verifier = dkim_verifier_new(s->setup->dkim, s->lookups,
		    s->arena, s->sv->now());
	stage_iprev_start(s);
	if (!s->f.conn.client_known)
		return;
	if (no_sender(&s->f.env) == NULL)
		spf_start(s, &s->spf_mfrom, false);
	if (checks_helo(s))
		spf_start(s, &s->spf_helo, true);
	/* an address literal has no DNS name */
	if (s->f.env.sender_domain != NULL && s->f.env.sender_domain[0] != '[')
		stage_walk_start(s, s->f.env.sender_domain);
}

void
stage_headers(struct session *s)
{
	const char	*signer[SESSION_WALKS];
	size_t		 i, n = 0;

	mailaddr_author(s->arena, &s->headers, &s->f.from);
	if (s->f.direction == DIRECTION_SUBMISSION)
		return;
	if (s->verifier != NULL) {
		dkim_verifier_eoh(s->verifier);
		n = dkim_verifier_domains(s->verifier, signer, SESSION_WALKS);
	}
	stage_authors_start(s);
	for (i = 0; i < n; i++)
		stage_walk_start(s, signer[i]);
}

static void
spf_collect(struct session *s)
{
	if (!s->f.conn.client_known)
		return;
	s->f.spf_mfrom.reason = no_sender(&s->f.env);
	if (s->f.spf_mfrom.reason == NULL)
		spf_check(s->lookups, &s->spf_mfrom, &s->spf_limits, s->arena,
		    &s->f.spf_mfrom);
	s->f.spf_mfrom.done = true;
	if (!checks_helo(s))
		return;
	spf_check(s->lookups, &s->spf_helo, &s->spf_limits, s->arena,
	    &s->f.spf_helo);
	s->f.spf_helo.done = true;
}

void
stage_inbound_collect(struct session *s)
{
	spf_collect(s);
	if (s->verifier != NULL) {
		dkim_verifier_finish(s->verifier, &s->f.dkim);
		s->f.dkim.done = true;
	}
	stage_dmarc(s);
	stage_iprev_collect(s);
}

/*
 * May this login's mail be signed with these keys? A key of a parent domain is
 * used only if the login is bound to that domain, too.
 */
static bool
keys_may_sign(const struct session *s, const struct signing_keys *keys)
{
	const char *who = policy_own_address(s->user, &s->f);
	const char *domain = keys->key[0]->domain;

	return !keys->of_parent || (policy_signs_for(
	    &s->setup->conf->identity, s->user, who, domain) &&
	    policy_tier_signs_for(s->tier, who, domain));
}

/*
 * Postfix adds missing fields before we see the message, Sendmail only when it
 * delivers it; so the signature must not claim that they are absent.
 */
static void
leave_to_mta(struct session *s)
{
	static const char *const sendmail[] = { "Date", "Message-ID", NULL };

	if (s->f.conn.mta.kind == MTA_SENDMAIL)
		dkim_signer_added_later(s->signer, sendmail);
}

/* Sign the field in the form in which the MTA will send it. */
static void
sign_field(struct session *s, const struct header *h)
{
	const char *value = h->value;

	if (s->f.conn.mta.kind == MTA_SENDMAIL && s->setup->conf->signing.
	    rules.header_canon == CANON_RELAXED && commaize_applies(h->name))
		value = commaize(s->arena, value);
	dkim_signer_header(s->signer, h->name, value);
}

static void
warn_pending(struct session *s, const struct signing_key *key, size_t i)
{
	struct record r;

	if (!keyring_may_warn(s->setup->keys, i, s->sv->ticks()))
		return;
	record_init(&r, s->arena);
	record_str(&r, "event", "key-pending");
	record_str(&r, "domain", key->domain);
	record_str(&r, "selector", key->selector);
	record_str(&r, "hint", arena_printf(s->arena, "mail of this domain is "
	    "not signed until the DNS has the record that \"millgatectl key "
	    "dns %s\" prints", key->domain));
	services_record(s->sv, LOG_LEVEL_WARNING, &r);
}

/* No key signs: there is none, or its record was never seen in the DNS. */
static const char *
why_no_key(struct session *s, const char *domain)
{
	const struct signing_key	*key;
	struct signing_keys		 keys = { 1, &key, false };
	size_t				 i;

	key = keyring_find_pending(s->setup->keys,
	    &s->setup->conf->signing.rules, domain, &i);
	if (key == NULL)
		return "no key";
	keys.of_parent = strcmp(key->domain, domain) != 0;
	if (!keys_may_sign(s, &keys))
		return "no key";
	warn_pending(s, key, i);
	return "key pending";
}

void
stage_sign_start(struct session *s)
{
	const struct sign_rules	*rules = &s->setup->conf->signing.rules;
	struct signing_keys	 keys;
	const char		*domain;
	size_t			 i;

	domain = policy_sign_domain(&s->f, &s->sign_why);
	if (domain == NULL)
		return;
	keys = keyring_find_author(s->setup->keys, rules,
	    s->f.from.from.box[0].local, domain, s->arena);
	if (keys.n == 0) {
		s->sign_why = why_no_key(s, domain);
		return;
	}
	if (!keys_may_sign(s, &keys)) {
		s->sign_why = "the login is not bound to the key's domain";
		return;
	}
	s->nsigned = keys.n;
	s->signer = dkim_signer_new(rules, keys.key, keys.n, s->arena,
	    s->sv->now());
	leave_to_mta(s);
	for (i = 0; i < s->headers.n; i++)
		sign_field(s, &s->headers.field[i]);
}

bool
stage_sign_finish(struct session *s)
{
	const char *const	*values;
	size_t			 i;

	if (s->signer == NULL)
		return true;
	values = dkim_signer_finish(s->signer, &s->sign_why);
	if (values == NULL)
		return false;
	/* the last one planned comes on top: the first key's */
	for (i = s->nsigned; i > 0; i--)
		edits_insert_top(&s->edits, "DKIM-Signature", values[i - 1]);
	return true;
}

void
stage_end(struct session *s)
{
	dkim_verifier_free(&s->verifier);
	dkim_signer_free(&s->signer);
	lookups_free(&s->lookups);
}
