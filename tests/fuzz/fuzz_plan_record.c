/*
 * fuzz_plan_record: the record of what setup has changed in main.cf is refused
 * with its wrong line, or what is written for it is the same record
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "doctor/postfix_plan.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_record(const struct plan_record *r, const struct plan_record *s)
{
	size_t i;

	if (r->n != s->n || !same_text(r->socket, s->socket))
		return false;
	for (i = 0; i < r->n; i++)
		if (strcmp(r->line[i].name, s->line[i].name) != 0 ||
		    !same_text(r->line[i].before, s->line[i].before) ||
		    !same_text(r->line[i].after, s->line[i].after))
			return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena		*a = arena_new(0);
	char			*text = xcalloc(size + 1, 1);
	struct plan_record	 r, again;
	struct buf		 b = BUF_INIT;
	const char		*wrong;

	memcpy(text, data, size);
	if (plan_record_parse(a, text, &r, &wrong)) {
		if (r.n > PLAN_LINES)
			abort();
		plan_record_format(&r, &b);
		if (!plan_record_parse(a, buf_str(&b), &again, &wrong) ||
		    !same_record(&r, &again))
			abort();
	} else if (wrong == NULL)
		abort();
	buf_free(&b);
	free(text);
	arena_free(&a);
	return 0;
}
