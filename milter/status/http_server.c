/*
 * http_server - libmicrohttpd's door, and the thread of the HTTP server
 *
 * libmicrohttpd's own time-out begins anew with each octet. So the list of
 * clients here ends each connection HTTP_SECONDS after its begin, and the
 * oldest ones when too many are open: it shuts the socket down, which the
 * library sees as the end of the client. All this happens in one thread.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "conf/conf.h"
#include "conf/conf_http.h"
#include "session/services.h"
#include "http_priv.h"

#define TICK_MS		1000

/* The oldest one first. */
struct http_client {
	int		 fd;
	uint64_t	 until;		/* ticks */
	bool		 closing;
};

struct http {
	struct http_site site;
	struct MHD_Daemon *library;
	char		*path;		/* of a unix socket, or NULL */
	int		 fd;
	int		 stop[2];	/* a pipe; closing it ends the thread */
	pthread_t	 thread;
	bool		 started;	/* the thread, which stops the library */
	bool		 serving;	/* set by the thread */
	bool		 failed;	/* the library must not be called */
	uint64_t	 second;	/* monotonic_ms at its begin */
	unsigned	 requests;	/* in this second */
	size_t		 nclients;
	struct http_client client[HTTP_CLIENTS + 1];
};

/* --- clients ------------------------------------------------------------- */

static void
client_end(struct http_client *c)
{
	if (!c->closing)
		shutdown(c->fd, SHUT_RDWR);
	c->closing = true;
}

static void
client_add(struct http *h, int fd)
{
	size_t i, open = 0;

	for (i = h->nclients; i > 0; i--)
		if (!h->client[i - 1].closing && ++open >= HTTP_CROWD)
			client_end(&h->client[i - 1]);
	if (h->nclients > HTTP_CLIENTS)
		return;
	h->client[h->nclients++] = (struct http_client){ fd,
	    h->site.sv->ticks() + HTTP_SECONDS * 1000, false };
}

static void
client_remove(struct http *h, int fd)
{
	size_t i;

	for (i = 0; i < h->nclients && h->client[i].fd != fd; i++)
		;
	if (i == h->nclients)
		return;
	h->nclients--;
	memmove(&h->client[i], &h->client[i + 1],
	    (h->nclients - i) * sizeof(h->client[0]));
}

static void
clients_late(struct http *h)
{
	uint64_t	now = h->site.sv->ticks();
	size_t		i;

	for (i = 0; i < h->nclients; i++)
		if (now >= h->client[i].until)
			client_end(&h->client[i]);
}

static void
note_client(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	(void)context;
	if (info == NULL)
		return;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		client_add(arg, info->connect_fd);
	else
		client_remove(arg, info->connect_fd);
}

/* --- one request --------------------------------------------------------- */

static void
add_fields(struct MHD_Response *r, const struct http_response *rs)
{
	const char *const fields[][2] = {
		{ "Content-Type", rs->type },
		{ "Content-Security-Policy", rs->policy != NULL ? rs->policy :
		    "default-src 'none'; frame-ancestors 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cache-Control", "no-store" },
		{ "Connection", "close" },
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		MHD_add_response_header(r, fields[i][0], fields[i][1]);
	if (rs->status == 401)
		MHD_add_response_header(r, "WWW-Authenticate",
		    "Bearer realm=\"millgate\"");
	if (rs->status == 405)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
}

static const char *
request_field(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **context)
{
	struct http		*h = arg;
	const struct http_ask	 ask = { method, url,
	    request_field(connection, "Host"),
	    request_field(connection, "Authorization"),
	    request_field(connection, "Accept") };
	struct http_response	 rs;
	struct MHD_Response	*r;
	enum MHD_Result		 result;

	(void)version;
	(void)data;
	(void)size;
	(void)context;
	h->requests++;
	http_answer(&h->site, &ask, &rs);
	r = MHD_create_response_from_buffer(rs.body.len, rs.body.data,
	    MHD_RESPMEM_MUST_COPY);
	buf_free(&rs.body);
	if (r == NULL)
		return MHD_NO;
	add_fields(r, &rs);
	result = MHD_queue_response(connection, rs.status, r);
	MHD_destroy_response(r);
	return result;
}

/* --- the thread ---------------------------------------------------------- */

/* A client that asks in a loop must not take the processor from mail. */
static int
http_pause(struct http *h)
{
	uint64_t now = monotonic_ms();

	if (now - h->second >= 1000) {
		h->second = now;
		h->requests = 0;
	}
	return h->requests < HTTP_RATE ? 0 : (int)(h->second + 1000 - now);
}

/* Until a socket is ready, or the server must pause. False: stop. */
static bool
http_wait(struct http *h, struct pollfd pfd[2])
{
	MHD_UNSIGNED_LONG_LONG	ms;
	int			pause = http_pause(h);

	if (pause > 0)
		poll(&pfd[1], 1, pause);
	else {
		if (MHD_get_timeout(h->library, &ms) != MHD_YES ||
		    ms > TICK_MS)
			ms = TICK_MS;
		poll(pfd, 2, (int)ms);
	}
	return pfd[1].revents == 0;
}

/* Also of clients that are connected and were not accepted yet. */
static void
sockets_end(struct http *h)
{
	size_t	i;
	int	fd;

	shutdown(h->fd, SHUT_RDWR);
	while ((fd = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC)) != -1)
		close(fd);
	for (i = 0; i < h->nclients; i++)
		client_end(&h->client[i]);
}

