/*
 * fake_server - a server of one connection, on a loopback port of its own
 *
 * It sends `greeting`, and `answer` after the first octets of the client. What
 * the client sent is known when it has closed the connection. Drivers of
 * databases are its clients.
 */
#ifndef MILLGATE_FAKE_SERVER_H
#define MILLGATE_FAKE_SERVER_H

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "directory/directory_driver_priv.h"

#include "directory/directory_driver_priv.h"

struct fake_server {
	int		 listener;
	char		 port[8];
	pthread_t	 thread;
	const void	*greeting, *answer;
	size_t		 greeting_len, answer_len;
	bool		 hangs_up;	/* after its answer */
	unsigned char	 got[4096];
	size_t		 ngot;
};

/* Listen; nobody accepts, so each client waits for ever. */
static void
fake_server_listen(struct fake_server *s)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	socklen_t		len = sizeof(sin);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(s->listener, -1);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&sin,
	    sizeof(sin)), 0);
	assert_int_equal(listen(s->listener, 16), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&sin,
	    &len), 0);
	snprintf(s->port, sizeof(s->port), "%u", ntohs(sin.sin_port));
}

static void *
fake_server_serve(void *arg)
{
	struct fake_server	*s = arg;
	bool			 answered = false;
	ssize_t			 n;
	int			 fd = accept(s->listener, NULL, NULL);

	send(fd, s->greeting, s->greeting_len, MSG_NOSIGNAL);
	while (s->ngot < sizeof(s->got) && (n = recv(fd, s->got + s->ngot,
	    sizeof(s->got) - s->ngot, 0)) > 0) {
		s->ngot += (size_t)n;
		if (!answered)
			send(fd, s->answer, s->answer_len, MSG_NOSIGNAL);
		answered = true;
		if (s->hangs_up)
			break;
	}
	close(fd);
	return NULL;
}

static void
fake_server_start(struct fake_server *s)
{
	fake_server_listen(s);
	assert_int_equal(pthread_create(&s->thread, NULL, fake_server_serve,
	    s), 0);
}

/* Wait until the client has closed its connection. */
static void
fake_server_end(struct fake_server *s)
{
	pthread_join(s->thread, NULL);
	close(s->listener);
}

/* Has a client connected once more? */
static inline bool
fake_server_again(struct fake_server *s)
{
	struct pollfd p = { s->listener, POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static inline bool
fake_server_got(const struct fake_server *s, const char *text)
{
	size_t i, len = strlen(text);

	for (i = 0; i + len <= s->ngot; i++)
		if (memcmp(s->got + i, text, len) == 0)
			return true;
	return false;
}

/* Any file of certificates does: no handshake gets that far. */
static const char *
fake_server_authorities(void)
{
	static char	 path[1024];
	const char	*srcdir = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/tests/data/directory/authority.pem",
	    srcdir != NULL ? srcdir : ".");
	return path;
}

/* A driver gets no link to this host, but an error with these words. */
static void
fake_server_not_open(const struct directory_driver *driver,
    const struct directory_place *p, const struct directory_host *h,
    const char *want)
{
	char why[DIRECTORY_ERROR] = "";

	assert_null(driver->open(p, h, why));
	if (strstr(why, want) == NULL)
		fail_msg("%s", why);
}

#endif
