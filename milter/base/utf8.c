/*
 * utf8 - recognise UTF-8: the table of RFC 3629 section 4 as code
 */
#include <stdbool.h>

#include "base/utf8.h"

static bool
is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* The second octet shows whether the form is overlong or a surrogate. */
static bool
second_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_tail(second);
	}
}

size_t
utf8_length(const char *p, size_t left)
{
	const unsigned char	*u = (const unsigned char *)p;
	size_t			 len, i;

	if (left == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (left < len || !second_fits(u[0], u[1]))
		return 0;
	for (i = 2; i < len; i++)
		if (!is_tail(u[i]))
			return 0;
	return len;
}
