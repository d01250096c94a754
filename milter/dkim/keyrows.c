/*
 * keyrows - from the rows of keys-query to signing keys
 *
 * The rules are those of key files: keyfile_load and crypto_key_parse. What a
 * cell should not be is not shown, because it may be a key: a query may name
 * its columns in the wrong order.
 */
#include <sys/stat.h>

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "directory/directory.h"
#include "dkim/keydir.h"
#include "mail/domain.h"
#include "crypto_uri_priv.h"
#include "keyrows_priv.h"

enum column { COLUMN_SELECTOR, COLUMN_KEY, COLUMN_STATE, COLUMN_DOMAIN,
    COLUMNS };

static const char *const columns[COLUMNS] = { "selector", "key", "state",
    "domain" };

#define RAW_KEY_LEN	44	/* octets in base64 of an Ed25519 key */

/* The cells of one row. */
struct cells {
	const char	*value[COLUMNS];	/* NULL: none */
	bool		 twice[COLUMNS];	/* several values */
};

static int
column_of(const char *name)
{
	int i;

	for (i = 0; i < COLUMNS; i++)
		if (strcasecmp(columns[i], name) == 0)
			return i;
	return -1;
}

/* A base64 text may begin with "/", too: dkimpy's form of an Ed25519 key. */
static bool
is_path(const char *text)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	return text[0] == '/' && !(strlen(text) == RAW_KEY_LEN &&
	    strspn(text, base64) == RAW_KEY_LEN - 1 &&
	    text[RAW_KEY_LEN - 1] == '=');
}

/* --- the digest --------------------------------------------------------- */

static void
digest_text(struct crypto_sha256 *sha, const char *text)
{
	crypto_sha256_add(sha, text, strlen(text) + 1);
}

/* A key file that is replaced or written to has another of these. */
static void
digest_file(struct crypto_sha256 *sha, const char *path)
{
	struct stat	st;
	int64_t		what[5] = { 0 };

	if (stat(path, &st) == 0) {
		what[0] = (int64_t)st.st_dev;
		what[1] = (int64_t)st.st_ino;
		what[2] = (int64_t)st.st_size;
		what[3] = (int64_t)st.st_ctim.tv_sec;
		what[4] = (int64_t)st.st_ctim.tv_nsec;
	}
	crypto_sha256_add(sha, what, sizeof(what));
}

static bool
digest_reply(struct keyrows *k, const struct directory_reply *reply)
{
	struct crypto_sha256	*sha = crypto_sha256_new();
	const struct directory_cell *c;
	bool			 ok;
	size_t			 i;

	if (sha == NULL)
		return false;
	for (i = 0; i < reply->ncells; i++) {
		c = &reply->cell[i];
		crypto_sha256_add(sha, &c->row, sizeof(c->row));
		digest_text(sha, c->column);
		digest_text(sha, c->value);
		if (is_path(c->value))
			digest_file(sha, c->value);
	}
	ok = crypto_sha256_finish(sha, k->digest);
	crypto_sha256_free(&sha);
	return ok;
}

/* --- a row -------------------------------------------------------------- */

static bool
state_parse(const char *text, enum key_state *state)
{
	int i;

	*state = KEY_ACTIVE;
	if (text == NULL || text[0] == '\0')
		return true;
	for (i = KEY_ACTIVE; i <= KEY_RETIRED; i++) {
		*state = (enum key_state)i;
		if (strcasecmp(text, key_state_name(*state)) == 0)
			return true;
	}
	*state = KEY_ACTIVE;
	return false;
}

static const char *
row_wrong(const struct cells *c, const struct keybase_row *row)
{
	enum key_state state;

	if (c->twice[COLUMN_SELECTOR] || c->twice[COLUMN_KEY] ||
	    c->twice[COLUMN_STATE] || c->twice[COLUMN_DOMAIN])
		return "an entry has several values of one column; let it have"
		    " one key";
	if (row->selector == NULL)
		return "column selector must be letters, digits and hyphens";
	if (row->domain == NULL)
		return "column domain is not a domain name";
	if (!state_parse(c->value[COLUMN_STATE], &state))
		return "column state must be active, pending or retired";
	if (c->value[COLUMN_KEY] == NULL || c->value[COLUMN_KEY][0] == '\0')
		return "column key is empty";
	return NULL;
}

