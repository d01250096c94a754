/*
 * status_keys - the keys and their state, and the advice that the daemon can
 * give without the MTA's configuration
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "dkim/keybase.h"
#include "dkim/keywatch.h"
#include "session/observed.h"
#include "session/services.h"
#include "status_priv.h"

#define DOMAINS_SHOWN	20u

/* --- keys ----------------------------------------------------------------- */

static time_t
file_time(const char *path)
{
	struct stat st;

	return path != NULL && stat(path, &st) == 0 ? st.st_mtime : 0;
}

static struct status_key *
key_add(struct status *s, enum key_state state)
{
	s->keys_of[state]++;
	if (s->nkeys >= s->keys_most)
		return NULL;
	s->key[s->nkeys].state = key_state_name(state);
	return &s->key[s->nkeys++];
}

/* NULL: the list is full. */
static struct status_key *
key_add_loaded(struct status *s, const struct signing_key *key,
    enum key_state state)
{
	struct status_key *k = key_add(s, state);

	if (k == NULL)
		return NULL;
	k->domain = arena_strdup(s->arena, key->domain);
	k->selector = arena_strdup(s->arena, key->selector);
	k->algorithm = key->algorithm;
	k->since = file_time(key->path);
	return k;
}

static void
key_add_pending(struct status *s, const struct signing_key *key)
{
	struct status_key	*k = key_add_loaded(s, key, KEY_PENDING);
	struct keywatch_seen	 seen;

	if (k == NULL)
		return;
	k->record = RECORD_NOT_PUBLISHED;
	if (key->since > 0)
		k->since = key->since;
	else if (keywatch_find(s->sv->keywatch, key, &seen))
		k->since = seen.since;
}

static void
key_add_retired(struct status *s, const char *domain, const char *selector,
    time_t since)
{
	struct status_key *k = key_add(s, KEY_RETIRED);

	if (k == NULL)
		return;
	k->domain = arena_strdup(s->arena, domain);
	k->selector = arena_strdup(s->arena, selector);
	k->since = since;
}

/* A key that was pending is active after its record was seen. */
static bool
was_pending(const struct keyring *ring, const struct signing_key *key)
{
	size_t	i;
	bool	signs;

	for (i = 0; key->pending && i < keyring_npending(ring); i++)
		if (keyring_pending(ring, i, &signs) == key)
			return signs;
	return false;
}

static void
key_add_active(struct status *s, const struct keyring *ring,
    const struct signing_key *key)
{
	static const enum status_record records[] = {
		[KEYRECORD_PUBLISHED] = RECORD_PUBLISHED,
		[KEYRECORD_MISSING] = RECORD_NOT_PUBLISHED,
		[KEYRECORD_DIFFERENT] = RECORD_DIFFERENT,
		[KEYRECORD_UNKNOWN] = RECORD_NOT_CHECKED
	};
	struct status_key	*k = key_add_loaded(s, key, KEY_ACTIVE);
	struct keywatch_seen	 seen;

	if (k == NULL)
		return;
	if (keywatch_find(s->sv->keywatch, key, &seen) && seen.at != 0) {
		k->record = records[seen.state];
		k->checked = seen.at;
	} else if (was_pending(ring, key))
		k->record = RECORD_PUBLISHED;
}

/* Retired keys are not loaded. */
static void
gather_directory(struct status *s, const struct keydir *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->key[i].state == KEY_RETIRED)
			key_add_retired(s, d->key[i].domain,
			    d->key[i].selector, d->key[i].since);
}

