/*
 * size - a number of octets as people write it: 25M
 */
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/size.h"

const char *
size_text(char text[SIZE_TEXT], uint64_t size)
{
	static const char	*const unit[] = { "", "K", "M", "G" };
	size_t			 i;

	for (i = 0; i < 3 && size > 0 && size % 1024 == 0; i++)
		size /= 1024;
	snprintf(text, SIZE_TEXT, "%llu%s", (unsigned long long)size, unit[i]);
	return text;
}

bool
size_parse(const char *text, uint64_t *size)
{
	static const char	 units[] = "kmg";
	size_t			 digits = strspn(text, "0123456789"), i;
	const char		*unit;
	uint64_t		 n = 0;
	unsigned		 shift = 0;

	unit = strchr(units, ascii_lower(text[digits]));
	if (digits == 0 || unit == NULL ||
	    (text[digits] != '\0' && text[digits + 1] != '\0'))
		return false;
	if (text[digits] != '\0')
		shift = ((unsigned)(unit - units) + 1) * 10;
	for (i = 0; i < digits; i++) {
		if (n > (UINT64_MAX >> shift) / 10 - 1) {
			*size = UINT64_MAX;
			return true;
		}
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	*size = n << shift;
	return true;
}
