/*
 * resolver_asked - the questions that libunbound has not answered yet
 *
 * A timer runs while there are such questions. When it expires and no answer
 * has come since the last time, each name server gets one question on a
 * connected socket of its own, on which the kernel reports ICMP errors. The
 * result is read when the timer expires again. Nothing is sent while answers
 * come in.
 */
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "base/netaddr.h"
#include "dns/resolver.h"
#include "resolver_asked_priv.h"

#define RESOLV_CONF	"/etc/resolv.conf"
#define DNS_PORT	53
#define SERVERS_MAX	16	/* with more there are no checks */

struct asked {
	TAILQ_ENTRY(asked)	 link;
	struct asked_list	*list;
	struct query		*q;		/* NULL: has failed */
	uint64_t		 since;		/* ms */
};
TAILQ_HEAD(asked_queue, asked);

struct name_server {
	struct sockaddr_storage	 addr;
	socklen_t		 len;
	int			 fd;		/* -1: not asked */
	bool			 refuses;
};

struct asked_list {
	pthread_mutex_t		 lock;
	struct asked_queue	 waiting;	/* oldest first */
	struct asked_queue	 failed;	/* libunbound still has them */
	unsigned		 asked, max;	/* of both queues */
	int			 timer;
	bool			 running;	/* the timer */
	bool			 heard;		/* since the last check */
	/* for the thread that checks */
	unsigned		 rounds;	/* all servers have refused */
	size_t			 n;
	struct name_server	 server[SERVERS_MAX];
};

/* --- the name servers -------------------------------------------------- */

/* "ADDRESS" or "ADDRESS@PORT" */
static bool
server_parse(const char *text, struct name_server *s)
{
	struct sockaddr_in	*in = (void *)&s->addr;
	struct sockaddr_in6	*in6 = (void *)&s->addr;
	char			 address[NETADDR_TEXT];
	size_t			 len = strcspn(text, "@");
	struct netaddr		 a;
	uint16_t		 port = DNS_PORT;

	if (text[len] == '@')
		port = (uint16_t)strtoul(text + len + 1, NULL, 10);
	snprintf(address, sizeof(address), "%.*s", (int)len, text);
	if (len >= sizeof(address) || !netaddr_parse(address, &a))
		return false;
	s->fd = -1;
	if (a.family == NETADDR_IPV4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a.octets, sizeof(in->sin_addr));
		s->len = sizeof(*in);
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, a.octets, sizeof(in6->sin6_addr));
		s->len = sizeof(*in6);
	}
	return true;
}

/* A server that we cannot parse may be good, so that nothing is checked. */
static bool
servers_add(struct asked_list *l, const char *text)
{
	if (l->n == SERVERS_MAX || !server_parse(text, &l->server[l->n])) {
		l->n = 0;
		return false;
	}
	l->n++;
	return true;
}

/* The file that ub_ctx_resolvconf reads, in the same way. */
static void
servers_of_system(struct asked_list *l)
{
	FILE	*f = fopen(RESOLV_CONF, "re");
	char	 line[256], text[100];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, " nameserver %99s", text) == 1 &&
		    !servers_add(l, text))
			break;
	if (f != NULL)
		fclose(f);
}

static void
servers_read(struct asked_list *l, const struct resolver_options *o)
{
	size_t i;

	if (o->nservers == 0)
		servers_of_system(l);
	for (i = 0; i < o->nservers; i++)
		if (!servers_add(l, o->servers[i]))
			break;
}

static bool
is_refusal(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH ||
	    error == ENETUNREACH;
}

/* Ask for the name servers of the root. */
static void
server_ask(struct name_server *s)
{
	static const uint8_t question[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0,
	    0, 0, 0, 0, 2, 0, 1 };

	s->refuses = false;
	s->fd = socket(s->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (s->fd == -1)
		return;
	if (connect(s->fd, (const void *)&s->addr, s->len) == -1 ||
	    send(s->fd, question, sizeof(question), 0) == -1)
		s->refuses = is_refusal(errno);
}

/* Has the server refused the question of server_ask? */
static bool
server_refused(struct name_server *s)
{
	char octet;

	if (s->fd == -1)
		return false;
	if (recv(s->fd, &octet, 1, 0) == -1 && is_refusal(errno))
		s->refuses = true;
	close(s->fd);
	s->fd = -1;
	return s->refuses;
}

/* Read the results of the last round. All servers count, so none is left. */
static bool
servers_refused(struct asked_list *l)
{
	bool	all = l->n > 0;
	size_t	i;

	for (i = 0; i < l->n; i++)
		all &= server_refused(&l->server[i]);
	return all;
}

/* --- the list ---------------------------------------------------------- */

struct asked_list *
asked_new(const struct resolver_options *o, unsigned max)
{
	struct asked_list *l = xcalloc(1, sizeof(*l));

	l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->timer == -1) {
		free(l);
		return NULL;
	}
	pthread_mutex_init(&l->lock, NULL);
	TAILQ_INIT(&l->waiting);
	TAILQ_INIT(&l->failed);
	l->max = max;
	servers_read(l, o);
	return l;
}

