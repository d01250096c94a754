/*
 * scenario: files that are not scenarios say what is wrong and where, and what
 * a message, a fold or a missing expectation is
 */
#include "test.h"

#include <unistd.h>

#include "mta/scenario.h"

#define CONF	"[conf]\nauthserv-id = \"mx.example.net\"\n"
#define SESSION	CONF "[session]\nconnect 192.0.2.1\nhelo a.example\n" \
	"mail <>\nrcpt <b@example.net>\n"

static char path[] = "scenario.XXXXXX";

static char *
run(const char *text, size_t len, enum scenario_result *result)
{
	FILE	*f = fopen(path, "w"), *out;
	char	*said = NULL;
	size_t	 n;

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	out = open_memstream(&said, &n);
	assert_non_null(out);
	*result = scenario_run(path, out);
	fclose(out);
	return said;
}

static void
what_is_wrong_is_said(void **state)
{
	static const struct {
		const char		*text;
		enum scenario_result	 result;
		const char		*says;	/* after the path */
	} rows[] = {
		{ "", SCENARIO_BROKEN,
		    ":0: nothing to run: a [session] is missing\n" },
		{ "x\n", SCENARIO_BROKEN, ":1: text outside of a section: x\n" },
		{ "\n# x\n", SCENARIO_BROKEN,
		    ":2: nothing to run: a [session] is missing\n" },
		{ CONF, SCENARIO_BROKEN,
		    ":2: nothing to run: a [session] is missing\n" },
		{ "[zone]\nx\n[session]\n", SCENARIO_BROKEN, ":3: [zone]: " },
		{ "[conf]\nx = 1\n[session]\n", SCENARIO_BROKEN,
		    ":3: [conf]: " },
		{ CONF "[session]\nfrobnicate x\n", SCENARIO_BROKEN,
		    ":4: unknown command: frobnicate\n" },
		{ CONF "[session]\nhelo\n", SCENARIO_BROKEN,
		    ":4: this command needs an argument: helo\n" },
		{ CONF "[session]\nconnect 192.0.2.300\n", SCENARIO_BROKEN,
		    ":4: connect: not an IP address: 192.0.2.300\n" },
		{ CONF "[session]\nconnect unknown\nmacro i 7\nmacro i\n"
		    "time 1800000060\nabort\n", SCENARIO_PASSED, "" },
		{ SESSION "[expect]\nmail accept\nnot mail reject *",
		    SCENARIO_PASSED, "" },
		{ SESSION "[expect]\nmail reject *\n", SCENARIO_FAILED,
		    ":9: expected, but missing: mail reject *\noutcome:\n" },
		{ SESSION "[expect]\nnot mail accept\n", SCENARIO_FAILED,
		    ":9: present, but not expected: mail accept\n" },
		/* the header ends at what is no field; a fold is one */
		{ SESSION "[message]\nFrom: a@example.org\nSubject: x\n\ty\nno "
		    "field\n\nz\n[expect]\neom accept\n", SCENARIO_PASSED, "" },
		{ SESSION "[message]\n: x\nFrom: a@example.org\n[expect]\n"
		    "eom reject 550 5.7.1 *\n", SCENARIO_PASSED, "" },
		{ SESSION "[message]\n[expect]\neom reject 550 5.7.1 *\n",
		    SCENARIO_PASSED, "" },
	};
	enum scenario_result	 result;
	char			*said;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		said = run(rows[i].text, strlen(rows[i].text), &result);
		if (result != rows[i].result)
			row_fail(rows[i].text, "result %d: %s", result, said);
		if (rows[i].says[0] == '\0' ? said[0] != '\0' :
		    strncmp(said, path, strlen(path)) != 0 ||
		    strncmp(said + strlen(path), rows[i].says,
		    strlen(rows[i].says)) != 0)
			row_fail(rows[i].text, "says %s", said);
		free(said);
	}
}

static void
a_file_that_cannot_be_read(void **state)
{
	static const struct {
		const char	*path, *says;
	} rows[] = {
		{ "/nonexistent/x", "/nonexistent/x: No such file or "
		    "directory\n" },
		/* a file whose first octet cannot be read */
		{ "/proc/self/mem", "/proc/self/mem:0: cannot be read: "
		    "Input/output error\n" },
	};
	char	*said;
	size_t	 i, n;
	FILE	*out;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		out = open_memstream(&said, &n);
		assert_non_null(out);
		assert_int_equal(scenario_run(rows[i].path, out),
		    SCENARIO_BROKEN);
		fclose(out);
		assert_string_equal(said, rows[i].says);
		free(said);
	}
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_file_that_cannot_be_read),
	};
	int	fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	return cmocka_run_group_tests(tests, NULL, remove_file);
}
