/*
 * keywatch_look - meet the keys in use, and look up the records of some
 *
 * A round meets all keys: those in files, then those in the cache of the
 * database. At its end, keys that were not met are gone. Only the thread that
 * looks adds and drops entries, so it may use them without the lock.
 */
#include <string.h>

#include "base/arena.h"
#include "dkim/keybase.h"
#include "dkim/keyring.h"
#include "dns/resolver.h"
#include "keywatch_priv.h"

#define LOOK_TIMEOUT_MS	2000
#define LOOK_PAUSE	60	/* seconds, if no lookup has an answer */
#define LOOK_RINGS	64u	/* of the database, in one step */
#define TTL_MAX		7200	/* seconds that a bad answer is believed */

struct look {
	struct keywatch	*w;
	const struct keywatch_place *p;
	time_t		 now;
	keywatch_tell	*tell;
	void		*arg;
	struct arena	*arena;
	size_t		 met, told;
};

static void
look_tell(struct look *l, enum keywatch_event event, const struct watched *e)
{
	struct keywatch_news n = { .event = event, .domain = e->domain,
		.selector = e->selector, .why = e->seen.why,
		.since = e->seen.since };

	if (l->told++ < KEYWATCH_NEWS)
		l->tell(l->arg, &n);
}

/* --- meet ---------------------------------------------------------------- */

static void
meet_pending(struct look *l, struct watched *e, const struct signing_key *key)
{
	struct keywatch	*w = l->w;

	pthread_mutex_lock(&w->lock);
	if (e->seen.since == 0)
		e->seen.since = key->since > 0 ? key->since : l->now;
	pthread_mutex_unlock(&w->lock);
	if (e->told_pending || l->now - e->seen.since < KEYWATCH_LONG)
		return;
	e->told_pending = true;
	look_tell(l, KEYWATCH_PENDING, e);
}

/* Its lookups begin anew. */
static void
meet_activated(struct look *l, struct watched *e)
{
	struct keywatch	*w = l->w;

	pthread_mutex_lock(&w->lock);
	e->pending = false;
	e->due = 0;
	memset(&e->seen, 0, sizeof(e->seen));
	e->seen.state = KEYRECORD_UNKNOWN;
	w->count[KEYRECORD_UNKNOWN]++;
	TAILQ_REMOVE(&w->good, e, order);
	TAILQ_INSERT_HEAD(&w->good, e, order);
	pthread_mutex_unlock(&w->lock);
	look_tell(l, KEYWATCH_ACTIVATED, e);
}

/* A key that is pending again, by the hand of the site, is a new one. */
static void
meet(struct look *l, const struct meeting *m)
{
	struct keywatch	*w = l->w;
	struct watched	*e;
	unsigned char	 digest[CRYPTO_SHA256_LEN];

	l->met++;
	if (!watched_digest(m->key, digest))
		return;
	pthread_mutex_lock(&w->lock);
	e = watched_find(w, digest);
	if (e != NULL && m->pending && !e->pending) {
		watched_drop(w, e);
		e = NULL;
	}
	if (e == NULL)
		e = watched_add(w, m, digest);
	pthread_mutex_unlock(&w->lock);
	if (e == NULL)
		return;
	e->round = w->round;
	if (m->pending)
		meet_pending(l, e, m->key);
	else if (e->pending)
		meet_activated(l, e);
}

/* All that are pending, or those from *next on that sign. */
static void
meet_waiting(struct look *l, const struct keyring *ring, const char *asked)
{
	struct meeting	m = { .asked = asked };
	size_t		i;
	bool		signs;

	for (i = 0; i < keyring_npending(ring); i++) {
		m.key = keyring_pending(ring, i, &signs);
		m.pending = true;
		if (!signs)
			meet(l, &m);
	}
}

