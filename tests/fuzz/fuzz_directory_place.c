/*
 * fuzz_directory_place: any text names a place, or is refused with a reason. A
 * place has hosts without control characters, and valid ports.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "directory/directory.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
text_is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena		*a = arena_new(0);
	char			*text = arena_memdup(a, data, size);
	struct directory_place	 p = { 0 };
	const char		*why = directory_place_parse(text, a, &p);
	size_t			 i;

	must(strcmp(p.shown, text) == 0);
	if (why != NULL)
		must(why[0] != '\0');
	else {
		must(p.nhosts >= 1 && p.nhosts <= 16);
		for (i = 0; i < p.nhosts; i++) {
			text_is_plain(p.host[i].name);
			must(p.host[i].port[0] == '\0' ||
			    (atoi(p.host[i].port) >= 1 &&
			    atoi(p.host[i].port) <= 65535));
		}
		if (p.kind != DIRECTORY_SQLITE) {
			text_is_plain(p.user);
			text_is_plain(p.database);
		}
	}
	arena_free(&a);
	return 0;
}
