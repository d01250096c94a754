/*
 * redis_link - one connection to a Redis server, with deadlines
 *
 * The descriptor never blocks; only poll waits, until the deadline.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "redis_frame_priv.h"
#include "redis_link_priv.h"
#include "redis_lookup_priv.h"
#include "redis_tls_priv.h"

struct redis_link {
	int		 fd;
	struct redis_tls *tls;		/* NULL: none */
	struct buf	 in;		/* plain octets, not yet parsed */
	struct buf	 out;		/* for the wire */
};

/* --- octets -------------------------------------------------------------- */

/* Wait until the descriptor is ready, or until the deadline. */
static bool
link_await(int fd, short events, uint64_t deadline, char error[REDIS_ERROR])
{
	struct pollfd	pfd = { fd, events, 0 };
	int		n = monotonic_poll(&pfd, deadline);

	if (n == 0)
		return why_print(error, REDIS_ERROR,
		    "it does not answer in time");
	return n > 0 || why_print(error, REDIS_ERROR, "poll: %s",
	    strerror(errno));
}

/* Send all of `out`. */
static bool
link_flush(struct redis_link *l, uint64_t deadline, char error[REDIS_ERROR])
{
	size_t	done = 0;
	ssize_t	n;

	while (done < l->out.len) {
		n = send(l->fd, l->out.data + done, l->out.len - done,
		    MSG_NOSIGNAL);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return why_print(error, REDIS_ERROR,
			    "the connection broke: %s", strerror(errno));
		else if (!link_await(l->fd, POLLOUT, deadline, error))
			return false;
	}
	buf_reset(&l->out);
	return true;
}

/* Receive at least one octet, or fail. */
static bool
link_fetch(struct redis_link *l, uint64_t deadline, char error[REDIS_ERROR])
{
	char	chunk[16384];
	ssize_t	n;

	for (;;) {
		if (!link_await(l->fd, POLLIN, deadline, error))
			return false;
		n = recv(l->fd, chunk, sizeof(chunk), 0);
		if (n > 0)
			break;
		if (n == 0)
			return why_print(error, REDIS_ERROR,
			    "it closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return why_print(error, REDIS_ERROR,
			    "the connection broke: %s", strerror(errno));
	}
	if (l->tls == NULL)
		buf_add(&l->in, chunk, (size_t)n);
	else
		redis_tls_feed(l->tls, chunk, (size_t)n);
	return true;
}

/* --- connecting ---------------------------------------------------------- */

