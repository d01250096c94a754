/*
 * fuzz_keyrows: any rows of keys-query are refused as a whole, or each of them
 * is a name and a key, or has a reason; no reason shows the text of a key
 *
 * The first line of the input is the columns, each further line a row, with
 * tabs between the cells. An empty cell has no value. "+" before a cell: one
 * more value of the cell before it, as an LDAP entry may have.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "directory/directory.h"
#include "dkim/keydir.h"
#include "dkim/keyrows_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CELLS	256
#define COLUMNS	8

struct rows {
	const char		*column[COLUMNS];
	struct directory_cell	 cell[CELLS];
	struct directory_reply	 reply;
};

static void
add_row(struct rows *r, char *line)
{
	size_t	 column = 0;
	char	*cell;

	while ((cell = strsep(&line, "\t")) != NULL &&
	    r->reply.ncells < CELLS) {
		if (cell[0] == '+' && column > 0) {
			cell++;
			column--;
		}
		if (column == r->reply.ncolumns)
			break;
		if (cell[0] != '\0')
			r->cell[r->reply.ncells++] = (struct directory_cell){
			    r->reply.nrows, r->column[column], cell };
		column++;
	}
	r->reply.nrows++;
}

static void
make_rows(struct rows *r, char *text)
{
	char *line = strsep(&text, "\n"), *name;

	memset(r, 0, sizeof(*r));
	r->reply.result = DIRECTORY_FOUND;
	r->reply.cell = r->cell;
	r->reply.column = r->column;
	r->reply.server = "fuzz";
	while ((name = strsep(&line, "\t")) != NULL &&
	    r->reply.ncolumns < COLUMNS)
		r->column[r->reply.ncolumns++] = name;
	while ((line = strsep(&text, "\n")) != NULL)
		add_row(r, line);
}

static void
check_row(const struct keybase_row *row, const char *text)
{
	if ((row->key == NULL) != (row->why != NULL))
		abort();
	/* no reason of ours has such an octet, and each long key does */
	if (row->why != NULL && text != NULL && strpbrk(text, "+=") != NULL &&
	    strstr(row->why, text) != NULL)
		abort();
	if (row->why == NULL && (row->domain == NULL ||
	    row->selector == NULL || !keyfile_is_selector(row->selector)))
		abort();
}

/* Files are not opened here. */
static bool
has_file(const struct keyrows *k)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (k->row[i].path != NULL)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rows	 r;
	static struct keyrows	 k;
	struct arena		*a = arena_new(0);
	char			*text = xcalloc(size + 1, 1);
	const char		*wrong;
	size_t			 i;

	memcpy(text, data, size);
	make_rows(&r, text);
	memset(&k, 0, sizeof(k));
	wrong = keyrows_read(&k, &r.reply, "example.org", a);
	if (wrong != NULL && (wrong[0] == '\0' || k.n != 0))
		abort();
	if (k.n > KEYBASE_ROWS || (wrong == NULL && k.n != r.reply.nrows))
		abort();
	if (!has_file(&k)) {
		keyrows_load(&k, a);
		for (i = 0; i < k.n; i++)
			check_row(&k.row[i], k.text[i]);
	}
	keyrows_free(&k);
	free(text);
	arena_free(&a);
	return 0;
}
