/*
 * postfix_lmdb: files as Postfix writes them, and files that cannot be used
 */
#include "test.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include "base/arena.h"
#include "directory/sender_maps.h"
#include "temp_dir.h"

#define MAP_SIZE	(16u << 20)
#define MANY		20000u

static uint64_t
now(void)
{
	return 1000;
}

static const struct sender_time at = { now, 1000 };

/* Octets of keys and values, as they are in the file. */
struct pair {
	const char	*key;	size_t nkey;
	const char	*value;	size_t nvalue;
};
#define PAIR(k, v)	{ k, sizeof(k) - 1, v, sizeof(v) - 1 }

static void
put(MDB_txn *txn, MDB_dbi dbi, const struct pair *p)
{
	MDB_val k = { p->nkey, (void *)(uintptr_t)p->key };
	MDB_val v = { p->nvalue, (void *)(uintptr_t)p->value };

	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
}

/* Write a file as postmap does, and `many` more entries. Its table's name. */
static const char *
write_lmdb(struct arena *a, const char *name, const struct pair *p, size_t n,
    unsigned many)
{
	const char	*spec = arena_printf(a, "lmdb:%s/%s", temp_dir, name);
	struct pair	 more;
	MDB_env		*env;
	MDB_txn		*txn;
	MDB_dbi		 dbi;
	size_t		 i;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_mapsize(env, MAP_SIZE), 0);
	assert_int_equal(mdb_env_open(env, arena_printf(a, "%s.lmdb",
	    spec + 5), MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0644), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	for (i = 0; i < n; i++)
		put(txn, dbi, &p[i]);
	for (i = 0; i < many; i++) {
		more.key = arena_printf(a, "u%zu@many.example", i);
		more.value = arena_printf(a, "login%zu", i);
		more.nkey = strlen(more.key);
		more.nvalue = strlen(more.value);
		put(txn, dbi, &more);
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	return spec;
}

static struct sender_maps *
open_maps(struct arena *a, const char *spec, char **why)
{
	struct sender_maps_rules *rules = arena_alloc(a, sizeof(*rules));
	const char		**one = arena_alloc(a, sizeof(*one));

	*one = spec;
	*why = NULL;
	*rules = (struct sender_maps_rules){ .spec = one, .n = 1,
	    .timeout = 1000, .may_read_files = true };
	return sender_maps_new(rules, why);
}

static void
expect_owner(struct sender_maps *m, struct arena *a, const char *local,
    const char *domain, const char *want)
{
	const struct mailbox	box = { local, domain,
				    arena_printf(a, "%s@%s", local, domain) };
	struct sender_owners	o = sender_maps_find(m, &box, &at, a);

	if (want == NULL ? o.result != DIRECTORY_NONE :
	    o.result != DIRECTORY_FOUND || o.n != 1 ||
	    strcmp(o.login[0], want) != 0)
		row_fail(box.address, "result %d, %zu logins", (int)o.result,
		    o.n);
}

static void
expect_refused(struct arena *a, const char *spec, const char *want)
{
	char			*why;
	struct sender_maps	*m = open_maps(a, spec, &why);

	if (m != NULL || why == NULL || strstr(why, want) == NULL)
		row_fail(spec, "got %s, want %s", why, want);
	sender_maps_free(&m);
	free(why);
}

static void
found(void **state)
{
	static const struct pair pairs[] = {
		PAIR("u@d.example", "alice"),
		PAIR("nul@d.example\0", "bob\0"),
		PAIR("Upper@D.example", "carol"),
		PAIR("@e.example", "erin"),
	};
	struct arena		*a = arena_new(0);
	char			*why;
	struct sender_maps	*m = open_maps(a, write_lmdb(a, "owners", pairs,
				    NELEM(pairs), MANY), &why);

	(void)state;
	assert_non_null(m);
	expect_owner(m, a, "u", "d.example", "alice");
	expect_owner(m, a, "nul", "d.example", "bob");
	expect_owner(m, a, "upper", "d.example", "carol");
	expect_owner(m, a, "x", "e.example", "erin");
	expect_owner(m, a, "u0", "many.example", "login0");
	expect_owner(m, a, "u19999", "many.example", "login19999");
	expect_owner(m, a, "u20000", "many.example", NULL);
	sender_maps_free(&m);
	m = open_maps(a, write_lmdb(a, "none", pairs, 0, 0), &why);
	assert_non_null(m);
	expect_owner(m, a, "u", "d.example", NULL);
	sender_maps_free(&m);
	arena_free(&a);
}

static void
refused(void **state)
{
	static const struct pair inner[] = { PAIR("a\0b@d.example", "x") };
	static const struct pair empty[] = { PAIR("a@d.example", "") };
	static const struct pair twice[] = { PAIR("a@d.example", "x"),
	    PAIR("A@d.example", "y") };
	struct arena	*a = arena_new(0);
	const char	*spec, *path;
	char		 text[20000];
	FILE		*f;

	(void)state;
	expect_refused(a, "lmdb:/nonexistent/x", "/nonexistent/x.lmdb: No");
	expect_refused(a, write_lmdb(a, "inner", inner, 1, 0), "NUL octets");
	expect_refused(a, write_lmdb(a, "empty", empty, 1, 0),
	    "the key a@d.example has an empty value");
	expect_refused(a, write_lmdb(a, "twice", twice, 2, 0),
	    "has two entries");
	spec = write_lmdb(a, "short", twice, 1, MANY);
	path = arena_printf(a, "%s.lmdb", spec + 5);
	assert_int_equal(truncate(path, 5 * 4096), 0);
	expect_refused(a, spec, "was cut short");
	assert_int_equal(truncate(path, 100), 0);
	expect_refused(a, spec, "is not an LMDB file");
	assert_int_equal(truncate(path, 0), 0);
	expect_refused(a, spec, "is empty");
	memset(text, 'x', sizeof(text));
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, sizeof(text), f), sizeof(text));
	fclose(f);
	expect_refused(a, spec, "is not an LMDB file; write it with postmap");
	arena_free(&a);
}

/* A writer has the lock until the pipe is closed. */
static void
lock_until_closed(const char *path, int ready, int end)
{
	struct flock	l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int		fd = open(path, O_RDWR);
	char		c = fd != -1 && fcntl(fd, F_SETLK, &l) == 0 ? 'y' : 'n';

	if (write(ready, &c, 1) != 1 || read(end, &c, 1) != 0)
		_exit(1);
	_exit(0);
}

static void
being_written(void **state)
{
	static const struct pair one[] = { PAIR("a@d.example", "x") };
	struct arena		*a = arena_new(0);
	const char		*spec = write_lmdb(a, "busy", one, 1, 0);
	struct sender_maps	*m;
	int			 ready[2], end[2], status;
	char			 c = 'n', *why;
	pid_t			 pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	if (pid == 0) {
		close(end[1]);
		lock_until_closed(arena_printf(a, "%s.lmdb", spec + 5),
		    ready[1], end[0]);
	}
	close(end[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	expect_refused(a, spec, "another program is writing it");
	close(end[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	m = open_maps(a, spec, &why);
	assert_non_null(m);
	sender_maps_free(&m);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),
		cmocka_unit_test(refused),
		cmocka_unit_test(being_written),
	};

	return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
