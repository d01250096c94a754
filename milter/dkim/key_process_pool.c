/*
 * key_process_pool - the daemon's ends of the channels to the key process
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
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/log.h"
#include "base/monotonic.h"
#include "dkim/key_process.h"
#include "key_process_priv.h"

/* Channels of one kind; those from 0 to nfree - 1 are free. */
struct pool {
	size_t		 n;
	unsigned	 wait_ms;	/* for a free one, at most */
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
	int		 any;		/* a channel; the first one */
	struct pool	 pool[KEYPOOLS];
} keys;

/* --- channels -------------------------------------------------------------- */

static void
pool_open(struct pool *p, const int *fd, const int *cpu, size_t n,
    unsigned asker_ms)
{
	const struct timeval	limit = { KEY_PROCESS_SECONDS +
				    (asker_ms + 999) / 1000, 0 };
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
	p->n = p->nfree = n;
	p->wait_ms = asker_ms > 0 ? asker_ms : KEY_PROCESS_SECONDS * 1000u;
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
	struct timespec	until = monotonic_in(p->wait_ms);
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
	struct pollfd	at = { keys.any, POLLIN, 0 };
	uint64_t	deadline = monotonic_ms() + KEY_PROCESS_END_MS;
	char		octet;

	atomic_store(&keys.broken, true);
	shutdown(at.fd, SHUT_WR);
	while (monotonic_poll(&at, deadline) == 1)
		if (recv(at.fd, &octet, 1, MSG_DONTWAIT) <= 0)
			return true;
	return false;
}

/* After a send or a receive that failed. */
static void
channel_broken(void)
{
	process_broken(errno == EAGAIN || errno == EWOULDBLOCK ?
	    "does not answer" : "has ended");
}

static bool
channel_ask(int fd, const struct keymsg *request, struct keymsg *answer,
    keypool_more_fn *more, void *arg)
{
	enum keypool_more	wait = KEYPOOL_MORE;
	bool			ok = keymsg_send(fd, request);
	size_t			n;

	while (ok && wait == KEYPOOL_MORE) {
		n = keymsg_receive(fd, answer);
		ok = n > 0;
		if (ok)
			wait = !keymsg_is_answer(answer, n, request) ?
			    KEYPOOL_WRONG : more != NULL ? more(arg, answer) :
			    KEYPOOL_LAST;
	}
	if (!ok)
		channel_broken();
	else if (wait == KEYPOOL_WRONG)
		process_broken("has given a wrong answer");
	return ok && wait == KEYPOOL_LAST;
}

bool
keypool_is_open(enum keypool which)
{
	return keys.pool[which].n > 0;
}

bool
keypool_ask_more(enum keypool which, const struct keymsg *request,
    struct keymsg *answer, keypool_more_fn *more, void *arg)
{
	struct pool	*p = &keys.pool[which];
	struct channel	 c;
	bool		 ok;

	if (atomic_load(&keys.broken) || !channel_take(p, &c))
		return false;
	ok = channel_ask(c.fd, request, answer, more, arg);
	channel_give(p, &c);
	return ok;
}

bool
keypool_ask(enum keypool which, const struct keymsg *request,
    struct keymsg *answer)
{
	return keypool_ask_more(which, request, answer, NULL, NULL);
}

void
key_process_use(const struct key_channels *c, void (*failed)(void))
{
	keys.used = c != NULL;
	if (c == NULL)
		return;
	keys.any = c->signer[0];
	pool_open(&keys.pool[KEYPOOL_SIGNERS], c->signer, c->cpu, c->nsigners,
	    0);
	pool_open(&keys.pool[KEYPOOL_ASKERS], c->asker, NULL, c->naskers,
	    c->asker_ms);
	key_process_forget_none();
	atomic_store(&keys.broken, false);
	keys.failed = failed;
}

bool
key_process_is_used(void)
{
	return keys.used;
}
