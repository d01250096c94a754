/*
 * edits - plan the header changes of one message; a driver applies them
 *
 * Postfix renumbers the instances after a deleted one. Deleting from the last
 * to the first is correct with and without renumbering. The plan is sorted
 * once, here, and drivers apply it from front to back. Insertions come last;
 * each goes on top, so the one planned last is uppermost.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "mail/edits.h"

#define EDITS_FIRST	8

void
edits_init(struct edits *e, struct arena *arena)
{
	memset(e, 0, sizeof(*e));
	e->arena = arena;
}

static struct edit *
edits_more(struct edits *e)
{
	if (e->n == e->size) {
		e->size = e->size > 0 ? e->size * 2 : EDITS_FIRST;
		e->edit = arena_enlarge(e->arena, e->edit, e->n, e->size,
		    sizeof(*e->edit));
	}
	return &e->edit[e->n++];
}

void
edits_delete(struct edits *e, const char *name, unsigned nth)
{
	struct edit *d = edits_more(e);

	d->kind = EDIT_DELETE;
	d->name = arena_strdup(e->arena, name);
	d->nth = nth;
}

void
edits_insert_top(struct edits *e, const char *name, const char *value)
{
	struct edit *i = edits_more(e);

	i->kind = EDIT_INSERT;
	i->name = arena_strdup(e->arena, name);
	i->value = arena_strdup(e->arena, value);
	/* only the sort uses nth of an insertion; the driver uses index */
	i->nth = (unsigned)e->n;
}

static int
edit_cmp(const void *va, const void *vb)
{
	const struct edit	*a = va, *b = vb;
	int			 names;

	if (a->kind != b->kind)
		return a->kind == EDIT_DELETE ? -1 : 1;
	if (a->kind == EDIT_INSERT)
		return a->nth < b->nth ? -1 : a->nth > b->nth;
	names = strcasecmp(a->name, b->name);
	if (names != 0)
		return names;
	return a->nth > b->nth ? -1 : a->nth < b->nth;
}

void
edits_order(struct edits *e)
{
	if (e->n > 1)
		qsort(e->edit, e->n, sizeof(*e->edit), edit_cmp);
}
