/*
 * keydir - private keys on disk: the key directory and the key files
 *
 * Every refusal names the file and the command that mends it, because the
 * reader is an administrator whose mail goes out unsigned at this moment.
 * Listing a directory opens no key. A symbolic link is judged by its target.
 * A marker without its key is ignored: a marker is written before its key and
 * removed after it.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/reach.h"
#include "dkim/crypto.h"
#include "dkim/key_process.h"
#include "dkim/keydir.h"
#include "mail/domain.h"

#define THREADS_MAX	8
#define JOBS_PER_THREAD	256	/* fewer are not worth a thread's start */

/* --- one file ----------------------------------------------------------- */

struct work {
	struct keyfile_job	*job;
	size_t			 n;
	atomic_size_t		 next;
};

/* Others have no access, and the group at most reads. */
static bool
mode_is_safe(const char *path, const struct stat *st, struct buf *why)
{
	const char *who = NULL;

	if (!S_ISREG(st->st_mode)) {
		buf_printf(why, "%s: not a regular file; put the key there,"
		    " or rename it", path);
		return false;
	}
	if ((st->st_mode & S_IRWXO) != 0)
		who = "everybody";
	else if ((st->st_mode & S_IWGRP) != 0)
		who = "the group";
	if (who == NULL)
		return true;
	buf_printf(why, "%s: %s may %s this private key; run: ", path, who,
	    who[0] == 'e' ? "use" : "change");
	reach_close(why, path, st->st_uid);
	return false;
}

static bool
key_read(int fd, char *text, size_t size, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len < size) {
		n = read(fd, text + *len, size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		*len += (size_t)n;
	}
	return true;
}

static struct crypto_key *
load_open(int fd, const char *path, struct buf *why)
{
	/* one octet more than a key may have: too long is an error */
	char		 text[CRYPTO_KEY_TEXT_MAX + 1];
	struct crypto_key *key = NULL;
	struct stat	 st;
	const char	*wrong;
	size_t		 len;

	if (fstat(fd, &st) != 0) {
		buf_printf(why, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!mode_is_safe(path, &st, why))
		return NULL;
	if (!key_read(fd, text, sizeof(text), &len))
		buf_printf(why, "%s: %s", path, strerror(errno));
	else if ((key = crypto_key_parse(text, len, &wrong)) == NULL)
		buf_printf(why, "%s: %s; restore it, or make a new one with:"
		    " millgatectl key new", path, wrong);
	explicit_bzero(text, len);
	return key;
}

void
keyfile_trouble(struct buf *why, const char *path, int error, bool directory)
{
	char group[64];

	buf_printf(why, "%s: %s", path, strerror(error));
	if (error == EACCES)
		reach_advice(why, path, directory ? REACH_TREE : REACH_SECRET);
	else if (error == ENOENT && directory)
		buf_printf(why, "; run: install -d -g %s -m 0750 '%s'",
		    reach_group(group), path);
	else if (error == ENOENT)
		buf_addstr(why, "; restore it, or remove the setting or link"
		    " that names it");
}

struct crypto_key *
keyfile_load(const char *path, struct buf *why)
{
	struct crypto_key	*key;
	int			 fd;

	if (key_process_is_used())
		return key_process_load(path, why);
	/* nonblocking: opening a pipe would wait for a writer */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		keyfile_trouble(why, path, errno, false);
		return NULL;
	}
	key = load_open(fd, path, why);
	close(fd);
	return key;
}

static void *
work_off(void *arg)
{
	struct work	*w = arg;
	struct buf	 why;
	size_t		 i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n) {
		buf_init(&why);
		w->job[i].key = keyfile_load(w->job[i].path, &why);
		w->job[i].why = why.data;
	}
	return NULL;
}

void
keyfile_load_all(struct keyfile_job *job, size_t n)
{
	pthread_t	thread[THREADS_MAX];
	struct work	w = { .job = job, .n = n };
	long		cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t		i, threads = cpus > 0 ? (size_t)cpus : 1;

	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	if (threads > n / JOBS_PER_THREAD)
		threads = n / JOBS_PER_THREAD;
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work_off, &w) != 0)
			threads = i;
	work_off(&w);
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

