/*
 * key_process - the daemon's side: ask the key process
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/key_process.h"
#include "crypto_remote_priv.h"
#include "key_process_priv.h"

/* Keys that nobody uses any longer. */
static struct {
	pthread_mutex_t	 lock;
	struct keymsg	 m;
} forget = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* --- keys ---------------------------------------------------------------- */

/* NULL with *why, a text of the answer, or static. */
static struct crypto_key *
ask_key(const struct keymsg *request, struct keymsg *answer, const char **why)
{
	*why = "the key process does not answer";
	if (!keypool_ask(KEYPOOL_SIGNERS, request, answer))
		return NULL;
	*why = answer->why;
	if (answer->head.type != KEYMSG_KEY)
		return NULL;
	return crypto_remote_new(answer->key.type, answer->key.bits,
	    answer->key.public, answer->key.id);
}

struct crypto_key *
key_process_load(const char *path, struct buf *why)
{
	struct keymsg		*m = xcalloc(2, sizeof(*m));
	struct crypto_key	*key = NULL;
	const char		*wrong = "the path is too long";

	m[0].head.type = KEYMSG_LOAD;
	if (strlen(path) >= KEYMSG_PATH_MAX) {
		buf_printf(why, "%s: the path is too long", path);
	} else {
		memcpy(m[0].path, path, strlen(path));
		key = ask_key(&m[0], &m[1], &wrong);
		if (key == NULL)
			buf_addstr(why, wrong);
	}
	free(m);
	return key;
}

struct crypto_key *
key_process_parse(const char *text, size_t len, const char **why)
{
	static _Thread_local char said[256];
	struct keymsg		*m = xcalloc(2, sizeof(*m));
	struct crypto_key	*key = NULL;

	m[0].head.type = KEYMSG_PARSE;
	*why = "too long for a private key";
	if (len < KEYMSG_TEXT_MAX && memchr(text, '\0', len) == NULL) {
		memcpy(m[0].text, text, len);
		key = ask_key(&m[0], &m[1], why);
		explicit_bzero(m[0].text, len);
	}
	if (key == NULL) {
		snprintf(said, sizeof(said), "%s", *why);
		*why = said;
	}
	free(m);
	return key;
}

/* --- signatures ----------------------------------------------------------- */

static bool
sign_some(struct crypto_job *const *job, size_t n)
{
	struct keymsg	request, answer;
	size_t		i;
	bool		ok;

	request.head = (struct keymsg_head){ KEYMSG_SIGN, (uint32_t)n };
	for (i = 0; i < n; i++) {
		request.ask[i].id = crypto_remote_id(job[i]->key);
		memcpy(request.ask[i].digest, job[i]->digest,
		    sizeof(job[i]->digest));
	}
	ok = keypool_ask(KEYPOOL_SIGNERS, &request, &answer);
	for (i = 0; i < n; i++) {
		job[i]->len = ok ? answer.signature[i].len : 0;
		memcpy(job[i]->signature, answer.signature[i].octets,
		    job[i]->len);
	}
	return ok;
}

bool
key_process_sign(struct crypto_job *const *job, size_t n)
{
	size_t	some;
	bool	ok = true;

	for (; n > 0 && ok; n -= some, job += some) {
		some = n < KEYMSG_SIGN_MAX ? n : KEYMSG_SIGN_MAX;
		ok = sign_some(job, some);
	}
	return ok;
}

void
key_process_forget_none(void)
{
	pthread_mutex_lock(&forget.lock);
	forget.m.head = (struct keymsg_head){ KEYMSG_FORGET, 0 };
	pthread_mutex_unlock(&forget.lock);
}

/*
 * Keys are forgotten many at a time: a reload with 100,000 keys must not take a
 * round trip for each.
 */
void
key_process_forget(uint32_t id)
{
	struct keymsg *full = NULL, answer;

	pthread_mutex_lock(&forget.lock);
	forget.m.id[forget.m.head.n++] = id;
	if (forget.m.head.n == KEYMSG_FORGET_MAX) {
		full = xmalloc(sizeof(*full));
		memcpy(full, &forget.m, keymsg_size(&forget.m.head));
		forget.m.head.n = 0;
	}
	pthread_mutex_unlock(&forget.lock);
	if (full != NULL)
		keypool_ask(KEYPOOL_SIGNERS, full, &answer);
	free(full);
}