static void
ignore_problem(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static void
gather_ring(struct status *s, const struct keyring *ring)
{
	struct signing_keys		 all = keyring_all(ring, s->arena);
	const struct signing_key	*key;
	size_t				 i;
	bool				 signs;

	for (i = 0; i < keyring_npending(ring); i++) {
		key = keyring_pending(ring, i, &signs);
		if (!signs)
			key_add_pending(s, key);
	}
	for (i = 0; i < all.n; i++)
		key_add_active(s, ring, all.key[i]);
}

static void
gather_database(struct status *s, struct keybase *kb)
{
	struct keybase_keys		*held[STATUS_BASE];
	const struct keybase_retired	*retired;
	size_t				 n, i, j, nretired;

	n = keybase_in_use(kb, held, STATUS_BASE);
	for (i = 0; i < n; i++) {
		gather_ring(s, keybase_ring(held[i]));
		retired = keybase_retired(held[i], &nretired);
		for (j = 0; j < nretired; j++)
			key_add_retired(s, retired[j].domain,
			    retired[j].selector, 0);
		keybase_release(&held[i]);
	}
}

static void
gather_files(struct status *s)
{
	const struct keyring	*ring = s->setup->keys;
	const char	*directory = s->setup->conf->signing.key_directory;
	struct keydir	 d = { .arena = s->arena, .problem = ignore_problem };

	gather_ring(s, ring);
	if (directory == NULL || keyring_count(ring) > STATUS_KEYDIR)
		return;
	keydir_read(&d, directory, NULL);
	gather_directory(s, &d);
	keydir_free(&d);
}

void
status_keys(struct status *s)
{
	struct keybase *kb = s->setup->keybase;

	s->keys_most = kb != NULL ? STATUS_KEYS / 2 : STATUS_KEYS;
	gather_files(s);
	s->database_from = s->nkeys;
	s->keys_most = STATUS_KEYS;
	if (kb != NULL)
		gather_database(s, kb);
}

/* --- advice --------------------------------------------------------------- */

/* Seconds since `ticks`; 0 if that has never been. */
static uint64_t
age_of(struct services *sv, uint64_t ticks)
{
	return ticks == 0 ? 0 : (sv->ticks() - ticks) / 1000;
}

static void
status_advise_daemon(struct status *s)
{
	const struct conf	*c = s->setup->conf;
	struct counters		*n = &s->sv->counters;
	struct advice_daemon	 d = {
		.answer = DAEMON_ANSWERED,
		.control = c->control_socket,
		.state = c->state,
		.server = c->resolver.servers.n > 0 ?
		    c->resolver.servers.s[0] : NULL,
		.lookups_failing = s->dns.failing,
		.store_failures = counter_read(&n->store_failures),
		.store_failure_age = age_of(s->sv,
		    counter_read(&n->store_failed_at)),
		.held = counter_read(&n->held),
		.held_age = age_of(s->sv, counter_read(&n->held_at)),
	};

	advice_daemon(&s->advice, &d);
}

static bool
status_never_sent(const void *listener, const char *macro)
{
	return observed_never(listener, macro);
}

static void
status_advise_listener(struct status *s, const struct observed_view *v)
{
	const struct conf	*c = s->setup->conf;
	struct advice_seen	 seen = {
		.listener = arena_strdup(s->arena, v->name),
		.sessions = v->sessions,
		.mta = v->mta,
		.unbound = conf_is_unbound(c, v->name),
		.bare_logins = c->login_domain == NULL ? v->bare_logins : 0,
		.never = status_never_sent,
		.never_arg = v->listener,
		.setup_known = s->mta_read != NULL,
	};
	size_t			 i;

	seen.mta.version = arena_strdup(s->arena, v->version);
	seen.mta.kind = policy_mta_kind(v->version);
	advice_session(&s->advice, &seen);
	for (i = 0; i < v->nrules; i++)
		advice_refusals(&s->advice, &seen, v->rule[i]);
}

/* Domains whose mail is not signed, because all their keys are pending. */
static void
status_advise_pending(struct status *s)
{
	const struct keyring	*ring = s->setup->keys;
	const char		*domain, *last = "";
	size_t			 i, n = 0;
	bool			 signs;

	for (i = 0; i < keyring_npending(ring) && n < DOMAINS_SHOWN; i++) {
		domain = keyring_pending(ring, i, &signs)->domain;
		if (strcmp(domain, last) == 0 ||
		    keyring_find(ring, domain).n > 0)
			continue;
		advice_pending_key(&s->advice, domain);
		last = domain;
		n++;
	}
}

static void
status_advise_records(struct status *s)
{
	struct keywatch_missing	gone[DOMAINS_SHOWN];
	size_t			n, i;

	n = keywatch_missing(s->sv->keywatch, s->arena, gone, DOMAINS_SHOWN);
	for (i = 0; i < n; i++)
		advice_key_record(&s->advice, gone[i].domain,
		    gone[i].selector, gone[i].seen.why);
}

void
status_advice(struct status *s)
{
	struct observed_view	 v;
	size_t			 i;

	status_advise_daemon(s);
	status_advise_mta(s);
	status_advise_pending(s);
	status_advise_records(s);
	for (i = 0; observed_view(s->sv->observed, i, &v); i++)
		status_advise_listener(s, &v);
}
