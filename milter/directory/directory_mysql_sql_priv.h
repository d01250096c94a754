/*
 * directory_mysql_sql - $1 and ?1 of a statement as MySQL's ?
 *
 * Not within strings, quoted names and comments. Backslashes escape within
 * strings: the driver turns NO_BACKSLASH_ESCAPES off.
 */
#ifndef MILLGATE_DIRECTORY_MYSQL_SQL_H
#define MILLGATE_DIRECTORY_MYSQL_SQL_H

#include "directory/directory.h"

struct buf;

#define DIRECTORY_MYSQL_MARKS	32u

struct directory_mysql_marks {
	size_t		 n;
	unsigned	 word[DIRECTORY_MYSQL_MARKS];	/* $1 is 0 */
};

/*
 * Append the statement as MySQL reads it. False with `why`: it has a bare ?,
 * a number above `nwords`, too many parameters, or none where there are words.
 */
bool	directory_mysql_sql(const char *statement, size_t nwords,
	    struct buf *out, struct directory_mysql_marks *marks,
	    char why[DIRECTORY_ERROR]);

#endif
