/*
 * postfix_table - one table of Postfix: open it, and look a key up
 *
 * The daemon reads the files at its start, before it drops root's privileges;
 * on a reload it must be able to read them itself.
 */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/reach.h"
#include "base/safe_open.h"
#include "postfix_lmdb_priv.h"
#include "postfix_table_priv.h"
#include "postfix_text_priv.h"

#define SPEC_SHOWN	200
#define CHUNK		65536
/* It has all parts that a query may need. */
#define PROBE		"millgate-probe@1.2.3.4.5.6.7.8.9.invalid"
#define TLS_OFF		"?tls=no"

/* --- types -------------------------------------------------------------- */

/*
 * Files that depend on a library's version, and tables of patterns. lmdb: is
 * refused only by a build without liblmdb.
 */
static const char *const indexed[] = {
	"btree", "cdb", "dbm", "hash", "lmdb", "sdbm"
};
static const char *const patterns[] = { "cidr", "pcre", "regexp" };

static const struct database {
	const char	*type;
	enum directory_kind kind;
} databases[] = {
	{ "ldap", DIRECTORY_LDAP },
	{ "mysql", DIRECTORY_MYSQL },
	{ "pgsql", DIRECTORY_PGSQL },
	{ "sqlite", DIRECTORY_SQLITE },
};

/* The rest of a specification behind "type:"; NULL: it is another type. */
static const char *
after_type(const char *spec, const char *type)
{
	size_t len = strlen(type);

	return strncmp(spec, type, len) == 0 && spec[len] == ':' ?
	    spec + len + 1 : NULL;
}

static const char *
needs_library(const char *type)
{
	return strcmp(type, "lmdb") != 0 ? "" : " by this build: it "
	    "lacks liblmdb (Debian package: liblmdb-dev)";
}

static const char *
refuse_type(const char *spec, struct arena *a)
{
	const char	*file;
	size_t		 i;

	for (i = 0; i < sizeof(indexed) / sizeof(indexed[0]); i++) {
		file = after_type(spec, indexed[i]);
		if (file != NULL)
			return arena_printf(a, "%.*s is an indexed file, which "
			    "is not supported%s; run \"postmap -s %.*s "
			    ">%s.texthash\" and write texthash:%s.texthash",
			    SPEC_SHOWN, spec, needs_library(indexed[i]),
			    SPEC_SHOWN, spec, file, file);
	}
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (after_type(spec, patterns[i]) != NULL)
			return arena_printf(a, "%.*s is a table of patterns, "
			    "which is not supported; write them as senders of "
			    "users: @example.org, @.example.org", SPEC_SHOWN,
			    spec);
	return arena_printf(a, "%.*s is not a table that can be read; write "
	    "pgsql:, mysql:, ldap:, sqlite:, lmdb: or texthash: and an "
	    "absolute path, or inline:{ADDRESS=LOGIN}", SPEC_SHOWN, spec);
}

/* --- files -------------------------------------------------------------- */

/* Others must not be able to read a file with a password. */
static const char *
check_mode(const char *path, const struct stat *st, struct arena *a)
{
	if ((st->st_mode & S_IROTH) == 0)
		return NULL;
	return arena_printf(a, "%s: everybody can read the password in this "
	    "file; run \"chmod o-rwx %s\"", path, path);
}

/* The group of the file must stay Postfix's. */
static const char *
why_closed(const char *path, const char *wrong, int error, struct arena *a)
{
	char user[64];

	if (error != EACCES)
		return arena_printf(a, "%s: %s", path, wrong);
	reach_user(user);
	return arena_printf(a, "%s: %s; the user %s must be able to read it, "
	    "too; run \"setfacl -m u:%s:r %s\"", path, wrong, user, user,
	    path);
}

/* The text of an open file in *text, or an error. */
static const char *
take_file(int fd, const char *path, size_t max, struct arena *a,
    const char **text)
{
	struct buf	 b = BUF_INIT;
	const char	*wrong = NULL;
	ssize_t		 got = 1;

	while (got > 0 && b.len <= max) {
		buf_reserve(&b, CHUNK);
		got = read(fd, b.data + b.len, CHUNK);
		b.len += got > 0 ? (size_t)got : 0;
	}
	if (got == -1)
		wrong = strerror(errno);
	else if (b.len > max)
		wrong = "is too large";
	else if (b.len > 0 && memchr(b.data, '\0', b.len) != NULL)
		wrong = "has NUL octets; it is not a text file";
	*text = arena_memdup(a, b.len > 0 ? b.data : "", b.len);
	buf_free(&b);
	return wrong == NULL ? NULL : arena_printf(a, "%s: %s", path, wrong);
}

