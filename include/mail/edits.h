/*
 * edits - the header changes of one message, in the order to apply them
 *
 * Deletions come first, from the last instance of a name to the first, so
 * that an MTA that renumbers makes no difference. Insertions follow.
 */
#ifndef MILLGATE_EDITS_H
#define MILLGATE_EDITS_H

#include <stddef.h>

struct arena;

enum edit_kind { EDIT_DELETE, EDIT_INSERT };

struct edit {
	enum edit_kind	 kind;
	const char	*name;
	const char	*value;	/* INSERT: begins with a blank; folds are LF */
	unsigned	 nth;	/* DELETE: instance of that name, from 1 */
	unsigned	 index;	/* INSERT: 0 is on top */
};

struct edits {
	struct arena	*arena;
	size_t		 n, size;
	struct edit	*edit;
};

/* Names and values are copied into `arena`. */
void	edits_init(struct edits *e, struct arena *arena);
void	edits_delete(struct edits *e, const char *name, unsigned nth);
/* Insert above all fields, also above those of earlier calls. */
void	edits_insert_top(struct edits *e, const char *name, const char *value);
/* Sort into the order described above; call once, after the last edit. */
void	edits_order(struct edits *e);

#endif
