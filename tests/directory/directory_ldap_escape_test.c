/*
 * directory_ldap_escape: a value stays one value, whatever it contains.
 */
#include "test.h"

#include "base/buf.h"
#include "directory/directory_ldap_escape_priv.h"

static const struct {
	const char	*value, *escaped;
} values[] = {
	{ "", "" },
	{ "alice@example.org", "alice@example.org" },
	{ "A-z_0.9", "A-z_0.9" },
	{ "*", "\\2a" },
	{ ")(uid=*", "\\29\\28uid\\3d\\2a" },
	{ "\\", "\\5c" },
	{ "\\2a", "\\5c2a" },
	{ "a,b+c\"d", "a\\2cb\\2bc\\22d" },
	{ " a ", "\\20a\\20" },
	{ "#1", "\\231" },
	{ "<>;/&|!", "\\3c\\3e\\3b\\2f\\26\\7c\\21" },
	{ "\x01\x7f", "\\01\\7f" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\\c3\\bc\\c3\\9f" },
	{ "\xff\xfe", "\\ff\\fe" },
	{ "%s%u'", "\\25s\\25u\\27" },
};

static void
one_value(void **state)
{
	struct buf	out = BUF_INIT;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(values); i++) {
		buf_reset(&out);
		directory_ldap_escape(&out, values[i].value);
		if (strcmp(buf_str(&out), values[i].escaped) != 0)
			row_fail(values[i].value, "%s", buf_str(&out));
	}
	buf_free(&out);
}

static const struct {
	const char		*name;
	struct directory_piece	 piece[3];
	size_t			 n;
	const char		*base, *filter;
} texts[] = {
	{ "no value", { { "ou=people", NULL } }, 1, "ou=people", "ou=people" },
	{ "in a base", { { "mail=", "a,b" }, { ",ou=people", NULL } }, 2,
	    "mail=a\\2cb,ou=people", "mail=a\\2cb,ou=people" },
	{ "in a filter", { { "(mail=", "a*" }, { ")", NULL } }, 2,
	    "(mail=a\\2a)", "(mail=a\\2a)" },
	{ "twice", { { "(|(mail=", "*" }, { ")(uid>=", "(" }, { "))", NULL } },
	    3, "(|(mail=\\2a)(uid>=\\28))", "(|(mail=\\2a)(uid>=\\28))" },
	{ "in a DN of a filter",
	    { { "(&(a=b)(member=uid=", "a,b" }, { ",ou=x))", NULL } }, 2,
	    "(&(a=b)(member=uid=a\\2cb,ou=x))",
	    "(&(a=b)(member=uid=a\\5c2cb,ou=x))" },
	{ "in the second RDN of a DN", { { "(member=uid=", "a" },
	    { ",ou=", "b,c" }, { ")", NULL } }, 3,
	    "(member=uid=a,ou=b\\2cc)", "(member=uid=a,ou=b\\5c2cc)" },
	{ "an extensible match", { { "(ou:dn:=", "a,b" }, { ")", NULL } }, 2,
	    "(ou:dn:=a\\2cb)", "(ou:dn:=a\\2cb)" },
};

static void
one_text(void **state)
{
	struct buf		base = BUF_INIT, filter = BUF_INIT;
	struct directory_text	t;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		t.piece = texts[i].piece;
		t.n = texts[i].n;
		buf_reset(&base);
		buf_reset(&filter);
		directory_ldap_base(&base, &t);
		directory_ldap_filter(&filter, &t);
		if (strcmp(buf_str(&base), texts[i].base) != 0)
			row_fail(texts[i].name, "%s", buf_str(&base));
		if (strcmp(buf_str(&filter), texts[i].filter) != 0)
			row_fail(texts[i].name, "%s", buf_str(&filter));
		assert_int_equal(directory_ldap_depends(&t), i > 0);
	}
	buf_free(&base);
	buf_free(&filter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_value),
		cmocka_unit_test(one_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
