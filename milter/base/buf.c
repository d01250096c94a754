/*
 * buf - a growing byte string, always NUL-terminated
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

#define SIZE_FIRST	256	/* octets: a header field */

void
buf_init(struct buf *b)
{
	memset(b, 0, sizeof(*b));
}

void
buf_free(struct buf *b)
{
	free(b->data);
	buf_init(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buf_reserve(struct buf *b, size_t more)
{
	size_t size = b->size > 0 ? b->size : SIZE_FIRST;

	if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		abort();
	while (size < b->len + more + 1)
		size *= 2;
	if (size != b->size) {
		b->data = xrealloc(b->data, size);
		b->size = size;
		b->data[b->len] = '\0';
	}
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_addch(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_addstr(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	size_t	 room;
	va_list	 again;
	int	 len;

	buf_reserve(b, 0);
	room = b->size - b->len;
	va_copy(again, ap);
	len = vsnprintf(b->data + b->len, room, fmt, again);
	va_end(again);
	if (len < 0)
		abort();
	if ((size_t)len >= room) {
		buf_reserve(b, (size_t)len);
		vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	}
	b->len += (size_t)len;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}
