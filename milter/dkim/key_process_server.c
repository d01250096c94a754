/*
 * key_process_server - what the key process answers: the only code with
 * private keys, once it runs
 *
 * A key has a number, its place in a table. Signatures share a lock with each
 * other; loading and forgetting keys takes it for themselves for a moment.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/buf.h"
#include "dkim/keydir.h"
#include "key_process_priv.h"

struct key_server {
	struct keyrows_source *source;	/* NULL: no keys-database */
	pthread_rwlock_t lock;		/* all below */
	struct crypto_key **key;	/* NULL: free */
	uint32_t	*unused;	/* numbers of free places */
	size_t		 n, size, nunused, unused_size;
};

struct key_server *
key_server_new(struct keyrows_source *source)
{
	struct key_server *s = xcalloc(1, sizeof(*s));

	s->source = source;
	pthread_rwlock_init(&s->lock, NULL);
	return s;
}

struct keyrows_source *
key_server_source(const struct key_server *s)
{
	return s->source;
}

void
key_server_free(struct key_server **sp)
{
	struct key_server	*s = *sp;
	size_t			 i;

	*sp = NULL;
	for (i = 0; i < s->n; i++)
		crypto_key_free(&s->key[i]);
	keyrows_source_free(&s->source);
	pthread_rwlock_destroy(&s->lock);
	free(s->key);
	free(s->unused);
	free(s);
}

/* --- the table ----------------------------------------------------------- */

/* Takes over the key. False: the table is full. */
static bool
table_add(struct key_server *s, struct crypto_key *key, uint32_t *id)
{
	bool ok = true;

	pthread_rwlock_wrlock(&s->lock);
	if (s->nunused > 0)
		*id = s->unused[--s->nunused];
	else if (s->n < KEYMSG_KEYS) {
		s->key = array_grow(s->key, s->n, &s->size, sizeof(*s->key));
		*id = (uint32_t)s->n++;
	} else
		ok = false;
	if (ok)
		s->key[*id] = key;
	pthread_rwlock_unlock(&s->lock);
	return ok;
}

static struct crypto_key *
table_ref(struct key_server *s, uint32_t id)
{
	struct crypto_key *key = NULL;

	pthread_rwlock_rdlock(&s->lock);
	if (id < s->n && s->key[id] != NULL)
		key = crypto_key_ref(s->key[id]);
	pthread_rwlock_unlock(&s->lock);
	return key;
}

static bool
table_remove(struct key_server *s, uint32_t id)
{
	struct crypto_key *key = NULL;

	pthread_rwlock_wrlock(&s->lock);
	if (id < s->n && s->key[id] != NULL) {
		key = s->key[id];
		s->key[id] = NULL;
		s->unused = array_grow(s->unused, s->nunused, &s->unused_size,
		    sizeof(*s->unused));
		s->unused[s->nunused++] = id;
	}
	pthread_rwlock_unlock(&s->lock);
	if (key == NULL)
		return false;
	crypto_key_free(&key);
	return true;
}

/* --- answers ------------------------------------------------------------- */

static void
answer_why(struct keymsg *answer, const char *why)
{
	answer->head.type = KEYMSG_WHY;
	keymsg_copy(answer->why, sizeof(answer->why), why);
}

bool
key_server_add(struct key_server *s, struct crypto_key *key,
    struct keymsg_key *to, const char **why)
{
	struct buf public = BUF_INIT;

	memset(to, 0, sizeof(*to));
	to->type = crypto_key_type(key);
	to->bits = crypto_key_bits(key);
	*why = NULL;
	if (!crypto_key_public(key, &public) ||
	    public.len >= sizeof(to->public))
		*why = "OpenSSL cannot tell its public key";
	else if (!table_add(s, key, &to->id))
		*why = "the key process has too many keys";
	else
		memcpy(to->public, buf_str(&public), public.len);
	if (*why != NULL)
		crypto_key_free(&key);
	buf_free(&public);
	return *why == NULL;
}

/* Takes over the key; NULL: `why` is the answer. */
static void
answer_key(struct key_server *s, struct crypto_key *key, const char *why,
    struct keymsg *answer)
{
	if (key != NULL && key_server_add(s, key, &answer->key, &why))
		answer->head.type = KEYMSG_KEY;
	else
		answer_why(answer, why);
}

static void
answer_check(struct key_server *s, struct keymsg *answer)
{
	char *why = NULL;

	answer->head.type = KEYMSG_DONE;
	if (s->source == NULL)
		answer_why(answer, KEY_SERVER_NO_BASE);
	else if (!keyrows_source_check(s->source, &why))
		answer_why(answer, why);
	free(why);
}

static bool
answer_sign(struct key_server *s, const struct keymsg *request,
    struct keymsg *answer)
{
	struct keymsg_signature	*to;
	struct crypto_key	*key;
	const char		*why;
	size_t			 i;

	answer->head = (struct keymsg_head){ KEYMSG_SIGNED, request->head.n };
	for (i = 0; i < request->head.n; i++) {
		to = &answer->signature[i];
		key = table_ref(s, request->ask[i].id);
		if (key == NULL)
			return false;
		memset(to, 0, sizeof(*to));
		to->len = (uint32_t)crypto_sign(key, request->ask[i].digest,
		    to->octets, &why);
		crypto_key_free(&key);
	}
	return true;
}

static bool
forget_keys(struct key_server *s, const struct keymsg *request,
    struct keymsg *answer)
{
	size_t i;

	answer->head.type = KEYMSG_DONE;
	for (i = 0; i < request->head.n; i++)
		if (!table_remove(s, request->id[i]))
			return false;
	return true;
}

bool
key_server_answer(struct key_server *s, const struct keymsg *request,
    struct keymsg *answer)
{
	struct crypto_key	*key;
	struct buf		 why = BUF_INIT;
	const char		*wrong = "";

	answer->head = (struct keymsg_head){ 0, 0 };
	switch (request->head.type) {
	case KEYMSG_SIGN:
		return answer_sign(s, request, answer);
	case KEYMSG_FORGET:
		return forget_keys(s, request, answer);
	case KEYMSG_LOAD:
		key = keyfile_load(request->path, &why);
		answer_key(s, key, buf_str(&why), answer);
		buf_free(&why);
		return true;
	case KEYMSG_PARSE:
		key = crypto_key_parse(request->text, strlen(request->text),
		    &wrong);
		answer_key(s, key, wrong, answer);
		return true;
	case KEYMSG_CHECK:
		answer_check(s, answer);
		return true;
	default:
		return false;
	}
}
