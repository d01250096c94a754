/*
 * key_process_rows - the daemon asks the key process for keys of keys-database
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/why.h"
#include "crypto_remote_priv.h"
#include "key_process_priv.h"

#define NO_ANSWER	"the key process does not answer"

/* An answer of which some has come. */
struct coming {
	struct keyrows	*rows;
	size_t		 left;		/* rows that follow */
	bool		 begun;
	struct arena	*arena;
};

static enum keypool_more
take_found(struct coming *c, const struct keymsg_found *f)
{
	struct keyrows *k = c->rows;

	if (c->begun)
		return KEYPOOL_WRONG;
	c->begun = true;
	c->left = f->n;
	k->result = (enum keyrows_result)f->result;
	k->why = arena_strdup(c->arena, f->why);
	k->server = arena_strdup(c->arena, f->server);
	memcpy(k->digest, f->digest, sizeof(k->digest));
	return c->left > 0 ? KEYPOOL_MORE : KEYPOOL_LAST;
}

/* NULL if it is empty. */
static const char *
row_text(const char *text, struct arena *a)
{
	return text[0] != '\0' ? arena_strdup(a, text) : NULL;
}

static enum keypool_more
take_row(struct coming *c, const struct keymsg_row *r)
{
	struct keybase_row *row = &c->rows->row[c->rows->n];

	if (c->left == 0)
		return KEYPOOL_WRONG;
	memset(row, 0, sizeof(*row));
	row->domain = row_text(r->domain, c->arena);
	row->selector = row_text(r->selector, c->arena);
	row->path = row_text(r->path, c->arena);
	row->why = row_text(r->why, c->arena);
	row->state = (enum key_state)r->state;
	if (row->why == NULL)
		row->key = crypto_remote_new((enum crypto_type)r->key.type,
		    r->key.bits, r->key.public, r->key.id);
	c->rows->n++;
	return --c->left > 0 ? KEYPOOL_MORE : KEYPOOL_LAST;
}

static enum keypool_more
take(void *arg, const struct keymsg *m)
{
	return m->head.type == KEYMSG_FOUND ? take_found(arg, &m->found) :
	    take_row(arg, &m->row);
}

void
key_process_rows(const char *domain, const unsigned char *known,
    struct keyrows *k, struct arena *a)
{
	struct keymsg	*m = xcalloc(2, sizeof(*m));
	struct coming	 c = { k, 0, false, a };

	memset(k, 0, sizeof(*k));
	k->server = "";
	m[0].head.type = KEYMSG_ROWS;
	keymsg_copy(m[0].rows.domain, sizeof(m[0].rows.domain), domain);
	if (known != NULL) {
		m[0].rows.known = 1;
		memcpy(m[0].rows.digest, known, sizeof(m[0].rows.digest));
	}
	k->why = KEY_SERVER_NO_BASE;
	k->result = KEYROWS_FAILED;
	if (keypool_is_open(KEYPOOL_ASKERS) &&
	    !keypool_ask_more(KEYPOOL_ASKERS, &m[0], &m[1], take, &c)) {
		keyrows_free(k);
		k->result = KEYROWS_FAILED;
		k->why = NO_ANSWER;
	}
	free(m);
}

bool
key_process_check_base(char **why)
{
	struct keymsg	*m;
	bool		 ok = false;

	if (!keypool_is_open(KEYPOOL_ASKERS))
		return true;	/* until the next restart, it is not used */
	m = xcalloc(2, sizeof(*m));
	m[0].head.type = KEYMSG_CHECK;
	if (!keypool_ask(KEYPOOL_ASKERS, &m[0], &m[1]))
		why_set(why, NO_ANSWER);
	else if (m[1].head.type == KEYMSG_WHY)
		why_set(why, "%s", m[1].why);
	else
		ok = true;
	free(m);
	return ok;
}
