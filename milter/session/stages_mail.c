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
#include "base/monotonic.h"
#include "base/record.h"
#include "dkim/dkim_sign.h"
#include "dkim/dkim_verify.h"
#include "dkim/keybase.h"
#include "dns/resolver.h"
#include "mail/commaize.h"
#include "mail/mailaddr.h"
#include "policy/policy_address.h"
#include "policy/policy_sign.h"
#include "session/notifier.h"
#include "stages_priv.h"

static struct spf_question *
spf_start(struct message *m, bool helo)
{
	struct spf_question *q = arena_alloc(m->arena, sizeof(*q));

	q->client = m->f.conn.client;
	/* a HELO during the message frees the connection's copy */
	q->helo = arena_strdup(m->arena, m->f.conn.helo);
	q->sender = m->f.env.sender;
	q->receiver = m->authserv_id;
	q->check_helo = helo;
	q->now = (uint64_t)m->sv->now();
	spf_prefetch(m->lookups, q, &m->spf_limits);
	return q;
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
checks_helo(const struct message *m)
{
	return m->f.env.sender_bad || m->f.env.sender_local != NULL;
}

void
stage_inbound_start(struct message *m)
{
	const struct conf	*c = m->setup->conf;
	struct lookup_limits	 limits = {
		.timeout_ms = c->resolver.timeout * 1000,
		.max_queries = c->resolver.max_queries,
	};

	m->lookups = lookups_new(m->sv->resolver, &limits);
	m->spf_limits = spf_default_limits;
	m->spf_limits.voids = c->spf.max_voids;
	stage_iprev_start(m);
	if (!m->f.conn.client_known)
		return;
	if (no_sender(&m->f.env) == NULL)
		m->spf_mfrom = spf_start(m, false);
	if (checks_helo(m))
		m->spf_helo = spf_start(m, true);
	/* an address literal has no DNS name */
	if (m->f.env.sender_domain != NULL && m->f.env.sender_domain[0] != '[')
		stage_walk_start(m, m->f.env.sender_domain);
}

/* The key of a signature is looked up as soon as its field is here. */
void
stage_field(struct message *m)
{
	const struct header *f = headers_at(&m->headers, m->headers.n - 1);

	if (m->f.direction != DIRECTION_INBOUND ||
	    !m->setup->conf->dkim.verify || !dkim_is_signature(f->name))
		return;
	if (m->verifier == NULL)
		m->verifier = dkim_verifier_new(m->setup->dkim, m->lookups,
		    m->arena, &m->headers, m->sv->now());
	dkim_verifier_field(m->verifier);
}

void
stage_headers(struct message *m)
{
	const char	*signer[SESSION_WALKS];
	size_t		 i, n = 0;

	mailaddr_author(m->arena, &m->headers, &m->f.from);
	if (m->f.direction == DIRECTION_SUBMISSION)
		return;
	if (m->verifier != NULL) {
		dkim_verifier_eoh(m->verifier);
		n = dkim_verifier_domains(m->verifier, signer, SESSION_WALKS);
	}
	stage_authors_start(m);
	for (i = 0; i < n; i++)
		stage_walk_start(m, signer[i]);
}

static void
spf_collect(struct message *m)
{
	if (!m->f.conn.client_known)
		return;
	m->f.spf_mfrom.reason = no_sender(&m->f.env);
	if (m->f.spf_mfrom.reason == NULL)
		spf_check(m->lookups, m->spf_mfrom, &m->spf_limits, m->arena,
		    &m->f.spf_mfrom);
	m->f.spf_mfrom.done = true;
	if (!checks_helo(m))
		return;
	spf_check(m->lookups, m->spf_helo, &m->spf_limits, m->arena,
	    &m->f.spf_helo);
	m->f.spf_helo.done = true;
}

void
stage_inbound_collect(struct message *m)
{
	spf_collect(m);
	if (m->verifier != NULL)
		dkim_verifier_finish(m->verifier, &m->f.dkim);
	m->f.dkim.done = m->setup->conf->dkim.verify;
	stage_dmarc(m);
	stage_iprev_collect(m);
}

/*
 * May this login's mail be signed with these keys? A key of a parent domain is
 * used only if the login is bound to that domain, too.
 */
static bool
keys_may_sign(const struct message *m, const struct signing_keys *keys)
{
	const char *who = policy_own_address(m->user, &m->f);
	const char *domain = keys->key[0]->domain;

	return !keys->of_parent || (policy_signs_for(
	    &m->setup->conf->identity, m->user, who, domain) &&
	    policy_tier_signs_for(m->tier, who, domain));
}

/*
 * Postfix adds missing fields before we see the message, Sendmail only when it
 * delivers it; so the signature must not claim that they are absent.
 */
static void
leave_to_mta(struct message *m)
{
	static const char *const sendmail[] = { "Date", "Message-ID", NULL };

	if (m->f.conn.mta.kind == MTA_SENDMAIL)
		dkim_signer_added_later(m->signer, sendmail);
}

/* Sign the field in the form in which the MTA will send it. */
static void
sign_field(struct message *m, const struct header *h)
{
	const char *value = h->value;

	if (m->f.conn.mta.kind == MTA_SENDMAIL && m->setup->conf->signing.
	    rules.header_canon == CANON_RELAXED && commaize_applies(h->name))
		value = commaize(m->arena, value);
	dkim_signer_header(m->signer, h->name, value);
}

static void
warn_pending(struct message *m, const struct keybase_reply *found)
{
	const struct signing_key *key = found->pending;
	struct notice		 e = { .event = "key-pending" };

	if (!keyring_may_warn(found->pending_ring, found->pending_at,
	    m->sv->ticks()))
		return;
	e.domain = key->domain;
	e.selector = key->selector;
	e.hint = arena_printf(m->arena, "mail of this domain is not signed "
	    "until the DNS has the record that \"millgatectl key dns %s\" "
	    "prints", key->domain);
	services_notice(m->sv, m->setup->conf, &e);
}

/* No key signs: there is none, or its record was never seen in the DNS. */
static const char *
why_no_key(struct message *m, const struct keybase_reply *found,
    const char *domain)
{
	struct signing_keys keys = { 1, &found->pending, false };

	if (found->pending == NULL)
		return "no key";
	keys.of_parent = strcmp(found->pending->domain, domain) != 0;
	if (!keys_may_sign(m, &keys))
		return "no key";
	warn_pending(m, found);
	return "key pending";
}

/* The keys in files, and in the database. */
static struct keybase_reply
find_keys(struct message *m, const char *domain)
{
	struct keybase_author	 who = {
		.ring = m->setup->keys,
		.base = m->setup->keybase,
		.store = m->sv->store,
		.rules = &m->setup->conf->signing.rules,
		.local = m->f.from.from.box[0].local,
		.domain = domain,
		.now = m->sv->ticks(),
	};
	struct keybase_reply	 found = keybase_find_author(&who, m->arena);

	if (who.base != NULL) {
		m->keys = arena_alloc(m->arena, sizeof(*m->keys));
		*m->keys = found;
	}
	return found;
}

static void
start_signer(struct message *m, const struct signing_keys *keys)
{
	size_t i;

	m->nsigned = (uint32_t)keys->n;
	for (i = 0; i < keys->n; i++)
		m->ned25519 += tally_algorithm_find(keys->key[i]->algorithm) ==
		    TALLY_ED25519;
	m->signer = dkim_signer_new(&m->setup->conf->signing.rules, keys->key,
	    keys->n, m->arena, m->sv->now());
	leave_to_mta(m);
	for (i = 0; i < m->headers.n; i++)
		sign_field(m, headers_at(&m->headers, i));
}

bool
stage_sign_start(struct message *m)
{
	struct keybase_reply	 found;
	const char		*domain;

	domain = policy_sign_domain(&m->f, &m->sign_why);
	if (domain == NULL || policy_sign_is_exempt(
	    &m->setup->conf->signing.exempt, &m->setup->conf->identity,
	    &m->f, &m->sign_why))
		return true;
	found = find_keys(m, domain);
	if (found.unknown)
		m->sign_why = "keys not known";
	else if (found.keys.n == 0)
		m->sign_why = why_no_key(m, &found, domain);
	else if (!keys_may_sign(m, &found.keys))
		m->sign_why = "the login is not bound to the key's domain";
	else
		start_signer(m, &found.keys);
	return !found.unknown;
}

bool
stage_sign_finish(struct message *m)
{
	struct tallies		*t = &m->sv->tallies;
	const char *const	*values;
	uint64_t		 begun;
	size_t			 i;

	if (m->signer == NULL)
		return true;
	begun = monotonic_us();
	values = dkim_signer_finish(m->signer, &m->sign_why);
	histogram_add(&t->crypto[TALLY_SIGN], monotonic_us() - begun);
	if (values == NULL) {
		counter_add(&t->sign_failures, 1);
		atomic_store(&t->sign_failed_at, m->sv->ticks());
		return false;
	}
	/* the last one planned comes on top: the first key's */
	for (i = m->nsigned; i > 0; i--)
		edits_insert_top(&m->edits, "DKIM-Signature", values[i - 1]);
	return true;
}

void
stage_end(struct message *m)
{
	dkim_verifier_free(&m->verifier);
	dkim_signer_free(&m->signer);
	if (m->keys != NULL)
		keybase_release(&m->keys->held);
	lookups_free(&m->lookups);
}
