/*
 * fuzz_redis_reply: any octets as a reply of the Redis server
 *
 * The end of a reply must be the same whether it arrives at once or in parts.
 * hiredis parses a complete reply, and the result can be walked.
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/redis/redis_frame_priv.h"
#include "store/redis/redis_reply_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
walk(const struct redis_reply *r)
{
	size_t i, sum = 1;

	if (r->text != NULL && r->text[r->len] != '\0')
		abort();
	for (i = 0; i < r->n; i++)
		sum += walk(&r->item[i]);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char		*text = (const char *)data;
	struct redis_reply	*r;
	size_t			 end, early;

	if (redis_frame_scan(text, size, &end) != REDIS_FRAME_WHOLE)
		return 0;
	if (end > size || end == 0)
		abort();
	if (redis_frame_scan(text, end - 1, &early) != REDIS_FRAME_MORE)
		abort();
	r = redis_reply_parse(text, end);
	if (r != NULL && walk(r) > REDIS_FRAME_ITEMS)
		abort();
	redis_reply_free(&r);
	return 0;
}
