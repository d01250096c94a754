/*
 * postfix_text: texthash: and inline: tables, and many entries
 */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "directory/postfix_text_priv.h"

static void
texthash(void **state)
{
	static const char	 text[] = "# owners\nAlice@Example.org  alice\n"
	    "bob@example.org\tbob,\n  carol\n@example.net dave   \n"
	    "\"a b\"@example.org erin\n\"q\\\" \"@x.example frank\n";
	struct arena		*a = arena_new(0);
	struct postfix_text	*t;

	(void)state;
	assert_null(postfix_texthash_parse("/t", text, a, &t));
	assert_string_equal(postfix_text_find(t, "alice@example.org"),
	    "alice");
	assert_string_equal(postfix_text_find(t, "bob@example.org"),
	    "bob,  carol");
	assert_string_equal(postfix_text_find(t, "@example.net"), "dave");
	assert_string_equal(postfix_text_find(t, "\"a b\"@example.org"),
	    "erin");
	assert_string_equal(postfix_text_find(t, "\"q\\\" \"@x.example"),
	    "frank");
	assert_null(postfix_text_find(t, "@example.org"));
	arena_free(&a);
}

static void
wrong_texthash(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "a b\nc\n",		"/t:2: the line has no value" },
		{ "a \n",		"/t:1: the line has no value" },
		{ "a b\nc d\nA e\n",	"/t:3: the key has an entry" },
		{ " a b\n",		"/t:1: the line continues" },
		{ "\"a b\n",		"/t:1: the key has a double quote" },
	};
	struct arena		*a = arena_new(0);
	struct postfix_text	*t;
	const char		*wrong;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		wrong = postfix_texthash_parse("/t", rows[i].text, a, &t);
		if (wrong == NULL || strncmp(wrong, rows[i].want,
		    strlen(rows[i].want)) != 0)
			row_fail(rows[i].text, "got %s", wrong);
	}
	arena_free(&a);
}

static void
inline_tables(void **state)
{
	static const struct {
		const char *text, *key, *want;	/* key NULL: refused */
	} rows[] = {
		{ "{a@x=alice}",		"a@x",	"alice" },
		{ "{A@x=Alice, b@x=bob}",	"a@x",	"Alice" },
		{ "{a@x=alice b@x=bob}",	"b@x",	"bob" },
		{ "{ { a@x = alice, bob }, b@x=bob }", "a@x", "alice, bob" },
		{ "{{a@x=alice}}",		"a@x",	"alice" },
		{ "{a@x=alice}",		"b@x",	NULL },
		{ "a@x=alice",			NULL,	"is not in braces" },
		{ "{a@x=alice",			NULL,	"is not in braces" },
		{ "{a@x=alice}x",		NULL,	"is not in braces" },
		{ "{}",				NULL,	"is an empty table" },
		{ "{a@x}",			NULL,	"has no \"=\"" },
		{ "{a@x=}",			NULL,	"has an empty value" },
		{ "{=b}",			NULL,	"has no name" },
		{ "{a@x=b, {c@x = d}e=f}",	NULL,	"has a brace" },
		{ "{a=b, A=c}",			NULL,	"has two entries" },
		{ "",				NULL,	"is not in braces" },
	};
	struct arena		*a = arena_new(0);
	struct postfix_text	*t;
	const char		*wrong, *got;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		wrong = postfix_inline_parse(rows[i].text, a, &t);
		if ((wrong == NULL) != (rows[i].key != NULL) ||
		    (wrong != NULL && strstr(wrong, rows[i].want) == NULL))
			row_fail(rows[i].text, "got %s", wrong);
		if (wrong != NULL)
			continue;
		got = postfix_text_find(t, rows[i].key);
		if ((got == NULL) != (rows[i].want == NULL) ||
		    (got != NULL && strcmp(got, rows[i].want) != 0))
			row_fail(rows[i].text, "found %s", got);
	}
	arena_free(&a);
}

static void
many(void **state)
{
	struct arena		*a = arena_new(0);
	struct buf		 b = BUF_INIT;
	struct postfix_text	*t;
	char			 key[32], value[32];
	int			 i;

	(void)state;
	for (i = 0; i < 20000; i++)
		buf_printf(&b, "u%d@example.org u%d\n", i, i);
	assert_null(postfix_texthash_parse("/t", buf_str(&b), a, &t));
	for (i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "u%d@example.org", i);
		snprintf(value, sizeof(value), "u%d", i);
		assert_string_equal(postfix_text_find(t, key), value);
	}
	buf_free(&b);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texthash),
		cmocka_unit_test(wrong_texthash),
		cmocka_unit_test(inline_tables),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