/*
 * The library would abort the process, and with it the mail. It calls this in
 * our thread, which ends; nothing calls the library any more.
 */
static void
library_panic(void *arg, const char *file, unsigned line, const char *reason)
{
	struct http *h = arg;

	log_printf(LOG_LEVEL_ERROR, "http-listen: libmicrohttpd has failed "
	    "(%s:%u: %.*s); HTTP is not served until a restart", file, line,
	    (int)strcspn(reason, "\n"), reason);
	if (!h->serving)
		abort();
	h->failed = true;
	sockets_end(h);
	pthread_exit(NULL);
}

static void *
http_thread(void *arg)
{
	struct http	*h = arg;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->library,
	    MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd	 pfd[2] = {
		{ info->epoll_fd, POLLIN, 0 }, { h->stop[0], POLLIN, 0 }
	};

	h->serving = true;
	while (http_wait(h, pfd)) {
		clients_late(h);
		if (http_pause(h) == 0)
			MHD_run(h->library);
	}
	MHD_stop_daemon(h->library);	/* also closes the socket */
	return NULL;
}

/* --- open and close ------------------------------------------------------ */

static void
http_free(struct http *h)
{
	if (h->library != NULL && !h->started)
		MHD_stop_daemon(h->library);	/* also closes the socket */
	else if (h->fd != -1 && (h->failed || !h->started))
		close(h->fd);
	if (h->stop[0] != -1)
		close(h->stop[0]);
	if (h->path != NULL && h->fd != -1)
		unlink(h->path);
	free(h->path);
	free(h->site.token);
	free(h);
}

static bool
library_start(struct http *h, char **why)
{
	MHD_set_panic_func(library_panic, h);
	h->library = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL,
	    on_request, h,
	    MHD_OPTION_LISTEN_SOCKET, h->fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CLIENTS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_SECONDS,
	    MHD_OPTION_NOTIFY_CONNECTION, note_client, h,
	    MHD_OPTION_END);
	return h->library != NULL || why_set(why, "http-listen: libmicrohttpd "
	    "cannot serve the socket: %s", strerror(errno));
}

static bool
thread_start(struct http *h, char **why)
{
	if (pipe2(h->stop, O_CLOEXEC) != 0)
		h->stop[0] = h->stop[1] = -1;
	else {
		h->started = pthread_create(&h->thread, NULL, http_thread,
		    h) == 0;
		if (h->started)
			return true;
		close(h->stop[1]);
	}
	return why_set(why, "http-listen: cannot be served: %s",
	    strerror(errno));
}

struct http *
http_open(const struct conf *c, struct services *sv, char **why)
{
	struct http		*h = xcalloc(1, sizeof(*h));
	struct http_place	 place;

	h->fd = h->stop[0] = h->stop[1] = -1;
	h->site.sv = sv;
	h->site.start.time = sv->now();
	h->site.start.ticks = sv->ticks();
	if (http_place_parse(c->http_listen, &place) && place.path != NULL)
		h->path = xstrdup(place.path);
	h->site.local_names = h->path == NULL;
	if (c->http_token_file == NULL ||
	    (h->site.token = http_token_read(c->http_token_file, why)) != NULL)
		h->fd = http_listen_open(c->http_listen, why);
	if (h->fd != -1 && library_start(h, why) && thread_start(h, why))
		return h;
	http_free(h);
	return NULL;
}

void
http_close(struct http **hp)
{
	struct http *h = *hp;

	if (h == NULL)
		return;
	*hp = NULL;
	close(h->stop[1]);
	pthread_join(h->thread, NULL);
	http_free(h);
}

const char *
http_library(void)
{
	return MHD_get_version();
}
