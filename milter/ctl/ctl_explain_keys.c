/*
 * ctl_explain_keys - millgatectl user explain: the keys that sign for a login
 *
 * They are in files or in a database. The keys of a database are asked for the
 * domains of the senders; a login that may use any address is shown those in
 * files.
 */
#include <string.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "dkim/keybase.h"
#include "dkim/keyring.h"
#include "mail/domain.h"
#include "policy/policy_address.h"
#include "policy/policy_sign.h"
#include "ctl_explain_priv.h"

/* Add those keys that are not in the list yet. */
static void
add_keys(struct explanation *e, struct explained_keys *list,
    const struct signing_keys *keys, const char *database)
{
	struct explained_key	*more;
	size_t			 i, k;

	more = arena_array(e->arena, list->n + keys->n, sizeof(*more));
	if (list->n > 0)
		memcpy(more, list->key, list->n * sizeof(*more));
	list->key = more;
	for (i = 0; i < keys->n; i++) {
		for (k = 0; k < list->n; k++)
			if (strcmp(more[k].domain, keys->key[i]->domain) ==
			    0 && strcmp(more[k].selector,
			    keys->key[i]->selector) == 0)
				break;
		if (k < list->n)
			continue;
		/* a ring of the database goes away before this is printed */
		more[k].domain = arena_strdup(e->arena, keys->key[i]->domain);
		more[k].selector = arena_strdup(e->arena,
		    keys->key[i]->selector);
		more[k].database = database;
		more[k].algorithm = keys->key[i]->algorithm;
		list->n++;
	}
}

/* The keys of all domains. */
static void
keys_for_any(struct explanation *e, const struct keyring *ring)
{
	struct signing_keys	 keys = keyring_all(ring, e->arena);
	const struct signing_key *key;
	bool			 signs;
	size_t			 i;

	add_keys(e, &e->keys, &keys, NULL);
	for (i = 0; i < keyring_npending(ring); i++) {
		key = keyring_pending(ring, i, &signs);
		keys = (struct signing_keys){ 1, &key, false };
		if (keyring_find(ring, key->domain).n == 0)
			add_keys(e, &e->pending, &keys, NULL);
	}
}

/* May the login's mail be signed with keys of a parent domain? */
static bool
may_sign_with(const struct explanation *e, const struct signing_keys *keys)
{
	return !keys->of_parent || policy_signs_for(&e->conf->identity,
	    e->user, e->login, keys->key[0]->domain);
}

/* The keys, or that key which waits for its record. */
static void
add_found(struct explanation *e, const struct keybase_reply *found,
    const char *domain)
{
	const char		*database = found->held != NULL ?
				     e->conf->signing.keys_database : NULL;
	struct signing_keys	 keys = found->keys;
	bool			 waits = keys.n == 0 && found->pending != NULL;

	if (waits)
		keys = (struct signing_keys){ 1, &found->pending,
		    strcmp(found->pending->domain, domain) != 0 };
	if (keys.n > 0 && may_sign_with(e, &keys))
		add_keys(e, waits ? &e->pending : &e->keys, &keys, database);
}

/*
 * The keys that sign mail from one sender pattern, or a key that waits for its
 * record. In a pattern for a whole domain, "x" represents any local part, and
 * any subdomain.
 */
static void
keys_for(struct explanation *e, const char *pattern)
{
	struct keybase_author	 who = { .ring = e->ring, .base = e->base,
		.store = e->state, .rules = &e->conf->signing.rules };
	struct keybase_reply	 found;
	const char		*at = strrchr(pattern, '@');

	if (at == NULL) {
		keys_for_any(e, e->ring);
		return;
	}
	who.local = at == pattern ? "x" : arena_memdup(e->arena, pattern,
	    (size_t)(at - pattern));
	who.domain = at[1] == '.' ? arena_printf(e->arena, "x%s", at + 1) :
	    domain_canonical(e->arena, at + 1, strlen(at + 1));
	if (policy_domain_is_listed(e->conf->signing.exempt.domains,
	    e->conf->signing.exempt.ndomains, who.domain))
		return;
	found = keybase_find_author(&who, e->arena);
	if (found.unknown)
		e->keys_unknown = found.why;
	add_found(e, &found, who.domain);
	keybase_release(&found.held);
}

void
explain_keys(struct explanation *e)
{
	size_t i;

	for (i = 0; e->ring != NULL && i < e->nsenders; i++)
		keys_for(e, e->sender[i]);
}
