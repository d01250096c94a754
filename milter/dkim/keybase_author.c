/*
 * keybase_author - the keys that sign for an author: in files, or in the
 * database
 */
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "dkim/dkim_sign.h"
#include "mail/domain.h"
#include "keybase_priv.h"

#define PARENT_LABELS	5u	/* of the longest parent, if not all are asked */

/*
 * The domains to ask, the author's first. A label alone is asked only if it is
 * the author's domain; an address literal has no keys.
 */
static size_t
names_to_ask(const struct keybase_author *who,
    const char *name[KEYBASE_NAMES])
{
	unsigned	labels = domain_labels(who->domain);
	size_t		n = 0;

	if (who->domain[0] == '[')
		return 0;
	name[n++] = who->domain;
	if (who->rules->own_domain_only)
		return n;
	if (labels > PARENT_LABELS + 1)
		labels = PARENT_LABELS + 1;
	while (--labels >= 2)
		name[n++] = domain_suffix(who->domain, labels);
	return n;
}

/* The keys of one domain; false: it has none that sign. */
static bool
take_keys(const struct keybase_author *who, const char *name,
    struct keybase_keys *keys, struct keybase_reply *r, struct arena *a)
{
	struct keyring	*ring = keys->ring;
	struct signing_keys found = keyring_all(ring, a);
	bool		 signs;

	if (found.n > 0) {
		r->keys = found;
		r->keys.of_parent = strcmp(name, who->domain) != 0;
		r->pending = NULL;
		return true;
	}
	if (r->pending == NULL && keyring_npending(ring) > 0) {
		r->pending = keyring_pending(ring, 0, &signs);
		r->pending_ring = ring;
		r->pending_at = 0;
	}
	return false;
}

/* Ask for one domain; true: the search is at its end. */
static bool
ask_one(const struct keybase_author *who, const char *name,
    struct keybase_reply *r, struct arena *a)
{
	struct keybase_keys	*keys = NULL;
	enum keybase_result	 result;
	char			 why[KEYBASE_WHY] = "";
	bool			 stale, ends;

	result = keybase_find(who->base, name, who->store, who->now, &keys,
	    &stale, why);
	r->stale |= stale;
	if (result == KEYBASE_REFUSED || result == KEYBASE_FAILED) {
		r->unknown = true;
		r->why = arena_printf(a, "%s: %s", name, why);
		return true;
	}
	if (keys == NULL)
		return false;
	ends = take_keys(who, name, keys, r, a);
	if (ends || (r->held == NULL && r->pending != NULL)) {
		keybase_release(&r->held);
		r->held = keys;
	} else
		keybase_release(&keys);
	return ends;
}

/* The domains of one author together wait for `timeout`, and no longer. */
static bool
is_too_late(const struct keybase_author *who, uint64_t began,
    struct keybase_reply *r)
{
	uint64_t most = who->base->place.timeout;

	if (most == 0 || monotonic_ms() - began < most)
		return false;
	r->unknown = true;
	r->why = "the database answers too slowly to ask for all parent "
	    "domains; check it, or set own-domain-only";
	return true;
}

/* Keys in files, of the author's own domain or by the SigningTable. */
static bool
files_decide(const struct signing_keys *keys)
{
	return keys->n > 0 && !keys->of_parent;
}

struct keybase_reply
keybase_find_author(const struct keybase_author *who, struct arena *a)
{
	struct keybase_reply	 r = { 0 };
	struct signing_keys	 files;
	const char		*name[KEYBASE_NAMES];
	size_t			 n, i, nearest = 0;
	bool			 ends = false;
	uint64_t		 began = 0;

	files = keyring_find_author(who->ring, who->rules, who->local,
	    who->domain, a);
	n = who->base == NULL || files_decide(&files) ? 0 :
	    names_to_ask(who, name);
	if (files.n > 0)
		nearest = strlen(files.key[0]->domain);
	if (n > 1)
		began = monotonic_ms();
	for (i = 0; i < n && !ends && strlen(name[i]) > nearest; i++)
		ends = (i > 0 && is_too_late(who, began, &r)) ||
		    ask_one(who, name[i], &r, a);
	if (ends)
		return r;
	r.keys = files;
	if (files.n > 0) {
		keybase_release(&r.held);
		r.pending = NULL;
	} else if (r.pending == NULL) {
		r.pending = keyring_find_pending(who->ring, who->rules,
		    who->domain, &r.pending_at);
		r.pending_ring = who->ring;
	}
	return r;
}
