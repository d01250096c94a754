/*
 * keytable - OpenDKIM's two tables in memory, filled by keytable_load.c
 */
#ifndef MILLGATE_KEYTABLE_H
#define MILLGATE_KEYTABLE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct dataset;
struct keyring;

/* One of the two files. */
struct table {
	const char	*path;
	bool		 patterns;	/* refile: */
	struct dataset	*data;
};

/* A key of a KeyTable line; `author` is "" where any will do. */
struct held {
	unsigned	 line;
	const char	*author;
	size_t		 at;		/* in the ring */
};

struct keytable {
	const struct keyring *ring;
	struct table	 keys, authors;
	struct held	*held;
	size_t		 nheld, size;
};

/*
 * Cut the next of the fields between colons off *rest, white space around it
 * too; the last one takes the colons that are left. NULL: no more.
 */
char		*keytable_field(char **rest, bool last);
/* `text` with each "%" replaced. */
const char	*keytable_expand(struct arena *a, const char *text,
		    const char *domain);
/* struct held by line, then author: for qsort and bsearch. */
int		 keytable_compare(const void *a, const void *b);

#endif
