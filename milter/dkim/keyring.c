/*
 * keyring - the DKIM keys on disk, loaded once, shared by all threads
 *
 * Every key is parsed and checked at load, so that a bad key is reported at
 * start or reload, and no mail leaves unsigned because of it. The ring is
 * sorted by domain for binary search and does not change afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keydir.h"
#include "keyring_priv.h"

#define PROBLEMS_MAX	10	/* reported; more are only counted */
#define WARN_MS		3600000u

/* --- a ring that is being filled --------------------------------------- */

void
ring_start(struct ring_build *b)
{
	memset(b, 0, sizeof(*b));
	b->ring = keyring_empty();
}

void
ring_problem(struct ring_build *b, const char *fmt, ...)
{
	va_list ap;

	if (++b->problems > PROBLEMS_MAX)
		return;
	if (b->problems > 1)
		buf_addch(&b->why, '\n');
	va_start(ap, fmt);
	buf_vprintf(&b->why, fmt, ap);
	va_end(ap);
}

size_t
ring_add(struct ring_build *b, const char *domain, const char *selector,
    const char *path)
{
	struct keyring		*ring = b->ring;
	struct signing_key	*k;

	ring->key = array_grow(ring->key, ring->n, &b->size, sizeof(*k));
	k = &ring->key[ring->n];
	memset(k, 0, sizeof(*k));
	k->domain = domain;
	k->selector = selector;
	k->path = path;
	return ring->n++;
}

static int
by_path(const void *va, const void *vb)
{
	const struct signing_key	*a = *(struct signing_key *const *)va;
	const struct signing_key	*b = *(struct signing_key *const *)vb;

	return strcmp(a->path, b->path);
}

/* The keys that come from a file, sorted by its path. */
static size_t
keys_by_path(struct keyring *ring, struct signing_key **key)
{
	size_t i, n = 0;

	for (i = 0; i < ring->n; i++)
		if (ring->key[i].pkey == NULL)
			key[n++] = &ring->key[i];
	if (n > 1)
		qsort(key, n, sizeof(*key), by_path);
	return n;
}

/* A file that is used for many domains is loaded once. */
static size_t
jobs_of(struct signing_key *const *key, size_t n, struct keyfile_job *job)
{
	size_t i, jobs = 0;

	for (i = 0; i < n; i++)
		if (jobs == 0 || strcmp(job[jobs - 1].path, key[i]->path) != 0)
			job[jobs++].path = key[i]->path;
	return jobs;
}

static void
ring_load(struct ring_build *b)
{
	struct signing_key	**key = xcalloc(b->ring->n, sizeof(*key));
	struct keyfile_job	*job = xcalloc(b->ring->n, sizeof(*job));
	size_t			 n, jobs, i, at;

	n = keys_by_path(b->ring, key);
	jobs = jobs_of(key, n, job);
	keyfile_load_all(job, jobs);
	for (i = at = 0; i < jobs; i++) {
		if (job[i].key == NULL)
			ring_problem(b, "%s", job[i].why);
		for (; at < n && strcmp(key[at]->path, job[i].path) == 0; at++)
			if (job[i].key != NULL)
				key[at]->pkey = crypto_key_ref(job[i].key);
		crypto_key_free(&job[i].key);
		free(job[i].why);
	}
	free(job);
	free(key);
}

static int
by_kind(const struct signing_key *a, const struct signing_key *b)
{
	enum crypto_type	ta = crypto_key_type(a->pkey);
	enum crypto_type	tb = crypto_key_type(b->pkey);

	if (ta == tb)
		return 0;
	return ta == CRYPTO_RSA ? -1 : 1;
}

int
ring_compare(const struct signing_key *a, const struct signing_key *b)
{
	int c = by_kind(a, b);

	return c != 0 ? c : strcmp(a->selector, b->selector);
}

static int
by_domain(const void *va, const void *vb)
{
	const struct signing_key	*a = *(struct signing_key *const *)va;
	const struct signing_key	*b = *(struct signing_key *const *)vb;
	int				 c = strcmp(a->domain, b->domain);

	return c != 0 ? c : ring_compare(a, b);
}

