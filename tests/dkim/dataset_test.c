/*
 * dataset: lines, comments, and an index that does not change the result: the
 * first match is the first in the file.
 */
#include "test.h"

#include <strings.h>

#include "base/arena.h"
#include "dkim/dataset_priv.h"

static const char text[] =
    "# comment\r\n"
    "\n"
    "  Alice@Example.ORG \t key1 : x # mine\r\n"
    "alone\n"
    "*@example.org key2\n"
    "*@*.example.org key3\n"
    "a*e@example.org key4\n"
    "*@example.net key5\n"
    "*example.net key6\n"
    "alice@example.org key7\n"
    "* last";

static const struct {
	const char	*name;
	bool		 patterns;
	const char	*text;
	const char	*want;		/* all values in the order found */
} cases[] = {
	{ "exact key", false, "alice@example.org", "key1 : x,key7," },
	{ "a star is a star", false, "*@example.org", "key2," },
	{ "case of the question", false, "ALICE@example.org",
	    "key1 : x,key7," },
	{ "no value", false, "alone", "," },
	{ "no such key", false, "bob@example.org", "" },
	{ "pattern, all in the file's order", true, "alice@example.org",
	    "key1 : x,key2,key4,key7,last," },
	{ "pattern by domain", true, "bob@EXAMPLE.org", "key2,last," },
	{ "star in the domain", true, "bob@a.b.example.org", "key3,last," },
	{ "star before the domain", true, "bob@sub.example.net",
	    "key6,last," },
	{ "both ways to the same domain", true, "bob@example.net",
	    "key5,key6,last," },
	{ "no @", true, "example.net", "key6,last," },
	{ "two @", true, "a@b@example.org", "key2,last," },
	{ "nothing", true, "", "last," },
};

static void
first_match_is_the_first_line(void **state)
{
	struct arena			*a = arena_new(4096);
	const struct dataset_line	*l;
	const struct dataset		*d;
	char				 got[200];
	size_t				 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		d = dataset_parse(a, text, sizeof(text) - 1,
		    cases[i].patterns);
		assert_int_equal(dataset_count(d), 9);
		got[0] = '\0';
		for (l = dataset_find(d, cases[i].text, NULL); l != NULL;
		    l = dataset_find(d, cases[i].text, l)) {
			strcat(got, l->value);
			strcat(got, ",");
		}
		if (strcmp(got, cases[i].want) != 0)
			row_fail(cases[i].name, "got \"%s\"", got);
	}
	arena_free(&a);
}

static void
lines_have_numbers(void **state)
{
	struct arena		*a = arena_new(4096);
	const struct dataset	*d;

	(void)state;
	d = dataset_parse(a, text, sizeof(text) - 1, true);
	assert_int_equal(dataset_line(d, 0)->line, 3);
	assert_string_equal(dataset_line(d, 0)->key, "alice@example.org");
	assert_string_equal(dataset_line(d, 0)->value, "key1 : x");
	assert_int_equal(dataset_line(d, 8)->line, 11);
	d = dataset_parse(a, "", 0, true);
	assert_int_equal(dataset_count(d), 0);
	assert_null(dataset_find(d, "x", NULL));
	arena_free(&a);
}

/* A star in the middle needs backtracking. */
static void
stars_match_what_they_can(void **state)
{
	static const struct {
		const char	*pattern, *subject;
		bool		 want;
	} stars[] = {
		{ "a*b*c", "axxbxbxc", true },
		{ "a*b*c", "axxbxbx", false },
		{ "*ab", "aab", true },
		{ "**", "", true },
		{ "a*", "a", true },
		{ "a*a", "a", false },
		{ "*.example.org", "example.org", false },
	};
	struct arena		*a = arena_new(4096);
	const struct dataset	*d;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(stars); i++) {
		d = dataset_parse(a, stars[i].pattern,
		    strlen(stars[i].pattern), true);
		if ((dataset_find(d, stars[i].subject, NULL) != NULL) !=
		    stars[i].want)
			row_fail(stars[i].pattern, "%s", stars[i].subject);
	}
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_match_is_the_first_line),
		cmocka_unit_test(lines_have_numbers),
		cmocka_unit_test(stars_match_what_they_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
