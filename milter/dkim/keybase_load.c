/*
 * keybase_load - ask the database about one domain, and make a ring of its keys
 *
 * Everything that the reply left in memory is overwritten before it is freed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/record.h"
#include "base/why.h"
#include "dkim/keyseen.h"
#include "keybase_priv.h"
#include "keyring_priv.h"
#include "keyrows_priv.h"

#define REPLY_CHUNK	8192	/* octets of an arena */

static void
log_refused(const struct keybase *kb, const char *domain,
    const struct keybase_row *row, const char *server)
{
	struct arena	*a = arena_new(0);
	struct record	 r;

	record_init(&r, a);
	record_str(&r, "event", "key-refused");
	record_str(&r, "domain", domain);
	record_str(&r, "selector", row->selector);
	record_str(&r, "database", kb->place.database);
	record_str(&r, "server", server);
	record_str(&r, "reason", row->why);
	log_event(LOG_LEVEL_WARNING, &r);
	arena_free(&a);
}

static size_t
key_cost(const struct crypto_key *key)
{
	return crypto_key_type(key) == CRYPTO_RSA ?
	    KEYBASE_RSA_COST(crypto_key_bits(key)) : KEYBASE_ED_COST;
}

static void
note_retired(struct keybase_keys *keys, const struct keybase_row *row,
    struct arena *a)
{
	struct keybase_retired *r = &keys->retired[keys->nretired];

	if (row->domain == NULL || row->selector == NULL)
		return;
	r->domain = arena_strdup(a, row->domain);
	r->selector = arena_strdup(a, row->selector);
	keys->nretired++;
}

/* The ring takes over the keys of the rows that sign or wait. */
static struct keybase_keys *
make_keys(struct keyrows *rows, const char *domain)
{
	struct keybase_keys	*keys = xcalloc(1, sizeof(*keys));
	struct ring_build	 b;
	struct keybase_row	*row;
	struct arena		*a;
	char			*why;
	size_t			 at;

	ring_start(&b);
	a = b.ring->arena;
	b.ring->key = xcalloc(rows->n, sizeof(*b.ring->key));
	b.size = rows->n;
	keys->domain = arena_strdup(a, domain);
	keys->retired = arena_array(a, rows->n, sizeof(*keys->retired));
	for (row = rows->row; row < rows->row + rows->n; row++) {
		if (row->state == KEY_RETIRED)
			note_retired(keys, row, a);
		if (row->key == NULL || row->state == KEY_RETIRED)
			continue;
		at = ring_add(&b, arena_strdup(a, row->domain),
		    arena_strdup(a, row->selector), arena_strdup(a, row->path));
		b.ring->key[at].pending = row->state == KEY_PENDING;
		b.ring->key[at].pkey = row->key;
		keys->cost += key_cost(row->key);
		row->key = NULL;
	}
	atomic_init(&keys->refs, 1);
	keys->cost += sizeof(*keys) + arena_used(a) + 1024;
	/* without a file it has no problem */
	keys->ring = ring_finish(&b, &why);
	return keys;
}

static size_t
count_signing(const struct keyring *ring)
{
	struct arena	*a = arena_new(0);
	size_t		 n = keyring_all(ring, a).n;

	arena_free(&a);
	return n;
}

static bool
some_wait(const struct keyring *ring)
{
	bool	signs = true;
	size_t	i;

	for (i = 0; i < keyring_npending(ring) && signs; i++)
		keyring_pending(ring, i, &signs);
	return !signs;
}

/*
 * Activate pending keys that were seen before. A store that fails may have
 * the only key that signs: then there is no answer.
 */
static void
recall(struct keybase_answer *answer, const struct keybase_slot *old,
    struct store *s)
{
	struct keyring	*ring = answer->keys->ring;
	char		 error[STORE_ERROR] = "";
	size_t		 n = 0;

	if (keyring_npending(ring) == 0)
		return;
	if (old != NULL && old->keys != NULL)
		keyseen_inherit(ring, old->keys->ring);
	if (some_wait(ring) && s != NULL &&
	    !keyseen_recall(ring, s, &n, error) && count_signing(ring) == 0) {
		answer->result = KEYBASE_FAILED;
		why_print(answer->why, sizeof(answer->why), "state: pending "
		    "keys: %s", error);
	}
	answer->pending = some_wait(ring);
}