static const char *
read_file(const char *path, size_t max, struct arena *a, const char **text,
    struct stat *st)
{
	const char	*wrong = NULL;
	int		 fd = safe_open_read(path, &wrong);

	if (fd == -1)
		return why_closed(path, wrong, errno, a);
	if (fstat(fd, st) == -1)
		wrong = arena_printf(a, "%s: %s", path, strerror(errno));
	else
		wrong = take_file(fd, path, max, a, text);
	close(fd);
	return wrong;
}

static const char *
open_texthash(const char *path, struct arena *a, struct postfix_table *t)
{
	struct stat	 st;
	const char	*text, *wrong = read_file(path, POSTFIX_TEXT_MAX, a,
			     &text, &st);

	return wrong != NULL ? wrong : postfix_texthash_parse(path, text, a,
	    &t->text);
}

/* Postfix appends ".lmdb" to the name. */
static const char *
open_lmdb(const char *name, struct arena *a, struct postfix_table *t)
{
	const char	*path = arena_printf(a, "%s.lmdb", name);
	const char	*wrong = NULL;
	int		 fd = safe_open_read(path, &wrong);

	if (fd == -1)
		return why_closed(path, wrong, errno, a);
	t->text = postfix_text_new(a);
	wrong = postfix_lmdb_read(path, fd, a, t->text);
	close(fd);
	return wrong;
}

/* "?tls=no" after the name of the file; the name without it. */
static const char *
without_tls_off(const char *path, struct arena *a, bool *off)
{
	size_t len = strlen(path), suffix = strlen(TLS_OFF);

	*off = len > suffix && strcmp(path + len - suffix, TLS_OFF) == 0;
	return *off ? arena_memdup(a, path, len - suffix) : path;
}

static const char *
open_database(enum directory_kind kind, const char *path,
    const struct sender_maps_rules *rules, struct arena *a,
    struct postfix_table *t)
{
	struct directory_place	*place = &t->source.place;
	struct stat		 st;
	const char		*wrong;
	bool			 tls_off;

	path = without_tls_off(path, a, &tls_off);
	wrong = read_file(path, POSTFIX_SETTINGS_MAX, a, &t->content, &st);
	if (wrong == NULL)
		wrong = postfix_source_parse(kind, path, t->content, tls_off,
		    a, &t->source);
	if (wrong == NULL && place->password != NULL)
		wrong = check_mode(path, &st, a);
	if (wrong != NULL)
		return wrong;
	place->timeout = rules->timeout;
	place->cache = rules->cache;
	place->stale = rules->stale;
	t->directory = directory_new(place);
	return NULL;
}

const char *
postfix_table_open(const char *spec, const struct sender_maps_rules *rules,
    struct arena *a, struct postfix_table *t)
{
	const char	*rest = after_type(spec, "proxy"), *name;
	size_t		 i;

	memset(t, 0, sizeof(*t));
	t->spec = spec;
	/* Postfix's proxymap(8) does for its processes what threads do here */
	if (rest != NULL)
		spec = rest;
	name = after_type(spec, "inline");
	if (name != NULL)
		return postfix_inline_parse(name, a, &t->text);
	name = strchr(spec, ':');
	if (name == NULL || name[1] != '/')
		return refuse_type(spec, a);
	name = after_type(spec, "texthash");
	if (name != NULL && rules->may_read_files)
		return open_texthash(name, a, t);
	if (name == NULL && postfix_lmdb_read != NULL) {
		name = after_type(spec, "lmdb");
		if (name != NULL && rules->may_read_files)
			return open_lmdb(name, a, t);
	}
	for (i = 0; i < sizeof(databases) / sizeof(databases[0]); i++) {
		if (name != NULL)
			break;
		name = after_type(spec, databases[i].type);
		if (name != NULL && rules->may_read_files)
			return open_database(databases[i].kind, name, rules,
			    a, t);
	}
	return name == NULL ? refuse_type(spec, a) :
	    arena_printf(a, "%.*s is not allowed here; write "
	    "inline:{ADDRESS=LOGIN}", SPEC_SHOWN, spec);
}

void
postfix_table_close(struct postfix_table *t)
{
	if (t->directory != NULL)
		directory_free(&t->directory);
}

bool
postfix_table_is_same(const struct postfix_table *t,
    const struct postfix_table *u)
{
	const struct directory_place	*p = &t->source.place;
	const struct directory_place	*q = &u->source.place;

	return t->directory != NULL && u->directory != NULL &&
	    strcmp(t->spec, u->spec) == 0 &&
	    strcmp(t->content, u->content) == 0 &&
	    p->timeout == q->timeout && p->cache == q->cache &&
	    p->stale == q->stale;
}

