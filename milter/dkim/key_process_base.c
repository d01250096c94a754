/*
 * key_process_base - the key process answers for keys-database
 *
 * The texts of keys stay in the arena of one answer, which is overwritten.
 */
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "key_process_priv.h"

#define ANSWER_CHUNK	8192	/* octets of an arena */

/* An answer as key_process_rows wants it; *a is to be overwritten. */
static struct keyrows *
find_rows(struct key_server *s, const struct keymsg_rows *asked,
    struct arena *a)
{
	struct keyrows		*k = arena_alloc(a, sizeof(*k));
	struct keyrows_source	*source = key_server_source(s);

	memset(k, 0, sizeof(*k));
	if (source != NULL) {
		keyrows_ask(source, asked->domain, monotonic_ms(),
		    asked->known ? asked->digest : NULL, k, a);
		return k;
	}
	k->result = KEYROWS_FAILED;
	k->why = KEY_SERVER_NO_BASE;
	return k;
}

static void
write_found(struct keymsg *m, const struct keyrows *k)
{
	struct keymsg_found *f = &m->found;

	m->head = (struct keymsg_head){ KEYMSG_FOUND, 0 };
	memset(f, 0, sizeof(*f));
	f->result = k->result;
	f->n = (uint32_t)k->n;
	memcpy(f->digest, k->digest, sizeof(f->digest));
	keymsg_copy(f->server, sizeof(f->server), k->server);
	keymsg_copy(f->why, sizeof(f->why), k->why);
}

/* Takes over the key of the row. */
static void
write_row(struct key_server *s, struct keymsg *m, struct keybase_row *row)
{
	struct keymsg_row	*r = &m->row;
	const char		*why = row->why;

	m->head = (struct keymsg_head){ KEYMSG_ROW, 0 };
	memset(r, 0, sizeof(*r));
	r->state = row->state;
	keymsg_copy(r->domain, sizeof(r->domain), row->domain);
	keymsg_copy(r->selector, sizeof(r->selector), row->selector);
	keymsg_copy(r->path, sizeof(r->path), row->path);
	if (row->key != NULL)
		key_server_add(s, row->key, &r->key, &why);
	row->key = NULL;
	keymsg_copy(r->why, sizeof(r->why), why);
}

bool
key_server_rows(struct key_server *s, int fd, const struct keymsg *request,
    struct keymsg *answer)
{
	struct arena	*a = arena_new(ANSWER_CHUNK);
	struct keyrows	*k = find_rows(s, &request->rows, a);
	size_t		 i;
	bool		 ok;

	write_found(answer, k);
	ok = keymsg_send(fd, answer);
	for (i = 0; i < k->n && ok; i++) {
		write_row(s, answer, &k->row[i]);
		ok = keymsg_send(fd, answer);
	}
	keyrows_free(k);
	arena_wipe(&a);
	return ok;
}
