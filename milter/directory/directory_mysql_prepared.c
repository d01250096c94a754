/*
 * directory_mysql_prepared - prepared statements through libmariadb
 *
 * Parameters and results are texts. Rows are read one by one, so that an
 * answer that is too large takes no memory.
 */
#include <mysql.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"
#include "directory_mysql_priv.h"
#include "directory_mysql_sql_priv.h"

/* Most values fit; others are fetched again. */
#define PREPARED_VALUE	256u

struct prepared_column {
	char		 value[PREPARED_VALUE];
	unsigned long	 length;
	my_bool		 is_null, error;
};

struct mysql_prepared {
	char				*text;
	size_t				 nwords;
	MYSQL				*db;
	MYSQL_STMT			*stmt;
	struct directory_mysql_marks	 marks;
};

/* The columns of one execution: a table may have changed since the last. */
struct prepared_rows {
	MYSQL_RES		*about;
	unsigned		 n;
	MYSQL_BIND		*bind;
	struct prepared_column	*column;
};

/* An error between two rows is that of the link. */
static enum directory_ask
prepared_failed(const struct mysql_prepared *p, char why[DIRECTORY_ERROR])
{
	if (mysql_stmt_errno(p->stmt) != 0)
		return directory_mysql_failed(mysql_stmt_errno(p->stmt),
		    mysql_stmt_error(p->stmt), why);
	return directory_mysql_failed(mysql_errno(p->db), mysql_error(p->db),
	    why);
}

struct mysql_prepared *
directory_mysql_prepare(MYSQL *db, const struct directory_question *q,
    enum directory_ask *result, char why[DIRECTORY_ERROR])
{
	struct mysql_prepared	*p = xcalloc(1, sizeof(*p));
	struct buf		 sql = BUF_INIT;

	p->text = xstrdup(q->statement);
	p->nwords = q->nwords;
	p->db = db;
	*result = DIRECTORY_ASK_REFUSED;
	if (!directory_mysql_sql(q->statement, q->nwords, &sql, &p->marks,
	    why)) {
		directory_mysql_prepared_free(&p);
	} else if ((p->stmt = mysql_stmt_init(db)) == NULL) {
		abort();		/* out of memory, as everywhere */
	} else if (mysql_stmt_prepare(p->stmt, buf_str(&sql), sql.len) != 0) {
		*result = prepared_failed(p, why);
		directory_mysql_prepared_free(&p);
	} else if (mysql_stmt_param_count(p->stmt) != p->marks.n) {
		why_print(why, DIRECTORY_ERROR, "the server counts %lu "
		    "parameters in the query instead of %zu; simplify its "
		    "quotes and comments", mysql_stmt_param_count(p->stmt),
		    p->marks.n);
		directory_mysql_prepared_free(&p);
	}
	buf_free(&sql);
	return p;
}

bool
directory_mysql_prepared_is(const struct mysql_prepared *p,
    const struct directory_question *q)
{
	return p->nwords == q->nwords && strcmp(p->text, q->statement) == 0;
}

void
directory_mysql_prepared_free(struct mysql_prepared **pp)
{
	if (*pp == NULL)
		return;
	if ((*pp)->stmt != NULL)
		mysql_stmt_close((*pp)->stmt);
	free((*pp)->text);
	free(*pp);
	*pp = NULL;
}

static bool
prepared_start(struct mysql_prepared *p, const struct directory_question *q)
{
	MYSQL_BIND	bind[DIRECTORY_MYSQL_MARKS];
	size_t		i;

	memset(bind, 0, sizeof(bind));
	for (i = 0; i < p->marks.n; i++) {
		bind[i].buffer_type = MYSQL_TYPE_STRING;
		bind[i].buffer = (void *)(uintptr_t)q->word[p->marks.word[i]];
		bind[i].buffer_length = strlen(bind[i].buffer);
	}
	return mysql_stmt_bind_param(p->stmt, bind) == 0 &&
	    mysql_stmt_execute(p->stmt) == 0;
}