static void
row_read(struct keyrows *k, const struct cells *c, const char *domain,
    struct arena *a)
{
	struct keybase_row	*row = &k->row[k->n];
	const char		*selector = c->value[COLUMN_SELECTOR];
	const char		*other = c->value[COLUMN_DOMAIN];

	memset(row, 0, sizeof(*row));
	if (selector != NULL && keyfile_is_selector(selector))
		row->selector = selector;
	row->domain = other == NULL || other[0] == '\0' ? domain :
	    domain_canonical(a, other, strlen(other));
	row->why = row_wrong(c, row);
	state_parse(c->value[COLUMN_STATE], &row->state);
	k->text[k->n] = c->value[COLUMN_KEY];
	if (row->why == NULL && is_path(c->value[COLUMN_KEY]))
		row->path = c->value[COLUMN_KEY];
	k->n++;
}

/* Two keys of one name: nobody knows which of them is published. */
static void
find_twins(struct keyrows *k)
{
	struct keybase_row	*a, *b;

	for (a = k->row; a < k->row + k->n; a++)
		for (b = k->row; b < a && a->why == NULL; b++)
			if (b->why == NULL &&
			    strcmp(a->selector, b->selector) == 0 &&
			    strcmp(a->domain, b->domain) == 0)
				a->why = "another row has the same selector";
}

static const char *
key_columns_wrong(const struct directory_reply *reply, struct arena *a)
{
	bool	seen[COLUMNS] = { false };
	size_t	i;
	int	column;

	for (i = 0; i < reply->ncolumns; i++) {
		column = column_of(reply->column[i]);
		if (column < 0)
			return arena_printf(a, "keys-query has an unknown "
			    "column \"%.60s\"; use selector, key, state or "
			    "domain", reply->column[i]);
		seen[column] = true;
	}
	/* without columns the server was not asked: see directory_try */
	for (column = COLUMN_SELECTOR; column <= COLUMN_KEY; column++)
		if (reply->ncolumns > 0 && !seen[column])
			return arena_printf(a, "keys-query has no column %s; "
			    "name it with AS", columns[column]);
	return NULL;
}

const char *
keyrows_read(struct keyrows *k, const struct directory_reply *reply,
    const char *domain, struct arena *a)
{
	struct cells	 c;
	const char	*wrong = key_columns_wrong(reply, a);
	size_t		 i = 0;
	unsigned	 row;
	int		 column;

	k->n = 0;
	if (wrong != NULL)
		return wrong;
	if (reply->nrows > KEYBASE_ROWS)
		return arena_printf(a, "keys-query has %u rows for %s; at most"
		    " %u are used: let it leave out retired keys",
		    reply->nrows, domain, KEYBASE_ROWS);
	if (!digest_reply(k, reply))
		return "OpenSSL failed";
	for (row = 0; row < reply->nrows; row++) {
		memset(&c, 0, sizeof(c));
		for (; i < reply->ncells && reply->cell[i].row == row; i++) {
			column = column_of(reply->cell[i].column);
			c.twice[column] |= c.value[column] != NULL;
			c.value[column] = reply->cell[i].value;
		}
		row_read(k, &c, domain, a);
	}
	find_twins(k);
	return NULL;
}

/* --- keys --------------------------------------------------------------- */

static void
row_load_file(struct keybase_row *row, struct arena *a)
{
	struct buf why = BUF_INIT;

	row->key = keyfile_load(row->path, &why);
	if (row->key == NULL)
		row->why = arena_strdup(a, buf_str(&why));
	buf_free(&why);
}

static void
row_load_text(struct keybase_row *row, const char *text)
{
	const char *why;

	/* whoever writes rows must not choose which modules are loaded */
	if (crypto_uri_is(text, strlen(text))) {
		row->why = "a URI; write it to a key file, and the path of"
		    " that here";
		return;
	}
	row->key = crypto_key_parse(text, strlen(text), &why);
	if (row->key == NULL)
		row->why = why;
}

void
keyrows_load(struct keyrows *k, struct arena *a)
{
	struct keybase_row	*row;
	size_t			 i;

	for (i = 0; i < k->n; i++) {
		row = &k->row[i];
		if (row->why != NULL)
			continue;
		if (row->path != NULL)
			row_load_file(row, a);
		else
			row_load_text(row, k->text[i]);
	}
}

void
keyrows_free(struct keyrows *k)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		crypto_key_free(&k->row[i].key);
	k->n = 0;
}