static bool
is_label_octet(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

/* RFC 6376 does not allow an underscore, but selectors in use have it. */
bool
keyfile_is_selector(const char *text)
{
	const char	*p = text;
	size_t		 label = 0;

	for (; *p != '\0'; p++) {
		if (*p == '.' ? label == 0 : !is_label_octet(*p))
			return false;
		label = *p == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label > 0 && p - text <= 200;
}

/* --- a directory -------------------------------------------------------- */

const char *
key_state_name(enum key_state state)
{
	static const char *const names[] = { "active", "pending", "retired" };

	return names[state];
}

static void
report(struct keydir *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
report(struct keydir *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	d->problem(d->arg, arena_vprintf(d->arena, fmt, ap));
	va_end(ap);
}

static void
report_trouble(struct keydir *d, const char *path, bool directory)
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

/* The part of a file name before ".private"; NULL: not a key file. */
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

/* A key whose marker cannot be looked at is reported: it may not sign. */
static bool
has_marker(struct keydir *d, const struct keydir_key *k, const char *suffix,
    struct stat *st)
{
	const char *path = keydir_beside(d->arena, k->path, suffix);

	if (stat(path, st) == 0)
		return true;
	if (errno != ENOENT)
		report_trouble(d, path, false);
	return false;
}

static void
find_state(struct keydir *d, struct keydir_key *k)
{
	struct stat st;

	if (has_marker(d, k, KEYDIR_RETIRED, &st))
		k->state = KEY_RETIRED;
	else if (has_marker(d, k, KEYDIR_PENDING, &st))
		k->state = KEY_PENDING;
	else
		return;
	k->since = st.st_mtime;
}

/*
 * The next entry, or NULL. A directory that cannot be read further is reported:
 * its other keys would be missing, and mail would go out unsigned.
 */
static const struct dirent *
next_entry(struct keydir *d, DIR *dir, const char *path)
{
	const struct dirent *entry;

	errno = 0;
	entry = readdir(dir);
	if (entry == NULL && errno != 0)
		report_trouble(d, path, true);
	return entry;
}

/* Most directories have no markers, which saves two stat(2) for each key. */
static bool
has_markers(struct keydir *d, DIR *dir, const char *path)
{
	const struct dirent	*entry;
	bool			 found = false;

	while (!found && (entry = next_entry(d, dir, path)) != NULL)
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
keydir_read_domain(struct keydir *d, const char *path, const char *domain)
{
	DIR		*dir = opendir(path);
	const struct dirent *entry;
	const char	*selector, *file;
	struct keydir_key *k;
	bool		 markers;

	if (dir == NULL) {
		report_trouble(d, path, true);
		return;
	}
	markers = has_markers(d, dir, path);
	while ((entry = next_entry(d, dir, path)) != NULL) {
		selector = selector_of(d->arena, entry->d_name);
		if (selector == NULL)
			continue;
		file = arena_printf(d->arena, "%s/%s", path, entry->d_name);
		if (!keyfile_is_selector(selector)) {
			report(d, "%s: \"%s\" is not a selector; rename the"
			    " file to letters, digits and hyphens before "
			    KEYDIR_PRIVATE, file, selector);
			continue;
		}
		k = add_key(d, domain, selector, file);
		if (markers)
			find_state(d, k);
	}
	closedir(dir);
}

/* One entry of the key directory: a domain, or something to ignore. */
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
		report_trouble(d, path, false);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (selector_of(d->arena, name) != NULL)
			report(d, "%s: a key must be in a directory that is"
			    " named after its domain; move it to"
			    " %s/DOMAIN/%s", path, directory, name);
		return;
	}
	if (domain == NULL)
		report(d, "%s: \"%s\" is not a domain; rename or move the"
		    " directory", path, name);
	else if ((st.st_mode & S_IWOTH) != 0)
		report(d, "%s: everybody may add keys here; run:"
		    " chmod o-w '%s'", path, path);
	else
		keydir_read_domain(d, path, domain);
}

static int
keydir_compare(const void *va, const void *vb)
{
	const struct keydir_key	*a = va, *b = vb;
	int			 c = strcmp(a->domain, b->domain);

	return c != 0 ? c : strcmp(a->selector, b->selector);
}

/* Directories whose names differ only in case are one domain. */
static void
report_duplicates(struct keydir *d)
{
	size_t i;

	if (d->n > 1)
		qsort(d->key, d->n, sizeof(*d->key), keydir_compare);
	for (i = 1; i < d->n; i++)
		if (keydir_compare(&d->key[i - 1], &d->key[i]) == 0)
			report(d, "%s: the same domain and selector as %s; move"
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
		report_trouble(d, directory, true);
		return;
	}
	if (fstat(dirfd(dir), &st) == 0 && (st.st_mode & S_IWOTH) != 0)
		report(d, "%s: everybody may add keys here; run:"
		    " chmod o-w '%s'", directory, directory);
	while ((entry = next_entry(d, dir, directory)) != NULL)
		if (entry->d_name[0] != '.')
			read_entry(d, directory, entry->d_name, domain);
	closedir(dir);
	report_duplicates(d);
}

void
keydir_free(struct keydir *d)
{
	free(d->key);
	d->key = NULL;
	d->n = d->size = 0;
}
