/*
 * keybase - the keys of the domains in use, from a database of the site
 *
 * One slot a domain. A slot of which a thread asks is neither dropped nor
 * changed by another thread; others take what it has, or wait if it has
 * nothing yet. What is refused or failed is kept for KEYBASE_RETRY, so that the
 * messages of one domain do not ask one after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fnv.h"
#include "base/log.h"
#include "base/why.h"
#include "dkim/key_process.h"
#include "keybase_priv.h"

#define KEYBASE_RETRY	1000u	/* milliseconds */
#define LOG_PAUSE	60000u	/* between two lines about failures */
#define PLACE_CHUNK	1024
#define SLOT_COST	(sizeof(struct keybase_slot) + 32)

/* --- places -------------------------------------------------------------- */

static void
keybase_copy_place(struct keybase *kb, const struct keybase_place *p)
{
	kb->place = *p;
	kb->place.database = arena_strdup(kb->arena, p->database);
	kb->place.query = arena_strdup(kb->arena, p->query);
	kb->place.password_file = arena_strdup(kb->arena, p->password_file);
	kb->place.ca_file = arena_strdup(kb->arena, p->ca_file);
}

static struct keybase *
keybase_with_source(const struct keybase_place *p,
    struct keyrows_source *source)
{
	struct keybase *kb = xcalloc(1, sizeof(*kb));

	kb->arena = arena_new(PLACE_CHUNK);
	keybase_copy_place(kb, p);
	kb->source = source;
	kb->most = KEYBASE_KEPT;
	kb->owners = 1;
	TAILQ_INIT(&kb->used);
	pthread_mutex_init(&kb->lock, NULL);
	pthread_cond_init(&kb->answered, NULL);
	return kb;
}

struct keybase *
keybase_new_with(const struct keybase_place *p, keyrows_ask_fn *ask, void *arg)
{
	return keybase_with_source(p, keyrows_source_with(p, ask, arg));
}

