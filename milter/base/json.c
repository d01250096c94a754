/*
 * json - read JSON text in memory, and write strings (RFC 8259, no fractions)
 */
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"

static const char *skip_value(const char *p, const char *end, int depth);

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && ascii_is_space(*p))
		p++;
	return p;
}

/* Four hexadecimal digits; -1: not four. */
static int
hex_quad(const char *p, const char *end)
{
	int i, digit, value = 0;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		digit = ascii_hex(p[i]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* The end of the string that begins at p; NULL: not a string. */
static const char *
skip_string(const char *p, const char *end)
{
	if (p == end || *p != '"')
		return NULL;
	for (p++; p < end && *p != '"'; p++) {
		if ((unsigned char)*p < ' ')
			return NULL;
		if (*p != '\\')
			continue;
		if (++p == end || *p == '\0' ||
		    strchr("\"\\/bfnrtu", *p) == NULL)
			return NULL;
		if (*p == 'u' && hex_quad(p + 1, end) < 0)
			return NULL;
	}
	return p < end ? p + 1 : NULL;
}

static const char *
skip_word(const char *p, const char *end)
{
	static const char *const words[] = { "true", "false", "null" };
	const char		*start = p;
	size_t			 i, len;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		len = strlen(words[i]);
		if ((size_t)(end - p) >= len && memcmp(p, words[i], len) == 0)
			return p + len;
	}
	while (p < end && ascii_is_digit(*p))
		p++;
	return p > start ? p : NULL;
}

/* An array, or an object: `"name":` before each value. */
static const char *
skip_list(const char *p, const char *end, int depth)
{
	char close = *p == '{' ? '}' : ']';

	p = skip_space(p + 1, end);
	if (p < end && *p == close)
		return p + 1;
	while (p < end) {
		if (close == '}') {
			p = skip_string(p, end);
			if (p == NULL)
				return NULL;
			p = skip_space(p, end);
			if (p == end || *p++ != ':')
				return NULL;
			p = skip_space(p, end);
		}
		p = skip_value(p, end, depth);
		if (p == NULL)
			return NULL;
		p = skip_space(p, end);
		if (p < end && *p == close)
			return p + 1;
		if (p == end || *p != ',')
			return NULL;
		p = skip_space(p + 1, end);
	}
	return NULL;
}

static const char *
skip_value(const char *p, const char *end, int depth)
{
	if (p == end || depth == 0)
		return NULL;
	if (*p == '{' || *p == '[')
		return skip_list(p, end, depth - 1);
	return *p == '"' ? skip_string(p, end) : skip_word(p, end);
}

bool
json_parse(const char *text, size_t len, struct json *v)
{
	const char *end = text + len;

	v->p = skip_space(text, end);
	v->end = skip_value(v->p, end, JSON_DEPTH);
	return v->end != NULL && skip_space(v->end, end) == end;
}

bool
json_next(struct json list, struct json *at, struct json *key,
    struct json *v)
{
	bool		 object = list.p < list.end && *list.p == '{';
	const char	*p = at->p;

	if (!object && (list.p == list.end || *list.p != '['))
		return false;
	p = skip_space(p == NULL ? list.p + 1 : p, list.end);
	if (p < list.end && *p == ',')
		p = skip_space(p + 1, list.end);
	if (p >= list.end - 1)		/* at the closing bracket */
		return false;
	if (object) {
		if (key != NULL) {
			key->p = p;
			key->end = skip_string(p, list.end);
		}
		p = skip_space(skip_string(p, list.end), list.end) + 1;
		p = skip_space(p, list.end);
	}
	v->p = p;
	v->end = at->p = skip_value(p, list.end, JSON_DEPTH);
	return true;
}

bool
json_get(struct json object, const char *name, struct json *v)
{
	struct json	at = { NULL, NULL }, key = { NULL, NULL };
	size_t		len = strlen(name);

	if (object.p == object.end || *object.p != '{')
		return false;
	while (json_next(object, &at, &key, v))
		if ((size_t)(key.end - key.p) == len + 2 &&
		    memcmp(key.p + 1, name, len) == 0)
			return true;
	return false;
}

uint64_t
json_number(struct json v)
{
	uint64_t n = 0;

	for (; v.p < v.end; v.p++) {
		if (!ascii_is_digit(*v.p))
			return 0;
		if (n > (UINT64_MAX - 9) / 10)
			return UINT64_MAX;
		n = n * 10 + (uint64_t)(*v.p - '0');
	}
	return n;
}

bool
json_true(struct json v)
{
	return v.end - v.p == 4 && memcmp(v.p, "true", 4) == 0;
}

static char
unescaped(char c)
{
	static const char	 from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char		*at = strchr(from, c);

	return at != NULL && c != '\0' ? to[at - from] : c;
}

/* UTF-8 of a code point below 0x10000. */
static char *
add_code_point(char *out, int c)
{
	if (c >= 0xd800 && c <= 0xdfff)
		c = '?';
	if (c < 0x80) {
		*out++ = (char)c;
		return out;
	}
	if (c >= 0x800) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		*out++ = (char)(0xc0 | c >> 6);
	}
	*out++ = (char)(0x80 | (c & 0x3f));
	return out;
}

