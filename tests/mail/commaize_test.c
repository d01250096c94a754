/*
 * commaize: address fields as Sendmail 8.17 rewrites them. The rows were
 * observed behind a real Sendmail (the e2e case
 * "what sendmail does to addresses is signed").
 */
#include "test.h"

#include "base/arena.h"
#include "mail/commaize.h"

static const struct {
	const char	*name, *value, *want;	/* NULL: as it is */
} cases[] = {
	{ "one address", " a@x.example", NULL },
	{ "two", " a@x.example, b@x.example", NULL },
	{ "no blank", " a@x.example,b@x.example",
	    " a@x.example, b@x.example" },
	{ "a blank before the comma", " a@x.example , b@x.example",
	    " a@x.example, b@x.example" },
	{ "no blank behind the colon", "a@x.example", " a@x.example" },
	{ "empty ones", " ,a@x.example,, b@x.example,\n\t,",
	    " a@x.example, b@x.example" },
	{ "folds", " a@x.example,\n\tb@x.example",
	    " a@x.example, b@x.example" },
	{ "a fold inside", " Bob\n\t<b@x.example>,c@x.example",
	    " Bob\n\t<b@x.example>, c@x.example" },
	{ "quoted", " \"A,B\" <a@x.example>,\"C\\\",D\" <c@x.example>",
	    " \"A,B\" <a@x.example>, \"C\\\",D\" <c@x.example>" },
	{ "comments", " a@x.example (one,two (three,four)),b@x.example",
	    " a@x.example (one,two (three,four)), b@x.example" },
	{ "a source route", " <@a.example,@b.example:c@x.example>,d@x.example",
	    " <@a.example,@b.example:c@x.example>, d@x.example" },
	{ "a group", " g:a@x.example,b@x.example;",
	    " g:a@x.example, b@x.example;" },
	{ "a backslash", " a\\,b@x.example,c@x.example", NULL },
	{ "a backslash in a comment", " a@x.example (\\)),b@x.example",
	    " a@x.example (\\)), b@x.example" },
	{ "a dot in the name", " Acme Inc. <a@x.example>,B <b@x.example>",
	    " \"Acme Inc.\" <a@x.example>, B <b@x.example>" },
	{ "no blank behind it", " J. Doe<a@x.example>",
	    " \"J. Doe\"<a@x.example>" },
	{ "an address for a name", " a@x.example  <a@x.example>",
	    " \"a@x.example\"  <a@x.example>" },
	{ "an apostrophe", " Pat O'Hara <a@x.example>",
	    " \"Pat O'Hara\" <a@x.example>" },
	{ "an encoded word with a dot", " =?utf-8?q?J=C3=B6_A.?= <a@x.example>",
	    " \"=?utf-8?q?J=C3=B6_A.?=\" <a@x.example>" },
	{ "a dot in quotes", " \"Acme Inc.\" <a@x.example>", NULL },
	{ "a dot beside quotes", " \"A\" B. <a@x.example>", NULL },
	{ "a dot and a comment", " B. (x) <a@x.example>", NULL },
	{ "a group's dot", " A. B: <a@x.example>;", NULL },
	{ "two angles", " A. <b <a@x.example>>", NULL },
	{ "an open quote", " \"a@x.example,b@x.example", NULL },
	{ "an open comment", " a@x.example (b,c@x.example", NULL },
	{ "an open angle", " <a@x.example,b@x.example", NULL },
	{ "a comment that was never open", " a),b@x.example",
	    " a), b@x.example" },
	{ "a quote in a comment", " a@x.example (\"),b@x.example",
	    " a@x.example (\"), b@x.example" },
	{ "nothing", "", NULL },
	{ "commas alone", " , ,", NULL },
	{ "a backslash at the end", " a,\"b\\", NULL },
	{ "nothing behind the end counts", " a,\"b\\\0\",c", NULL },
};

static void
values(void **state)
{
	struct arena	*a = arena_new(4096);
	const char	*got, *want;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		want = cases[i].want != NULL ? cases[i].want : cases[i].value;
		got = commaize(a, cases[i].value);
		if (strcmp(got, want) != 0)
			row_fail(cases[i].name, "got \"%s\"", got);
	}
	arena_free(&a);
}

static void
fields(void **state)
{
	(void)state;
	assert_true(commaize_applies("To"));
	assert_true(commaize_applies("FROM"));
	assert_true(commaize_applies("Resent-Cc \t"));
	assert_false(commaize_applies("Subject"));
	assert_false(commaize_applies("T"));
	assert_false(commaize_applies("To-Do"));
	assert_false(commaize_applies(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
