/*
 * canon_reference - body canonicalization, slow and obviously right
 *
 * The rules of RFC 6376 3.4.3 and 3.4.4 one after the other, each on the
 * whole body. Shared by the unit test and the fuzzer.
 */
#ifndef MILLGATE_CANON_REFERENCE_H
#define MILLGATE_CANON_REFERENCE_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mail/canon.h"

static inline int
reference_is_crlf(const char *p, const char *end)
{
	return end - p >= 2 && p[0] == '\r' && p[1] == '\n';
}

/* Ignore blanks at the end of lines, make one space of any other run. */
static inline void
reference_blanks(struct buf *b)
{
	struct buf	 out = BUF_INIT;
	const char	*p = buf_str(b), *end = p + b->len, *q;

	while (p < end) {
		for (q = p; q < end && (*q == ' ' || *q == '\t'); q++)
			;
		if (q > p && q < end && !reference_is_crlf(q, end))
			buf_addch(&out, ' ');
		if (q < end)
			buf_addch(&out, *q++);
		p = q;
	}
	buf_free(b);
	*b = out;
}

static inline void
reference_body(struct buf *out, enum canonicalization how, const char *data,
    size_t len)
{
	buf_reset(out);
	buf_add(out, data, len);
	if (how == CANON_RELAXED)
		reference_blanks(out);
	while (out->len >= 2 && reference_is_crlf(out->data + out->len - 2,
	    out->data + out->len))
		out->len -= 2;
	if (out->len > 0 || how == CANON_SIMPLE)
		buf_add(out, "\r\n", 2);
}

#endif