static int
fresh_by_domain(const void *va, const void *vb)
{
	const struct ring_fresh *a = va, *b = vb;

	return by_domain(&a->key, &b->key);
}

/* Separate the keys that sign from the pending ones; sort both. */
static void
sort_keys(struct keyring *k)
{
	size_t i;

	k->sorted = xcalloc(k->n, sizeof(*k->sorted));
	k->fresh = xcalloc(k->n, sizeof(*k->fresh));
	for (i = 0; i < k->n; i++) {
		k->key[i].algorithm = crypto_algorithm(k->key[i].pkey);
		if (k->key[i].pending)
			k->fresh[k->nfresh++].key = &k->key[i];
		else
			k->sorted[k->nsorted++] = &k->key[i];
	}
	qsort(k->sorted, k->nsorted, sizeof(*k->sorted), by_domain);
	qsort(k->fresh, k->nfresh, sizeof(*k->fresh), fresh_by_domain);
}

void
ring_why(struct ring_build *b, char **why)
{
	if (b->problems > PROBLEMS_MAX)
		buf_printf(&b->why, "\nand %zu more",
		    b->problems - PROBLEMS_MAX);
	*why = b->why.data;
}

struct keyring *
ring_finish(struct ring_build *b, char **why)
{
	ring_load(b);
	if (b->problems == 0) {
		sort_keys(b->ring);
		return b->ring;
	}
	ring_why(b, why);
	keyring_free(&b->ring);
	return NULL;
}

/* --- rings ------------------------------------------------------------- */

struct keyring *
keyring_empty(void)
{
	struct keyring *k = xcalloc(1, sizeof(*k));

	k->arena = arena_new(0);
	return k;
}

static void
dir_problem(void *arg, const char *text)
{
	ring_problem(arg, "%s", text);
}

struct keyring *
keyring_load(const char *directory, char **why)
{
	struct ring_build	 b;
	struct keydir		 d = { .problem = dir_problem, .arg = &b };
	const struct keydir_key	*k;
	size_t			 i, at;

	ring_start(&b);
	d.arena = b.ring->arena;
	keydir_read(&d, directory, NULL);
	for (i = 0; i < d.n; i++) {
		k = &d.key[i];
		if (k->state == KEY_RETIRED)
			continue;
		at = ring_add(&b, k->domain, k->selector, k->path);
		b.ring->key[at].pending = k->state == KEY_PENDING;
		b.ring->key[at].since = k->since;
	}
	keydir_free(&d);
	return ring_finish(&b, why);
}

void
keyring_free(struct keyring **kp)
{
	struct keyring	*k = *kp;
	size_t		 i;

	*kp = NULL;
	if (k == NULL)
		return;
	for (i = 0; i < k->n; i++)
		crypto_key_free(&k->key[i].pkey);
	free(k->key);
	free(k->sorted);
	free(k->fresh);
	arena_free(&k->arena);
	free(k);
}

/* --- questions --------------------------------------------------------- */

size_t
keyring_count(const struct keyring *k)
{
	return k->n;
}

/* The keys that signed when the ring was loaded. */
static struct signing_keys
find_sorted(const struct keyring *k, const char *domain)
{
	size_t low = 0, high = k->nsorted, mid, n = 0;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(k->sorted[mid]->domain, domain) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < k->nsorted &&
	    strcmp(k->sorted[low + n]->domain, domain) == 0)
		n++;
	return (struct signing_keys){ n, n > 0 ? k->sorted + low : NULL,
	    false };
}

/* The domain's keys among those that were pending at load. */
static struct ring_fresh *
find_fresh(const struct keyring *k, const char *domain, size_t *n)
{
	size_t low = 0, high = k->nfresh, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(k->fresh[mid].key->domain, domain) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (*n = 0; low + *n < k->nfresh &&
	    strcmp(k->fresh[low + *n].key->domain, domain) == 0; (*n)++)
		;
	return *n > 0 ? k->fresh + low : NULL;
}

struct signing_keys
keyring_find(const struct keyring *k, const char *domain)
{
	const struct signing_keys	*now = NULL;
	struct ring_fresh		*fresh;
	size_t				 n;

	fresh = find_fresh(k, domain, &n);
	if (n > 0)
		now = atomic_load(&fresh->now);
	return now != NULL ? *now : find_sorted(k, domain);
}

