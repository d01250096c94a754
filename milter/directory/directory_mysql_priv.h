/*
 * directory_mysql - the parts of the driver for MariaDB and MySQL
 *
 * directory_mysql.c connects and asks with text, directory_mysql_prepared.c
 * asks with prepared statements. libmariadb's types have no name here.
 */
#ifndef MILLGATE_DIRECTORY_MYSQL_H
#define MILLGATE_DIRECTORY_MYSQL_H

#include "directory_driver_priv.h"

struct mysql_prepared;
struct st_mysql;		/* MYSQL */
struct st_mysql_field;		/* MYSQL_FIELD */

/* What a failed call says of its link. */
enum directory_ask	 directory_mysql_failed(unsigned number,
			    const char *error, char why[DIRECTORY_ERROR]);
/* Add one value; those of BIT columns as numbers. */
bool			 directory_mysql_cell(struct directory_answer *a,
			    const struct st_mysql_field *f, const char *value,
			    size_t length);

/* Prepare the statement of a question. NULL with the result and `why`. */
struct mysql_prepared	*directory_mysql_prepare(struct st_mysql *db,
			    const struct directory_question *q,
			    enum directory_ask *result,
			    char why[DIRECTORY_ERROR]);
bool			 directory_mysql_prepared_is(
			    const struct mysql_prepared *p,
			    const struct directory_question *q);
/*
 * Ask. `left` becomes true if rows were not read; the server may still send
 * them, so the link must be cut before the statement is freed.
 */
enum directory_ask	 directory_mysql_execute(struct mysql_prepared *p,
			    const struct directory_question *q,
			    struct directory_answer *a, bool *left,
			    char why[DIRECTORY_ERROR]);
void			 directory_mysql_prepared_free(
			    struct mysql_prepared **pp);

#endif
