/*
 * log: a text of several lines becomes as many records
 */
#include "test.h"

#include <unistd.h>

#include "base/log.h"

/* The text that log_printf writes to stderr. */
static void
logged(const char *text, char *out, size_t size)
{
	int	fd[2], saved = dup(STDERR_FILENO);
	ssize_t	n;

	assert_int_equal(pipe(fd), 0);
	fflush(stderr);
	dup2(fd[1], STDERR_FILENO);
	log_printf(LOG_LEVEL_ERROR, "%s", text);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd[1]);
	n = read(fd[0], out, size - 1);
	assert_true(n >= 0);
	out[n] = '\0';
	close(fd[0]);
}

static void
every_line_is_a_record(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "one line", "a b", "millgate: error: a b\n" },
		{ "empty", "", "millgate: error: \n" },
		{ "two lines", "a: x\nb: y", "millgate: error: a: x\n"
		    "millgate: error: b: y\n" },
		{ "a newline at the end", "a\n", "millgate: error: a\n" },
		{ "a format is text", "100%s\n%n", "millgate: error: 100%s\n"
		    "millgate: error: %n\n" },
	};
	char	out[1024];
	size_t	i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		logged(rows[i].text, out, sizeof(out));
		if (strcmp(out, rows[i].want) != 0)
			row_fail(rows[i].name, "%s", out);
	}
}

/* The first line does not use up the room of the others. */
static void
a_long_line_is_cut(void **state)
{
	char	text[9005], out[20000];

	(void)state;
	memset(text, 'x', 9000);
	strcpy(text + 9000, "\nend");
	logged(text, out, sizeof(out));
	assert_int_equal(strspn(out + strlen("millgate: error: "), "x"), 8191);
	assert_non_null(strstr(out, "\nmillgate: error: end\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_a_record),
		cmocka_unit_test(a_long_line_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
