/*
 * buf - a growing byte string, always NUL-terminated
 *
 * Start with BUF_INIT or buf_init; buf_free frees the memory and leaves an
 * empty string. Sizes are checked; out of memory ends the process.
 */
#ifndef MILLGATE_BUF_H
#define MILLGATE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char	*data;		/* never NULL after the first add */
	size_t	 len;
	size_t	 size;
};

#define BUF_INIT	{ NULL, 0, 0 }

void		 buf_init(struct buf *b);
void		 buf_free(struct buf *b);
void		 buf_reset(struct buf *b);		/* keeps its memory */
/* Make room for `more` octets and a NUL. */
void		 buf_reserve(struct buf *b, size_t more);
void		 buf_add(struct buf *b, const void *data, size_t len);
void		 buf_addch(struct buf *b, char c);
void		 buf_addstr(struct buf *b, const char *s);
void		 buf_printf(struct buf *b, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));
void		 buf_vprintf(struct buf *b, const char *fmt, va_list ap)
		    __attribute__((format(printf, 2, 0)));
/* The text, "" when empty; valid until the next add. */
const char	*buf_str(const struct buf *b);

#endif
