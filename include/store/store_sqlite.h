/*
 * store_sqlite - the door to SQLite: a connection and its statements
 *
 * Only the calls that the state file and the users' database need. A
 * connection belongs to one thread at a time. It keeps its last error until
 * the next call; sql_explain prints it.
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
	SQL_READ_FROZEN,	/* no program writes it: no log, no locks */
	/* not ours: links are followed, waits and queries are short */
	SQL_READ_FOREIGN,
	SQL_WRITE,
	SQL_CREATE
};

/* False: it cannot be opened. *sp is set in both cases; close it. */
bool		 sql_open(struct sql **sp, const char *path,
		    enum sql_mode mode);
void		 sql_close(struct sql **sp);
/*
 * Can it write? If a file cannot be opened for writing, at a limit of open
 * files for example, SQLite opens it for reading.
 */
bool		 sql_writes(struct sql *s);
/* "path: doing: SQLite's error; what to do" in one line. */
void		 sql_explain(struct sql *s, const char *path,
		    const char *doing, char *error, size_t size);
/*
 * Could the disk not give an octet since the thread opened a connection, or
 * began a statement? SQLite calls that damage.
 */
bool		 sql_read_failed(void);

/* SQLite's text for the last error, and its number. */
void		 sql_words(struct sql *s, char *words, size_t size);

/* One or more statements that return no rows. */
bool		 sql_exec(struct sql *s, const char *text);
/* The first column of the first row, malloced; "": no row; NULL: an error. */
char		*sql_text(struct sql *s, const char *query);
bool		 sql_number(struct sql *s, const char *query, int64_t *n);
bool		 sql_in_transaction(const struct sql *s);

/* NULL: an error. Call sql_finish before sql_close. */
struct sql_statement *sql_prepare(struct sql *s, const char *text);
/*
 * The same for a text from the configuration: it must be one statement that
 * reads, with `words` parameters (0 or 1). On failure NULL; *wrong (static)
 * says what is wrong with it, or is not touched when SQLite reports an error.
 */
struct sql_statement *sql_prepare_question(struct sql *s, const char *text,
		    size_t words, const char **wrong);
/* Will the connection fail for each statement, until it is opened again? */
bool		 sql_is_broken(struct sql *s);
/* Did the last call find no space on the disk? */
bool		 sql_is_full(struct sql *s);
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
/* Columns count from 0. */
int		 sql_columns(const struct sql_statement *st);
/* Valid until the statement is prepared again, after a change of the schema. */
const char	*sql_column_name(struct sql_statement *st, int i);
enum sql_type { SQL_NULL, SQL_INTEGER, SQL_TEXT, SQL_OTHER };
enum sql_type	 sql_column_type(struct sql_statement *st, int i);
/* Any integer; 0 if the type is another. */
int64_t		 sql_column_integer(struct sql_statement *st, int i);
/* False: it is not an integer from 0 to max. */
bool		 sql_column_number(struct sql_statement *st, int i,
		    int64_t max, int64_t *n);
/* NULL: not a text, or a text with a NUL in it. Valid until the next step. */
const char	*sql_column_text(struct sql_statement *st, int i);

#endif
