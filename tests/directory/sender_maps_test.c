/*
 * sender_maps: the order of keys and tables, files that cannot be used, limits
 */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "directory/sender_maps.h"
#include "sqlite_file.h"
#include "temp_dir.h"

#define PLAIN(l, d)	{ l, d, l "@" d }

static uint64_t
now(void)
{
	return 1000;
}

static const struct sender_time at = { now, 1000 };
static const char *const locals[] = { "local.example" };

static const char *const two_tables[] = {
	"inline:{u+x@d.example=full, u@d.example=bare, u+x=part, u=user, "
	    "@d.example=domain, q@local.example=whole}",
	"inline:{u+x@d.example=second, v+x@d.example=late, @e.example=erin, "
	    "v=vera, \"a;b\"@d.example=quoted, a:b@d.example=bare}"
};

static const struct {
	struct mailbox	 box;
	const char	*want, *key;
} keys[] = {
	{ PLAIN("u+x", "d.example"), "full", "u+x@d.example" },
	{ PLAIN("U+X", "d.example"), "full", "u+x@d.example" },
	{ PLAIN("u", "d.example"), "bare", "u@d.example" },
	{ PLAIN("u+y", "d.example"), "bare", "u@d.example" },
	/* all tables for one key before the next one */
	{ PLAIN("v+x", "d.example"), "late", "v+x@d.example" },
	{ PLAIN("v+y", "d.example"), "domain", "@d.example" },
	{ PLAIN("v", "e.example"), "erin", "@e.example" },
	{ PLAIN("v", "f.example"), NULL, NULL },
	{ PLAIN("u+x", "local.example"), "part", "u+x" },
	{ PLAIN("u+y", "local.example"), "user", "u" },
	{ PLAIN("v+y", "local.example"), "vera", "v" },
	{ PLAIN("q+y", "local.example"), "whole", "q@local.example" },
	{ PLAIN("w", "local.example"), NULL, NULL },
	{ PLAIN("+x", "d.example"), "domain", "@d.example" },
	{ { "a;b", "d.example", "\"a;b\"@d.example" }, "quoted",
	    "\"a;b\"@d.example" },
	{ { "a:b", "d.example", "\"a:b\"@d.example" }, "bare",
	    "a:b@d.example" },
	{ { "u+ x", "d.example", "\"u+ x\"@d.example" }, "domain",
	    "@d.example" },
	{ { "u+ x", "local.example", "\"u+ x\"@local.example" }, NULL, NULL },
	{ { "a@b", "d.example", "\"a@b\"@d.example" }, NULL, NULL },
	{ { NULL, NULL, "" }, NULL, NULL },
};

static void
order(void **state)
{
	const struct sender_maps_rules rules = { two_tables, 2, locals, 1,
	    '+', 1000, 0, 0, false };
	struct arena		*a = arena_new(0);
	char			*why;
	struct sender_maps	*m = sender_maps_new(&rules, &why);
	struct sender_owners	 o;
	size_t			 i;

	(void)state;
	assert_non_null(m);
	for (i = 0; i < NELEM(keys); i++) {
		o = sender_maps_find(m, &keys[i].box, &at, a);
		if (keys[i].want == NULL) {
			if (o.result != DIRECTORY_NONE)
				row_fail(keys[i].box.address, "found %s",
				    o.key);
			continue;
		}
		if (o.result != DIRECTORY_FOUND || o.n != 1 ||
		    strcmp(o.login[0], keys[i].want) != 0 ||
		    strcmp(o.key, keys[i].key) != 0)
			row_fail(keys[i].box.address, "key %s, %zu logins",
			    o.key, o.n);
	}
	sender_maps_free(&m);
	arena_free(&a);
}

/* Without a delimiter there are no extensions. */
static void
no_delimiter(void **state)
{
	const struct sender_maps_rules rules = { two_tables, 1, locals, 1,
	    '\0', 1000, 0, 0, false };
	const struct mailbox	 box = PLAIN("u+y", "local.example");
	struct arena		*a = arena_new(0);
	char			*why;
	struct sender_maps	*m = sender_maps_new(&rules, &why);

	(void)state;
	assert_int_equal(sender_maps_find(m, &box, &at, a).result,
	    DIRECTORY_NONE);
	sender_maps_free(&m);
	arena_free(&a);
}

/* --- files -------------------------------------------------------------- */