/* Append the keys of a domain, unless they are the last of the list. */
static void
all_add(const struct keyring *k, const char *domain,
    const struct signing_key **list, size_t *n)
{
	struct signing_keys	keys = keyring_find(k, domain);
	size_t			i;

	if (*n > 0 && strcmp(list[*n - 1]->domain, domain) == 0)
		return;
	for (i = 0; i < keys.n; i++)
		list[(*n)++] = keys.key[i];
}

struct signing_keys
keyring_all(const struct keyring *k, struct arena *a)
{
	const struct signing_key **list = arena_array(a, k->n, sizeof(*list));
	size_t			   i = 0, f = 0, n = 0;

	/* both are sorted by domain */
	while (i < k->nsorted || f < k->nfresh) {
		if (f == k->nfresh || (i < k->nsorted && strcmp(
		    k->sorted[i]->domain, k->fresh[f].key->domain) <= 0))
			all_add(k, k->sorted[i++]->domain, list, &n);
		else
			all_add(k, k->fresh[f++].key->domain, list, &n);
	}
	return (struct signing_keys){ n, list, false };
}

/* --- pending keys ------------------------------------------------------ */

size_t
keyring_npending(const struct keyring *k)
{
	return k->nfresh;
}

const struct signing_key *
keyring_pending(const struct keyring *k, size_t i, bool *signs)
{
	*signs = k->fresh[i].signs;
	return k->fresh[i].key;
}

/* A pending key that was activated replaces older keys of its type. */
static bool
fresh_replaces(const struct signing_key *old, const struct ring_fresh *fresh,
    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (fresh[i].signs && by_kind(old, fresh[i].key) == 0)
			return true;
	return false;
}

/* The keys that sign for the domain from now on, in the order of use. */
static const struct signing_keys *
answer_now(struct keyring *k, const char *domain)
{
	struct signing_keys	 old = find_sorted(k, domain);
	struct signing_keys	*now = arena_alloc(k->arena, sizeof(*now));
	const struct signing_key **key;
	struct ring_fresh	*fresh;
	size_t			 i, n;

	fresh = find_fresh(k, domain, &n);
	key = arena_array(k->arena, old.n + n, sizeof(*key));
	for (i = 0; i < old.n; i++)
		if (!fresh_replaces(old.key[i], fresh, n))
			key[now->n++] = old.key[i];
	for (i = 0; i < n; i++)
		if (fresh[i].signs)
			key[now->n++] = fresh[i].key;
	qsort(key, now->n, sizeof(*key), by_domain);
	now->key = key;
	return now;
}

void
keyring_activate(struct keyring *k, size_t i)
{
	const char		*domain = k->fresh[i].key->domain;
	struct ring_fresh	*fresh;
	size_t			 n;

	k->fresh[i].signs = true;
	fresh = find_fresh(k, domain, &n);
	/* keyring_find reads it in the domain's first entry */
	atomic_store(&fresh->now, answer_now(k, domain));
}

bool
keyring_is_noted(const struct keyring *k, size_t i)
{
	return k->fresh[i].noted;
}

void
keyring_note(struct keyring *k, size_t i)
{
	k->fresh[i].noted = true;
}

const struct signing_key *
keyring_find_pending(const struct keyring *k, const struct sign_rules *rules,
    const char *domain, size_t *i)
{
	const struct ring_fresh	*fresh;
	size_t			 n;

	fresh = find_fresh(k, domain, &n);
	while (n == 0 && !rules->own_domain_only &&
	    (domain = strchr(domain, '.')) != NULL)
		fresh = find_fresh(k, ++domain, &n);
	if (n == 0)
		return NULL;
	*i = (size_t)(fresh - k->fresh);
	return fresh->key;
}

bool
keyring_may_warn(struct keyring *k, size_t i, uint64_t ticks)
{
	_Atomic(uint64_t)	*warned = &k->fresh[i].warned;
	uint64_t		 last = atomic_load(warned);

	if (last != 0 && ticks < last + WARN_MS)
		return false;
	return atomic_compare_exchange_strong(warned, &last,
	    ticks > 0 ? ticks : 1);
}