struct keybase *
keybase_new(const struct keybase_place *p, char **why)
{
	struct keyrows_source *source = NULL;

	if (!key_process_is_used() &&
	    (source = keyrows_source_new(p, why)) == NULL)
		return NULL;
	return keybase_with_source(p, source);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_place(const struct keybase_place *p, const struct keybase_place *q)
{
	return same_text(p->database, q->database) &&
	    same_text(p->query, q->query) &&
	    same_text(p->password_file, q->password_file) &&
	    same_text(p->ca_file, q->ca_file);
}

static bool
same_times(const struct keybase_place *p, const struct keybase_place *q)
{
	return p->timeout == q->timeout && p->cache == q->cache &&
	    p->stale == q->stale;
}

/* Does a reload go on with the old one? */
static bool
keybase_stays(const struct keybase *kb, const struct keybase *old)
{
	if (kb == NULL || old == NULL || !same_place(&kb->place, &old->place))
		return key_process_is_used();
	return same_times(&kb->place, &old->place);
}

struct keybase *
keybase_adopt(struct keybase *kb, struct keybase *old)
{
	if (!keybase_stays(kb, old))
		return kb;
	keybase_free(&kb);
	if (old == NULL)
		return NULL;
	pthread_mutex_lock(&old->lock);
	old->owners++;
	pthread_mutex_unlock(&old->lock);
	keybase_expire(old);
	return old;
}

/* --- keys ---------------------------------------------------------------- */

struct keybase_keys *
keybase_hold(struct keybase_keys *k)
{
	if (k != NULL)
		atomic_fetch_add(&k->refs, 1);
	return k;
}

void
keybase_release(struct keybase_keys **held)
{
	struct keybase_keys *k = *held;

	*held = NULL;
	if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	keyring_free(&k->ring);
	free(k);
}

/* --- slots; all of these: locked ----------------------------------------- */

struct keybase_slot **
keybase_slot_place(struct keybase *kb, const char *domain)
{
	uint64_t		  h = fnv_add(FNV_START, domain,
				      strlen(domain));
	struct keybase_slot	**s;

	s = &kb->bucket[fnv_fold(h) & (KEYBASE_BUCKETS - 1)];
	while (*s != NULL && strcmp((*s)->domain, domain) != 0)
		s = &(*s)->chain;
	return s;
}

static size_t
slot_cost(const struct keybase_slot *s)
{
	return SLOT_COST + strlen(s->domain) +
	    (s->why != NULL ? strlen(s->why) : 0) +
	    (s->keys != NULL ? s->keys->cost : 0);
}

/* Count what a slot has, or (`sign` -1) has no longer. */
static void
slot_count(struct keybase *kb, const struct keybase_slot *s, int sign)
{
	uint64_t one = (uint64_t)(int64_t)sign;

	kb->counts.kept += one * slot_cost(s);
	kb->counts.domains += one;
	if (s->keys != NULL)
		kb->counts.keys += one * keyring_count(s->keys->ring);
}

static void
slot_used(struct keybase *kb, struct keybase_slot *s)
{
	TAILQ_REMOVE(&kb->used, s, used);
	TAILQ_INSERT_HEAD(&kb->used, s, used);
}

static struct keybase_slot *
slot_add(struct keybase *kb, const char *domain)
{
	size_t			 len = strlen(domain) + 1;
	struct keybase_slot	*s = xcalloc(1, sizeof(*s) + len);

	memcpy(s->domain, domain, len);
	s->result = KEYBASE_FAILED;
	*keybase_slot_place(kb, domain) = s;
	TAILQ_INSERT_HEAD(&kb->used, s, used);
	slot_count(kb, s, 1);
	return s;
}

static void
slot_drop(struct keybase *kb, struct keybase_slot *s)
{
	slot_count(kb, s, -1);
	*keybase_slot_place(kb, s->domain) = s->chain;
	TAILQ_REMOVE(&kb->used, s, used);
	keybase_release(&s->keys);
	free(s->why);
	free(s);
}

/* Drop the domains that were not used for the longest time. */
static void
slots_bound(struct keybase *kb)
{
	struct keybase_slot *s = TAILQ_LAST(&kb->used, keybase_used), *newer;

	for (; s != NULL && kb->counts.kept > kb->most; s = newer) {
		newer = TAILQ_PREV(s, keybase_used, used);
		if (s->asking)
			continue;
		slot_drop(kb, s);
		kb->counts.evicted++;
	}
}

void
keybase_free(struct keybase **kbp)
{
	struct keybase	*kb = *kbp;
	unsigned	 owners;

	*kbp = NULL;
	if (kb == NULL)
		return;
	pthread_mutex_lock(&kb->lock);
	owners = --kb->owners;
	pthread_mutex_unlock(&kb->lock);
	if (owners > 0)
		return;
	keyrows_source_free(&kb->source);
	while (!TAILQ_EMPTY(&kb->used))
		slot_drop(kb, TAILQ_FIRST(&kb->used));
	pthread_cond_destroy(&kb->answered);
	pthread_mutex_destroy(&kb->lock);
	arena_free(&kb->arena);
	free(kb);
}

void
keybase_expire(struct keybase *kb)
{
	struct keybase_slot *s;

	pthread_mutex_lock(&kb->lock);
	TAILQ_FOREACH(s, &kb->used, used)
		s->until = 0;
	pthread_mutex_unlock(&kb->lock);
}

/* --- answers; all of these: locked, up to keybase_find ------------------- */

/* The keys so far go on signing; "no keys" is not believed for ever. */
static void
settle_failure(struct keybase *kb, struct keybase_slot *s, uint64_t now)
{
	kb->counts.failed++;
	s->until = now + KEYBASE_RETRY;
	if (s->result == KEYBASE_NONE && now >= s->good + kb->place.cache +
	    kb->place.stale) {
		s->result = KEYBASE_FAILED;
		keybase_release(&s->keys);
		memset(s->digest, 0, sizeof(s->digest));
	}
	s->stale = s->result == KEYBASE_FOUND || s->result == KEYBASE_NONE;
}

static void
settle_answer(struct keybase *kb, struct keybase_slot *s,
    struct keybase_answer *answer, uint64_t now)
{
	s->stale = false;
	s->answered = true;
	s->good = now;
	s->until = now + kb->place.cache;
	if (answer->result == KEYBASE_SAME)
		return;
	memcpy(s->digest, answer->digest, sizeof(s->digest));
	kb->has_new |= answer->pending;
	kb->counts.refused += answer->refused;
	if (answer->result == KEYBASE_REFUSED && s->result == KEYBASE_FOUND)
		return;
	s->result = answer->result;
	keybase_release(&s->keys);
	s->keys = answer->keys;
	answer->keys = NULL;
}

static void
settle_why(struct keybase_slot *s, const struct keybase_answer *answer)
{
	bool wrong = s->result == KEYBASE_REFUSED ||
	    s->result == KEYBASE_FAILED;

	if (wrong && answer->result == KEYBASE_SAME)
		return;
	free(s->why);
	s->why = wrong ? xstrdup(answer->why) : NULL;
}

/* What is to be logged, or NULL; malloced. */
static char *
settle(struct keybase *kb, struct keybase_slot *s,
    struct keybase_answer *answer, uint64_t now)
{
	char *line = NULL;

	slot_count(kb, s, -1);
	if (answer->result == KEYBASE_FAILED)
		settle_failure(kb, s, now);
	else
		settle_answer(kb, s, answer, now);
	settle_why(s, answer);
	slot_count(kb, s, 1);
	s->asking = false;
	pthread_cond_broadcast(&kb->answered);
	if (answer->result == KEYBASE_FAILED && now >= kb->next_log) {
		kb->next_log = now + LOG_PAUSE;
		line = xstrdup(answer->why);
	}
	return line;
}

/* What is known of the domain, for a message. */
static enum keybase_result
slot_answer(struct keybase *kb, struct keybase_slot *s,
    struct keybase_keys **keys, bool *stale, char why[KEYBASE_WHY])
{
	slot_used(kb, s);
	*keys = keybase_hold(s->keys);
	*stale = s->stale;
	kb->counts.stale += s->stale;
	if (s->why != NULL)
		why_print(why, KEYBASE_WHY, "%s", s->why);
	return s->result;
}

/*
 * The slot of this domain; *ask: this thread must fill it. A thread that had to
 * wait takes what there is, even if nothing is kept.
 */
static struct keybase_slot *
slot_get(struct keybase *kb, const char *domain, uint64_t now, bool *ask)
{
	struct keybase_slot	*s;
	bool			 waited = false;

	*ask = false;
	while ((s = *keybase_slot_place(kb, domain)) != NULL) {
		if (now < s->until || (s->asking && s->answered) ||
		    (waited && !s->asking))
			return s;
		if (!s->asking)
			break;
		kb->waiting++;
		pthread_cond_wait(&kb->answered, &kb->lock);
		kb->waiting--;
		waited = true;
	}
	if (s == NULL)
		s = slot_add(kb, domain);
	*ask = s->asking = true;
	return s;
}

/* Ask; locked, but not meanwhile. What is to be logged, or NULL; malloced. */
static char *
slot_ask(struct keybase *kb, struct keybase_slot *s, struct store *store,
    uint64_t now)
{
	struct keybase_answer	 answer;
	char			*line;

	kb->counts.asked++;
	pthread_mutex_unlock(&kb->lock);
	keybase_load(kb, s->domain, s, store, now, &answer);
	pthread_mutex_lock(&kb->lock);
	line = settle(kb, s, &answer, now);
	keybase_release(&answer.keys);
	return line;
}

enum keybase_result
keybase_find(struct keybase *kb, const char *domain, struct store *store,
    uint64_t now, struct keybase_keys **keys, bool *stale,
    char why[KEYBASE_WHY])
{
	struct keybase_slot	*s;
	enum keybase_result	 result;
	char			*line = NULL;
	bool			 ask;

	pthread_mutex_lock(&kb->lock);
	s = slot_get(kb, domain, now, &ask);
	if (ask)
		line = slot_ask(kb, s, store, now);
	result = slot_answer(kb, s, keys, stale, why);
	if (ask)
		slots_bound(kb);
	pthread_mutex_unlock(&kb->lock);
	if (line != NULL)
		log_printf(LOG_LEVEL_WARNING, "keys-database: %s; known keys go"
		    " on signing, mail of other domains is deferred", line);
	free(line);
	return result;
}

void
keybase_count(struct keybase *kb, struct keybase_counts *c)
{
	pthread_mutex_lock(&kb->lock);
	*c = kb->counts;
	pthread_mutex_unlock(&kb->lock);
}
