/*
 * html: text cannot become markup, and shows its invisible characters
 */
#include "test.h"

#include "base/buf.h"
#include "base/html.h"

static void
texts_are_escaped(void **state)
{
	static const struct {
		const char	*text;
		size_t		 max;
		const char	*want;
	} rows[] = {
		{ "", 10, "" },
		{ "alice@example.org", 100, "alice@example.org" },
		{ "<a href=\"x\">'&", 100,
		    "&lt;a href=&quot;x&quot;&gt;&#39;&amp;" },
		{ "j\xc3\xbcrgen \xd7\xa9\xe4\xbd\xa0\xf0\x9f\x93\xa7", 100,
		    "j\xc3\xbcrgen \xd7\xa9\xe4\xbd\xa0\xf0\x9f\x93\xa7" },
		{ "\x01\t\r\n\x7f", 100, "\\u{1}\\u{9}\\u{d}\\u{a}\\u{7f}" },
		{ "\xc2\x80\xc2\x9f\xc2\xa0", 100,
		    "\\u{80}\\u{9f}\xc2\xa0" },
		{ "\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa9", 100,
		    "\\u{2028}\\u{202e}\\u{2069}" },
		{ "\xf3\xa0\x80\xa1", 100, "\\u{e0021}" },
		/* not UTF-8: alone, overlong, a surrogate, cut off */
		{ "\xff", 100, "\\x{ff}" },
		{ "\xc0\xbc", 100, "\\x{c0}\\x{bc}" },
		{ "\xed\xa0\x80", 100, "\\x{ed}\\x{a0}\\x{80}" },
		{ "\xe2\x80", 100, "\\x{e2}\\x{80}" },
		{ "abcdef", 6, "abcdef" },
		{ "abcdef", 5, "abcde..." },
		{ "ab\xc3\xbc", 3, "ab\xc3\xbc" },
		{ "abcdef", 0, "..." },
	};
	struct buf	b = BUF_INIT;
	size_t		i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		buf_reset(&b);
		html_text(&b, rows[i].text, rows[i].max);
		if (strcmp(buf_str(&b), rows[i].want) != 0)
			row_fail(rows[i].want, "%s", buf_str(&b));
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