static const char *
write_file(struct arena *a, const char *name, const char *text, size_t len,
    mode_t mode)
{
	const char	*path = arena_printf(a, "%s/%s", temp_dir, name);
	FILE		*f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

/* Open one table; the error, or NULL. */
static const char *
try_table(struct arena *a, const char *spec, bool files)
{
	const struct sender_maps_rules rules = { &spec, 1, NULL, 0, '+', 1000,
	    0, 0, files };
	char			*why = NULL;
	struct sender_maps	*m = sender_maps_new(&rules, &why);
	const char		*wrong = arena_strdup(a, why);

	assert_true((m == NULL) == (why != NULL));
	sender_maps_free(&m);
	free(why);
	return wrong;
}

static void
expect(struct arena *a, const char *spec, bool files, const char *want)
{
	const char *wrong = try_table(a, spec, files);

	if (want == NULL ? wrong != NULL :
	    wrong == NULL || strstr(wrong, want) == NULL)
		row_fail(spec, "got %s, want %s", wrong, want);
}

static void
types(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	expect(a, "hash:/etc/x", true, "run \"postmap -s hash:/etc/x "
	    ">/etc/x.texthash\" and write texthash:/etc/x.texthash");
	expect(a, "proxy:btree:/etc/x", true, "postmap -s btree:/etc/x");
	expect(a, "lmdb:/nonexistent/x", true, sender_maps_reads_lmdb() ?
	    "/nonexistent/x.lmdb: No such" : "lacks liblmdb (Debian package: "
	    "liblmdb-dev); run \"postmap -s lmdb:/nonexistent/x");
	expect(a, "cdb:/etc/x", true, "postmap -s cdb:/etc/x");
	expect(a, "pcre:/etc/x", true, "table of patterns");
	expect(a, "regexp:/etc/x", true, "table of patterns");
	expect(a, "static:all", true, "is not a table that can be read");
	expect(a, "pgsql:x.cf", true, "is not a table that can be read");
	expect(a, "memcache:/etc/x", true, "is not a table that can be read");
	expect(a, "/etc/x", true, "is not a table that can be read");
	expect(a, "", true, "is not a table that can be read");
	expect(a, "texthash:/etc/x", false, "is not allowed here");
	expect(a, "inline:{a=b}", false, NULL);
	expect(a, "texthash:/nonexistent/x", true, "/nonexistent/x: No such");
	arena_free(&a);
}

static void
files(void **state)
{
	static const char	 cf[] = "hosts = 127.0.0.1\nuser = u\n"
	    "password = p\ndbname = d\nquery = SELECT o WHERE a = '%s'\n";
	struct arena		*a = arena_new(0);
	struct buf		 big = BUF_INIT;
	const char		*path;

	(void)state;
	path = write_file(a, "owners", "a@x alice\n", 10, 0644);
	expect(a, arena_printf(a, "texthash:%s", path), true, NULL);
	expect(a, arena_printf(a, "proxy:texthash:%s", path), true, NULL);
	path = write_file(a, "nul", "a@x\0 alice\n", 11, 0644);
	expect(a, arena_printf(a, "texthash:%s", path), true,
	    "has NUL octets");
	path = write_file(a, "open.cf", cf, strlen(cf), 0644);
	expect(a, arena_printf(a, "pgsql:%s", path), true,
	    "everybody can read the password in this file; run \"chmod o-rwx");
	path = write_file(a, "closed.cf", cf, strlen(cf), 0640);
	expect(a, arena_printf(a, "pgsql:%s", path), true, NULL);
	expect(a, arena_printf(a, "pgsql:%s?tls=no", path), true, NULL);
	while (big.len <= 1u << 20)
		buf_addstr(&big, "# a comment\n");
	path = write_file(a, "big.cf", big.data, big.len, 0600);
	expect(a, arena_printf(a, "pgsql:%s", path), true, "is too large");
	expect(a, arena_printf(a, "texthash:%s", path), true, NULL);
	buf_free(&big);
	arena_free(&a);
}

/* A table whose database is missing is found before any mail comes. */
static void
missing_database(void **state)
{
	struct sender_maps_rules rules = { .n = 1, .timeout = 5000,
				     .may_read_files = true };
	struct arena		*a = arena_new(0);
	const char		*text, *spec, *server, *wrong;
	struct sender_maps	*m;
	char			*why = NULL;

	(void)state;
	text = arena_printf(a, "dbpath = %s/none.db\nquery = SELECT o FROM t "
	    "WHERE a = '%%s'\ndomain = d.example\n", temp_dir);
	spec = arena_printf(a, "sqlite:%s", write_file(a, "s.cf", text,
	    strlen(text), 0644));
	rules.spec = &spec;
	m = sender_maps_new(&rules, &why);
	assert_non_null(m);
	assert_false(sender_maps_check(m, &why));
	assert_non_null(strstr(why, spec));
	assert_non_null(strstr(why, "none.db"));
	free(why);
	assert_true(sender_maps_probe(m, 0, 1000, a, &server, &wrong));
	assert_non_null(strstr(wrong, "none.db"));
	sender_maps_free(&m);
	assert_true(sender_maps_check(NULL, &why));
	arena_free(&a);
}

/* A database with two owners of u@d.example; its path. */
static const char *
make_database(struct arena *a, const char *name)
{
	const char *path = arena_printf(a, "%s/%s", temp_dir, name);

	sqlite_file_run(path, "CREATE TABLE t (a, o); INSERT INTO t VALUES "
	    "('u@d.example', 'alice'), ('u@d.example', 'bob')");
	return path;
}

/* More results than expansion_limit are an error, not a part of the owners. */
static void
limited(void **state)
{
	struct sender_maps_rules rules = { .n = 1, .timeout = 5000,
				     .may_read_files = true };
	const struct mailbox	 box = PLAIN("u", "d.example");
	struct arena		*a = arena_new(0);
	const char		*db = make_database(a, "l.db"), *text, *spec;
	struct sender_maps	*m;
	struct sender_owners	 o;
	char			*why = NULL;
	int			 limit;

	(void)state;
	for (limit = 0; limit < 3; limit++) {
		text = arena_printf(a, "dbpath = %s\nquery = SELECT o FROM t "
		    "WHERE a = '%%s'\nexpansion_limit = %d\n", db, limit);
		spec = arena_printf(a, "sqlite:%s", write_file(a, "l.cf",
		    text, strlen(text), 0644));
		rules.spec = &spec;
		m = sender_maps_new(&rules, &why);
		o = sender_maps_find(m, &box, &at, a);
		assert_int_equal(o.result, limit == 1 ? DIRECTORY_UNKNOWN :
		    DIRECTORY_FOUND);
		assert_int_equal(o.n, limit == 1 ? 0 : 2);
		sender_maps_free(&m);
	}
	arena_free(&a);
}

/* A reload: a table that has not changed keeps its database and cache. */
static void
adopted(void **state)
{
	struct sender_maps_rules rules = { .n = 1, .timeout = 5000,
				     .cache = 60000, .may_read_files = true };
	const struct mailbox	 box = PLAIN("u", "d.example");
	struct arena		*a = arena_new(0);
	const char		*db = make_database(a, "a.db");
	const char		*text, *path, *spec, *server, *wrong;
	struct sender_maps	*m, *next;
	struct directory_counts	 c;
	char			*why = NULL;

	(void)state;
	text = arena_printf(a, "dbpath = %s\nquery = SELECT o FROM t WHERE "
	    "a = '%%s'\n", db);
	path = write_file(a, "a.cf", text, strlen(text), 0644);
	spec = arena_printf(a, "sqlite:%s", path);
	rules.spec = &spec;
	m = sender_maps_new(&rules, &why);
	assert_true(sender_maps_check(m, &why));
	assert_true(sender_maps_probe(m, 0, 1000, a, &server, &wrong));
	assert_null(wrong);
	assert_string_equal(server, db);
	assert_string_equal(sender_maps_find(m, &box, &at, a).login[0],
	    "alice");
	next = sender_maps_new(&rules, &why);
	sender_maps_adopt(next, m);
	sender_maps_free(&m);
	assert_int_equal(unlink(db), 0);
	assert_string_equal(sender_maps_find(next, &box, &at, a).login[0],
	    "alice");
	sender_maps_count(next, &c);
	assert_int_equal(c.cached, 1);
	/* another text of the file is another table */
	text = arena_printf(a, "%s# changed\n", text);
	write_file(a, "a.cf", text, strlen(text), 0644);
	m = sender_maps_new(&rules, &why);
	sender_maps_adopt(m, next);
	sender_maps_free(&next);
	assert_int_equal(sender_maps_find(m, &box, &at, a).result,
	    DIRECTORY_UNKNOWN);
	sender_maps_adopt(m, NULL);
	sender_maps_adopt(NULL, m);
	assert_true(sender_maps_forget(m));
	assert_false(sender_maps_forget(NULL));
	sender_maps_free(&m);
	arena_free(&a);
}

/* 1,000 logins of one address, and one more. */
static void
many_logins(void **state)
{
	const struct mailbox	 box = PLAIN("u", "d.example");
	struct arena		*a = arena_new(0);
	struct buf		 b = BUF_INIT;
	struct sender_maps	*m;
	struct sender_owners	 o;
	const char		*spec;
	char			*why;
	int			 i, more;

	(void)state;
	for (more = 0; more < 2; more++) {
		buf_reset(&b);
		buf_addstr(&b, "inline:{{u@d.example = ");
		for (i = 0; i < 1000 + more; i++)
			buf_printf(&b, "l%d, ", i);
		buf_addstr(&b, "}}");
		spec = buf_str(&b);
		m = sender_maps_new(&(struct sender_maps_rules){ &spec, 1,
		    NULL, 0, '+', 1000, 0, 0, false }, &why);
		o = sender_maps_find(m, &box, &at, a);
		assert_int_equal(o.result, more ? DIRECTORY_UNKNOWN :
		    DIRECTORY_FOUND);
		assert_int_equal(o.n, 1000);
		sender_maps_free(&m);
	}
	buf_free(&b);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(no_delimiter),
		cmocka_unit_test(types),
		cmocka_unit_test(files),
		cmocka_unit_test(missing_database),
		cmocka_unit_test(limited),
		cmocka_unit_test(adopted),
		cmocka_unit_test(many_logins),
	};

	return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
