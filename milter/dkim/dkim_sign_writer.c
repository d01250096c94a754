/*
 * dkim_sign_writer - write the text of a signature field, in lines
 */
#include <stdarg.h>

#include "dkim_sign_priv.h"

void
writer_put(struct writer *w, const char *s, size_t len)
{
	buf_add(&w->text, s, len);
	w->column += len;
}

void
writer_fold(struct writer *w)
{
	buf_addstr(&w->text, "\n\t");
	w->column = 8;
}

void
writer_tag(struct writer *w, const char *tag, size_t len)
{
	if (w->column + 1 + len > WRITER_COLUMNS && w->column > 8)
		writer_fold(w);
	else if (w->column > 8)
		writer_put(w, " ", 1);
	writer_put(w, tag, len);
}

void
writer_tagf(struct writer *w, struct buf *scratch, const char *fmt, ...)
{
	va_list ap;

	buf_reset(scratch);
	va_start(ap, fmt);
	buf_vprintf(scratch, fmt, ap);
	va_end(ap);
	writer_tag(w, scratch->data, scratch->len);
}

void
writer_base64(struct writer *w, const struct buf *b64)
{
	size_t at = 0, room;

	while (at < b64->len) {
		if (w->column >= WRITER_COLUMNS)
			writer_fold(w);
		room = WRITER_COLUMNS - w->column;
		if (room > b64->len - at)
			room = b64->len - at;
		writer_put(w, b64->data + at, room);
		at += room;
	}
}
