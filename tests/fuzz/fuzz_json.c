/*
 * fuzz_json - any text that json_parse accepts can be walked to its leaves, and
 * every piece is inside the text.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
walk(struct arena *a, struct json v, int depth)
{
	struct json at = { NULL, NULL }, key = { NULL, NULL }, item;

	CHECK(v.p < v.end && depth >= 0);
	json_number(v);
	json_true(v);
	json_text(a, v);
	json_get_text(a, v, "a");
	while (json_next(v, &at, &key, &item)) {
		CHECK(item.p > v.p && item.end < v.end);
		CHECK(key.p == NULL || json_text(a, key) != NULL);
		walk(a, item, depth - 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena	*a = arena_new(1024);
	struct json	 v;

	if (json_parse((const char *)data, size, &v))
		walk(a, v, JSON_DEPTH);
	arena_free(&a);
	return 0;
}
