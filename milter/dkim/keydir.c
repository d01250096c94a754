/*
 * keydir - what is in a key directory
 *
 * Only looks; opens no key. What hides behind a link is judged by what it
 * leads to. A marker without its key means nothing: it is written first and
 * removed last.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "dkim/keydir.h"
#include "dkim/keyfile.h"
#include "mail/domain.h"

const char *
key_state_name(enum key_state state)
{
	static const char *const names[] = { "active", "pending", "retired" };

	return names[state];
}

static void
tell(struct keydir *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
tell(struct keydir *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	d->problem(d->arg, arena_vprintf(d->arena, fmt, ap));
	va_end(ap);
}

static void
tell_trouble(struct keydir *d, const char *path, bool directory)
{
	struct buf why = BUF_INIT;

	keyfile_trouble(&why, path, errno, directory);
	d->problem(d->arg, buf_str(&why));
	buf_free(&why);
}

static bool
ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && strcmp(name + len - n, suffix) == 0;
}

/* The part of a file name before ".private"; NULL: no such file. */
static const char *
selector_of(struct arena *a, const char *name)
{
	if (name[0] == '.' || !ends_in(name, KEYDIR_PRIVATE))
		return NULL;
	return arena_memdup(a, name,
	    strlen(name) - (sizeof(KEYDIR_PRIVATE) - 1));
}

const char *
keydir_beside(struct arena *a, const char *path, const char *suffix)
{
	return arena_printf(a, "%.*s%s", (int)(strlen(path) -
	    (sizeof(KEYDIR_PRIVATE) - 1)), path, suffix);
}

static void
find_state(struct keydir *d, struct keydir_key *k)
{
	struct stat st;

	if (stat(keydir_beside(d->arena, k->path, KEYDIR_RETIRED), &st) == 0)
		k->state = KEY_RETIRED;
	else if (stat(keydir_beside(d->arena, k->path, KEYDIR_PENDING),
	    &st) == 0)
		k->state = KEY_PENDING;
	else
		return;
	k->since = st.st_mtime;
}

/* Most directories have no markers: then no key has to be asked for its. */
static bool
has_markers(DIR *dir)
{
	const struct dirent	*entry;
	bool			 found = false;

	while (!found && (entry = readdir(dir)) != NULL)
		found = ends_in(entry->d_name, KEYDIR_PENDING) ||
		    ends_in(entry->d_name, KEYDIR_RETIRED);
	rewinddir(dir);
	return found;
}

static struct keydir_key *
add_key(struct keydir *d, const char *domain, const char *selector,
    const char *path)
{
	struct keydir_key *k;

	d->key = array_grow(d->key, d->n, &d->size, sizeof(*d->key));
	k = &d->key[d->n++];
	*k = (struct keydir_key){ domain, selector, path, KEY_ACTIVE, 0 };
	return k;
}

static void
read_domain(struct keydir *d, const char *path, const char *domain)
{
	DIR		*dir = opendir(path);
	const struct dirent *entry;
	const char	*selector, *file;
	struct keydir_key *k;
	bool		 markers;

	if (dir == NULL) {
		tell_trouble(d, path, true);
		return;
	}
	markers = has_markers(dir);
	while ((entry = readdir(dir)) != NULL) {
		selector = selector_of(d->arena, entry->d_name);
		if (selector == NULL)
			continue;
		file = arena_printf(d->arena, "%s/%s", path, entry->d_name);
		if (!keyfile_is_selector(selector)) {
			tell(d, "%s: \"%s\" is no selector; rename the file to"
			    " letters, digits and hyphens before "
			    KEYDIR_PRIVATE, file, selector);
			continue;
		}
		k = add_key(d, domain, selector, file);
		if (markers)
			find_state(d, k);
	}
	closedir(dir);
}

/* One entry of the key directory: a domain, or nothing of ours. */
static void
read_entry(struct keydir *d, const char *directory, const char *name,
    const char *only)
{
	const char	*path, *domain;
	struct stat	 st;

	domain = domain_canonical(d->arena, name, strlen(name));
	if (only != NULL && (domain == NULL || strcmp(domain, only) != 0))
		return;
	path = arena_printf(d->arena, "%s/%s", directory, name);
	if (stat(path, &st) != 0) {
		tell_trouble(d, path, false);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (selector_of(d->arena, name) != NULL)
			tell(d, "%s: a key has to be in a directory that is"
			    " named after its domain; move it to"
			    " %s/DOMAIN/%s", path, directory, name);
		return;
	}
	if (domain == NULL)
		tell(d, "%s: \"%s\" is no domain; rename or move the"
		    " directory", path, name);
	else if ((st.st_mode & S_IWOTH) != 0)
		tell(d, "%s: everybody may add keys here; run: chmod o-w '%s'",
		    path, path);
	else
		read_domain(d, path, domain);
}

static int
by_name(const void *va, const void *vb)
{
	const struct keydir_key	*a = va, *b = vb;
	int			 c = strcmp(a->domain, b->domain);

	return c != 0 ? c : strcmp(a->selector, b->selector);
}

/* Directories that differ in case alone are one domain. */
static void
find_doubles(struct keydir *d)
{
	size_t i;

	if (d->n > 1)
		qsort(d->key, d->n, sizeof(*d->key), by_name);
	for (i = 1; i < d->n; i++)
		if (by_name(&d->key[i - 1], &d->key[i]) == 0)
			tell(d, "%s: the same domain and selector as %s; move"
			    " one of them away", d->key[i].path,
			    d->key[i - 1].path);
}

void
keydir_read(struct keydir *d, const char *directory, const char *domain)
{
	DIR		*dir = opendir(directory);
	const struct dirent *entry;
	struct stat	 st;

	if (dir == NULL) {
		tell_trouble(d, directory, true);
		return;
	}
	if (fstat(dirfd(dir), &st) == 0 && (st.st_mode & S_IWOTH) != 0)
		tell(d, "%s: everybody may add keys here; run: chmod o-w '%s'",
		    directory, directory);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			read_entry(d, directory, entry->d_name, domain);
	closedir(dir);
	find_doubles(d);
}

void
keydir_free(struct keydir *d)
{
	free(d->key);
	d->key = NULL;
	d->n = d->size = 0;
}
