/*
 * keytable_priv - OpenDKIM's two tables in memory: keytable_load.c fills them,
 * keytable.c searches them
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

/* A key of a KeyTable line; `author` is "" when it signs for any domain. */
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
 * Cut the next field off *rest, up to a colon and without the white space
 * around it. The last field includes all remaining colons. NULL: no more.
 */
char		*keytable_field(char **rest, bool last);
/* `text` with each "%" replaced. */
const char	*keytable_expand(struct arena *a, const char *text,
		    const char *domain);
/* struct held by line, then author: for qsort and bsearch. */
int		 keytable_compare(const void *a, const void *b);

#endif
