/*
 * record - one event as pairs, written as a log line or as JSON
 *
 * All escaping is here: no value can look like another key, end a line or
 * close a string.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"

void
record_init(struct record *r, struct arena *a)
{
	r->arena = a;
	r->n = 0;
}

static void
record_add(struct record *r, const char *key, const char *value, bool number)
{
	if (r->n == RECORD_PAIRS)
		return;
	r->pair[r->n].key = key;
	r->pair[r->n].value = value;
	r->pair[r->n].number = number;
	r->n++;
}

void
record_str(struct record *r, const char *key, const char *value)
{
	if (value != NULL)
		record_add(r, key, arena_strdup(r->arena, value), false);
}

void
record_num(struct record *r, const char *key, uint64_t value)
{
	record_add(r, key, arena_printf(r->arena, "%llu",
	    (unsigned long long)value), true);
}

const char *
record_get(const struct record *r, const char *key)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->pair[i].key, key) == 0)
			return r->pair[i].value;
	return NULL;
}

static bool
is_plain(const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] > '~' ||
		    strchr("\"\\=", value[i]) != NULL)
			return false;
	return len > 0;
}

static void
add_quoted(struct buf *b, const char *value, size_t len)
{
	size_t i;

	buf_addch(b, '"');
	for (i = 0; i < len; i++) {
		if (value[i] == '"' || value[i] == '\\')
			buf_addch(b, '\\');
		if (value[i] < ' ' || value[i] > '~')
			buf_printf(b, "\\x%02x", (unsigned char)value[i]);
		else
			buf_addch(b, value[i]);
	}
	buf_addch(b, '"');
}

void
record_line(const struct record *r, struct buf *b)
{
	size_t i, len;

	for (i = 0; i < r->n; i++) {
		const char *value = r->pair[i].value;

		if (i > 0)
			buf_addch(b, ' ');
		buf_addstr(b, r->pair[i].key);
		buf_addch(b, '=');
		len = strnlen(value, RECORD_VALUE + 1);
		if (len > RECORD_VALUE) {
			add_quoted(b, value, RECORD_VALUE);
			buf_addstr(b, "...");
		} else if (is_plain(value, len))
			buf_add(b, value, len);
		else
			add_quoted(b, value, len);
	}
}

/* Octets of a valid UTF-8 sequence that begins at p; 0: none does. */
static size_t
utf8_length(const unsigned char *p)
{
	size_t len, i;

	if (*p < 0x80)
		return 1;
	if (*p >= 0xc2 && *p <= 0xdf)
		len = 2;
	else if (*p >= 0xe0 && *p <= 0xef)
		len = 3;
	else if (*p >= 0xf0 && *p <= 0xf4)
		len = 4;
	else
		return 0;
	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* over-long forms, surrogates, beyond U+10FFFF */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void
json_string(struct buf *b, const char *text)
{
	const unsigned char	*p = (const unsigned char *)text;
	size_t			 len;

	buf_addch(b, '"');
	while (*p != '\0') {
		len = utf8_length(p);
		if (*p == '"' || *p == '\\')
			buf_printf(b, "\\%c", *p);
		else if (*p < ' ' || *p == 0x7f || len == 0)
			buf_printf(b, "\\u%04x", *p);
		else if (*p == 0xc2 && p[1] < 0xa0)	/* a terminal's, too */
			buf_printf(b, "\\u%04x", p[1]);
		else
			buf_add(b, p, len);
		p += len > 0 ? len : 1;
	}
	buf_addch(b, '"');
}

void
record_json(const struct record *r, struct buf *b)
{
	size_t i;

	buf_addch(b, '{');
	for (i = 0; i < r->n; i++) {
		if (i > 0)
			buf_addch(b, ',');
		json_string(b, r->pair[i].key);
		buf_addch(b, ':');
		if (r->pair[i].number)
			buf_addstr(b, r->pair[i].value);
		else
			json_string(b, r->pair[i].value);
	}
	buf_addch(b, '}');
}
