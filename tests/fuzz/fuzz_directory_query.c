/*
 * fuzz_directory_query: any text is a question to each kind of database, or
 * refused with a reason. A word is never part of a text, only a value.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "directory/directory.h"

#define MARK	"\001word\002"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many values there are. */
static size_t
check_text(const struct directory_text *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++) {
		if (t->piece[i].text == NULL ||
		    strstr(t->piece[i].text, MARK) != NULL)
			abort();
		if (t->piece[i].value == NULL)
			continue;
		if (strcmp(t->piece[i].value, MARK) != 0)
			abort();
		n++;
	}
	return n;
}

static void
check_question(const struct directory_question *q, enum directory_kind kind)
{
	size_t i;

	if (kind != DIRECTORY_LDAP) {
		if (q->statement == NULL || q->nwords != 1 ||
		    strcmp(q->word[0], MARK) != 0)
			abort();
		return;
	}
	if (check_text(&q->base) + check_text(&q->filter) == 0 ||
	    q->nattributes == 0)
		abort();
	for (i = 0; i < q->nattributes; i++)
		if (q->attribute[i].name[0] == '\0' ||
		    q->attribute[i].attribute[0] == '\0')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum directory_kind kinds[] = {
		DIRECTORY_SQLITE, DIRECTORY_PGSQL, DIRECTORY_LDAP
	};
	struct arena			*a = arena_new(0);
	char				*text = arena_memdup(a, data, size);
	struct directory_question	 q, filled;
	const char			*why;
	size_t				 i;

	for (i = 0; strstr(text, MARK) == NULL &&
	    i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		why = directory_query_parse(text, kinds[i], a, &q);
		if (why != NULL && why[0] == '\0')
			abort();
		if (why != NULL)
			continue;
		filled = directory_query_fill(&q, MARK, a);
		check_question(&filled, kinds[i]);
	}
	arena_free(&a);
	return 0;
}