const char *
json_text(struct arena *a, struct json v)
{
	const char	*p = v.p + 1, *end = v.end - 1;
	char		*text, *out;

	if (v.p == v.end || *v.p != '"')
		return NULL;
	/* an escape is at least as long as the text it encodes */
	out = text = arena_alloc(a, (size_t)(v.end - v.p));
	for (; p < end; p++) {
		if (*p != '\\') {
			*out++ = *p;
		} else if (*++p != 'u') {
			*out++ = unescaped(*p);
		} else {
			out = add_code_point(out, hex_quad(p + 1, end));
			p += 4;
		}
	}
	*out = '\0';
	return text;
}

uint64_t
json_get_number(struct json object, const char *name)
{
	struct json v;

	return json_get(object, name, &v) ? json_number(v) : 0;
}

bool
json_get_true(struct json object, const char *name)
{
	struct json v;

	return json_get(object, name, &v) && json_true(v);
}

const char *
json_get_text(struct arena *a, struct json object, const char *name)
{
	struct json	 v;
	const char	*text = NULL;

	if (json_get(object, name, &v))
		text = json_text(a, v);
	return text != NULL ? text : "";
}

void
json_string(struct buf *b, const char *text)
{
	json_string_of(b, text, strlen(text));
}

void
json_string_of(struct buf *b, const char *text, size_t left)
{
	const unsigned char	*p = (const unsigned char *)text;
	size_t			 len, used;

	buf_addch(b, '"');
	for (; left > 0; p += used, left -= used) {
		len = utf8_length((const char *)p, left);
		used = len > 0 ? len : 1;
		if (*p == '"' || *p == '\\')
			buf_printf(b, "\\%c", *p);
		else if (*p < ' ' || *p == 0x7f || len == 0)
			buf_printf(b, "\\u%04x", *p);
		else if (*p == 0xc2 && p[1] < 0xa0)	/* C1 controls */
			buf_printf(b, "\\u%04x", p[1]);
		else
			buf_add(b, p, len);
	}
	buf_addch(b, '"');
}

/* --- write --------------------------------------------------------------- */

void
json_put_name(struct buf *b, const char *name)
{
	char last = b->len > 0 ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_addch(b, ',');
	if (name != NULL)
		buf_printf(b, "\"%s\":", name);
}

void
json_put_number(struct buf *b, const char *name, uint64_t n)
{
	json_put_name(b, name);
	buf_printf(b, "%llu", (unsigned long long)n);
}

void
json_put_bool(struct buf *b, const char *name, bool value)
{
	json_put_name(b, name);
	buf_addstr(b, value ? "true" : "false");
}

void
json_put_text(struct buf *b, const char *name, const char *text)
{
	if (text != NULL)
		json_put_or_null(b, name, text);
}

void
json_put_or_null(struct buf *b, const char *name, const char *text)
{
	json_put_name(b, name);
	if (text != NULL)
		json_string(b, text);
	else
		buf_addstr(b, "null");
}

void
json_put_open(struct buf *b, const char *name, char bracket)
{
	json_put_name(b, name);
	buf_addch(b, bracket);
}
