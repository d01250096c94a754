/*
 * fuzz_spf_record - a record without an error has one term for each of its
 * words, and every domain in it expands. An error has the number of its term.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "spf/spf_macro_priv.h"
#include "spf/spf_record_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_term(const char *text, size_t size, const struct spf_term *t)
{
	CHECK(strchr("+-~?", t->qualifier) != NULL);
	CHECK(t->bits4 <= 32 && t->bits6 <= 128);
	if (t->kind == TERM_IP4)
		CHECK(t->network.bits <= 32);
	if (t->kind == TERM_IP6)
		CHECK(t->network.bits <= 128);
	if (t->spec == NULL)
		return;
	CHECK(t->spec >= text && t->spec + t->spec_len <= text + size);
	CHECK(memchr(t->spec, ' ', t->spec_len) == NULL);
	if (t->kind != TERM_UNKNOWN_MODIFIER)
		CHECK(spf_macro_valid_name(t->spec, t->spec_len));
}

static size_t
count_words(const char *p, const char *end)
{
	size_t n = 0;

	for (; p < end; p++)
		if (*p != ' ' && (p + 1 == end || p[1] == ' '))
			n++;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a block of exact size: a sanitizer sees a read after its end */
	char			*text = malloc(size > 0 ? size : 1);
	struct spf_record	 rec;
	struct spf_term		 t;
	size_t			 n = 0;

	CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	if (spf_record_is(text, size)) {
		spf_record_begin(&rec, text, size);
		for (; spf_record_next(&rec, &t); n++)
			check_term(text, size, &t);
		if (rec.error == NULL)
			CHECK(n == count_words(text + 6, text + size));
		else
			CHECK(rec.error_term == n + 1);
	}
	free(text);
	return 0;
}
