/*
 * ascii - letters, digits and white space of ASCII, in any locale
 *
 * SMTP, DNS and the mail formats ignore the case of ASCII letters and leave
 * all other octets alone; <ctype.h> follows the locale, and is undefined for
 * a negative char.
 */
#ifndef MILLGATE_ASCII_H
#define MILLGATE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

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

/* WSP of RFC 5234: blank or tab. */
static inline bool
ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The octets of a fold (RFC 5322 2.2.3): blank, tab, CR, LF. */
static inline bool
ascii_is_space(char c)
{
	return ascii_is_blank(c) || c == '\r' || c == '\n';
}

/* True when an octet is above 127. */
static inline bool
ascii_has_8bit(const char *p, size_t len)
{
	for (; len > 0; len--, p++)
		if ((unsigned char)*p >= 0x80)
			return true;
	return false;
}

/* C0 or DEL, which could end a line or change a terminal. */
static inline bool
ascii_has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
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
