/*
 * keyring - the DKIM keys on disk, loaded once, shared by all threads
 *
 * Every key is parsed and checked at load, so that a bad one is a message at
 * start or reload, and not a message that leaves without its signature. The
 * ring is sorted by domain and searched by halves: nothing in it changes.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "crypto.h"
#include "dkim_sign.h"
#include "domain.h"
#include "keyfile.h"
#include "keyring_priv.h"

#define SUFFIX		".private"
#define PROBLEMS_MAX	10	/* told; more are counted */

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

	if (ring->n == b->size) {
		b->size = b->size > 0 ? b->size * 2 : 64;
		ring->key = xrealloc(ring->key, b->size * sizeof(*k));
	}
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

/* Those that come from a file, sorted by it. */
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

/* A file that serves many domains is loaded once. */
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
load_keys(struct ring_build *b)
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

int
ring_compare(const struct signing_key *a, const struct signing_key *b)
{
	enum crypto_type	ta = crypto_key_type(a->pkey);
	enum crypto_type	tb = crypto_key_type(b->pkey);

	if (ta != tb)
		return ta == CRYPTO_RSA ? -1 : 1;
	return strcmp(a->selector, b->selector);
}

static int
by_domain(const void *va, const void *vb)
{
	const struct signing_key	*a = *(struct signing_key *const *)va;
	const struct signing_key	*b = *(struct signing_key *const *)vb;
	int				 c = strcmp(a->domain, b->domain);

	return c != 0 ? c : ring_compare(a, b);
}

static void
sort_keys(struct keyring *k)
{
	size_t i;

	k->sorted = xcalloc(k->n, sizeof(*k->sorted));
	for (i = 0; i < k->n; i++) {
		k->key[i].algorithm = crypto_algorithm(k->key[i].pkey);
		k->sorted[i] = &k->key[i];
	}
	qsort(k->sorted, k->n, sizeof(*k->sorted), by_domain);
}

struct keyring *
ring_finish(struct ring_build *b, char **why)
{
	load_keys(b);
	if (b->problems == 0) {
		sort_keys(b->ring);
		return b->ring;
	}
	if (b->problems > PROBLEMS_MAX)
		buf_printf(&b->why, "\nand %zu more",
		    b->problems - PROBLEMS_MAX);
	*why = b->why.data;
	keyring_free(&b->ring);
	return NULL;
}

/* --- the walk ---------------------------------------------------------- */

/* The part of a file name before ".private"; NULL: no such file. */
static const char *
selector_of(struct arena *a, const char *name)
{
	size_t len = strlen(name), suffix = sizeof(SUFFIX) - 1;

	if (name[0] == '.' || len < suffix ||
	    strcmp(name + len - suffix, SUFFIX) != 0)
		return NULL;
	return arena_memdup(a, name, len - suffix);
}

static void
walk_domain(struct ring_build *b, const char *path, const char *domain)
{
	struct arena	*a = b->ring->arena;
	DIR		*dir = opendir(path);
	const struct dirent *entry;
	const char	*selector, *file;

	if (dir == NULL) {
		ring_problem(b, "%s: %s", path, strerror(errno));
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		selector = selector_of(a, entry->d_name);
		if (selector == NULL)
			continue;
		file = arena_printf(a, "%s/%s", path, entry->d_name);
		if (keyfile_is_selector(selector))
			ring_add(b, domain, selector, file);
		else
			ring_problem(b, "%s: \"%s\" is no selector; rename"
			    " the file to letters, digits and hyphens before "
			    SUFFIX, file, selector);
	}
	closedir(dir);
}

