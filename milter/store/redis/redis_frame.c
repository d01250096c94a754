/*
 * redis_frame - finds the end of a Redis server's reply and bounds it
 *
 * RESP2: a value is a line "+text", "-error" or ":number"; or "$length",
 * followed by that many octets and CR LF; or "*count", followed by that many
 * values. Length and count may be -1: a null value.
 */
#include <stdbool.h>
#include <string.h>

#include "base/ascii.h"
#include "redis_frame_priv.h"

struct scan {
	const char	*data;
	size_t		 len, at;
	size_t		 open;		/* values that must follow */
	size_t		 items;
};

/* -1, or up to eight digits, which exceed the bounds already. */
static bool
frame_size(const char *text, size_t len, long *n)
{
	size_t i;

	*n = 0;
	if (len == 2 && memcmp(text, "-1", 2) == 0) {
		*n = -1;
		return true;
	}
	if (len == 0 || len > 8)
		return false;
	for (i = 0; i < len; i++) {
		if (!ascii_is_digit(text[i]))
			return false;
		*n = *n * 10 + (text[i] - '0');
	}
	return true;
}

static bool
frame_is_number(const char *text, size_t len)
{
	size_t i = len > 0 && text[0] == '-' ? 1 : 0;

	if (len == i || len > 20)
		return false;
	for (; i < len; i++)
		if (!ascii_is_digit(text[i]))
			return false;
	return true;
}

/* A bulk string's octets and its CR LF. */
static enum redis_frame
frame_skip_bulk(struct scan *s, long n)
{
	size_t size = n < 0 ? 0 : (size_t)n + 2;

	if (size > REDIS_FRAME_MAX)
		return REDIS_FRAME_BAD;
	if (s->len - s->at < size)
		return REDIS_FRAME_MORE;
	s->at += size;
	if (size > 0 && memcmp(s->data + s->at - 2, "\r\n", 2) != 0)
		return REDIS_FRAME_BAD;
	return REDIS_FRAME_WHOLE;
}

/* One line, without its CR LF. */
static enum redis_frame
frame_take_line(struct scan *s, const char *line, size_t len)
{
	long n;

	s->open--;
	switch (line[0]) {
	case '+':
	case '-':
		return REDIS_FRAME_WHOLE;
	case ':':
		return frame_is_number(line + 1, len - 1) ? REDIS_FRAME_WHOLE :
		    REDIS_FRAME_BAD;
	case '$':
		return frame_size(line + 1, len - 1, &n) ?
		    frame_skip_bulk(s, n) : REDIS_FRAME_BAD;
	case '*':
		if (!frame_size(line + 1, len - 1, &n))
			return REDIS_FRAME_BAD;
		s->open += n > 0 ? (size_t)n : 0;
		s->items += n > 0 ? (size_t)n : 0;
		return s->items <= REDIS_FRAME_ITEMS ? REDIS_FRAME_WHOLE :
		    REDIS_FRAME_BAD;
	default:
		return REDIS_FRAME_BAD;
	}
}

static enum redis_frame
frame_take_value(struct scan *s)
{
	const char	*line = s->data + s->at, *cr;
	size_t		 left = s->len - s->at;
	size_t		 most = left < REDIS_FRAME_LINE ? left :
			    REDIS_FRAME_LINE;

	/* check the kind before the line is complete */
	if (left > 0 && memchr("+-:$*", line[0], 5) == NULL)
		return REDIS_FRAME_BAD;
	cr = memchr(line, '\r', most);
	if (cr == NULL)
		return most < REDIS_FRAME_LINE ? REDIS_FRAME_MORE :
		    REDIS_FRAME_BAD;
	if (cr + 1 == line + left)
		return REDIS_FRAME_MORE;
	if (cr[1] != '\n' || cr == line)
		return REDIS_FRAME_BAD;
	s->at += (size_t)(cr - line) + 2;
	return frame_take_line(s, line, (size_t)(cr - line));
}

enum redis_frame
redis_frame_scan(const char *data, size_t len, size_t *end)
{
	struct scan		s = { data, len, 0, 1, 1 };
	enum redis_frame	result = REDIS_FRAME_WHOLE;

	while (s.open > 0 && result == REDIS_FRAME_WHOLE)
		result = frame_take_value(&s);
	if (result == REDIS_FRAME_MORE && len > REDIS_FRAME_MAX)
		result = REDIS_FRAME_BAD;
	*end = s.at;
	return result;
}
