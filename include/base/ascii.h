/*
 * ascii - letters and digits of ASCII, whatever the locale
 *
 * The protocols that we read compare ASCII letters without regard to case and
 * leave all other octets as they are; <ctype.h> follows the locale, and is
 * undefined for a negative char.
 */
#ifndef MILLGATE_ASCII_H
#define MILLGATE_ASCII_H

#include <stdbool.h>

static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline char
ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

/* The value of a hexadecimal digit in either case; -1: not a digit. */
static inline int
ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
