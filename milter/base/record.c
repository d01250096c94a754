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
#include "base/utf8.h"

#define LINE_USUAL	500	/* octets */
#define JSON_END	(sizeof(",,\"cut\":true}") - 1)

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

static void
record_json_pair(const struct record_pair *p, struct buf *b)
{
	json_string(b, p->key);
	buf_addch(b, ':');
	if (p->number)
		buf_addstr(b, p->value);
	else
		json_string(b, p->value);
}

void
record_json(const struct record *r, struct buf *b)
{
	size_t i;

	buf_addch(b, '{');
	for (i = 0; i < r->n; i++) {
		if (i > 0)
			buf_addch(b, ',');
		record_json_pair(&r->pair[i], b);
	}
	buf_addch(b, '}');
}

/* A value of at most RECORD_VALUE octets and "..."; no character is divided. */
static const char *
record_shortened(const char *value, char text[RECORD_VALUE + 4])
{
	size_t len = RECORD_VALUE, back;

	if (strnlen(value, RECORD_VALUE + 1) <= RECORD_VALUE)
		return value;
	for (back = 1; back < 4; back++)
		if (utf8_length(value + RECORD_VALUE - back, 4) > back)
			len = RECORD_VALUE - back;
	memcpy(text, value, len);
	memcpy(text + len, "...", 4);
	return text;
}

void
record_json_line(const struct record *r, const char *level, struct buf *b)
{
	struct record_pair	 p;
	struct buf		 pair = BUF_INIT;
	char			 text[RECORD_VALUE + 4];
	size_t			 i, start = b->len;
	bool			 cut = false;

	buf_reserve(b, LINE_USUAL);
	buf_printf(b, "{\"level\":\"%s\"", level);
	for (i = 0; i < r->n; i++) {
		p = r->pair[i];
		p.value = record_shortened(p.value, text);
		buf_reset(&pair);
		record_json_pair(&p, &pair);
		if (b->len - start + pair.len > RECORD_JSON - JSON_END) {
			cut = true;
			continue;
		}
		buf_addch(b, ',');
		buf_add(b, pair.data, pair.len);
	}
	buf_addstr(b, cut ? ",\"cut\":true}" : "}");
	buf_free(&pair);
}