/* --- lookups ------------------------------------------------------------ */

/* Where the cells of the row of reply->cell[i] end. */
static size_t
row_end(const struct directory_reply *reply, size_t i)
{
	unsigned row = reply->cell[i].row;

	while (i < reply->ncells && reply->cell[i].row == row)
		i++;
	return i;
}

/* SQLite: the first column alone, as in Postfix; it may be NULL. */
static bool
counts(const struct postfix_source *s, const struct directory_reply *reply,
    const struct directory_cell *cell, bool terminal)
{
	if (s->place.kind == DIRECTORY_SQLITE)
		return reply->ncolumns > 0 &&
		    strcmp(cell->column, reply->column[0]) == 0;
	return !terminal || strcmp(cell->column, POSTFIX_TERMINAL) == 0;
}

static bool
has_terminal(const struct directory_cell *cell,
    const struct directory_cell *end)
{
	for (; cell < end; cell++)
		if (strcmp(cell->column, POSTFIX_TERMINAL) == 0)
			return true;
	return false;
}

/* All results, separated by commas; false: more than expansion_limit. */
static bool
join(const struct postfix_source *s, const char *key,
    const struct directory_reply *reply, struct buf *out)
{
	const struct directory_cell	*row, *cell, *end;
	unsigned			 n = 0;
	size_t				 i;
	bool				 terminal;

	for (i = 0; i < reply->ncells; i = (size_t)(end - reply->cell)) {
		row = &reply->cell[i];
		end = &reply->cell[row_end(reply, i)];
		terminal = s->place.kind == DIRECTORY_LDAP &&
		    has_terminal(row, end);
		for (cell = row; cell < end; cell++)
			if (counts(s, reply, cell, terminal) &&
			    postfix_result_expand(s->result_format, &s->needs,
			    key, cell->value, out) && s->expansion_limit > 0 &&
			    ++n > s->expansion_limit)
				return false;
	}
	return true;
}

static void
found_value(const struct postfix_source *s, const char *key,
    const struct directory_reply *reply, struct arena *a,
    struct postfix_found *f)
{
	struct buf b = BUF_INIT;

	f->result = DIRECTORY_UNKNOWN;
	if (s->size_limit > 0 && reply->nrows > s->size_limit)
		f->why = "more entries than size_limit";
	else if (!join(s, key, reply, &b))
		f->why = "more results than expansion_limit";
	else
		f->result = b.len > 0 ? DIRECTORY_FOUND : DIRECTORY_NONE;
	f->value = arena_strdup(a, buf_str(&b));
	buf_free(&b);
}

struct postfix_found
postfix_table_find(const struct postfix_table *t, const char *key,
    uint64_t now, struct arena *a)
{
	struct postfix_found		f = { .result = DIRECTORY_NONE,
					    .server = "" };
	struct directory_question	q;
	struct directory_reply		reply;

	if (t->text != NULL) {
		f.value = postfix_text_find(t->text, key);
		f.result = f.value != NULL ? DIRECTORY_FOUND : DIRECTORY_NONE;
		return f;
	}
	if (!postfix_source_question(&t->source, key, a, &q))
		return f;
	reply = directory_find(t->directory, key, &q, now, a);
	f.server = reply.server;
	f.stale = reply.stale;
	f.result = reply.result;
	f.why = reply.why;
	if (reply.result == DIRECTORY_FOUND)
		found_value(&t->source, key, &reply, a, &f);
	return f;
}

struct postfix_found
postfix_table_probe(const struct postfix_table *t, const uint64_t *now,
    struct arena *a)
{
	const struct postfix_source	*s = &t->source;
	struct postfix_found		 f = { .result = DIRECTORY_NONE,
					    .server = "" };
	struct directory_question	 q;
	struct directory_reply		 reply;
	const char			*key = PROBE;

	if (t->directory == NULL)
		return f;
	if (s->ndomains > 0)
		key = arena_printf(a, "millgate-probe@%s", s->domain[0]);
	if (!postfix_source_question(s, key, a, &q))
		return f;
	reply = now == NULL ? directory_try(&s->place, &q, a) :
	    directory_find(t->directory, NULL, &q, *now, a);
	f.result = reply.result;
	f.server = reply.server;
	f.why = reply.result == DIRECTORY_UNKNOWN ? reply.why : NULL;
	return f;
}
