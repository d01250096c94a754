/*
 * directory_driver - one kind of database, behind the directory's threads
 *
 * A driver may block: the thread that waits for the answer leaves at its
 * deadline by itself. But each call must end: the library's own time-outs are
 * set to `timeout` of the place, rounded up, so that a dead server does not
 * keep the thread for ever. A link belongs to one thread.
 */
#ifndef MILLGATE_DIRECTORY_DRIVER_H
#define MILLGATE_DIRECTORY_DRIVER_H

#include "directory/directory.h"

/* The default socket, or one that has a name? */
static inline bool
directory_host_is_socket(const struct directory_host *h)
{
	return h->name[0] == '/' || h->name[0] == '\0';
}

/* Must a connection to this host of the place have TLS? */
static inline bool
directory_wants_tls(const struct directory_place *p,
    const struct directory_host *h)
{
	return p->tls && !directory_host_is_socket(h);
}

/* The answer that is being received. */
struct directory_answer;

/*
 * A column that each row has, or a NULL. Optional, before the first row: an
 * unknown column is then an error also if it has no value.
 */
bool		 directory_answer_column(struct directory_answer *a,
		    const char *column);
/*
 * Begin the next row; add a value to it (both texts are copied). False: the
 * answer is too large, or the value has a NUL: stop, and return
 * DIRECTORY_ASK_REFUSED, or DIRECTORY_ASK_BROKEN if the link still has rows.
 * The driver writes no `why` then: directory_answer_why has the text.
 */
bool		 directory_answer_row(struct directory_answer *a);
bool		 directory_answer_cell(struct directory_answer *a,
		    const char *column, const char *value, size_t length);
const char	*directory_answer_why(const struct directory_answer *a);

enum directory_ask {
	DIRECTORY_ASK_DONE,	/* the rows, if any, are in the answer */
	DIRECTORY_ASK_REFUSED,	/* why; the link can be used again */
	DIRECTORY_ASK_BROKEN	/* why; the link must be closed */
};

struct directory_driver {
	/*
	 * Connect to one host within `connect` of the place, log in, and check
	 * its certificate. The place outlives the link. NULL with `why`: the
	 * server's own words, without the place, and what to do.
	 */
	void		*(*open)(const struct directory_place *p,
			    const struct directory_host *h,
			    char why[DIRECTORY_ERROR]);
	enum directory_ask (*ask)(void *link,
			    const struct directory_question *q,
			    struct directory_answer *a,
			    char why[DIRECTORY_ERROR]);
	void		 (*close)(void *link);
};

/* NULL: not in this build. */
extern const struct directory_driver *const directory_sqlite;
extern const struct directory_driver *const directory_pgsql;
extern const struct directory_driver *const directory_mysql;
extern const struct directory_driver *const directory_ldap;
const struct directory_driver *directory_driver_of(enum directory_kind kind);

#endif