/* Columns without a value would not be seen otherwise. */
static bool
prepared_columns(const struct prepared_rows *r, struct directory_answer *a)
{
	unsigned i;

	for (i = 0; i < r->n; i++)
		if (!directory_answer_column(a,
		    mysql_fetch_field_direct(r->about, i)->name))
			return false;
	return true;
}

static bool
prepared_bind(struct prepared_rows *r, MYSQL_STMT *stmt)
{
	unsigned i;

	r->bind = xcalloc(r->n, sizeof(*r->bind));
	r->column = xcalloc(r->n, sizeof(*r->column));
	for (i = 0; i < r->n; i++) {
		r->bind[i].buffer_type = MYSQL_TYPE_STRING;
		r->bind[i].buffer = r->column[i].value;
		r->bind[i].buffer_length = sizeof(r->column[i].value);
		r->bind[i].length = &r->column[i].length;
		r->bind[i].is_null = &r->column[i].is_null;
		r->bind[i].error = &r->column[i].error;
	}
	return mysql_stmt_bind_result(stmt, r->bind) == 0;
}

/* A value that did not fit; its size is bounded by that of a packet. */
static bool
prepared_long_value(MYSQL_STMT *stmt, const struct prepared_rows *r,
    unsigned i, struct directory_answer *a)
{
	MYSQL_BIND	 bind = r->bind[i];
	unsigned long	 length = r->column[i].length;
	bool		 ok;

	bind.buffer = xmalloc(length + 1);
	bind.buffer_length = length + 1;
	ok = mysql_stmt_fetch_column(stmt, &bind, i, 0) == 0 &&
	    directory_mysql_cell(a, mysql_fetch_field_direct(r->about, i),
	    bind.buffer, length);
	explicit_bzero(bind.buffer, length);	/* it may be a key */
	free(bind.buffer);
	return ok;
}

static bool
prepared_row(MYSQL_STMT *stmt, const struct prepared_rows *r,
    struct directory_answer *a)
{
	const struct prepared_column	*c;
	unsigned			 i;
	bool				 ok = directory_answer_row(a);

	for (i = 0; ok && i < r->n; i++) {
		c = &r->column[i];
		if (c->is_null)
			continue;
		ok = c->length <= sizeof(c->value) ?
		    directory_mysql_cell(a, mysql_fetch_field_direct(r->about,
		    i), c->value, c->length) :
		    prepared_long_value(stmt, r, i, a);
	}
	return ok;
}

static enum directory_ask
prepared_read(struct mysql_prepared *p, const struct prepared_rows *r,
    struct directory_answer *a, bool *left, char why[DIRECTORY_ERROR])
{
	bool	good = prepared_columns(r, a);
	int	rc = 0;

	while (good && ((rc = mysql_stmt_fetch(p->stmt)) == 0 ||
	    rc == MYSQL_DATA_TRUNCATED))
		good = prepared_row(p->stmt, r, a);
	if (!good) {
		*left = true;
		return DIRECTORY_ASK_REFUSED;
	}
	return rc == MYSQL_NO_DATA ? DIRECTORY_ASK_DONE :
	    prepared_failed(p, why);
}

enum directory_ask
directory_mysql_execute(struct mysql_prepared *p,
    const struct directory_question *q, struct directory_answer *a, bool *left,
    char why[DIRECTORY_ERROR])
{
	struct prepared_rows	r = { 0 };
	enum directory_ask	result;

	if (!prepared_start(p, q))
		return prepared_failed(p, why);
	r.about = mysql_stmt_result_metadata(p->stmt);
	if (r.about == NULL) {
		why_print(why, DIRECTORY_ERROR, "the query returns no rows; "
		    "write a SELECT");
		return DIRECTORY_ASK_REFUSED;
	}
	r.n = mysql_num_fields(r.about);
	if (prepared_bind(&r, p->stmt))
		result = prepared_read(p, &r, a, left, why);
	else
		result = prepared_failed(p, why);
	/* the second result of a CALL is its status */
	while (result == DIRECTORY_ASK_DONE &&
	    mysql_stmt_next_result(p->stmt) == 0)
		mysql_stmt_free_result(p->stmt);
	mysql_free_result(r.about);
	free(r.bind);
	explicit_bzero(r.column, r.n * sizeof(*r.column));
	free(r.column);
	return result;
}
