/*
 * fuzz_setting_limits: a text of limits, from a state file or Redis, is
 * refused, or what is written for it is the same limits
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/store_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Plain limits have columns of their own, and are not written here. */
static void
forget_plain(struct store_setting *t)
{
	int u, w;

	for (u = 0; u < STORE_UNITS; u++)
		for (w = 0; w < STORE_WINDOWS; w++)
			if (setting_limit_is_plain(t, (enum store_unit)u,
			    (enum store_window)w)) {
				t->until[u][w] = 0;
				t->limits.of[u][w] = 0;
			}
}

static bool
is_valid(const struct store_setting *t)
{
	int u, w;

	for (u = 0; u < STORE_UNITS; u++)
		for (w = 0; w < STORE_WINDOWS; w++)
			if (t->until[u][w] < 0 ||
			    t->until[u][w] > STORE_FOREVER ||
			    (t->limits.of[u][w] > STORE_LIMIT_MAX &&
			    t->limits.of[u][w] != STORE_UNLIMITED))
				return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_setting	 t, same;
	struct buf		 b = BUF_INIT;
	char			*text = xcalloc(size + 1, 1);

	memcpy(text, data, size);
	memset(&t, 0, sizeof(t));
	memset(&same, 0, sizeof(same));
	if (setting_limits_parse(text, &t)) {
		if (!is_valid(&t))
			abort();
		forget_plain(&t);
		setting_limits_format(&b, &t);
		if (!setting_limits_parse(buf_str(&b), &same) ||
		    memcmp(&t.limits, &same.limits, sizeof(t.limits)) != 0 ||
		    memcmp(t.until, same.until, sizeof(t.until)) != 0)
			abort();
	}
	buf_free(&b);
	free(text);
	return 0;
}
