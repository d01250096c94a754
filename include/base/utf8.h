/*
 * utf8 - recognise UTF-8 (RFC 3629: no overlong forms, no surrogates)
 */
#ifndef MILLGATE_UTF8_H
#define MILLGATE_UTF8_H

#include <stddef.h>

/*
 * The octets, 1 to 4, of the character that begins at p; `left` octets may
 * be read. 0: not valid UTF-8.
 */
size_t	utf8_length(const char *p, size_t left);

#endif