static void
meet_signing(struct look *l, const struct keyring *ring, const char *asked,
    size_t *next)
{
	struct meeting		m = { .asked = asked };
	struct signing_keys	all = keyring_all(ring, l->arena);

	for (; *next < all.n && (asked != NULL || l->met < KEYWATCH_WALK);
	    ++*next) {
		m.key = all.key[*next];
		meet(l, &m);
	}
	if (*next >= all.n)
		*next = 0;
}

/* False: there are more for the next look. */
static bool
walk_files(struct look *l)
{
	struct keywatch *w = l->w;

	if (w->in_base)
		return true;
	if (w->next_file == 0)
		meet_waiting(l, l->p->ring, NULL);
	meet_signing(l, l->p->ring, NULL, &w->next_file);
	w->in_base = w->next_file == 0;
	return w->in_base;
}

static bool
walk_base(struct look *l)
{
	struct keywatch		*w = l->w;
	struct keybase_keys	*held[LOOK_RINGS];
	size_t			 n, i, all;
	const char		*asked;

	while (l->p->base != NULL && l->met < KEYWATCH_WALK) {
		n = keybase_next(l->p->base, held, LOOK_RINGS,
		    &w->next_base);
		for (i = 0; i < n; i++) {
			asked = keybase_domain(held[i]);
			all = 0;
			meet_waiting(l, keybase_ring(held[i]), asked);
			meet_signing(l, keybase_ring(held[i]), asked, &all);
			keybase_release(&held[i]);
		}
		if (w->next_base == 0)
			break;
	}
	w->in_base = w->next_base != 0;
	return !w->in_base;
}

/* --- keys of entries ----------------------------------------------------- */

struct asked {
	struct watched	*e;
	const struct signing_key *key;
	struct keybase_keys *held;	/* NULL: in a file */
	struct lookup	*lookup;
};

static const struct signing_key *
key_of(const struct keyring *ring, const struct watched *e, struct arena *a)
{
	struct signing_keys	all = e->asked != NULL ?
				    keyring_all(ring, a) :
				    keyring_find(ring, e->domain);
	unsigned char		digest[CRYPTO_SHA256_LEN];
	size_t			i;

	for (i = 0; i < all.n; i++)
		if (strcmp(all.key[i]->selector, e->selector) == 0 &&
		    watched_digest(all.key[i], digest) &&
		    memcmp(digest, e->digest, sizeof(digest)) == 0)
			return all.key[i];
	return NULL;
}

/* False: the key is not in use any more. */
static bool
ask_for(struct look *l, struct watched *e, struct asked *q)
{
	q->e = e;
	q->held = NULL;
	if (e->asked == NULL)
		q->key = key_of(l->p->ring, e, l->arena);
	else if (l->p->base == NULL || !keybase_cached(l->p->base, e->asked,
	    &q->held) || q->held == NULL)
		return false;
	else
		q->key = key_of(keybase_ring(q->held), e, l->arena);
	if (q->key == NULL)
		keybase_release(&q->held);
	return q->key != NULL;
}

/* --- what is gone -------------------------------------------------------- */

/* A domain that the cache has dropped says nothing about its keys. */
static bool
watch_knows(struct look *l, const struct watched *e)
{
	struct keybase_keys	*keys = NULL;
	bool			 known = true;

	if (e->asked != NULL)
		known = l->p->base != NULL &&
		    keybase_cached(l->p->base, e->asked, &keys);
	keybase_release(&keys);
	return known;
}

/* A key may be in use and not met, if the ring or the cache has changed. */
static void
sweep_list(struct look *l, struct watched_list *list)
{
	struct watched	*e, *next;
	struct asked	 q;

	for (e = TAILQ_FIRST(list); e != NULL; e = next) {
		next = TAILQ_NEXT(e, order);
		if (e->round == l->w->round)
			continue;
		if (!e->pending && ask_for(l, e, &q)) {
			keybase_release(&q.held);
			continue;
		}
		if (!e->pending && watch_knows(l, e))
			look_tell(l, KEYWATCH_RETIRED, e);
		pthread_mutex_lock(&l->w->lock);
		watched_drop(l->w, e);
		pthread_mutex_unlock(&l->w->lock);
	}
}

