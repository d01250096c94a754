/*
 * fuzz_canon - the canonical body is that of the reference, for any chunks
 *
 * The first octet selects the form and the size of the chunks. The rest is the
 * body. It is also a field's value: relaxing it twice must not change it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/canon_reference.h"
#include "base/arena.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
gather(void *arg, const void *data, size_t len)
{
	buf_add(arg, data, len);
}

static void
expect_same(const struct buf *a, const struct buf *b)
{
	if (a->len == b->len && memcmp(buf_str(a), buf_str(b), a->len) == 0)
		return;
	fprintf(stderr, "\"%s\"\nis not\n\"%s\"\n", buf_str(a), buf_str(b));
	abort();
}

static void
body(enum canonicalization how, size_t chunk, const char *text, size_t len)
{
	struct canon_body	*c = xmalloc(sizeof(*c));
	struct buf		 got = BUF_INIT, want = BUF_INIT;
	size_t			 at, take;

	canon_body_init(c, how, gather, &got);
	for (at = 0; at < len; at += take) {
		take = len - at < chunk ? len - at : chunk;
		canon_body_add(c, text + at, take);
	}
	canon_body_finish(c);
	reference_body(&want, how, text, len);
	expect_same(&got, &want);
	buf_free(&got);
	buf_free(&want);
	free(c);
}

static void
field(const char *text, size_t len)
{
	char		*value = xmalloc(len + 1);
	struct buf	 once = BUF_INIT, twice = BUF_INIT;

	memcpy(value, text, len);
	value[len] = '\0';
	canon_header(&once, CANON_SIMPLE, "Name", value);
	buf_reset(&once);
	canon_header(&once, CANON_RELAXED, "Name", value);
	once.data[once.len - 2] = '\0';
	canon_header(&twice, CANON_RELAXED, "name", once.data + 5);
	once.data[once.len - 2] = '\r';
	expect_same(&once, &twice);
	buf_free(&once);
	buf_free(&twice);
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	body(data[0] & 1 ? CANON_RELAXED : CANON_SIMPLE,
	    1 + (data[0] >> 1), text, size - 1);
	field(text, size - 1);
	return 0;
}
