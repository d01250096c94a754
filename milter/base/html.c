/*
 * html - text for an HTML page
 */
#include <string.h>

#include "base/buf.h"
#include "base/html.h"
#include "base/utf8.h"

static void
html_add(struct buf *b, const char *p, size_t len)
{
	uint32_t c = utf8_character(p, len);

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
	else if (utf8_is_invisible(c))
		buf_printf(b, "\\u{%x}", (unsigned)c);
	else
		buf_add(b, p, len);
}

void
html_text(struct buf *b, const char *text, size_t max)
{
	const char	*p = text;
	size_t		 left = strlen(text), done = 0, len;

	while (left > 0 && done < max) {
		len = utf8_length(p, left);
		if (len > 0) {
			html_add(b, p, len);
		} else {
			buf_printf(b, "\\x{%02x}", (unsigned char)*p);
			len = 1;
		}
		p += len;
		left -= len;
		done += len;
	}
	if (left > 0)
		buf_addstr(b, "...");
}
