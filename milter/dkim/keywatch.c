/*
 * keywatch - the table of the keys that are watched, and what was seen
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fnv.h"
#include "dkim/keyring.h"
#include "dkim/keyseen.h"
#include "keywatch_priv.h"

struct keywatch *
keywatch_new(void)
{
	struct keywatch *w = xcalloc(1, sizeof(*w));

	w->round = 1;
	TAILQ_INIT(&w->good);
	TAILQ_INIT(&w->bad);
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

void
keywatch_free(struct keywatch **wp)
{
	struct keywatch *w = *wp;

	*wp = NULL;
	if (w == NULL)
		return;
	while (!TAILQ_EMPTY(&w->good))
		watched_drop(w, TAILQ_FIRST(&w->good));
	while (!TAILQ_EMPTY(&w->bad))
		watched_drop(w, TAILQ_FIRST(&w->bad));
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* --- the table ----------------------------------------------------------- */

bool
watched_digest(const struct signing_key *key,
    unsigned char digest[CRYPTO_SHA256_LEN])
{
	struct arena	*a = arena_new(0);
	const char	*name = keyseen_name(a, key->domain, key->selector,
			    key->pkey);
	bool		 ok = name != NULL &&
			     crypto_sha256(name, strlen(name), digest);

	arena_free(&a);
	return ok;
}

static struct watched **
watched_place(struct keywatch *w, const unsigned char *digest)
{
	uint64_t	 h = fnv_add(FNV_START, digest, CRYPTO_SHA256_LEN);
	struct watched	**e = &w->bucket[fnv_fold(h) & (WATCH_BUCKETS - 1)];

	while (*e != NULL && memcmp((*e)->digest, digest,
	    CRYPTO_SHA256_LEN) != 0)
		e = &(*e)->chain;
	return e;
}

struct watched *
watched_find(struct keywatch *w,
    const unsigned char digest[CRYPTO_SHA256_LEN])
{
	return *watched_place(w, digest);
}

static struct watched_list *
watched_list(struct keywatch *w, const struct watched *e)
{
	return e->bad ? &w->bad : &w->good;
}

/* Pending keys are looked up by keyrecord.h, and are not counted. */
static void
watched_count(struct keywatch *w, const struct watched *e, int sign)
{
	if (!e->pending)
		w->count[e->seen.state] += (uint64_t)(int64_t)sign;
}

/* Copy a text to *end, which is advanced. */
static const char *
watched_text(char **end, const char *text)
{
	char *at = *end;

	if (text == NULL)
		return NULL;
	*end = stpcpy(at, text) + 1;
	return at;
}

struct watched *
watched_add(struct keywatch *w, const struct meeting *m,
    const unsigned char digest[CRYPTO_SHA256_LEN])
{
	struct watched	*e;
	size_t		 len = strlen(m->key->domain) + 1 +
			     strlen(m->key->selector) + 1 +
			     (m->asked != NULL ? strlen(m->asked) + 1 : 0);
	char		*end;

	if (w->n >= KEYWATCH_KEPT)
		return NULL;
	e = xcalloc(1, sizeof(*e) + len);
	end = (char *)(e + 1);
	e->domain = watched_text(&end, m->key->domain);
	e->selector = watched_text(&end, m->key->selector);
	e->asked = watched_text(&end, m->asked);
	memcpy(e->digest, digest, sizeof(e->digest));
	e->pending = m->pending;
	e->seen.state = KEYRECORD_UNKNOWN;
	*watched_place(w, digest) = e;
	TAILQ_INSERT_HEAD(&w->good, e, order);
	watched_count(w, e, 1);
	w->n++;
	return e;
}

void
watched_drop(struct keywatch *w, struct watched *e)
{
	watched_count(w, e, -1);
	*watched_place(w, e->digest) = e->chain;
	TAILQ_REMOVE(watched_list(w, e), e, order);
	w->n--;
	free(e);
}

void
watched_settle(struct keywatch *w, struct watched *e,
    enum keyrecord_state state, time_t now)
{
	TAILQ_REMOVE(watched_list(w, e), e, order);
	watched_count(w, e, -1);
	if (state != KEYRECORD_UNKNOWN) {
		if (state != e->seen.state)
			e->seen.since = now;
		e->seen.state = state;
		e->seen.at = now;
		e->bad = state != KEYRECORD_PUBLISHED;
		e->answers = e->bad ? e->answers + 1 : 0;
	}
	watched_count(w, e, 1);
	TAILQ_INSERT_TAIL(watched_list(w, e), e, order);
}

/* --- what was seen ------------------------------------------------------- */

bool
keywatch_find(struct keywatch *w, const struct signing_key *key,
    struct keywatch_seen *seen)
{
	unsigned char	 digest[CRYPTO_SHA256_LEN];
	struct watched	*e;

	if (!watched_digest(key, digest))
		return false;
	pthread_mutex_lock(&w->lock);
	e = watched_find(w, digest);
	if (e != NULL)
		*seen = e->seen;
	pthread_mutex_unlock(&w->lock);
	return e != NULL;
}

void
keywatch_count(struct keywatch *w, uint64_t n[KEYRECORD_UNKNOWN + 1])
{
	pthread_mutex_lock(&w->lock);
	memcpy(n, w->count, sizeof(w->count));
	pthread_mutex_unlock(&w->lock);
}

size_t
keywatch_missing(struct keywatch *w, struct arena *a,
    struct keywatch_missing *list, size_t most)
{
	const struct watched	*e;
	size_t			 n = 0;

	pthread_mutex_lock(&w->lock);
	TAILQ_FOREACH(e, &w->bad, order) {
		if (!e->seen.told || n == most)
			continue;
		list[n].domain = arena_strdup(a, e->domain);
		list[n].selector = arena_strdup(a, e->selector);
		list[n++].seen = e->seen;
	}
	pthread_mutex_unlock(&w->lock);
	return n;
}
