/*
 * keycycle - pending keys start to sign when the DNS shows them
 *
 * A signature by a key that nobody can look up is a failure wherever it
 * arrives, and one by the old key is not: so the old one signs until the new
 * record is seen here. Only the ring in memory changes; after a restart the
 * question is asked again.
 */
#include "base/arena.h"
#include "base/log.h"
#include "dkim/keycycle.h"
#include "dkim/keyrecord.h"
#include "dkim/keyring.h"
#include "dns/resolver.h"

#define TIMEOUT_MS	5000
#define BATCH		256	/* questions at the same time */

static void
settle(struct keyring *k, size_t i, struct lookup *lookup)
{
	const struct signing_key	*key;
	const char			*why;
	bool				 signs;

	key = keyring_pending(k, i, &signs);
	if (keyrecord_compare(lookup_wait(lookup), key->pkey, &why) !=
	    KEYRECORD_PUBLISHED)
		return;
	keyring_activate(k, i);
	log_printf(LOG_LEVEL_INFO, "the DNS shows key %s of %s: it signs from"
	    " now on", key->selector, key->domain);
}

bool
keycycle_check(struct keyring *k, struct resolver *r, size_t *next)
{
	static const struct lookup_limits limits = { TIMEOUT_MS, BATCH };
	struct arena	*a = arena_new(0);
	struct lookups	*l = lookups_new(r, &limits);
	struct lookup	*lookup[BATCH];
	size_t		 at[BATCH], n, i, end = keyring_npending(k);
	const struct signing_key *key;
	bool		 signs;

	for (n = 0; n < BATCH && *next < end; (*next)++) {
		key = keyring_pending(k, *next, &signs);
		if (signs)
			continue;
		at[n] = *next;
		lookup[n++] = lookups_start(l, keyrecord_name(a,
		    key->selector, key->domain), DNS_TXT);
	}
	for (i = 0; i < n; i++)
		settle(k, at[i], lookup[i]);
	lookups_free(&l);
	arena_free(&a);
	if (*next < end)
		return true;
	*next = 0;
	return false;
}
