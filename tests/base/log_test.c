/*
 * log: a text of several lines becomes as many records
 */
#include "test.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/record.h"

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

static void
json_has_an_object_a_line(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "one line", "a \"b\"",
		    "{\"level\":\"error\",\"text\":\"a \\\"b\\\"\"}\n" },
		{ "empty", "", "{\"level\":\"error\",\"text\":\"\"}\n" },
		{ "two lines", "a\nb", "{\"level\":\"error\",\"text\":\"a\"}\n"
		    "{\"level\":\"error\",\"text\":\"b\"}\n" },
		{ "not UTF-8", "\xc3(\t",
		    "{\"level\":\"error\",\"text\":\"\\u00c3(\\u0009\"}\n" },
	};
	char	out[1024];
	size_t	i;

	(void)state;
	log_use_json(true);
	for (i = 0; i < NELEM(rows); i++) {
		logged(rows[i].text, out, sizeof(out));
		if (strcmp(out, rows[i].want) != 0)
			row_fail(rows[i].name, "%s", out);
	}
	log_use_json(false);
}

/* Each octet becomes six. */
static void
a_long_object_is_cut(void **state)
{
	char		text[9001], out[20000];
	struct json	v;

	(void)state;
	memset(text, 0xff, 9000);
	text[9000] = '\0';
	log_use_json(true);
	logged(text, out, sizeof(out));
	log_use_json(false);
	assert_true(json_parse(out, strlen(out), &v));
	assert_true(strlen(out) <= RECORD_JSON + 1);
	assert_true(strlen(out) > RECORD_JSON / 2);
}

static void
an_event_has_the_same_pairs_in_both_formats(void **state)
{
	struct arena	*a = arena_new(128);
	struct record	 r;
	struct buf	 b = BUF_INIT;

	(void)state;
	record_init(&r, a);
	record_str(&r, "event", "eom");
	record_num(&r, "ms", 7);
	record_json_line(&r, "info", &b);
	assert_string_equal(buf_str(&b),
	    "{\"level\":\"info\",\"event\":\"eom\",\"ms\":7}");
	buf_reset(&b);
	record_line(&r, &b);
	assert_string_equal(buf_str(&b), "event=eom ms=7");
	buf_free(&b);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_a_record),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(json_has_an_object_a_line),
		cmocka_unit_test(a_long_object_is_cut),
		cmocka_unit_test(an_event_has_the_same_pairs_in_both_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