static void
watch_walk(struct look *l)
{
	if (!walk_files(l) || !walk_base(l))
		return;
	sweep_list(l, &l->w->good);
	sweep_list(l, &l->w->bad);
	l->w->round++;
}

/* --- look up ------------------------------------------------------------- */

/* Those that are due, the oldest first. */
static size_t
gather_due(struct look *l, struct watched_list *list, struct asked *q,
    size_t n, size_t most)
{
	struct watched *e;

	TAILQ_FOREACH(e, list, order)
		if (n < most && !e->pending && e->due <= l->now &&
		    ask_for(l, e, &q[n]))
			n++;
	return n;
}

static time_t
watch_again(const struct look *l, enum keyrecord_state state,
    const struct dns_answer *answer)
{
	time_t wait = KEYWATCH_AGAIN;

	if (state == KEYRECORD_PUBLISHED)
		wait = KEYWATCH_FRESH;
	else if (state != KEYRECORD_UNKNOWN && answer->ttl >= KEYWATCH_AGAIN)
		wait = answer->ttl < TTL_MAX ? answer->ttl + 1 : TTL_MAX;
	return l->now + wait;
}

/* True: there was an answer. */
static bool
watch_settle(struct look *l, struct asked *q)
{
	const struct dns_answer	*answer = lookup_wait(q->lookup);
	const char		*why;
	enum keyrecord_state	 state;
	struct watched		*e = q->e;
	bool			 told;

	state = keyrecord_compare(answer, q->key->pkey, &why);
	pthread_mutex_lock(&l->w->lock);
	watched_settle(l->w, e, state, l->now);
	e->due = watch_again(l, state, answer);
	if (state != KEYRECORD_UNKNOWN)
		e->seen.why = state == KEYRECORD_PUBLISHED ? NULL : why;
	told = e->seen.told;
	if (state != KEYRECORD_UNKNOWN)
		e->seen.told = e->answers >= KEYWATCH_ANSWERS;
	pthread_mutex_unlock(&l->w->lock);
	if (e->seen.told != told)
		look_tell(l, e->seen.told ? KEYWATCH_MISSING :
		    KEYWATCH_RESTORED, e);
	return state != KEYRECORD_UNKNOWN;
}

static void
watch_look_up(struct look *l)
{
	static const struct lookup_limits limits = { LOOK_TIMEOUT_MS,
	    KEYWATCH_BATCH };
	struct lookups	*all = lookups_new(l->p->resolver, &limits);
	struct asked	 q[KEYWATCH_BATCH];
	size_t		 n, i, answers = 0;

	n = gather_due(l, &l->w->bad, q, 0, KEYWATCH_BATCH / 2);
	n = gather_due(l, &l->w->good, q, n, KEYWATCH_BATCH);
	for (i = 0; i < n; i++)
		q[i].lookup = lookups_start(all, keyrecord_name(l->arena,
		    q[i].key->selector, q[i].key->domain), DNS_TXT);
	for (i = 0; i < n; i++) {
		answers += watch_settle(l, &q[i]);
		keybase_release(&q[i].held);
	}
	lookups_free(&all);
	l->w->resume = n > 0 && answers == 0 ? l->now + LOOK_PAUSE : 0;
}

size_t
keywatch_look(struct keywatch *w, const struct keywatch_place *p, time_t now,
    keywatch_tell *tell, void *arg)
{
	struct look l = { .w = w, .p = p, .now = now, .tell = tell,
		.arg = arg, .arena = arena_new(0) };

	watch_walk(&l);
	if (now >= w->resume)
		watch_look_up(&l);
	arena_free(&l.arena);
	return l.told > KEYWATCH_NEWS ? l.told - KEYWATCH_NEWS : 0;
}
