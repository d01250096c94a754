/*
 * keyseen - pending keys whose record was seen, beyond the life of a ring
 *
 * The key directory belongs to root, and the daemon cannot write a marker
 * there. So its memory is the store.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/keyring.h"
#include "dkim/keyseen.h"
#include "store/store_keys.h"

#define BATCH	256	/* keys in one call of the store */

const char *
keyseen_name(struct arena *a, const char *domain, const char *selector,
    const struct crypto_key *key)
{
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	struct buf	 b = BUF_INIT;
	const char	*name = NULL;
	size_t		 i;

	if (crypto_key_public(key, &b) &&
	    crypto_sha256(b.data, b.len, digest)) {
		buf_reset(&b);
		buf_printf(&b, "%s/%s sha256:", domain, selector);
		for (i = 0; i < sizeof(digest); i++)
			buf_printf(&b, "%02x", digest[i]);
		name = arena_strdup(a, buf_str(&b));
	}
	buf_free(&b);
	return name;
}

/* Was this pending key activated in that ring? */
static bool
seen_in(const struct keyring *old, const struct signing_key *key)
{
	struct signing_keys	 keys = keyring_find(old, key->domain);
	struct arena		*a = arena_new(0);
	const char		*name, *its = NULL;
	bool			 same;
	size_t			 i;

	for (i = 0; i < keys.n; i++)
		if (keys.key[i]->pending &&
		    strcmp(keys.key[i]->selector, key->selector) == 0)
			its = keyseen_name(a, key->domain, key->selector,
			    keys.key[i]->pkey);
	name = its != NULL ? keyseen_name(a, key->domain, key->selector,
	    key->pkey) : NULL;
	same = name != NULL && strcmp(name, its) == 0;
	arena_free(&a);
	return same;
}

void
keyseen_inherit(struct keyring *k, const struct keyring *old)
{
	const struct signing_key	*key;
	bool				 signs;
	size_t				 i;

	for (i = 0; i < keyring_npending(k); i++) {
		key = keyring_pending(k, i, &signs);
		if (!signs && seen_in(old, key))
			keyring_activate(k, i);
	}
}

/* Some pending keys of a ring, with their names. */
struct batch {
	struct arena	*arena;
	size_t		 n;
	struct store_key key[BATCH];
	size_t		 at[BATCH];	/* in the ring */
};

static void
batch_add(struct batch *b, const struct signing_key *key, size_t i)
{
	struct store_key *to = &b->key[b->n];

	to->name = keyseen_name(b->arena, key->domain, key->selector,
	    key->pkey);
	if (to->name != NULL)
		b->at[b->n++] = i;
}

/* The next keys from *next on that sign, and are not noted, or do not sign. */
static bool
batch_fill(struct batch *b, const struct keyring *k, bool signing,
    size_t *next)
{
	const struct signing_key	*key;
	bool				 signs;

	arena_free(&b->arena);
	b->arena = arena_new(0);
	b->n = 0;
	for (; *next < keyring_npending(k) && b->n < BATCH; (*next)++) {
		key = keyring_pending(k, *next, &signs);
		if (signs == signing && !keyring_is_noted(k, *next))
			batch_add(b, key, *next);
	}
	return b->n > 0;
}

bool
keyseen_recall(struct keyring *k, struct store *s, size_t *n,
    char error[STORE_ERROR])
{
	struct batch	b = { .arena = NULL };
	size_t		next = 0, i;
	bool		ok = true;

	while (ok && batch_fill(&b, k, false, &next)) {
		ok = store_keys_find(s, b.key, b.n, error) == STORE_TAKEN;
		for (i = 0; ok && i < b.n; i++) {
			if (b.key[i].seen == 0)
				continue;
			keyring_activate(k, b.at[i]);
			keyring_note(k, b.at[i]);
			++*n;
		}
	}
	arena_free(&b.arena);
	return ok;
}

bool
keyseen_note(struct keyring *k, struct store *s, time_t now,
    char error[STORE_ERROR])
{
	struct batch	b = { .arena = NULL };
	size_t		next = 0, i;
	bool		ok = true;

	while (ok && batch_fill(&b, k, true, &next)) {
		ok = store_keys_note(s, b.key, b.n, now, error) == STORE_TAKEN;
		for (i = 0; ok && i < b.n; i++)
			keyring_note(k, b.at[i]);
	}
	arena_free(&b.arena);
	return ok;
}
