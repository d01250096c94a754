/*
 * fuzz_dataset: a search in OpenDKIM's tables gives the same lines, in the same
 * order, as one line after the other gives
 *
 * The first line of the input is what is searched for, the rest is the table.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "dkim/dataset_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAIRS	100000	/* of octets that are compared for one input */

/* "*" is any number of octets. `key` is in lower case. */
static bool
matches(const char *key, const char *text)
{
	size_t	n = strlen(text), i;
	bool	*at = xcalloc(n + 1, sizeof(*at)), all;

	/* at[i]: the key so far matches the first i octets */
	at[0] = true;
	for (; *key != '\0'; key++) {
		if (*key == '*') {
			for (i = 1; i <= n; i++)
				at[i] = at[i] || at[i - 1];
			continue;
		}
		for (i = n; i > 0; i--)
			at[i] = at[i - 1] && ascii_lower(text[i - 1]) == *key;
		at[0] = false;
	}
	all = at[n];
	free(at);
	return all;
}

/* A key or value ends at a NUL. */
static void
check_lines(const struct dataset *d, bool nul)
{
	const struct dataset_line	*l;
	size_t				 i;
	unsigned			 last = 0;

	for (i = 0; i < dataset_count(d); i++) {
		l = dataset_line(d, i);
		if (l->line <= last || (l->key[0] == '\0' && !nul) ||
		    strpbrk(l->key, " \t\r\n\v\f#") != NULL ||
		    strpbrk(l->value, "\n#") != NULL)
			abort();
		last = l->line;
	}
}

static void
check_search(const struct dataset *d, const char *text, bool patterns)
{
	const struct dataset_line	*found = NULL, *l;
	size_t				 i;

	for (i = 0; i < dataset_count(d); i++) {
		l = dataset_line(d, i);
		if (patterns ? !matches(l->key, text) :
		    strcasecmp(l->key, text) != 0)
			continue;
		found = dataset_find(d, text, found);
		if (found != l) {
			fprintf(stderr, "not so: line %u is next for \"%s\"\n",
			    l->line, text);
			abort();
		}
	}
	if (dataset_find(d, text, found) != NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t	*end = size > 0 ? memchr(data, '\n', size) : NULL;
	struct arena	*a;
	struct dataset	*d;
	const char	*text;
	size_t		 first;
	int		 patterns;

	if (end == NULL)
		return 0;
	first = (size_t)(end - data);
	if (first * (size - first) > PAIRS)
		return 0;
	a = arena_new(0);
	text = arena_memdup(a, data, first);
	for (patterns = 0; patterns < 2; patterns++) {
		d = dataset_parse(a, (const char *)end + 1, size - first - 1,
		    patterns != 0);
		check_lines(d, memchr(end, '\0', size - first) != NULL);
		check_search(d, text, patterns != 0);
	}
	arena_free(&a);
	return 0;
}
