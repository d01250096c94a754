/*
 * redis_lookup - the addresses of a host, within a deadline
 *
 * The lookup belongs to its thread and to the caller that waits; the last of
 * the two frees it.
 */
#include <sys/socket.h>

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "redis_lookup_priv.h"

#define LEFT_BEHIND	4u

struct lookup {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	char		*host, *port;
	unsigned	 refs;
	bool		 done;
	int		 failure;
	struct addrinfo	*list;
};

static atomic_uint under_way;

static const struct addrinfo stream = {
	.ai_family = AF_UNSPEC,
	.ai_socktype = SOCK_STREAM,
};

static struct lookup *
lookup_new(const char *host, const char *port)
{
	struct lookup *l = xcalloc(1, sizeof(*l));

	pthread_mutex_init(&l->lock, NULL);
	monotonic_cond_init(&l->changed);
	l->host = xstrdup(host);
	l->port = xstrdup(port);
	l->refs = 2;
	return l;
}

/* Drop one reference, and unlock. */
static void
lookup_leave(struct lookup *l)
{
	bool last = --l->refs == 0;

	pthread_mutex_unlock(&l->lock);
	if (!last)
		return;
	if (l->list != NULL)
		freeaddrinfo(l->list);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l->host);
	free(l->port);
	free(l);
}

static void *
lookup_work(void *arg)
{
	struct lookup	*l = arg;
	struct addrinfo	*list = NULL;
	int		 failure;

	failure = getaddrinfo(l->host, l->port, &stream, &list);
	pthread_mutex_lock(&l->lock);
	l->failure = failure;
	l->list = failure == 0 ? list : NULL;
	l->done = true;
	pthread_cond_signal(&l->changed);
	lookup_leave(l);
	atomic_fetch_sub(&under_way, 1);
	return NULL;
}

static bool
lookup_begin(struct lookup *l)
{
	pthread_attr_t	attr;
	pthread_t	thread;
	bool		ok;

	if (atomic_fetch_add(&under_way, 1) >= LEFT_BEHIND) {
		atomic_fetch_sub(&under_way, 1);
		return false;
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ok = pthread_create(&thread, &attr, lookup_work, l) == 0;
	pthread_attr_destroy(&attr);
	if (!ok)
		atomic_fetch_sub(&under_way, 1);
	return ok;
}

/* Wait for the result until the deadline; drops our reference. */
static struct addrinfo *
lookup_await(struct lookup *l, uint64_t deadline, char *error, size_t size)
{
	uint64_t	 now = monotonic_ms();
	struct timespec	 until = monotonic_in(now < deadline ? deadline - now :
			    0);
	struct addrinfo	*list;
	int		 rc = 0;

	pthread_mutex_lock(&l->lock);
	while (!l->done && rc == 0)
		rc = pthread_cond_timedwait(&l->changed, &l->lock, &until);
	list = l->list;
	l->list = NULL;
	if (!l->done)
		snprintf(error, size, "the name server does not answer");
	else if (list == NULL)
		snprintf(error, size, "%.80s", gai_strerror(l->failure));
	lookup_leave(l);
	return list;
}

struct addrinfo *
redis_lookup(const char *host, const char *port, uint64_t deadline,
    char *error, size_t size)
{
	struct addrinfo	 numeric = stream, *list = NULL;
	struct lookup	*l;

	numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	if (getaddrinfo(host, port, &numeric, &list) == 0)
		return list;
	l = lookup_new(host, port);
	if (lookup_begin(l))
		return lookup_await(l, deadline, error, size);
	pthread_mutex_lock(&l->lock);
	l->refs--;
	lookup_leave(l);
	snprintf(error, size, "the name server does not answer");
	return NULL;
}
