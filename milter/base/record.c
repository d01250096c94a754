/*
 * record - one event as key-value pairs, written as a log line or as JSON
 *
 * All escaping is done here: a value can neither look like another key, nor
 * end a line, nor close a string.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/record.h"

#define LINE_USUAL	500	/* octets */

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
	char	 digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	record_add(r, key, arena_memdup(r->arena, p,
	    (size_t)(digits + sizeof(digits) - p)), true);
}

/* Printable ASCII but the blank, the quote, the backslash and "=". */
static const bool plain[256] = {
	['!'] = true, ['#' ... '<'] = true, ['>' ... '['] = true,
	[']' ... '~'] = true,
};

static bool
needs_no_quotes(const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!plain[(unsigned char)value[i]])
			return false;
	return len > 0;
}

static void
record_add_quoted(struct buf *b, const char *value, size_t len)
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

	buf_reserve(b, LINE_USUAL);
	for (i = 0; i < r->n; i++) {
		const char *value = r->pair[i].value;

		if (i > 0)
			buf_addch(b, ' ');
		buf_addstr(b, r->pair[i].key);
		buf_addch(b, '=');
		len = strnlen(value, RECORD_VALUE + 1);
		if (len > RECORD_VALUE) {
			record_add_quoted(b, value, RECORD_VALUE);
			buf_addstr(b, "...");
		} else if (needs_no_quotes(value, len))
			buf_add(b, value, len);
		else
			record_add_quoted(b, value, len);
	}
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
