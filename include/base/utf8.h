/*
 * utf8 - is it UTF-8? (RFC 3629: no overlong forms, no surrogates)
 */
#ifndef MILLGATE_UTF8_H
#define MILLGATE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Octets of the sequence that begins at p, 1 to 4; 0: none does. */
size_t	utf8_length(const char *p, size_t left);
bool	utf8_valid(const char *p, size_t len);

#endif
