/*
 * utf8 - recognise UTF-8 (RFC 3629: no overlong forms, no surrogates)
 */
#ifndef MILLGATE_UTF8_H
#define MILLGATE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The octets, 1 to 4, of the character that begins at p; `left` octets may
 * be read. 0: not valid UTF-8.
 */
size_t	utf8_length(const char *p, size_t left);
/* The character of a sequence that utf8_length has measured. */
uint32_t utf8_character(const char *p, size_t len);
/*
 * Is it not visible, or does it change the order of others? These are Unicode's
 * categories Cc, Zl, Zp, the usual ones of Cf, and empty letters.
 */
bool	utf8_is_invisible(uint32_t c);

#endif
