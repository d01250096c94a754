/*
 * keytable_load - read OpenDKIM's KeyTable and SigningTable, load their keys
 *
 * OpenDKIM opens a key when a message needs it. We load at start all keys that
 * the SigningTable can select. For a path with a "%" for the author's domain,
 * these are the keys that exist on disk. Errors name the file and the line.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/keydir.h"
#include "mail/domain.h"
#include "dataset_priv.h"
#include "keyring_priv.h"
#include "keytable_priv.h"

#define TABLE_MAX	(256u << 20)	/* octets */

/* --- files ------------------------------------------------------------- */

/* "refile:/path", "file:/path" or a path; opendkim(8) has more types. */
static bool
table_name(struct ring_build *b, struct table *t, const char *text)
{
	const char *colon = strchr(text, ':');

	t->patterns = strncmp(text, "refile:", 7) == 0;
	if (t->patterns || strncmp(text, "file:", 5) == 0)
		t->path = colon + 1;
	else
		t->path = text;
	if (t->path != text || colon == NULL || text[0] == '/')
		return true;
	ring_problem(b, "%s: only tables in files are supported; write this"
	    " table to a file and set \"refile:/path\" or \"file:/path\"",
	    text);
	return false;
}

/* A KeyTable may have keys in its text: no copy of it is left behind. */
static bool
read_table(int fd, size_t size, struct buf *out)
{
	char	chunk[65536];
	ssize_t	n;

	/* or it would be moved, and the old place freed */
	buf_reserve(out, size < TABLE_MAX ? size + sizeof(chunk) : 0);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		if (n > 0 && out->len > TABLE_MAX)
			errno = EFBIG;
		if (n < 0 || out->len > TABLE_MAX)
			break;
	}
	explicit_bzero(chunk, sizeof(chunk));
	return n == 0;
}

static bool
table_read(struct ring_build *b, struct table *t, const char *text)
{
	struct buf	content = BUF_INIT;
	struct stat	st;
	bool		ok = false;
	int		fd;

	if (!table_name(b, t, text))
		return false;
	fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		keyfile_trouble(&content, t->path, errno, false);
		ring_problem(b, "%s", buf_str(&content));
	} else if (!S_ISREG(st.st_mode))
		ring_problem(b, "%s: is not a regular file", t->path);
	else if ((st.st_mode & S_IWOTH) != 0)
		ring_problem(b, "%s: everybody may write to this table; run:"
		    " chmod o-w '%s'", t->path, t->path);
	else if (!read_table(fd, (size_t)st.st_size, &content))
		ring_problem(b, "%s: %s", t->path, strerror(errno));
	else
		ok = true;
	if (fd >= 0)
		close(fd);
	t->path = arena_strdup(b->ring->arena, t->path);
	if (ok)
		t->data = dataset_parse(b->ring->arena, buf_str(&content),
		    content.len, t->patterns);
	if (content.len > 0)
		explicit_bzero(content.data, content.len);
	buf_free(&content);
	return ok;
}

/* --- lines of the KeyTable --------------------------------------------- */

static void
hold_key(struct keytable *t, unsigned line, const char *author, size_t at)
{
	t->held = array_grow(t->held, t->nheld, &t->size, sizeof(*t->held));
	t->held[t->nheld++] = (struct held){ line, author, at };
}

/* The domain in `path` in place of the "%" of `pattern`; NULL: none. */
static const char *
author_of_path(struct arena *a, const char *pattern, const char *path)
{
	size_t		 percents = 0, fixed, len, all = strlen(path);
	const char	*p, *text;

	for (p = pattern; *p != '\0'; p++)
		percents += *p == '%';
	fixed = strlen(pattern) - percents;
	if (all <= fixed || (all - fixed) % percents != 0)
		return NULL;
	len = (all - fixed) / percents;
	text = arena_memdup(a, path + strcspn(pattern, "%"), len);
	if (strcmp(keytable_expand(a, pattern, text), path) != 0)
		return NULL;
	return domain_canonical(a, text, len);
}

