/*
 * why - the reason of a failure as text
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/why.h"

bool
why_set(char **why, const char *fmt, ...)
{
	struct buf	b = BUF_INIT;
	va_list		ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	*why = b.data;
	return false;
}

bool
why_print(char *text, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, size, fmt, ap);
	va_end(ap);
	return false;
}
