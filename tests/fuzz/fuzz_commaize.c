/*
 * fuzz_commaize - commaize() adds and removes only blanks, commas and quotes,
 * and a second pass changes nothing
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mail/commaize.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
next_octet(const char *p)
{
	return p + strspn(p, " \t\r\n,\"");
}

static void
expect(bool good, const char *value, const char *made)
{
	if (good)
		return;
	fprintf(stderr, "\"%s\"\nbecame\n\"%s\"\n", value, made);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena	*a = arena_new(0);
	const char	*value = arena_memdup(a, data, size), *made, *p, *q;

	made = commaize(a, value);
	expect(made == value || strcmp(commaize(a, made), made) == 0, value,
	    made);
	for (p = value, q = made; ; p++, q++) {
		p = next_octet(p);
		q = next_octet(q);
		expect(*p == *q, value, made);
		if (*p == '\0')
			break;
	}
	(void)commaize_applies(value);
	arena_free(&a);
	return 0;
}