/* "*" for each "%"; characters that are special to glob(3) are escaped. */
static const char *
glob_pattern(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) * 2 + 1), *to = out;

	for (; *path != '\0'; path++) {
		if (strchr("*?[\\", *path) != NULL)
			*to++ = '\\';
		*to++ = *path == '%' ? '*' : *path;
	}
	return out;
}

/* All files that match the path, with the author's domain of each. */
static void
add_paths(struct ring_build *b, struct keytable *t, unsigned line,
    const struct signing_key *k)
{
	struct arena	*a = b->ring->arena;
	glob_t		 found = { 0 };
	const char	*author;
	size_t		 i, before = t->nheld;

	if (glob(glob_pattern(a, k->path), GLOB_NOSORT, NULL, &found) == 0)
		for (i = 0; i < found.gl_pathc; i++) {
			author = author_of_path(a, k->path, found.gl_pathv[i]);
			if (author != NULL)
				hold_key(t, line, author, ring_add(b,
				    k->domain[0] == '%' ? author : k->domain,
				    k->selector, arena_strdup(a,
				    found.gl_pathv[i])));
		}
	globfree(&found);
	if (t->nheld == before)
		ring_problem(b, "%s:%u: no key file exists for any domain"
		    " in place of \"%%\": %s", t->keys.path, line, k->path);
}

/*
 * The third field is the key itself. Both copies of its text are overwritten;
 * nobody reads them again.
 */
static void
add_inline(struct ring_build *b, struct keytable *t,
    const struct dataset_line *l, const struct signing_key *k)
{
	struct crypto_key	*pkey;
	const char		*wrong;
	size_t			 at;

	pkey = crypto_key_parse(k->path, strlen(k->path), &wrong);
	explicit_bzero((char *)k->path, strlen(k->path));
	explicit_bzero((char *)l->value, strlen(l->value));
	if (pkey == NULL) {
		ring_problem(b, "%s:%u: %s; a path must begin with \"/\","
		    " \"./\" or \"../\"", t->keys.path, l->line, wrong);
		return;
	}
	at = ring_add(b, k->domain, k->selector, t->keys.path);
	b->ring->key[at].pkey = pkey;
	hold_key(t, l->line, "", at);
}

static const char *
beside_table(struct arena *a, const char *table, const char *path)
{
	const char *slash = strrchr(table, '/');

	if (path[0] == '/' || slash == NULL)
		return path;
	return arena_printf(a, "%.*s/%s", (int)(slash - table), table, path);
}

static bool
names_file(const char *text)
{
	return text[0] == '/' || strncmp(text, "./", 2) == 0 ||
	    strncmp(text, "../", 3) == 0;
}

/* Parse and check "domain:selector:path"; errors are reported. */
static bool
parse_key_line(struct ring_build *b, const struct table *t,
    const struct dataset_line *l, struct signing_key *k)
{
	struct arena	*a = b->ring->arena;
	char		*rest = arena_strdup(a, l->value);
	const char	*domain = keytable_field(&rest, false);

	memset(k, 0, sizeof(*k));
	k->selector = keytable_field(&rest, false);
	k->path = keytable_field(&rest, true);
	if (k->path == NULL || k->path[0] == '\0') {
		ring_problem(b, "%s:%u: \"%s\" needs a value of the form"
		    " domain:selector:/path/to/key", t->path, l->line, l->key);
		return false;
	}
	k->domain = strcmp(domain, "%") == 0 ? domain :
	    domain_canonical(a, domain, strlen(domain));
	if (k->domain == NULL)
		ring_problem(b, "%s:%u: \"%s\" is not a domain", t->path,
		    l->line, domain);
	else if (!keyfile_is_selector(k->selector))
		ring_problem(b, "%s:%u: \"%s\" is not a selector", t->path,
		    l->line, k->selector);
	else
		return true;
	return false;
}

