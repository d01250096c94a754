/*
 * store_top - the busiest keys, without a row for each of the others
 *
 * A backend walks over all keys as for store_list. Of most keys it needs one
 * comparison with the last row that is kept.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store_priv.h"

static bool
row_is_before(const struct store_row *a, const struct store_row *b)
{
	if (a->recipients != b->recipients)
		return a->recipients > b->recipients;
	return strcmp(a->key, b->key) < 0;
}

/* A key that a backend finds twice: the greater count stays. */
static bool
row_repeats(struct store_rows *rows, const struct store_row *new)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		if (strcmp(rows->row[i].key, new->key) != 0)
			continue;
		if (!row_is_before(new, &rows->row[i]))
			return true;
		free(rows->row[i].key);
		rows->n--;
		memmove(&rows->row[i], &rows->row[i + 1],
		    (rows->n - i) * sizeof(*rows->row));
		return false;
	}
	return false;
}

void
store_top_add(struct store_top *t, const char *key, uint64_t recipients,
    uint64_t messages)
{
	struct store_rows	*rows = t->is_other != NULL &&
				     t->is_other(key) ? &t->others : &t->rows;
	struct store_row	 new = { (char *)key, recipients, messages };
	size_t			 at;

	if (rows->n == t->most && !row_is_before(&new,
	    &rows->row[rows->n - 1]))
		return;
	if (row_repeats(rows, &new))
		return;
	if (rows->n == t->most)
		free(rows->row[--rows->n].key);
	for (at = rows->n++; at > 0 && row_is_before(&new,
	    &rows->row[at - 1]); at--)
		rows->row[at] = rows->row[at - 1];
	new.key = xstrdup(key);
	rows->row[at] = new;
}

enum store_answer
store_top(struct store *s, time_t now, struct store_top *t,
    char error[STORE_ERROR])
{
	struct store_rows all = { .top = t };

	error[0] = '\0';
	t->rows = t->others = (struct store_rows){ 0 };
	t->rows.row = xcalloc(t->most, sizeof(*t->rows.row));
	t->others.row = xcalloc(t->most, sizeof(*t->others.row));
	return s->ops->list(s, now, &all, error);
}

void
store_top_free(struct store_top *t)
{
	store_rows_free(&t->rows);
	store_rows_free(&t->others);
}
