/*
 * directory_mysql_sql: parameters of a statement as MySQL reads them.
 */
#include "test.h"

#include "base/buf.h"
#include "directory/directory_mysql_sql_priv.h"

static const struct {
	const char	*statement, *sql, *order;
} good[] = {
	{ "SELECT a FROM u WHERE l = $1", "SELECT a FROM u WHERE l = ?", "1" },
	{ "SELECT ?1", "SELECT ?", "1" },
	{ "SELECT $2, $1,$2", "SELECT ?, ?,?", "212" },
	{ "SELECT '$1', $1", "SELECT '$1', ?", "1" },
	{ "SELECT 'it''s $1', $1", "SELECT 'it''s $1', ?", "1" },
	{ "SELECT 'it\\'s $1', $1", "SELECT 'it\\'s $1', ?", "1" },
	{ "SELECT \"\\\\\", $1", "SELECT \"\\\\\", ?", "1" },
	{ "SELECT `\\`, $1", "SELECT `\\`, ?", "1" },
	{ "SELECT `a?$1` = $1", "SELECT `a?$1` = ?", "1" },
	{ "SELECT a$1, $1", "SELECT a$1, ?", "1" },
	{ "SELECT $1 -- $2 ? \n", "SELECT ? -- $2 ? \n", "1" },
	{ "SELECT 1--$1", "SELECT 1--?", "1" },
	{ "SELECT $1 # '?", "SELECT ? # '?", "1" },
	{ "SELECT /* ' ? */ $1", "SELECT /* ' ? */ ?", "1" },
	{ "SELECT /*! $1 */ $2", "SELECT /*! ? */ ?", "12" },
	{ "SELECT /*M! $1 */", "SELECT /*M! ? */", "1" },
	{ "SELECT $ , $1", "SELECT $ , ?", "1" },
	{ "SELECT $1 'unended $2", "SELECT ? 'unended $2", "1" },
	{ "SELECT $1 'unended \\", "SELECT ? 'unended \\", "1" },
	{ "SELECT $1 /* unended", "SELECT ? /* unended", "1" },
};

static void
accepted(void **state)
{
	struct directory_mysql_marks	marks;
	struct buf			sql = BUF_INIT;
	char				why[DIRECTORY_ERROR];
	size_t				i, j;

	(void)state;
	for (i = 0; i < NELEM(good); i++) {
		buf_reset(&sql);
		if (!directory_mysql_sql(good[i].statement, 2, &sql, &marks,
		    why))
			row_fail(good[i].statement, "%s", why);
		if (strcmp(buf_str(&sql), good[i].sql) != 0)
			row_fail(good[i].statement, "%s", buf_str(&sql));
		assert_int_equal(marks.n, strlen(good[i].order));
		for (j = 0; j < marks.n; j++)
			assert_int_equal(marks.word[j] + 1,
			    good[i].order[j] - '0');
	}
	buf_free(&sql);
}

static const struct {
	const char	*statement, *why;
} bad[] = {
	{ "SELECT ?", "write $1" },
	{ "SELECT $0", "write $1" },
	{ "SELECT $3", "has $3, but the last parameter is $2" },
	{ "SELECT $99999999999999999999", "has $9999, but" },
	{ "SELECT '$1'", "no $1 outside of quotes" },
	{ "SELECT 1", "no $1 outside of quotes" },
	{ "", "no $1 outside of quotes" },
	{ "$1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1 "
	    "$1 $1 $1 $1 $1 $1 $1 $1 $1 $1 $1", "more than 32 parameters" },
};

static void
refused(void **state)
{
	struct directory_mysql_marks	marks;
	struct buf			sql = BUF_INIT;
	char				why[DIRECTORY_ERROR];
	size_t				i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		if (directory_mysql_sql(bad[i].statement, 2, &sql, &marks, why))
			row_fail(bad[i].statement, "accepted");
		if (strstr(why, bad[i].why) == NULL)
			row_fail(bad[i].statement, "%s", why);
	}
	buf_free(&sql);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