static void
add_key_line(struct ring_build *b, struct keytable *t,
    const struct dataset_line *l)
{
	struct signing_key k;

	if (!parse_key_line(b, &t->keys, l, &k))
		return;
	if (!names_file(k.path)) {
		add_inline(b, t, l, &k);
		return;
	}
	k.path = beside_table(b->ring->arena, t->keys.path, k.path);
	if (strchr(k.path, '%') != NULL)
		add_paths(b, t, l->line, &k);
	else
		hold_key(t, l->line, "",
		    ring_add(b, k.domain, k.selector, k.path));
}

/* --- which lines are needed -------------------------------------------- */

/* Mark the KeyTable lines that the SigningTable names. */
static void
mark_needed(struct ring_build *b, struct keytable *t, bool *needed)
{
	const struct dataset_line	*l, *key;
	const char			*name;
	char				*rest;
	size_t				 i;

	for (i = 0; i < dataset_count(t->authors.data); i++) {
		l = dataset_line(t->authors.data, i);
		rest = arena_strdup(b->ring->arena, l->value);
		name = keytable_field(&rest, false);
		if (strcmp(name, "%") == 0) {
			needed[0] = true;	/* any: the author's domain */
			continue;
		}
		key = dataset_find(t->keys.data, name, NULL);
		if (key != NULL)
			needed[key->line] = true;
		else
			ring_problem(b, "%s:%u: there is no key \"%s\" in %s;"
			    " add it there or remove this line",
			    t->authors.path, l->line, name, t->keys.path);
	}
}

static void
add_needed_keys(struct ring_build *b, struct keytable *t)
{
	const struct dataset_line	*l;
	size_t				 i, n = dataset_count(t->keys.data);
	bool				*needed;

	l = n > 0 ? dataset_line(t->keys.data, n - 1) : NULL;
	needed = xcalloc((l != NULL ? l->line : 0) + 1, sizeof(*needed));
	mark_needed(b, t, needed);
	for (i = 0; i < n; i++) {
		l = dataset_line(t->keys.data, i);
		if (needed[0] || needed[l->line])
			add_key_line(b, t, l);
	}
	free(needed);
}

/* Sort the complete list and move it from the heap to the ring's arena. */
static void
keep_held(struct keytable *t, struct arena *a)
{
	struct held *kept = arena_array(a, t->nheld + 1, sizeof(*kept));

	if (t->nheld > 0) {
		memcpy(kept, t->held, t->nheld * sizeof(*kept));
		qsort(kept, t->nheld, sizeof(*kept), keytable_compare);
	}
	free(t->held);
	t->held = kept;
}

struct keyring *
keyring_load_tables(const char *key_table, const char *signing_table,
    char **why)
{
	struct ring_build	 b;
	struct keytable		*t;

	ring_start(&b);
	t = arena_alloc(b.ring->arena, sizeof(*t));
	t->ring = b.ring;
	if (table_read(&b, &t->keys, key_table) &&
	    table_read(&b, &t->authors, signing_table))
		add_needed_keys(&b, t);
	keep_held(t, b.ring->arena);
	b.ring->table = t;
	return ring_finish(&b, why);
}

const char *const *
keyring_table_files(const char *key_table, struct arena *a, char **why)
{
	struct ring_build	  b;
	struct keytable		  t = { 0 };
	const char		**files;
	size_t			  i, n = 0;

	ring_start(&b);
	if (table_read(&b, &t.keys, key_table))
		for (i = 0; i < dataset_count(t.keys.data); i++)
			add_key_line(&b, &t, dataset_line(t.keys.data, i));
	files = arena_array(a, b.ring->n + 1, sizeof(*files));
	for (i = 0; i < b.ring->n; i++)
		if (b.ring->key[i].pkey == NULL)
			files[n++] = arena_strdup(a, b.ring->key[i].path);
	if (b.problems > 0)
		ring_why(&b, why);
	free(t.held);
	keyring_free(&b.ring);
	return b.problems == 0 ? files : NULL;
}
