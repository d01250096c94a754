/*
 * escape - octets that are written as a mark and two hexadecimal digits
 */
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/escape.h"

bool
escape_decode(char *text, char mark)
{
	char	*to = text;
	int	 high, low;

	for (; *text != '\0'; text++) {
		if (*text != mark) {
			*to++ = *text;
			continue;
		}
		high = ascii_hex(text[1]);
		low = high < 0 ? -1 : ascii_hex(text[2]);
		if (low < 0 || high + low == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		text += 2;
	}
	*to = '\0';
	return true;
}

void
escape_url(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (ascii_is_alnum(*text) || strchr("-._~", *text) != NULL)
			buf_addch(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
}