/* Connect to this address; -1: failed. */
static int
link_connect(const struct addrinfo *a, uint64_t deadline,
    char error[REDIS_ERROR])
{
	int		fd, failure = 0, on = 1;
	socklen_t	len = sizeof(failure);

	fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1) {
		why_print(error, REDIS_ERROR, "socket: %s", strerror(errno));
		return -1;
	}
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0)
		failure = errno;
	if (failure == EINPROGRESS) {
		if (!link_await(fd, POLLOUT, deadline, error)) {
			close(fd);
			return -1;
		}
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len);
	}
	if (failure != 0) {
		why_print(error, REDIS_ERROR, "cannot connect: %s",
		    strerror(failure));
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* Connect to the first address that answers; each gets its share of time. */
static int
link_connect_any(const struct addrinfo *list, uint64_t deadline,
    char error[REDIS_ERROR])
{
	const struct addrinfo	*a;
	uint64_t		 now, share;
	unsigned		 left = 0;
	int			 fd = -1;

	for (a = list; a != NULL; a = a->ai_next)
		left++;
	for (a = list; fd == -1 && a != NULL; a = a->ai_next, left--) {
		now = monotonic_ms();
		share = now < deadline ? (deadline - now) / left : 0;
		fd = link_connect(a, now + share, error);
	}
	return fd;
}

static bool
link_shake_hands(struct redis_link *l, uint64_t deadline,
    char error[REDIS_ERROR])
{
	enum redis_tls_result result;

	for (;;) {
		result = redis_tls_handshake(l->tls);
		if (result == REDIS_TLS_FAILED)
			redis_tls_error(l->tls, error, REDIS_ERROR);
		redis_tls_drain(l->tls, &l->out);
		/* send our TLS alert, but report the failure itself */
		if (!link_flush(l, deadline, result == REDIS_TLS_FAILED ?
		    (char[REDIS_ERROR]){ "" } : error))
			return false;
		if (result != REDIS_TLS_MORE)
			return result == REDIS_TLS_DONE;
		if (!link_fetch(l, deadline, error))
			return false;
	}
}

struct redis_link *
redis_link_open(const struct redis_url *u, const struct redis_tls_trust *trust,
    uint64_t deadline, char error[REDIS_ERROR])
{
	struct addrinfo		*list;
	struct redis_link	*l;
	int			 fd;

	list = redis_lookup(u->host, u->port, deadline, error, REDIS_ERROR);
	if (list == NULL)
		return NULL;
	fd = link_connect_any(list, deadline, error);
	freeaddrinfo(list);
	if (fd == -1)
		return NULL;
	l = xcalloc(1, sizeof(*l));
	l->fd = fd;
	if (trust != NULL) {
		l->tls = redis_tls_new(trust, u->host);
		if (!link_shake_hands(l, deadline, error))
			redis_link_close(&l);
	}
	return l;
}

void
redis_link_close(struct redis_link **lp)
{
	struct redis_link *l = *lp;

	if (l == NULL)
		return;
	redis_tls_free(&l->tls);
	buf_free(&l->in);
	buf_free(&l->out);
	close(l->fd);
	free(l);
	*lp = NULL;
}

bool
redis_link_is_quiet(struct redis_link *l)
{
	struct pollfd pfd = { l->fd, POLLIN, 0 };

	return l->in.len == 0 && poll(&pfd, 1, 0) == 0;
}

/* --- commands and replies ------------------------------------------------ */

bool
redis_link_send(struct redis_link *l, const char *data, size_t len,
    uint64_t deadline, char error[REDIS_ERROR])
{
	if (l->tls == NULL) {
		buf_add(&l->out, data, len);
	} else if (redis_tls_write(l->tls, data, len)) {
		redis_tls_drain(l->tls, &l->out);
	} else {
		redis_tls_error(l->tls, error, REDIS_ERROR);
		return false;
	}
	return link_flush(l, deadline, error);
}

/* Receive more plain octets. */
static bool
link_more(struct redis_link *l, uint64_t deadline, char error[REDIS_ERROR])
{
	enum redis_tls_result result;

	if (l->tls == NULL)
		return link_fetch(l, deadline, error);
	while ((result = redis_tls_read(l->tls, &l->in)) == REDIS_TLS_MORE)
		if (!link_fetch(l, deadline, error))
			return false;
	if (result == REDIS_TLS_FAILED)
		redis_tls_error(l->tls, error, REDIS_ERROR);
	else if (result == REDIS_TLS_ENDED)
		why_print(error, REDIS_ERROR, "it closed the connection");
	return result == REDIS_TLS_DONE;
}

struct redis_reply *
redis_link_receive(struct redis_link *l, uint64_t deadline,
    char error[REDIS_ERROR])
{
	struct redis_reply	*r;
	enum redis_frame	 frame;
	size_t			 end;

	while ((frame = redis_frame_scan(buf_str(&l->in), l->in.len, &end)) ==
	    REDIS_FRAME_MORE)
		if (!link_more(l, deadline, error))
			return NULL;
	r = frame == REDIS_FRAME_WHOLE ?
	    redis_reply_parse(l->in.data, end) : NULL;
	if (r == NULL) {
		why_print(error, REDIS_ERROR,
		    "it does not speak the Redis protocol");
		return NULL;
	}
	l->in.len -= end;
	memmove(l->in.data, l->in.data + end, l->in.len + 1);
	return r;
}