/* Good keys sign, whatever the other rows are. */
static void
judge_keys(struct keybase_answer *answer, const struct keyrows *rows,
    const struct keybase_slot *old, struct store *s)
{
	const struct keybase_row	*wrong = NULL, *row;

	for (row = rows->row; row < rows->row + rows->n; row++)
		if (row->why != NULL && row->state != KEY_RETIRED)
			wrong = row;
	answer->result = KEYBASE_FOUND;
	recall(answer, old, s);
	if (answer->result == KEYBASE_FOUND && wrong != NULL &&
	    count_signing(answer->keys->ring) == 0) {
		answer->result = KEYBASE_REFUSED;
		why_print(answer->why, sizeof(answer->why), "key %s: %s",
		    wrong->selector != NULL ? wrong->selector : "?",
		    wrong->why);
	} else if (keyring_count(answer->keys->ring) == 0 && wrong == NULL)
		answer->result = KEYBASE_NONE;
	if (answer->result != KEYBASE_FOUND && (answer->result != KEYBASE_NONE
	    || answer->keys->nretired == 0))
		keybase_release(&answer->keys);
}

static void
judge_rows(struct keybase *kb, const char *domain, const char *server,
    struct keyrows *rows, struct keybase_answer *answer)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		if (rows->row[i].why == NULL ||
		    rows->row[i].state == KEY_RETIRED)
			continue;
		answer->refused++;
		log_refused(kb, domain, &rows->row[i], server);
	}
}

static void
judge_reply(struct keybase *kb, const char *domain,
    const struct keybase_slot *old, struct store *s, struct keyrows *rows,
    struct keybase_answer *answer)
{
	memcpy(answer->digest, rows->digest, sizeof(answer->digest));
	if (rows->result == KEYROWS_SAME) {
		answer->result = KEYBASE_SAME;
		return;
	}
	judge_rows(kb, domain, rows->server, rows, answer);
	answer->keys = make_keys(rows, domain);
	judge_keys(answer, rows, old, s);
	keyrows_free(rows);
}

static struct keyrows *
ask_rows(struct keybase *kb, const char *domain, uint64_t now,
    const unsigned char *known, struct arena *a)
{
	struct keyrows *rows = arena_alloc(a, sizeof(*rows));

	if (kb->source != NULL)
		keyrows_ask(kb->source, domain, now, known, rows, a);
	else
		key_process_rows(domain, known, rows, a);
	return rows;
}

void
keybase_load(struct keybase *kb, const char *domain,
    const struct keybase_slot *old, struct store *s, uint64_t now,
    struct keybase_answer *answer)
{
	struct arena	*a = arena_new(REPLY_CHUNK);
	struct keyrows	*rows = ask_rows(kb, domain, now, old != NULL ?
			    old->digest : NULL, a);

	memset(answer, 0, sizeof(*answer));
	answer->result = KEYBASE_FAILED;
	if (rows->result == KEYROWS_FAILED)
		why_print(answer->why, sizeof(answer->why), "%s", rows->why);
	else
		judge_reply(kb, domain, old, s, rows, answer);
	arena_wipe(&a);
}

bool
keybase_check(struct keybase *kb, char **why)
{
	char	*wrong = NULL;
	bool	 ok = kb->source != NULL ?
		    keyrows_source_check(kb->source, &wrong) :
		    key_process_check_base(&wrong);

	if (!ok)
		why_set(why, "keys-database: %s", wrong);
	free(wrong);
	return ok;
}

int
keybase_list(struct keybase *kb, const char *domain, struct keybase_row **row,
    const char **server, const char **why, struct arena *a)
{
	struct arena	*secret = arena_new(REPLY_CHUNK);
	struct keyrows	*rows = ask_rows(kb, domain, 0, NULL, secret);
	bool		 good = rows->result != KEYROWS_FAILED;
	int		 n = good ? (int)rows->n : -1;
	size_t		 i;

	*server = arena_strdup(a, rows->server);
	*why = good ? NULL : arena_strdup(a, rows->why);
	*row = arena_array(a, rows->n, sizeof(**row));
	for (i = 0; i < rows->n; i++) {
		(*row)[i] = rows->row[i];
		(*row)[i].domain = arena_strdup(a, rows->row[i].domain);
		(*row)[i].selector = arena_strdup(a, rows->row[i].selector);
		(*row)[i].path = arena_strdup(a, rows->row[i].path);
		(*row)[i].why = arena_strdup(a, rows->row[i].why);
	}
	arena_wipe(&secret);
	return n;
}
