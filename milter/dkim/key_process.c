/*
 * key_process - the daemon's side: ask the key process
 *
 * A channel is used by one thread at a time, so that answers need no numbers:
 * the next datagram is the answer. A channel whose answer did not come in time
 * cannot be used again, and the process cannot be trusted.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "dkim/key_process.h"
#include "crypto_remote_priv.h"
#include "key_process_priv.h"

/* Channels of one kind; those from 0 to nfree - 1 are free. */
struct pool {
	pthread_mutex_t	 lock;
	pthread_cond_t	 freed;
	size_t		 nfree;
	struct channel {
		int	 fd, cpu;
	} channel[KEY_PROCESS_SIGNERS];
};

static struct {
	bool		 used;
	atomic_bool	 broken;
	void		 (*failed)(void);
	struct pool	 signers, loaders;
	pthread_mutex_t	 forget_lock;	/* the rest */
	struct keymsg	 forget;	/* keys that nobody uses any longer */
} keys = { .forget_lock = PTHREAD_MUTEX_INITIALIZER };

/* --- channels -------------------------------------------------------------- */

static void
pool_open(struct pool *p, const int *fd, const int *cpu, size_t n)
{
	const struct timeval	limit = { KEY_PROCESS_SECONDS, 0 };
	size_t			i;

	pthread_mutex_init(&p->lock, NULL);
	monotonic_cond_init(&p->freed);
	for (i = 0; i < n; i++) {
		p->channel[i].fd = fd[i];
		p->channel[i].cpu = cpu != NULL ? cpu[i] : -1;
		setsockopt(fd[i], SOL_SOCKET, SO_RCVTIMEO, &limit,
		    sizeof(limit));
		setsockopt(fd[i], SOL_SOCKET, SO_SNDTIMEO, &limit,
		    sizeof(limit));
	}
	p->nfree = n;
}

/* The free channel of this processor, if there is one, or the last. */
static struct channel
channel_choose(struct pool *p)
{
	struct channel	chosen;
	const int	cpu = sched_getcpu();
	size_t		i = p->nfree - 1;

	while (i > 0 && p->channel[i].cpu != cpu)
		i--;
	if (p->channel[i].cpu != cpu)
		i = p->nfree - 1;
	chosen = p->channel[i];
	p->channel[i] = p->channel[--p->nfree];
	return chosen;
}

/* False: none was free in time. */
static bool
channel_take(struct pool *p, struct channel *c)
{
	struct timespec	until = monotonic_in(KEY_PROCESS_SECONDS * 1000u);
	bool		ok;

	pthread_mutex_lock(&p->lock);
	while (p->nfree == 0 && !atomic_load(&keys.broken) &&
	    pthread_cond_timedwait(&p->freed, &p->lock, &until) == 0)
		;
	ok = p->nfree > 0;
	if (ok)
		*c = channel_choose(p);
	pthread_mutex_unlock(&p->lock);
	return ok;
}

static void
channel_give(struct pool *p, const struct channel *c)
{
	pthread_mutex_lock(&p->lock);
	p->channel[p->nfree++] = *c;
	pthread_cond_signal(&p->freed);
	pthread_mutex_unlock(&p->lock);
}

static void
process_broken(const char *what)
{
	if (atomic_exchange(&keys.broken, true))
		return;
	log_printf(LOG_LEVEL_ERROR, "the key process %s; no message can be "
	    "signed", what);
	if (keys.failed != NULL)
		keys.failed();
}

void
key_process_lost(void)
{
	process_broken("has ended");
}

bool
key_process_end(void)
{
	struct pollfd	at = { keys.loaders.channel[0].fd, POLLIN, 0 };
	uint64_t	deadline = monotonic_ms() + KEY_PROCESS_END_MS;
	char		octet;

	atomic_store(&keys.broken, true);
	shutdown(at.fd, SHUT_WR);
	while (monotonic_poll(&at, deadline) == 1)
		if (recv(at.fd, &octet, 1, MSG_DONTWAIT) <= 0)
			return true;
	return false;
}

static bool
channel_ask(int fd, const struct keymsg *request, struct keymsg *answer)
{
	size_t n = keymsg_send(fd, request) ? keymsg_receive(fd, answer) : 0;

	if (n > 0 && keymsg_is_answer(answer, n, request))
		return true;
	process_broken(n > 0 ? "has given a wrong answer" :
	    errno == EAGAIN || errno == EWOULDBLOCK ? "does not answer" :
	    "has ended");
	return false;
}

/* False: there is no answer, and there will be none if it is broken. */
static bool
process_ask(struct pool *p, const struct keymsg *request,
    struct keymsg *answer)
{
	struct channel	c;
	bool		ok;

	if (atomic_load(&keys.broken) || !channel_take(p, &c))
		return false;
	ok = channel_ask(c.fd, request, answer);
	channel_give(p, &c);
	return ok;
}

void
key_process_use(const struct key_channels *c, void (*failed)(void))
{
	keys.used = c != NULL;
	if (c == NULL)
		return;
	pool_open(&keys.signers, c->signer, c->cpu, c->nsigners);
	pool_open(&keys.loaders, c->loader, NULL, KEY_PROCESS_LOADERS);
	atomic_store(&keys.broken, false);
	keys.forget.head.n = 0;
	keys.failed = failed;
}

bool
key_process_is_used(void)
{
	return keys.used;
}

/* --- keys ---------------------------------------------------------------- */

/* NULL with *why, a text of the answer, or static. */
static struct crypto_key *
ask_key(const struct keymsg *request, struct keymsg *answer, const char **why)
{
	*why = "the key process does not answer";
	if (!process_ask(&keys.loaders, request, answer))
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
	ok = process_ask(&keys.signers, &request, &answer);
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

/*
 * Keys are forgotten many at a time: a reload with 100,000 keys must not take a
 * round trip for each.
 */
void
key_process_forget(uint32_t id)
{
	struct keymsg *full = NULL, answer;

	pthread_mutex_lock(&keys.forget_lock);
	keys.forget.head.type = KEYMSG_FORGET;
	keys.forget.id[keys.forget.head.n++] = id;
	if (keys.forget.head.n == KEYMSG_FORGET_MAX) {
		full = xmalloc(sizeof(*full));
		memcpy(full, &keys.forget, keymsg_size(&keys.forget.head));
		keys.forget.head.n = 0;
	}
	pthread_mutex_unlock(&keys.forget_lock);
	if (full != NULL)
		process_ask(&keys.loaders, full, &answer);
	free(full);
}
