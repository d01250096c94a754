/*
 * directory_sqlite: values of each type, values in quotes, and a file that is
 * replaced, damaged, or not there
 */
#include "test.h"

#include <sys/stat.h>

#include <unistd.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "directory/directory.h"
#include "sqlite_file.h"

static char		 dir[] = "/tmp/directory_sqlite_test.XXXXXX";
static char		 path[64];
static struct arena	*arena;

static void
run_sql(const char *sql)
{
	sqlite_file_run(path, sql);
}

static struct directory *
begin(const char *sql)
{
	struct directory_place p = { .timeout = 60000 };

	unlink(path);
	if (sql != NULL)
		run_sql(sql);
	assert_null(directory_place_parse(path, arena, &p));
	return directory_new(&p);
}

static struct directory_reply
ask(struct directory *d, const char *statement, const char *word)
{
	struct directory_question q = {
		.statement = statement, .word = &word, .nwords = 1
	};

	return directory_find(d, NULL, &q, monotonic_ms(), arena);
}

static void
expect_unknown(struct directory_reply r, const char *part)
{
	if (r.result != DIRECTORY_UNKNOWN || strstr(r.why, part) == NULL ||
	    strstr(r.why, path) == NULL)
		fail_msg("%d %s", r.result, r.why != NULL ? r.why : "-");
}

static void
values(void **state)
{
	struct directory	*d = begin("CREATE TABLE t (k, a, b, c);"
	    "INSERT INTO t VALUES ('x', 'text', 7, NULL), "
	    "('x', '', -9223372036854775808, 'y'), ('nul', "
	    "CAST(x'610062' AS TEXT), 0, 0), ('blob', x'00', 0, 0), "
	    "('real', 0.5, 0, 0)");
	struct directory_reply	 r;

	(void)state;
	r = ask(d, "SELECT a, b, c FROM t WHERE k = $1", "x");
	assert_int_equal(r.result, DIRECTORY_FOUND);
	assert_int_equal(r.nrows, 2);
	assert_int_equal(r.ncells, 5);
	assert_int_equal(r.ncolumns, 3);
	assert_string_equal(r.column[2], "c");
	assert_string_equal(r.cell[0].column, "a");
	assert_string_equal(r.cell[0].value, "text");
	assert_string_equal(r.cell[1].value, "7");
	assert_int_equal(r.cell[2].row, 1);
	assert_string_equal(r.cell[2].value, "");
	assert_string_equal(r.cell[3].value, "-9223372036854775808");
	assert_string_equal(r.server, path);
	assert_false(r.cached);
	r = ask(d, "SELECT a, b, c FROM t WHERE k = ?1", "y' OR '1'='1");
	assert_int_equal(r.result, DIRECTORY_NONE);
	assert_int_equal(r.ncolumns, 3);
	r = ask(d, "SELECT a FROM t WHERE k = $1", "nul");
	expect_unknown(r, "column a must be NULL, a whole number, or a text");
	expect_unknown(ask(d, "SELECT a FROM t WHERE k = $1", "blob"), "must");
	expect_unknown(ask(d, "SELECT a FROM t WHERE k = $1", "real"), "must");
	directory_free(&d);
}

static void
values_in_quotes(void **state)
{
	struct directory	*d = begin("CREATE TABLE t (k, a);"
	    "INSERT INTO t VALUES ('o''x', 'one'), ('b\\', 'two')");
	struct directory_piece	 piece[] = {
		{ "SELECT a FROM t WHERE k = '", NULL }, { "' OR k = '", "b\\" },
		{ "'", NULL }
	};
	struct directory_question q = { .sql = { piece, 3 } };
	static const struct {
		const char *value;
		unsigned rows;
	} rows[] = {
		{ "o'x", 2 }, { "' OR 'a' = 'a", 1 }, { "''", 1 },
		{ "\\' --", 1 }, { "$1", 1 }, { "?", 1 }, { "", 1 }
	};
	struct directory_reply	 r;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		piece[0].value = rows[i].value;
		r = directory_find(d, NULL, &q, monotonic_ms(), arena);
		if (r.nrows != rows[i].rows)
			row_fail(rows[i].value, "%u rows, %s", r.nrows,
			    r.why != NULL ? r.why : "");
	}
	directory_free(&d);
}

