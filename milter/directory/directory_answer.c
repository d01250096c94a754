/*
 * directory_answer - the answer of a database, while it is received and after
 *
 * Cells name their column by number, so a column's name is kept once. In a
 * pack, texts are offsets from its start.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/why.h"
#include "directory_answer_priv.h"

#define COLUMNS		64u
#define FIRST_CELLS	16u

struct cell {
	unsigned	 row, column;
	const char	*value;
	size_t		 length;
};

struct directory_answer {
	struct arena	*arena;
	unsigned	 nrows;
	const char	*column[COLUMNS];
	unsigned	 ncolumns;
	struct cell	*cell;
	size_t		 ncells, capacity;
	size_t		 octets;
	char		 why[DIRECTORY_ERROR];	/* "": not refused */
};

struct packed_cell {
	unsigned	 row, column, value;
};

struct directory_pack {
	atomic_uint	 refs;
	enum directory_result result;
	bool		 secret;
	unsigned	 nrows, ncolumns, ncells;
	unsigned	 why, server, columns;	/* offsets of texts */
	unsigned	 texts;		/* all texts are from here to `size` */
	unsigned	 size;
	struct packed_cell cell[];
};

/* --- receiving ----------------------------------------------------------- */

struct directory_answer *
directory_answer_new(struct arena *a)
{
	struct directory_answer *answer = arena_alloc(a, sizeof(*answer));

	answer->arena = a;
	return answer;
}

void
directory_answer_reset(struct directory_answer *a)
{
	a->nrows = a->ncolumns = 0;
	a->ncells = a->octets = 0;
	a->why[0] = '\0';
}

bool
directory_answer_is_refused(const struct directory_answer *a)
{
	return a->why[0] != '\0';
}

const char *
directory_answer_why(const struct directory_answer *a)
{
	return a->why;
}

static bool
answer_refuse(struct directory_answer *a, const char *what, unsigned max)
{
	return why_print(a->why, sizeof(a->why), "the answer has more than %u "
	    "%s; write a query that asks for one entry", max, what);
}

/* The number of a column; COLUMNS: there are too many. */
static unsigned
answer_column(struct directory_answer *a, const char *name)
{
	unsigned i;

	for (i = 0; i < a->ncolumns; i++)
		if (strcmp(a->column[i], name) == 0)
			return i;
	if (i < COLUMNS) {
		a->column[a->ncolumns++] = arena_strdup(a->arena, name);
		a->octets += strlen(name);
	}
	return i;
}

bool
directory_answer_column(struct directory_answer *a, const char *column)
{
	if (answer_column(a, column) == COLUMNS)
		return answer_refuse(a, "columns", COLUMNS);
	return true;
}

bool
directory_answer_row(struct directory_answer *a)
{
	if (a->nrows == DIRECTORY_ROWS)
		return answer_refuse(a, "rows", DIRECTORY_ROWS);
	a->nrows++;
	return true;
}

static bool
answer_has_room(struct directory_answer *a, size_t length)
{
	if (length > DIRECTORY_OCTETS ||
	    a->octets + length + sizeof(struct packed_cell) > DIRECTORY_OCTETS)
		return answer_refuse(a, "octets", DIRECTORY_OCTETS);
	a->octets += length + sizeof(struct packed_cell);
	return true;
}

bool
directory_answer_cell(struct directory_answer *a, const char *column,
    const char *value, size_t length)
{
	struct cell	*c;
	size_t		 more;

	if (!answer_has_room(a, length) || !directory_answer_column(a, column))
		return false;
	if (length > 0 && memchr(value, '\0', length) != NULL)
		return why_print(a->why, sizeof(a->why), "column %.60s has a "
		    "value with a NUL in it; correct the value", column);
	if (a->ncells == a->capacity) {
		more = a->capacity > 0 ? 2 * a->capacity : FIRST_CELLS;
		a->cell = arena_enlarge(a->arena, a->cell, a->ncells, more,
		    sizeof(*a->cell));
		a->capacity = more;
	}
	c = &a->cell[a->ncells++];
	c->row = a->nrows > 0 ? a->nrows - 1 : 0;
	c->column = answer_column(a, column);
	c->value = arena_memdup(a->arena, value, length);
	c->length = length;
	return true;
}