/* One entry of the key directory: a domain, or nothing of ours. */
static void
walk_entry(struct ring_build *b, const char *directory, const char *name)
{
	const char	*path, *domain;
	struct stat	 st;

	path = arena_printf(b->ring->arena, "%s/%s", directory, name);
	if (stat(path, &st) != 0) {
		ring_problem(b, "%s: %s", path, strerror(errno));
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (selector_of(b->ring->arena, name) != NULL)
			ring_problem(b, "%s: a key has to be in a directory"
			    " that is named after its domain; move it to"
			    " %s/DOMAIN/%s", path, directory, name);
		return;
	}
	domain = domain_canonical(b->ring->arena, name, strlen(name));
	if (domain == NULL)
		ring_problem(b, "%s: \"%s\" is no domain; rename or move the"
		    " directory", path, name);
	else if ((st.st_mode & S_IWOTH) != 0)
		ring_problem(b, "%s: everybody may add keys here; run:"
		    " chmod o-w '%s'", path, path);
	else
		walk_domain(b, path, domain);
}

static void
walk_directory(struct ring_build *b, const char *directory)
{
	DIR		*dir = opendir(directory);
	const struct dirent *entry;
	struct stat	 st;

	if (dir == NULL) {
		ring_problem(b, "%s: %s; make it with: install -d -m 0750 '%s'",
		    directory, strerror(errno), directory);
		return;
	}
	if (fstat(dirfd(dir), &st) == 0 && (st.st_mode & S_IWOTH) != 0)
		ring_problem(b, "%s: everybody may add keys here; run:"
		    " chmod o-w '%s'", directory, directory);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			walk_entry(b, directory, entry->d_name);
	closedir(dir);
}

static int
by_name(const void *va, const void *vb)
{
	const struct signing_key	*a = va, *b = vb;
	int				 c = strcmp(a->domain, b->domain);

	return c != 0 ? c : strcmp(a->selector, b->selector);
}

/* Directories that differ in case alone are one domain. */
static void
find_doubles(struct ring_build *b)
{
	struct signing_key	*key = b->ring->key;
	size_t			 i;

	if (b->ring->n > 1)
		qsort(key, b->ring->n, sizeof(*key), by_name);
	for (i = 1; i < b->ring->n; i++)
		if (by_name(&key[i - 1], &key[i]) == 0)
			ring_problem(b, "%s: the same domain and selector as"
			    " %s; move one of them away", key[i].path,
			    key[i - 1].path);
}

/* --- rings ------------------------------------------------------------- */

struct keyring *
keyring_empty(void)
{
	struct keyring *k = xcalloc(1, sizeof(*k));

	k->arena = arena_new(0);
	return k;
}

struct keyring *
keyring_load(const char *directory, char **why)
{
	struct ring_build b;

	ring_start(&b);
	walk_directory(&b, directory);
	find_doubles(&b);
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
	arena_free(&k->arena);
	free(k);
}

/* --- questions --------------------------------------------------------- */

size_t
keyring_count(const struct keyring *k)
{
	return k->n;
}

struct signing_keys
keyring_all(const struct keyring *k)
{
	return (struct signing_keys){ k->n, k->sorted };
}

struct signing_keys
keyring_find(const struct keyring *k, const char *domain)
{
	size_t low = 0, high = k->n, mid, n = 0;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(k->sorted[mid]->domain, domain) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < k->n &&
	    strcmp(k->sorted[low + n]->domain, domain) == 0)
		n++;
	return (struct signing_keys){ n, n > 0 ? k->sorted + low : NULL };
}

/* The nearest parent that has keys; a domain of one label is nobody's. */
static struct signing_keys
find_parent(const struct keyring *k, const char *domain)
{
	struct signing_keys	 keys = { 0, NULL };
	const char		*p = domain;

	while (keys.n == 0 && (p = strchr(p, '.')) != NULL)
		keys = keyring_find(k, ++p);
	return keys;
}

struct signing_keys
keyring_find_author(const struct keyring *k, const struct sign_rules *rules,
    const char *local, const char *domain, struct arena *a)
{
	struct signing_keys keys;

	if (k->table != NULL)
		return keytable_find(k->table, rules, local, domain, a);
	keys = keyring_find(k, domain);
	if (keys.n == 0 && !rules->own_domain_only)
		keys = find_parent(k, domain);
	return keys;
}