static void
wrong_queries(void **state)
{
	static const struct {
		const char *statement, *why;
	} rows[] = {
		{ "SELECT k FROM gone WHERE k = $1", "no such table: gone" },
		{ "SELECT k FROM t", "must have one parameter; write $1" },
		{ "SELECT k FROM t WHERE k = $1 AND k = $2", "one parameter" },
		{ "DELETE FROM t WHERE k = $1", "write a SELECT" },
		{ "SELECT k FROM t WHERE k = $1; SELECT 1", "one statement" },
		{ "SELEKT", "syntax error" },
	};
	struct directory	*d = begin("CREATE TABLE t (k)");
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		expect_unknown(ask(d, rows[i].statement, "x"), rows[i].why);
	/* the mistakes of one query do not stop others */
	assert_int_equal(ask(d, "SELECT k FROM t WHERE k = $1", "x").result,
	    DIRECTORY_NONE);
	directory_free(&d);
}

static void
too_much(void **state)
{
	struct directory *d = begin("CREATE TABLE t (k, v);"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 1001) INSERT INTO t SELECT 'many', i FROM n;"
	    "INSERT INTO t VALUES ('large', printf('%300000s', 'x')), "
	    "('two', printf('%200000s', 'x')), ('two', printf('%200000s', "
	    "'y'))");

	(void)state;
	expect_unknown(ask(d, "SELECT v FROM t WHERE k = $1", "many"),
	    "more than 1000 rows");
	expect_unknown(ask(d, "SELECT v FROM t WHERE k = $1", "large"),
	    "more than 262144 octets");
	expect_unknown(ask(d, "SELECT v FROM t WHERE k = $1", "two"),
	    "more than 262144 octets");
	expect_unknown(ask(d, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n) SELECT i FROM n WHERE i = $1", "x"),
	    "interrupted");
	directory_free(&d);
}

static void
another_file(void **state)
{
	struct directory	*d = begin("CREATE TABLE t (k); "
	    "INSERT INTO t VALUES ('x')");
	const char		*query = "SELECT k FROM t WHERE k = $1";

	(void)state;
	assert_int_equal(ask(d, query, "x").result, DIRECTORY_FOUND);
	unlink(path);
	run_sql("CREATE TABLE t (k)");
	assert_int_equal(ask(d, query, "x").result, DIRECTORY_NONE);
	/* the schema changes below an open connection */
	run_sql("ALTER TABLE t ADD COLUMN l; INSERT INTO t VALUES ('x', 'y')");
	assert_int_equal(ask(d, "SELECT * FROM t WHERE k = $1", "x").ncells,
	    2);
	directory_free(&d);
}

static void
no_database(void **state)
{
	const char		*query = "SELECT k FROM t WHERE k = $1";
	struct directory	*d = begin(NULL);
	FILE			*f;

	(void)state;
	expect_unknown(ask(d, query, "x"), "unable to open database file");
	directory_free(&d);
	d = begin(NULL);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_unknown(ask(d, query, "x"), "is not a regular file");
	directory_free(&d);
	d = begin(NULL);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%1024s", "this is not a database");
	fclose(f);
	expect_unknown(ask(d, query, "x"), "file is not a database");
	directory_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(values_in_quotes),
		cmocka_unit_test(wrong_queries),
		cmocka_unit_test(too_much),
		cmocka_unit_test(another_file),
		cmocka_unit_test(no_database),
	};
	int failed;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/users.db", dir);
	arena = arena_new(0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	unlink(path);
	rmdir(dir);
	return failed;
}