static void
asked_queue_free(struct asked_queue *queue)
{
	struct asked *e;

	while ((e = TAILQ_FIRST(queue)) != NULL) {
		TAILQ_REMOVE(queue, e, link);
		free(e);
	}
}

void
asked_free(struct asked_list **lp)
{
	struct asked_list *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	servers_refused(l);	/* closes their sockets */
	asked_queue_free(&l->waiting);
	asked_queue_free(&l->failed);
	close(l->timer);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static void
timer_start(struct asked_list *l)
{
	static const struct itimerspec once = {
		.it_value.tv_nsec = PROBE_MS * 1000000L
	};

	l->running = timerfd_settime(l->timer, 0, &once, NULL) == 0;
}

/* Under the lock. */
static struct asked *
asked_insert(struct asked_list *l, struct query *q)
{
	struct asked *e = xmalloc(sizeof(*e));

	e->list = l;
	e->q = q;
	e->since = monotonic_ms_coarse();
	TAILQ_INSERT_TAIL(&l->waiting, e, link);
	l->asked++;
	if (!l->running && l->n > 0)
		timer_start(l);
	return e;
}

struct asked *
asked_add(struct asked_list *l, struct query *q)
{
	struct asked *e = NULL;

	pthread_mutex_lock(&l->lock);
	if (l->asked < l->max)
		e = asked_insert(l, q);
	pthread_mutex_unlock(&l->lock);
	return e;
}

struct query *
asked_take(struct asked *e, bool heard)
{
	struct asked_list	*l = e->list;
	struct query		*q;

	pthread_mutex_lock(&l->lock);
	q = e->q;
	if (q != NULL)
		TAILQ_REMOVE(&l->waiting, e, link);
	else
		TAILQ_REMOVE(&l->failed, e, link);
	l->asked--;
	l->heard |= heard;
	pthread_mutex_unlock(&l->lock);
	free(e);
	return q;
}

int
asked_fd(const struct asked_list *l)
{
	return l->timer;
}

/* Has a question waited since the last check, and has no answer come? */
static bool
asked_in_doubt(struct asked_list *l)
{
	const struct asked	*oldest;
	bool			 doubt;

	pthread_mutex_lock(&l->lock);
	oldest = TAILQ_FIRST(&l->waiting);
	doubt = oldest != NULL && !l->heard &&
	    monotonic_ms_coarse() - oldest->since >= PROBE_MS / 2;
	l->heard = false;
	l->running = false;
	if (oldest != NULL)
		timer_start(l);
	pthread_mutex_unlock(&l->lock);
	return doubt;
}

static struct query *
asked_fail_first(struct asked_list *l)
{
	struct asked	*e;
	struct query	*q = NULL;

	pthread_mutex_lock(&l->lock);
	e = TAILQ_FIRST(&l->waiting);
	if (e != NULL) {
		q = e->q;
		e->q = NULL;
		TAILQ_REMOVE(&l->waiting, e, link);
		TAILQ_INSERT_TAIL(&l->failed, e, link);
	}
	pthread_mutex_unlock(&l->lock);
	return q;
}

void
asked_check(struct asked_list *l, void (*fail)(struct query *q))
{
	bool		 doubt, refused = servers_refused(l);
	struct query	*q;
	uint64_t	 times;
	size_t		 i;

	(void)!read(l->timer, &times, sizeof(times));
	doubt = asked_in_doubt(l);
	l->rounds = doubt && refused ? l->rounds + 1 : 0;
	for (i = 0; doubt && i < l->n; i++)
		server_ask(&l->server[i]);
	if (l->rounds < PROBE_ROUNDS)
		return;
	while ((q = asked_fail_first(l)) != NULL)
		fail(q);
}
