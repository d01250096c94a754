/*
 * store_sqlite - the door to SQLite: a connection and its statements
 *
 * Just what the state file needs. A connection is used by one thread at a
 * time. Errors stay with the connection until the next call; sql_explain
 * words the last one.
 */
#ifndef MILLGATE_STORE_SQLITE_H
#define MILLGATE_STORE_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sql;
struct sql_statement;

enum sql_mode {
	SQL_READ,
	SQL_READ_FROZEN,	/* nobody writes it: no log, no locks */
	SQL_WRITE,
	SQL_CREATE
};

/* False: it cannot be opened. *sp is there in both cases. */
bool		 sql_open(struct sql **sp, const char *path,
		    enum sql_mode mode);
void		 sql_close(struct sql **sp);
/* "path: doing: SQLite's error; what to do" in one line. */
void		 sql_explain(struct sql *s, const char *path,
		    const char *doing, char *error, size_t size);

/* One or more statements without an answer. */
bool		 sql_exec(struct sql *s, const char *text);
/* The first column of the first row, malloced; "": none; NULL: an error. */
char		*sql_text(struct sql *s, const char *query);
bool		 sql_number(struct sql *s, const char *query, int64_t *n);
bool		 sql_in_transaction(const struct sql *s);

/* NULL: an error. It belongs to its connection, but not after sql_close. */
struct sql_statement *sql_prepare(struct sql *s, const char *text);
void		 sql_finish(struct sql_statement **stp);
/* Parameters count from 1; a text must live until the statement is reset. */
void		 sql_bind_number(struct sql_statement *st, int i, int64_t n);
void		 sql_bind_text(struct sql_statement *st, int i,
		    const char *text);
enum sql_result { SQL_ROW, SQL_DONE, SQL_FAILED };
enum sql_result	 sql_step(struct sql_statement *st);
void		 sql_reset(struct sql_statement *st);
/* Step once and reset; true when there is no row and no error. */
bool		 sql_run(struct sql_statement *st);
/* Columns count from 0. False: it is no integer from 0 to max. */
bool		 sql_column_number(struct sql_statement *st, int i,
		    int64_t max, int64_t *n);
/* NULL: it is no text, or has a NUL in it. Lives until the next step. */
const char	*sql_column_text(struct sql_statement *st, int i);

#endif
