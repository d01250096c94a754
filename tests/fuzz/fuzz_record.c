/*
 * fuzz_record - whatever the values, a record is one JSON object on one line, in
 * UTF-8, within its limit, and as many pairs of text
 *
 * The input is divided into values at its NULs.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/record.h"
#include "base/utf8.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_object(struct arena *a, const struct buf *b, const struct record *r)
{
	struct json	at = { NULL, NULL }, v, item;
	size_t		i, n = 0, len;
	bool		cut;

	CHECK(json_parse(b->data, b->len, &v));
	for (i = 0; i < b->len; i += len) {
		len = utf8_length(b->data + i, b->len - i);
		CHECK(len > 0 && (unsigned char)b->data[i] >= ' ');
	}
	while (json_next(v, &at, NULL, &item))
		n++;
	cut = json_get_true(v, "cut");
	CHECK(cut ? n < r->n + 2 : n == r->n + 1);
	CHECK(strcmp(json_get_text(a, v, "level"), "info") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena	*a = arena_new(1024);
	char		*text = arena_memdup(a, (const char *)data, size);
	struct record	 r;
	struct buf	 b = BUF_INIT;
	size_t		 used;

	record_init(&r, a);
	record_num(&r, "n", size);
	for (used = 0; used < size; used += strlen(text + used) + 1)
		record_str(&r, "key", text + used);
	record_json_line(&r, "info", &b);
	CHECK(b.len <= RECORD_JSON);
	check_object(a, &b, &r);
	buf_reset(&b);
	record_json(&r, &b);
	CHECK(strchr(buf_str(&b), '\n') == NULL);
	buf_reset(&b);
	record_line(&r, &b);
	for (used = 0; used < b.len; used++)
		CHECK(b.data[used] >= ' ' && b.data[used] <= '~');
	buf_free(&b);
	arena_free(&a);
	return 0;
}
