/*
 * fuzz_spf_macro - the first line is the sender's local part, the rest is a
 * macro string. A valid one expands within its bounds to printable text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "spf/spf_macro_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_name(struct arena *a, const struct spf_macro_values *v, const char *s,
    size_t len)
{
	const char *name, *again;

	name = spf_macro_name(a, v, s, len);
	CHECK(strlen(name) <= 1024);
	if (strlen(name) > SPF_NAME_MAX)
		CHECK(memchr(name + strlen(name) - SPF_NAME_MAX, '.',
		    SPF_NAME_MAX) == NULL);
	CHECK(spf_macro_valid(s, len, MACRO_MODIFIER));
	CHECK(spf_macro_valid(s, len, MACRO_TEXT));
	/* without a macro the text is unchanged */
	if (memchr(s, '%', len) == NULL && len <= SPF_NAME_MAX) {
		again = arena_memdup(a, s, len - (s[len - 1] == '.'));
		CHECK(strcmp(name, again) == 0);
	}
}

static void
check_text(struct arena *a, const struct spf_macro_values *v, const char *s,
    size_t len)
{
	const char *p = spf_macro_text(a, v, s, len);

	CHECK(strlen(p) <= SPF_EXPLANATION_MAX);
	for (; *p != '\0'; p++)
		CHECK(*p >= 0x20 && *p <= 0x7e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena		*a = arena_new(4096);
	const uint8_t		*line = memchr(data, '\n', size);
	size_t			 first = line ? (size_t)(line - data) : 0;
	size_t			 len = line ? size - first - 1 : size;
	char			*s = malloc(len > 0 ? len : 1);
	struct spf_macro_values	 v = {
		.sender = "a-b+c@sub.example.com", .domain = "x.example.com",
		.sender_domain = "sub.example.com", .helo = "[192.0.2.1]",
		.receiver = "mx.example.net", .now = 1700000000,
	};

	CHECK(s != NULL);
	if (len > 0)
		memcpy(s, data + size - len, len);
	v.local = arena_memdup(a, data, first);
	netaddr_parse(size % 2 ? "192.0.2.1" : "2001:db8::1", &v.client);
	spf_macro_uses_p(s, len);
	if (spf_macro_valid_name(s, len))
		check_name(a, &v, s, len);
	if (spf_macro_valid(s, len, MACRO_TEXT))
		check_text(a, &v, s, len);
	free(s);
	arena_free(&a);
	return 0;
}
