/*
 * dataset - OpenDKIM's tables: a text of "key value" lines
 *
 * Lines are kept in the order of the file, with an index. Lines whose key ends
 * in a literal domain are sorted by that domain; the few others are tried one
 * by one. Both lists keep the order of the file, so that the first match is
 * the first match in the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "dataset_priv.h"

struct dataset {
	bool			 patterns;
	size_t			 n;
	struct dataset_line	*line;
	/* indexes into line: by tail, then by order; and by order */
	size_t			 nliteral, nwild;
	const struct dataset_line **literal, **wild;
};

/* --- reading ----------------------------------------------------------- */

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void
add_line(struct dataset *d, struct arena *a, const char *p, const char *end)
{
	struct dataset_line	*l = &d->line[d->n];
	const char		*q;
	char			*key;

	for (q = p; q < end && !is_white(*q); q++)
		;
	key = arena_memdup(a, p, (size_t)(q - p));
	l->key = key;
	for (; *key != '\0'; key++)
		*key = ascii_lower(*key);
	while (q < end && is_white(*q))
		q++;
	l->value = arena_memdup(a, q, (size_t)(end - q));
	d->n++;
}

static size_t
count_lines(const char *p, const char *end)
{
	size_t n = 1;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		n++;
	}
	return n;
}

static void
dataset_read(struct dataset *d, struct arena *a, const char *p, const char *end)
{
	const char	*eol, *next, *comment;
	unsigned	 number;

	for (number = 1; p < end; p = next, number++) {
		eol = memchr(p, '\n', (size_t)(end - p));
		next = eol != NULL ? eol + 1 : end;
		if (eol == NULL)
			eol = end;
		comment = memchr(p, '#', (size_t)(eol - p));
		if (comment != NULL)
			eol = comment;
		while (p < eol && is_white(*p))
			p++;
		while (eol > p && is_white(eol[-1]))
			eol--;
		if (p == eol)
			continue;
		d->line[d->n].line = number;
		add_line(d, a, p, eol);
	}
}

/* --- the index --------------------------------------------------------- */

/* The text behind the last "@", or all of it. */
static const char *
tail(const char *key)
{
	const char *at = strrchr(key, '@');

	return at != NULL ? at + 1 : key;
}

static int
by_tail(const void *va, const void *vb)
{
	const struct dataset_line *a = *(const void *const *)va;
	const struct dataset_line *b = *(const void *const *)vb;
	int			   c = strcmp(tail(a->key), tail(b->key));

	if (c != 0)
		return c;
	return a->line < b->line ? -1 : a->line > b->line;
}

struct dataset *
dataset_parse(struct arena *a, const char *text, size_t len, bool patterns)
{
	struct dataset	*d = arena_alloc(a, sizeof(*d));
	const char	*end = text + len;
	size_t		 i;

	d->patterns = patterns;
	d->line = arena_array(a, count_lines(text, end), sizeof(*d->line));
	dataset_read(d, a, text, end);
	d->literal = arena_array(a, d->n + 1, sizeof(*d->literal));
	d->wild = arena_array(a, d->n + 1, sizeof(*d->wild));
	for (i = 0; i < d->n; i++) {
		if (patterns && strchr(tail(d->line[i].key), '*') != NULL)
			d->wild[d->nwild++] = &d->line[i];
		else
			d->literal[d->nliteral++] = &d->line[i];
	}
	if (d->nliteral > 1)
		qsort(d->literal, d->nliteral, sizeof(*d->literal), by_tail);
	return d;
}

/* --- searching --------------------------------------------------------- */

/* `key` is in lower case. After a mismatch the last "*" takes one more. */
static bool
pattern_matches(const char *key, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text != '\0') {
		if (*key == '*') {
			star = key++;
			resume = text;
		} else if (*key == ascii_lower(*text)) {
			key++;
			text++;
		} else if (star != NULL) {
			key = star + 1;
			text = ++resume;
		} else
			return false;
	}
	while (*key == '*')
		key++;
	return *key == '\0';
}

static bool
line_matches(const struct dataset *d, const struct dataset_line *l,
    const char *text)
{
	return d->patterns ? pattern_matches(l->key, text) :
	    strcasecmp(l->key, text) == 0;
}

static const struct dataset_line *
find_literal(const struct dataset *d, const char *text, unsigned after)
{
	const char	*end = tail(text);
	size_t		 low = 0, high = d->nliteral, mid;
	int		 c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = strcasecmp(tail(d->literal[mid]->key), end);
		if (c < 0 || (c == 0 && d->literal[mid]->line <= after))
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < d->nliteral &&
	    strcasecmp(tail(d->literal[low]->key), end) == 0; low++)
		if (line_matches(d, d->literal[low], text))
			return d->literal[low];
	return NULL;
}

/* The order of the file is that of line numbers. */
static const struct dataset_line *
find_wild(const struct dataset *d, const char *text, unsigned after,
    unsigned before)
{
	size_t i;

	for (i = 0; i < d->nwild && d->wild[i]->line < before; i++)
		if (d->wild[i]->line > after &&
		    pattern_matches(d->wild[i]->key, text))
			return d->wild[i];
	return NULL;
}

const struct dataset_line *
dataset_find(const struct dataset *d, const char *text,
    const struct dataset_line *after)
{
	const struct dataset_line	*literal, *wild;
	unsigned			 line = after != NULL ? after->line : 0;

	literal = find_literal(d, text, line);
	wild = find_wild(d, text, line,
	    literal != NULL ? literal->line : UINT32_MAX);
	return wild != NULL ? wild : literal;
}

size_t
dataset_count(const struct dataset *d)
{
	return d->n;
}

const struct dataset_line *
dataset_line(const struct dataset *d, size_t i)
{
	return &d->line[i];
}
