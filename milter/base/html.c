/*
 * html - text for an HTML page
 */
#include <string.h>

#include "base/buf.h"
#include "base/html.h"
#include "base/utf8.h"

/* The character of a checked sequence of UTF-8. */
static unsigned
html_character(const unsigned char *p, size_t len)
{
	static const unsigned char	lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned			c = p[0] & lead[len];
	size_t				i;

	for (i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* Unicode's categories Cc, Zl, Zp, the usual ones of Cf, and empty letters. */
static int
is_invisible(unsigned c)
{
	static const struct { unsigned first, last; } rows[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x34f, 0x34f }, { 0x600, 0x605 }, { 0x61c, 0x61c },
		{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffc },
		{ 0xe0000, 0xe0fff },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (c >= rows[i].first && c <= rows[i].last)
			return 1;
	return 0;
}

static void
html_add(struct buf *b, const unsigned char *p, size_t len)
{
	unsigned c = html_character(p, len);

	if (c == '&')
		buf_addstr(b, "&amp;");
	else if (c == '<')
		buf_addstr(b, "&lt;");
	else if (c == '>')
		buf_addstr(b, "&gt;");
	else if (c == '"')
		buf_addstr(b, "&quot;");
	else if (c == '\'')
		buf_addstr(b, "&#39;");
	else if (is_invisible(c))
		buf_printf(b, "\\u{%x}", c);
	else
		buf_add(b, p, len);
}

void
html_text(struct buf *b, const char *text, size_t max)
{
	const unsigned char	*p = (const unsigned char *)text;
	size_t			 left = strlen(text), done = 0, len;

	while (left > 0 && done < max) {
		len = utf8_length((const char *)p, left);
		if (len > 0) {
			html_add(b, p, len);
		} else {
			buf_printf(b, "\\x{%02x}", *p);
			len = 1;
		}
		p += len;
		left -= len;
		done += len;
	}
	if (left > 0)
		buf_addstr(b, "...");
}
