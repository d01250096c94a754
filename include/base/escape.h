/*
 * escape - octets that are written as a mark and two hexadecimal digits, as
 * the % of URLs (RFC 3986 section 2.1)
 */
#ifndef MILLGATE_ESCAPE_H
#define MILLGATE_ESCAPE_H

#include <stdbool.h>

struct buf;

/*
 * Replace all escapes of the text by their octets, in place. False: one is
 * broken, or is a NUL; the text is not complete then.
 */
bool	escape_decode(char *text, char mark);
/* Append the text with %; only unreserved octets stay (RFC 3986 2.3). */
void	escape_url(struct buf *out, const char *text);

#endif
