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
#include "buf.h"
#include "crypto.h"
#include "domain.h"
#include "keyfile.h"
#include "keyring.h"

#define SUFFIX		".private"
#define PROBLEMS_MAX	10	/* told; more are counted */

struct keyring {
	struct arena	*arena;
	size_t		 n;
	struct signing_key *key;
	const struct signing_key **sorted;
};

/* What a directory walk has found so far. */
struct walk {
	struct arena	*arena;
	struct signing_key *key;
	size_t		 n, size;
	struct buf	 why;
	size_t		 problems;
};

/* --- problems ------------------------------------------------------------------ */

static bool
next_problem(struct walk *w)
{
	if (++w->problems > PROBLEMS_MAX)
		return false;
	if (w->problems > 1)
		buf_addch(&w->why, '\n');
	return true;
}

static void
problem(struct walk *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
problem(struct walk *w, const char *fmt, ...)
{
	va_list ap;

	if (!next_problem(w))
		return;
	va_start(ap, fmt);
	buf_vprintf(&w->why, fmt, ap);
	va_end(ap);
}

/* --- the walk ------------------------------------------------------------------- */

static void
add_key(struct walk *w, const char *domain, const char *selector,
    const char *path)
{
	struct signing_key *k;

	if (w->n == w->size) {
		w->size = w->size > 0 ? w->size * 2 : 64;
		w->key = xrealloc(w->key, w->size * sizeof(*w->key));
	}
	k = &w->key[w->n++];
	memset(k, 0, sizeof(*k));
	k->domain = domain;
	k->selector = selector;
	k->path = path;
}

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
walk_domain(struct walk *w, const char *path, const char *domain)
{
	DIR		*dir = opendir(path);
	const struct dirent *entry;
	const char	*selector, *file;

	if (dir == NULL) {
		problem(w, "%s: %s", path, strerror(errno));
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		selector = selector_of(w->arena, entry->d_name);
		if (selector == NULL)
			continue;
		file = arena_printf(w->arena, "%s/%s", path, entry->d_name);
		if (keyfile_is_selector(selector))
			add_key(w, domain, selector, file);
		else
			problem(w, "%s: \"%s\" is no selector; rename the file"
			    " to letters, digits and hyphens before "
			    SUFFIX, file, selector);
	}
	closedir(dir);
}

/* One entry of the key directory: a domain, or nothing of ours. */
static void
walk_entry(struct walk *w, const char *directory, const char *name)
{
	const char	*path, *domain;
	struct stat	 st;

	path = arena_printf(w->arena, "%s/%s", directory, name);
	if (stat(path, &st) != 0) {
		problem(w, "%s: %s", path, strerror(errno));
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (selector_of(w->arena, name) != NULL)
			problem(w, "%s: a key has to be in a directory that is"
			    " named after its domain; move it to"
			    " %s/DOMAIN/%s", path, directory, name);
		return;
	}
	domain = domain_canonical(w->arena, name, strlen(name));
	if (domain == NULL)
		problem(w, "%s: \"%s\" is no domain; rename or move the"
		    " directory", path, name);
	else if ((st.st_mode & S_IWOTH) != 0)
		problem(w, "%s: everybody may add keys here; run:"
		    " chmod o-w '%s'", path, path);
	else
		walk_domain(w, path, domain);
}

static void
walk_directory(struct walk *w, const char *directory)
{
	DIR		*dir = opendir(directory);
	const struct dirent *entry;
	struct stat	 st;

	if (dir == NULL) {
		problem(w, "%s: %s; make it with: install -d -m 0750 '%s'",
		    directory, strerror(errno), directory);
		return;
	}
	if (fstat(dirfd(dir), &st) == 0 && (st.st_mode & S_IWOTH) != 0)
		problem(w, "%s: everybody may add keys here; run:"
		    " chmod o-w '%s'", directory, directory);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			walk_entry(w, directory, entry->d_name);
	closedir(dir);
}

/* --- keys ------------------------------------------------------------------------ */

static int
by_name(const void *va, const void *vb)
{
	const struct signing_key	*a = va, *b = vb;
	int				 c = strcmp(a->domain, b->domain);

	return c != 0 ? c : strcmp(a->selector, b->selector);
}

/* Domains that differ in case alone are the same, their keys too. */
static void
find_doubles(struct walk *w)
{
	size_t i;

	for (i = 1; i < w->n; i++)
		if (by_name(&w->key[i - 1], &w->key[i]) == 0)
			problem(w, "%s: the same domain and selector as %s;"
			    " move one of them away", w->key[i].path,
			    w->key[i - 1].path);
}

static void
load_keys(struct walk *w)
{
	struct keyfile_job	*job = xcalloc(w->n, sizeof(*job));
	size_t			 i;

	for (i = 0; i < w->n; i++)
		job[i].path = w->key[i].path;
	keyfile_load_all(job, w->n);
	for (i = 0; i < w->n; i++) {
		w->key[i].pkey = job[i].key;
		if (job[i].key == NULL)
			problem(w, "%s", job[i].why);
		else
			w->key[i].algorithm = crypto_algorithm(job[i].key);
		free(job[i].why);
	}
	free(job);
}

/* By domain, RSA first, then by selector. */
static int
by_use(const void *va, const void *vb)
{
	const struct signing_key	*a = *(const void *const *)va;
	const struct signing_key	*b = *(const void *const *)vb;
	enum crypto_type		 ta = crypto_key_type(a->pkey);
	enum crypto_type		 tb = crypto_key_type(b->pkey);
	int				 c = strcmp(a->domain, b->domain);

	if (c != 0)
		return c;
	if (ta != tb)
		return ta == CRYPTO_RSA ? -1 : 1;
	return strcmp(a->selector, b->selector);
}

static void
sort_keys(struct keyring *k)
{
	size_t i;

	k->sorted = xcalloc(k->n, sizeof(*k->sorted));
	for (i = 0; i < k->n; i++)
		k->sorted[i] = &k->key[i];
	qsort(k->sorted, k->n, sizeof(*k->sorted), by_use);
}

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
	struct keyring	*k = keyring_empty();
	struct walk	 w = { .arena = k->arena };

	walk_directory(&w, directory);
	if (w.n > 0)
		qsort(w.key, w.n, sizeof(*w.key), by_name);
	find_doubles(&w);
	load_keys(&w);
	k->key = w.key;
	k->n = w.n;
	if (w.problems == 0) {
		sort_keys(k);
		return k;
	}
	if (w.problems > PROBLEMS_MAX)
		buf_printf(&w.why, "\nand %zu more",
		    w.problems - PROBLEMS_MAX);
	*why = w.why.data;
	keyring_free(&k);
	return NULL;
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

/* --- questions --------------------------------------------------------------------- */

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
