/*
 * edits - the header changes of one message, in the order to apply them
 *
 * Deletions from the last instance to the first, so that no MTA's
 * renumbering matters; then insertions from the lowest index up.
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

void	edits_init(struct edits *e, struct arena *arena);
void	edits_delete(struct edits *e, const char *name, unsigned nth);
/* A later call puts its field above an earlier one. */
void	edits_insert_top(struct edits *e, const char *name, const char *value);
void	edits_order(struct edits *e);

#endif