/* --- packing ------------------------------------------------------------- */

/* A block with room for these cells and octets of texts. */
static struct directory_pack *
pack_new(size_t ncells, size_t texts)
{
	size_t			 start = sizeof(struct directory_pack) +
				    ncells * sizeof(struct packed_cell);
	struct directory_pack	*p = xcalloc(1, start + texts);

	atomic_init(&p->refs, 1);
	p->ncells = (unsigned)ncells;
	p->texts = p->size = (unsigned)start;
	return p;
}

/* The offset of the copy. */
static unsigned
pack_text(struct directory_pack *p, const char *text, size_t length)
{
	unsigned at = p->size;

	memcpy((char *)p + at, text, length);
	p->size += (unsigned)length + 1;	/* and the NUL */
	return at;
}

static size_t
answer_texts(const struct directory_answer *a, const char *server)
{
	size_t i, n = strlen(server) + 1;

	for (i = 0; i < a->ncolumns; i++)
		n += strlen(a->column[i]) + 1;
	for (i = 0; i < a->ncells; i++)
		n += a->cell[i].length + 1;
	return n;
}

struct directory_pack *
directory_pack_answer(const struct directory_answer *a, const char *server,
    bool secret)
{
	struct directory_pack	*p = pack_new(a->ncells,
				    answer_texts(a, server));
	size_t			 i;

	p->result = a->nrows > 0 ? DIRECTORY_FOUND : DIRECTORY_NONE;
	p->secret = secret;
	p->nrows = a->nrows;
	p->ncolumns = a->ncolumns;
	p->server = pack_text(p, server, strlen(server));
	p->columns = p->size;
	for (i = 0; i < a->ncolumns; i++)
		pack_text(p, a->column[i], strlen(a->column[i]));
	for (i = 0; i < a->ncells; i++) {
		p->cell[i].row = a->cell[i].row;
		p->cell[i].column = a->cell[i].column;
		p->cell[i].value = pack_text(p, a->cell[i].value,
		    a->cell[i].length);
	}
	return p;
}

struct directory_pack *
directory_pack_error(const char *why, const char *server)
{
	struct directory_pack *p = pack_new(0, strlen(why) + strlen(server) +
	    2);

	p->result = DIRECTORY_UNKNOWN;
	p->why = pack_text(p, why, strlen(why));
	p->server = pack_text(p, server, strlen(server));
	return p;
}

struct directory_pack *
directory_pack_ref(struct directory_pack *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void
directory_pack_free(struct directory_pack **pp)
{
	struct directory_pack *p = *pp;

	*pp = NULL;
	if (p == NULL || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	if (p->secret)
		explicit_bzero(p, p->size);
	free(p);
}

bool
directory_pack_is_error(const struct directory_pack *p)
{
	return p->result == DIRECTORY_UNKNOWN;
}

size_t
directory_pack_size(const struct directory_pack *p)
{
	return p->size;
}

/* --- the reply ----------------------------------------------------------- */

static const char *const *
reply_columns(const struct directory_pack *p, const char *text,
    struct arena *a)
{
	const char	**column = arena_array(a, p->ncolumns,
			    sizeof(*column));
	const char	 *at = text + (p->columns - p->texts);
	unsigned	  i;

	for (i = 0; i < p->ncolumns; i++) {
		column[i] = at;
		at += strlen(at) + 1;
	}
	return column;
}

struct directory_reply
directory_pack_reply(const struct directory_pack *p, struct arena *a)
{
	const char	*text = arena_memdup(a, (const char *)p + p->texts,
			    p->size - p->texts);
	struct directory_cell *cell = arena_array(a, p->ncells, sizeof(*cell));
	struct directory_reply r = {
		.result = p->result, .nrows = p->nrows, .ncells = p->ncells,
		.cell = cell, .ncolumns = p->ncolumns,
		.column = reply_columns(p, text, a),
		.server = text + (p->server - p->texts)
	};
	unsigned	 i;

	if (p->result == DIRECTORY_UNKNOWN)
		r.why = text + (p->why - p->texts);
	for (i = 0; i < p->ncells; i++) {
		cell[i].row = p->cell[i].row;
		cell[i].column = r.column[p->cell[i].column];
		cell[i].value = text + (p->cell[i].value - p->texts);
	}
	return r;
}
