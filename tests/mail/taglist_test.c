/*
 * taglist: accepts the grammar of RFC 6376 3.2 and nothing else
 */
#include "test.h"

#include "mail/taglist.h"

#define LIST(text)	(text), sizeof(text) - 1

static const struct {
	const char	*name;
	const char	*text;
	size_t		 len;
	const char	*want;	/* name=value| ... ; NULL: refused */
} lists[] = {
	{ "one tag", LIST("a=b"), "a=b|" },
	{ "a final semicolon", LIST("a=b;"), "a=b|" },
	{ "white space behind it", LIST("a=b; \t"), "a=b|" },
	{ "white space everywhere", LIST(" a = b ; c\t=\td "), "a=b|c=d|" },
	{ "folds, CRLF and LF",
	    LIST("a=\r\n b;\n\tc\r\n =d;\r\n\te=f\n g"), "a=b|c=d|e=f\n g|" },
	{ "a fold of a blank line", LIST("a=b;\r\n \r\n c=d"), "a=b|c=d|" },
	{ "an empty value", LIST("a=;b= ;c="), "a=|b=|c=|" },
	{ "an equals sign in a value", LIST("b=ab=="), "b=ab==|" },
	{ "blanks inside a value stay", LIST("n= a  b "), "n=a  b|" },
	{ "digits and underscores in a name", LIST("a1_b=c"), "a1_b=c|" },
	{ "names differ in case", LIST("a=1;A=2"), "a=1|A=2|" },
	{ "8-bit values", LIST("n=\xc3\xa9"), "n=\xc3\xa9|" },
	{ "the first and the last printable octet", LIST("a=!~"), "a=!~|" },
	{ "the octets beside a semicolon", LIST("a=:<"), "a=:<|" },
	{ "the first and the last 8-bit octet", LIST("a=\x80\xff"),
	    "a=\x80\xff|" },
	{ "nothing", LIST(""), NULL },
	{ "only blanks", LIST("  "), NULL },
	{ "only a semicolon", LIST(";"), NULL },
	{ "two semicolons", LIST("a=b;;c=d"), NULL },
	{ "two semicolons at the end", LIST("a=b;;"), NULL },
	{ "a semicolon first", LIST(";a=b"), NULL },
	{ "no equals sign", LIST("a"), NULL },
	{ "no equals sign in the second", LIST("a=b;c"), NULL },
	{ "no name", LIST("=b"), NULL },
	{ "a name with a blank", LIST("a b=c"), NULL },
	{ "a name that begins with a digit", LIST("1a=b"), NULL },
	{ "a name that begins with an underscore", LIST("_a=b"), NULL },
	{ "a name with a hyphen", LIST("a-b=c"), NULL },
	{ "an 8-bit name", LIST("\xc3\xa9=b"), NULL },
	{ "a name twice", LIST("a=b;c=d;a=b"), NULL },
	{ "a NUL", LIST("a=b\0c"), NULL },
	{ "a DEL", LIST("a=b\x7f"), NULL },
	{ "a vertical tab", LIST("a=b\v"), NULL },
	{ "a form feed", LIST("a=\fb"), NULL },
	{ "a CR alone", LIST("a=b\rc"), NULL },
	{ "a line end that is no fold", LIST("a=b\r\nc"), NULL },
	{ "a line end at the end", LIST("a=b\r\n"), NULL },
	{ "a CR before a blank", LIST("a=b\r c"), NULL },
};

static void
lists_are_read(void **state)
{
	struct taglist	 tl;
	char		 got[256];
	const char	*why;
	size_t		 i, j, n;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		why = taglist_parse(&tl, lists[i].text, lists[i].len);
		if ((why == NULL) != (lists[i].want != NULL))
			row_fail(lists[i].name, "%s", why ? why : "accepted");
		if (why != NULL)
			continue;
		for (j = n = 0; j < tl.n; j++)
			n += (size_t)snprintf(got + n, sizeof(got) - n,
			    "%.*s=%.*s|", (int)tl.tag[j].name_len,
			    tl.tag[j].name, (int)tl.tag[j].len,
			    tl.tag[j].value);
		if (strcmp(got, lists[i].want) != 0)
			row_fail(lists[i].name, "read as %s", got);
	}
}

static void
the_raw_value_has_its_white_space(void **state)
{
	static const char	text[] = "a=1; b =\r\n x y \t;c=2";
	struct taglist		tl;
	const struct tag	*b;

	(void)state;
	assert_null(taglist_parse(&tl, LIST(text)));
	b = taglist_find(&tl, "b");
	assert_non_null(b);
	assert_true(b->spaced);
	assert_ptr_equal(b->raw, strchr(strchr(text, 'b'), '=') + 1);
	assert_ptr_equal(b->raw_end, strchr(b->raw, ';'));
	assert_false(taglist_find(&tl, "a")->spaced);
	assert_null(taglist_find(&tl, "bb"));
	assert_null(taglist_find(&tl, "B"));
}

static void
tags_are_counted(void **state)
{
	struct taglist	tl;
	char		text[8 * (TAGLIST_MAX + 1)];
	size_t		i, n = 0;

	(void)state;
	for (i = 0; i < TAGLIST_MAX; i++)
		n += (size_t)sprintf(text + n, "a%zu=;", i);
	assert_null(taglist_parse(&tl, text, n));
	n += (size_t)sprintf(text + n, "b=");
	assert_non_null(taglist_parse(&tl, text, n));
}

static const struct {
	const char	*value, *want;
} item_rows[] = {
	{ "a", "a|" },
	{ "a:b", "a|b|" },
	{ " a \t: b ", "a|b|" },
	{ "a:\r\n b", "a|b|" },
	{ "a::b", "a||b|" },
	{ ":", "||" },
	{ "", "|" },
	{ "a b:c", "a b|c|" },
};

static void
items_are_cut(void **state)
{
	struct tag		t = { .name = "h" };
	struct tag_items	it;
	char			got[64];
	size_t			i, n;

	(void)state;
	for (i = 0; i < NELEM(item_rows); i++) {
		t.value = item_rows[i].value;
		t.len = strlen(t.value);
		n = 0;
		for (it = tag_items(&t); tag_items_next(&it);)
			n += (size_t)snprintf(got + n, sizeof(got) - n,
			    "%.*s|", (int)it.len, it.item);
		if (strcmp(got, item_rows[i].want) != 0)
			row_fail(item_rows[i].value, "cut into %s", got);
	}
}

static const struct {
	const char	*value;
	bool		 want;
} base64_rows[] = {
	{ "", false }, { "YQ==", true }, { "YWI=", true }, { "YWJj", true },
	{ "Y W\r\n Jj", true }, { "Y+/j", true }, { "YQ = =", true },
	{ "YQ=", false }, { "YQ", false }, { "YQ===", false },
	{ "Y===", false }, { "====", false }, { "YQ==YQ==", false },
	{ "YQ-_", false }, { "YW\xc3\xa9", false }, { "=YWJ", false },
};

static void
base64_is_complete(void **state)
{
	struct tag	t = { .name = "b" };
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(base64_rows); i++) {
		t.value = base64_rows[i].value;
		t.len = strlen(t.value);
		if (tag_is_base64(&t) != base64_rows[i].want)
			row_fail(base64_rows[i].value, "judged wrongly");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(the_raw_value_has_its_white_space),
		cmocka_unit_test(tags_are_counted),
		cmocka_unit_test(items_are_cut),
		cmocka_unit_test(base64_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
