/*
 * directory_sqlite - a database of the site in an SQLite file
 *
 * The file is opened read-only. It is opened again when it was replaced.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"
#include "store/store_sqlite.h"
#include "directory_driver_priv.h"

struct sqlite_link {
	const struct directory_place *place;
	struct sql	*db;
	struct sql_statement *statement;	/* the last one, prepared */
	char		*text;			/* of that */
	dev_t		 device;
	ino_t		 inode;
};

static void
sqlite_close(void *link)
{
	struct sqlite_link *l = link;

	sql_finish(&l->statement);
	sql_close(&l->db);
	free(l->text);
	free(l);
}

static void
sqlite_say(struct sqlite_link *l, const char *doing,
    char why[DIRECTORY_ERROR])
{
	char words[160];

	sql_words(l->db, words, sizeof(words));
	why_print(why, DIRECTORY_ERROR, "%s: %s; check the file, its "
	    "permissions and the query", doing, words);
}

static void *
sqlite_open(const struct directory_place *p, const struct directory_host *h,
    char why[DIRECTORY_ERROR])
{
	struct sqlite_link	*l;
	struct stat		 st = { 0 };

	(void)h;
	/* to open a FIFO would wait for a writer */
	if (stat(p->database, &st) == 0 && !S_ISREG(st.st_mode)) {
		why_print(why, DIRECTORY_ERROR, "is not a regular file");
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->place = p;
	l->device = st.st_dev;
	l->inode = st.st_ino;
	if (sql_open(&l->db, p->database, SQL_READ_FOREIGN))
		return l;
	sqlite_say(l, "open", why);
	sqlite_close(l);
	return NULL;
}

static bool
sqlite_is_replaced(const struct sqlite_link *l)
{
	struct stat st;

	return stat(l->place->database, &st) != 0 ||
	    st.st_dev != l->device || st.st_ino != l->inode;
}

/* The inside of an SQL string: quotes are doubled. */
static void
sqlite_add_quoted(struct buf *b, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\'')
			buf_addch(b, '\'');
		buf_addch(b, *value);
	}
}

/* The text of the question; the caller frees it. */
static char *
sqlite_text(const struct directory_question *q)
{
	struct buf	b = BUF_INIT;
	size_t		i;

	if (q->statement != NULL)
		return xstrdup(q->statement);
	buf_addstr(&b, "");
	for (i = 0; i < q->sql.n; i++) {
		buf_addstr(&b, q->sql.piece[i].text);
		if (q->sql.piece[i].value != NULL)
			sqlite_add_quoted(&b, q->sql.piece[i].value);
	}
	return b.data;
}

static bool
sqlite_prepare(struct sqlite_link *l, const struct directory_question *q,
    char why[DIRECTORY_ERROR])
{
	const char	*wrong = NULL;
	char		*text = sqlite_text(q);

	if (l->text != NULL && strcmp(l->text, text) == 0) {
		free(text);
		return true;
	}
	sql_finish(&l->statement);
	free(l->text);
	l->text = NULL;
	l->statement = sql_prepare_question(l->db, text, q->nwords,
	    &wrong);
	if (l->statement != NULL) {
		l->text = text;
		return true;
	}
	free(text);
	if (wrong != NULL)
		return why_print(why, DIRECTORY_ERROR, "the query %s", wrong);
	sqlite_say(l, "query", why);
	return false;
}

/* One column; a NULL has no cell. */
static bool
sqlite_take_cell(struct sqlite_link *l, int i, struct directory_answer *a,
    char why[DIRECTORY_ERROR])
{
	const char	*name = sql_column_name(l->statement, i), *value;
	char		 digits[24];
	int64_t		 n;

	switch (sql_column_type(l->statement, i)) {
	case SQL_NULL:
		return true;
	case SQL_INTEGER:
		n = sql_column_integer(l->statement, i);
		snprintf(digits, sizeof(digits), "%lld", (long long)n);
		return directory_answer_cell(a, name, digits, strlen(digits));
	case SQL_TEXT:
		value = sql_column_text(l->statement, i);
		if (value == NULL)
			break;
		return directory_answer_cell(a, name, value, strlen(value));
	case SQL_OTHER:
		break;
	}
	return why_print(why, DIRECTORY_ERROR, "column %.60s must be NULL, a "
	    "whole number, or a text without NUL", name);
}

static bool
sqlite_take_row(struct sqlite_link *l, struct directory_answer *a,
    char why[DIRECTORY_ERROR])
{
	int i, n = sql_columns(l->statement);

	if (!directory_answer_row(a))
		return false;
	for (i = 0; i < n; i++)
		if (!sqlite_take_cell(l, i, a, why))
			return false;
	return true;
}

static enum directory_ask
sqlite_step(struct sqlite_link *l, struct directory_answer *a,
    char why[DIRECTORY_ERROR])
{
	enum sql_result	result;
	int		i;

	result = sql_step(l->statement);
	/* a new schema changes the columns of "SELECT *" at the first step */
	for (i = 0; i < sql_columns(l->statement); i++)
		if (!directory_answer_column(a,
		    sql_column_name(l->statement, i)))
			return DIRECTORY_ASK_REFUSED;
	for (; result == SQL_ROW; result = sql_step(l->statement))
		if (!sqlite_take_row(l, a, why))
			return DIRECTORY_ASK_REFUSED;
	if (result == SQL_DONE)
		return DIRECTORY_ASK_DONE;
	sqlite_say(l, "query", why);
	return sql_is_broken(l->db) ? DIRECTORY_ASK_BROKEN :
	    DIRECTORY_ASK_REFUSED;
}

static enum directory_ask
sqlite_ask(void *link, const struct directory_question *q,
    struct directory_answer *a, char why[DIRECTORY_ERROR])
{
	struct sqlite_link	*l = link;
	enum directory_ask	 result;
	size_t			 i;

	if (sqlite_is_replaced(l)) {
		why_print(why, DIRECTORY_ERROR, "the file was replaced");
		return DIRECTORY_ASK_BROKEN;
	}
	if (!sqlite_prepare(l, q, why))
		return sql_is_broken(l->db) ? DIRECTORY_ASK_BROKEN :
		    DIRECTORY_ASK_REFUSED;
	for (i = 0; i < q->nwords; i++)
		sql_bind_text(l->statement, (int)i + 1, q->word[i]);
	result = sqlite_step(l, a, why);
	sql_reset(l->statement);
	return result;
}

static const struct directory_driver sqlite_driver = {
	sqlite_open, sqlite_ask, sqlite_close
};
const struct directory_driver *const directory_sqlite = &sqlite_driver;
