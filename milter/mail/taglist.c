/*
 * taglist - "tag=value; tag=value", read strictly, without copying
 *
 * One pass from the left. Everything outside the grammar of RFC 6376 3.2 is
 * an error, except white space after the last semicolon, which very many key
 * records have.
 */
#include <string.h>

#include "base/ascii.h"
#include "mail/taglist.h"

/* A line end counts as white space only when a blank follows it. */
static size_t
fold_len(const char *p, const char *end)
{
	size_t n = 0;

	if (p < end && *p == '\r')
		n++;
	if (p + n >= end || p[n] != '\n')
		return 0;
	n++;
	return p + n < end && ascii_is_blank(p[n]) ? n + 1 : 0;
}

static const char *
skip_fws(const char *p, const char *end)
{
	size_t n;

	while (p < end) {
		if (ascii_is_blank(*p))
			p++;
		else if ((n = fold_len(p, end)) > 0)
			p += n;
		else
			break;
	}
	return p;
}

/* tval: any printable octet but the semicolon, and those above 127. */
static const bool tval[256] = {
	[0x21 ... ':'] = true, ['<' ... 0x7e] = true, [0x80 ... 0xff] = true,
};

static const char *
skip_tval(const char *p, const char *end)
{
	while (p < end && tval[(unsigned char)*p])
		p++;
	return p;
}

static const char *
taglist_name(struct tag *t, const char **pp, const char *end)
{
	const char *p = *pp;

	t->name = p;
	if (p < end && ascii_is_alpha(*p))
		p++;
	else
		return "a tag name is missing";
	while (p < end && (ascii_is_alnum(*p) || *p == '_'))
		p++;
	t->name_len = (size_t)(p - t->name);
	*pp = skip_fws(p, end);
	t->spaced = *pp != p;
	if (*pp == end || **pp != '=')
		return "no \"=\" after a tag name";
	(*pp)++;
	return NULL;
}

static const char *
taglist_value(struct tag *t, const char **pp, const char *end)
{
	const char	*p, *last;

	t->raw = *pp;
	p = last = t->value = skip_fws(*pp, end);
	while (p < end && *p != ';') {
		if (tval[(unsigned char)*p])
			last = p = skip_tval(p, end);
		else if (skip_fws(p, end) != p)
			p = skip_fws(p, end);
		else
			return "an octet that is not allowed in a tag value";
	}
	t->len = (size_t)(last - t->value);
	t->raw_end = *pp = p;
	return NULL;
}

static bool
is_repeated(const struct taglist *tl, const struct tag *t)
{
	size_t i;

	for (i = 0; i < tl->n; i++)
		if (tl->tag[i].name_len == t->name_len &&
		    memcmp(tl->tag[i].name, t->name, t->name_len) == 0)
			return true;
	return false;
}

const char *
taglist_parse(struct taglist *tl, const char *text, size_t len)
{
	const char	*p = text, *end = text + len, *why;
	struct tag	*t;

	tl->n = 0;
	do {
		if (tl->n == TAGLIST_MAX)
			return "too many tags";
		t = &tl->tag[tl->n];
		p = skip_fws(p, end);
		if ((why = taglist_name(t, &p, end)) != NULL ||
		    (why = taglist_value(t, &p, end)) != NULL)
			return why;
		if (is_repeated(tl, t))
			return "a tag occurs twice";
		tl->n++;
		if (p < end)
			p++;
	} while (skip_fws(p, end) < end);
	return NULL;
}

const struct tag *
taglist_find(const struct taglist *tl, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < tl->n; i++)
		if (tl->tag[i].name_len == len &&
		    memcmp(tl->tag[i].name, name, len) == 0)
			return &tl->tag[i];
	return NULL;
}

bool
tag_is(const struct tag *t, const char *text)
{
	return t->len == strlen(text) && memcmp(t->value, text, t->len) == 0;
}

struct tag_items
tag_items(const struct tag *t)
{
	struct tag_items it = { NULL, 0, t->value, t->value + t->len };

	return it;
}

bool
tag_items_next(struct tag_items *it)
{
	const char *colon;

	if (it->next == NULL)
		return false;
	it->item = skip_fws(it->next, it->end);
	colon = memchr(it->item, ':', (size_t)(it->end - it->item));
	it->next = colon == NULL ? NULL : colon + 1;
	it->len = (size_t)((colon == NULL ? it->end : colon) - it->item);
	while (it->len > 0 && ascii_is_space(it->item[it->len - 1]))
		it->len--;
	return true;
}

size_t
tag_strip(char *dst, const char *src, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		if (!ascii_is_space(src[i]))
			dst[n++] = src[i];
	return n;
}

static const bool base64[256] = {
	['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true,
	['+'] = true, ['/'] = true,
};

bool
tag_is_base64(const struct tag *t)
{
	size_t i, n = 0, pads = 0;

	for (i = 0; i < t->len; i++) {
		if (base64[(unsigned char)t->value[i]] && pads == 0) {
			n++;
			continue;
		}
		if (ascii_is_space(t->value[i]))
			continue;
		if (t->value[i] != '=')
			return false;
		pads++;
		n++;
	}
	return n > 0 && n % 4 == 0 && pads <= 2;
}
