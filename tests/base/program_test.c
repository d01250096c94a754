/*
 * program: the output, the bounds of time and size, and what fails
 */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/program.h"

static void
what_a_program_prints_is_read(void **state)
{
	static char	path[] = "PATH=/usr/bin:/bin", value[] = "A=b c";
	static char *const env[] = { path, value, NULL };
	static const struct {
		const char	*script;
		bool		 own_env, good;
		const char	*out, *why;
	} rows[] = {
		{ "echo hello", false, true, "hello\n", "" },
		{ "echo \"$A\"", true, true, "b c\n", "" },
		{ "echo oops >&2", false, true, "", "" },
		{ "cat", false, true, "", "" },
		{ "echo part; exit 3", false, false, "part\n", "sh failed" },
		{ "echo part; sleep 60", false, false, "part\n",
		    "sh does not end" },
		/* more than `most` is not read, and it may not wait for us */
		{ "yes", false, false, NULL, "sh failed" },
		/* the descriptors of this process are closed */
		{ "test -e /proc/self/fd/77 && echo open; true", false, true,
		    "", "" },
	};
	char		 shell[] = "sh", option[] = "-c";
	char		 missing[] = "millgate-no-such-program";
	char		*argv[] = { shell, option, NULL, NULL };
	struct program	 p = { argv, NULL, true, 1, 1000 };
	struct buf	 b = BUF_INIT;
	char		 why[PROGRAM_WHY];
	size_t		 i;

	(void)state;
	assert_int_equal(dup2(STDERR_FILENO, 77), 77);
	for (i = 0; i < NELEM(rows); i++) {
		argv[2] = (char *)rows[i].script;
		p.env = rows[i].own_env ? env : NULL;
		buf_reset(&b);
		why[0] = '\0';
		if (program_output(&p, &b, why) != rows[i].good)
			row_fail(rows[i].script, "%s", why);
		if (rows[i].out != NULL)
			assert_string_equal(buf_str(&b), rows[i].out);
		assert_string_equal(why, rows[i].why);
		assert_true(b.len < 1000 + 4096);
	}
	close(77);
	argv[0] = missing;
	assert_false(program_output(&p, &b, why));
	assert_string_equal(why, "millgate-no-such-program: No such file or "
	    "directory");
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_prints_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
