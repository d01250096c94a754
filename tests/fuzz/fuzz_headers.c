/*
 * fuzz_headers - names and values from the input, a line each. Every field can
 * be found by its number, and the numbers of one name have no gap.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mail/headers.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_fields(const struct headers *h)
{
	const struct header	*f, *same;
	unsigned		 nth;
	size_t			 i;

	for (i = 0; i < h->n; i++) {
		f = headers_at(h, i);
		nth = 0;
		for (same = headers_first(h, f->name); same != NULL;
		    same = headers_next(h, same)) {
			CHECK(same->nth == ++nth);
			CHECK((same->nth == f->nth) == (same == f));
		}
		CHECK(headers_count(h, f->name) == nth && f->nth <= nth);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena	*a = arena_new(4096);
	struct headers	 h;
	char		*line, *colon, *save;
	size_t		 n;

	headers_init(&h, a, 200, 2000);
	line = strtok_r(arena_memdup(a, data, size), "\n", &save);
	for (; line != NULL; line = strtok_r(NULL, "\n", &save)) {
		colon = strchr(line, ':');
		if (colon == NULL)
			continue;
		*colon = '\0';
		n = h.n;
		n += headers_add(&h, line, colon + 1);
		CHECK(h.n == n);
	}
	CHECK(h.n <= 200 && h.bytes <= 2000);
	check_fields(&h);
	arena_free(&a);
	return 0;
}
