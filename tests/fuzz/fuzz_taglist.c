/*
 * fuzz_taglist - a list that taglist_parse accepts can be written again from
 * its parts and reads the same. Every pointer points into the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mail/taglist.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static void
check_tag(const struct tag *t, const char *text, size_t size)
{
	struct tag_items	 it;
	size_t			 len = 0;
	char			*copy = malloc(t->len + 1);

	CHECK(copy != NULL);
	CHECK(t->name >= text && t->name_len > 0);
	CHECK(t->raw > t->name && t->raw[-1] == '=');
	CHECK(t->value >= t->raw && t->value + t->len <= t->raw_end);
	CHECK(t->raw_end <= text + size);
	CHECK(t->raw_end == text + size || *t->raw_end == ';');
	CHECK(memchr(t->value, ';', t->len) == NULL);
	for (it = tag_items(t); tag_items_next(&it);) {
		CHECK(it.item >= t->value);
		CHECK(it.item + it.len <= t->value + t->len);
		len += it.len + 1;
	}
	CHECK(len <= t->len + 1);
	CHECK(tag_strip(copy, t->value, t->len) <= t->len);
	CHECK(!tag_is_base64(t) || t->len >= 4);
	free(copy);
}

static void
write_again(struct buf *out, const struct taglist *tl)
{
	size_t i;

	for (i = 0; i < tl->n; i++) {
		buf_add(out, tl->tag[i].name, tl->tag[i].name_len);
		buf_addstr(out, " = ");
		buf_add(out, tl->tag[i].value, tl->tag[i].len);
		buf_addstr(out, "\r\n ;");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct taglist	tl, again;
	struct buf	out = BUF_INIT;
	size_t		i;

	if (taglist_parse(&tl, (const char *)data, size) != NULL)
		return 0;
	CHECK(tl.n > 0 && tl.n <= TAGLIST_MAX);
	for (i = 0; i < tl.n; i++)
		check_tag(&tl.tag[i], (const char *)data, size);
	write_again(&out, &tl);
	CHECK(taglist_parse(&again, out.data, out.len) == NULL);
	CHECK(again.n == tl.n);
	for (i = 0; i < tl.n; i++) {
		CHECK(again.tag[i].len == tl.tag[i].len);
		CHECK(memcmp(again.tag[i].value, tl.tag[i].value,
		    tl.tag[i].len) == 0);
	}
	buf_free(&out);
	return 0;
}
