/*
 * http: who gets which page, and clients that are slow, many or hostile
 *
 * The clock of the services is the test's: no time passes while it runs.
 */
#include "test.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "conf/conf.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "status/health.h"
#include "status/http_priv.h"
#include "store/store.h"

#define PATIENCE	20000	/* ms: of a test on a busy machine */
#define TOKEN		"0123456789abcdef"

static char	directory[] = "/tmp/millgate-http-XXXXXX";
static char	path[64];
static atomic_uint_fast64_t time_now = 1000000;

static uint64_t
test_ticks(void)
{
	return atomic_load(&time_now);
}

static struct services *
open_services(const char *text)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text("test", text, &why);
	struct services	*sv;

	if (c == NULL)
		fail_msg("%s", why);
	sv = services_new(setup_new(c, &why), resolver_zone_new("", &why),
	    store_open_memory(), "mx.example.net");
	sv->ticks = test_ticks;
	return sv;
}

static struct http *
open_http(struct services *sv)
{
	char		 text[200], *why = NULL;
	struct conf	*c;
	struct http	*h;

	snprintf(text, sizeof(text), "http-listen = \"unix:%s\"\n", path);
	c = conf_load_text("test", text, &why);
	assert_non_null(c);
	h = http_open(c, sv, &why);
	if (h == NULL)
		fail_msg("%s", why);
	conf_unref(&c);
	return h;
}

static int
connect_to(void)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(connect(fd, (void *)&un, sizeof(un)), 0);
	return fd;
}

/* Read until the server closes; false: it did not in time. */
static bool
read_all(int fd, char *text, size_t size)
{
	struct pollfd	pfd = { fd, POLLIN, 0 };
	size_t		n = 0;
	ssize_t		got = 1;

	while (got > 0 && n < size - 1) {
		if (poll(&pfd, 1, PATIENCE) != 1)
			return false;
		got = read(fd, text + n, size - 1 - n);
		if (got > 0)
			n += (size_t)got;
	}
	text[n] = '\0';
	close(fd);
	return true;
}

static void
ask(const char *request, char *answer, size_t size)
{
	int fd = connect_to();

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL),
	    strlen(request));
	assert_true(read_all(fd, answer, size));
}

/* --- without a socket ---------------------------------------------------- */

static void
weights_are_of_the_type(void **state)
{
	static const struct {
		const char	*accept;
		unsigned	 text, open;
	} rows[] = {
		{ NULL, 0, 0 },
		{ "", 0, 0 },
		{ "*/*", 0, 0 },
		{ "text/plain", 1000, 0 },
		{ "text/plain2, text/plai", 0, 0 },
		{ "TEXT/Plain;Q=0.5", 500, 0 },
		{ "text/plain ; version=0.0.4 ; q=0.25", 250, 0 },
		{ "application/openmetrics-text;version=1.0.0;q=0.5,"
		    "text/plain;version=0.0.4;q=0.3,*/*;q=0.1", 300, 500 },
		{ "a/b;q=0.9,,  text/plain;q=0", 0, 0 },
		{ "text/plain;q=1.000", 1000, 0 },
		{ "text/plain;q=0.", 0, 0 },
		{ "text/plain;q=", 1000, 0 },
		{ "text/plain;", 1000, 0 },
		{ "text/plain;q=0.1234567", 123, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		if (http_accepts(rows[i].accept, "text/plain") !=
		    rows[i].text || http_accepts(rows[i].accept,
		    "application/openmetrics-text") != rows[i].open)
			row_fail(rows[i].accept, "another weight");
}

static void
requests_are_judged(void **state)
{
	static const struct {
		const char	*method, *path, *host, *authorization;
		bool		 token, local_names;
		unsigned	 status;
	} rows[] = {
		{ "GET", "/metrics", "127.0.0.1:8898", NULL, 0, 1, 200 },
		{ "HEAD", "/metrics", "[::1]:8898", NULL, 0, 1, 200 },
		{ "GET", "/metrics", "localhost", NULL, 0, 1, 200 },
		{ "GET", "/metrics", "::1", NULL, 0, 1, 403 },
		{ "GET", "/metrics", NULL, NULL, 0, 1, 200 },
		/* a site that lets its name resolve to this host */
		{ "GET", "/metrics", "evil.example:8898", NULL, 0, 1, 403 },
		{ "GET", "/healthz", "evil.example", NULL, 0, 1, 403 },
		{ "GET", "/metrics", "127.0.0.1.evil.example", NULL, 0, 1,
		    403 },
		{ "GET", "/metrics", "evil.example", NULL, 0, 0, 200 },
		{ "GET", "/metrics", "mx.example", "Bearer " TOKEN, 1, 1,
		    200 },
		{ "GET", "/metrics", "mx.example", "bearer  " TOKEN, 1, 1,
		    200 },
		{ "GET", "/metrics", "127.0.0.1", NULL, 1, 1, 401 },
		{ "GET", "/metrics", NULL, "Bearer ", 1, 1, 401 },
		{ "GET", "/metrics", NULL, "Bearer " TOKEN "x", 1, 1, 401 },
		{ "GET", "/metrics", NULL, "Bearer 0123456789abcdeF", 1, 1,
		    401 },
		{ "GET", "/metrics", NULL, "Bearer 0123456789abcde", 1, 1,
		    401 },
		{ "GET", "/metrics", NULL, "Basic " TOKEN, 1, 1, 401 },
		{ "GET", "/healthz", "mx.example", NULL, 1, 1, 200 },
		/* a client without the token learns no names of pages */
		{ "GET", "/nothing", NULL, NULL, 1, 1, 401 },
		{ "GET", "/nothing", NULL, NULL, 0, 1, 404 },
		{ "GET", "/metrics/", NULL, NULL, 0, 1, 404 },
		{ "GET", "/../etc/passwd", NULL, NULL, 0, 1, 404 },
		{ "GET", "", NULL, NULL, 0, 1, 404 },
		{ "POST", "/metrics", NULL, NULL, 0, 1, 405 },
		{ "DELETE", "/metrics", NULL, "Bearer " TOKEN, 1, 1, 405 },
		{ "get", "/metrics", NULL, NULL, 0, 1, 405 },
	};
	struct services		*sv = open_services("");
	struct http_response	 rs;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct http_site site = { .sv = sv, .token = rows[i].token ?
		    (char[]){ TOKEN } : NULL,
		    .local_names = rows[i].local_names };
		struct http_ask a = { rows[i].method, rows[i].path,
		    rows[i].host, rows[i].authorization, NULL };

		http_answer(&site, &a, &rs);
		if (rs.status != rows[i].status)
			row_fail(rows[i].path, "row %zu: %u, not %u", i,
			    rs.status, rows[i].status);
		assert_true(rs.body.len > 0);
		assert_non_null(rs.type);
		buf_free(&rs.body);
	}
	services_free(&sv);
}

static void
trouble_is_reported(void **state)
{
	struct services	*sv = open_services("");
	struct buf	 b = BUF_INIT;

	(void)state;
	assert_true(health_good(sv, &b));
	assert_int_equal(b.len, 0);
	services_store_failed(sv);
	atomic_store(&sv->tallies.sign_failed_at, test_ticks() - 5000);
	assert_false(health_good(sv, &b));
	assert_string_equal(buf_str(&b), "state: a call failed 0 seconds ago\n"
	    "signing: a message could not be signed 5 seconds ago\n");
	atomic_fetch_add(&time_now, HEALTH_SECONDS * 1000 + 1);
	buf_reset(&b);
	assert_true(health_good(sv, &b));
	buf_free(&b);
	services_free(&sv);
}

static void
tokens_are_secret(void **state)
{
	static const struct {
		const char	*text;
		mode_t		 mode;
		const char	*want;	/* a part of the error; NULL: good */
	} rows[] = {
		{ TOKEN "\n", 0640, NULL },
		{ TOKEN, 0600, NULL },
		{ TOKEN "\r\nsecond line\n", 0600, NULL },
		{ TOKEN "\n", 0644, "everyone may read" },
		{ TOKEN "\n", 0602, "everyone may read" },
		{ "short\n", 0600, "16 to 255 characters" },
		{ "", 0600, "16 to 255 characters" },
		{ "with a blank in the text\n", 0600, "no blanks" },
		{ "\xc3\xbc" TOKEN "\n", 0600, "only ASCII" },
	};
	char	 name[80], *why, *token;
	FILE	*f;
	size_t	 i;

	(void)state;
	snprintf(name, sizeof(name), "%s/token", directory);
	for (i = 0; i < NELEM(rows); i++) {
		f = fopen(name, "w");
		assert_non_null(f);
		fputs(rows[i].text, f);
		fclose(f);
		assert_int_equal(chmod(name, rows[i].mode), 0);
		why = NULL;
		token = http_token_read(name, &why);
		if (rows[i].want == NULL)
			assert_string_equal(token, TOKEN);
		else if (token != NULL || strstr(why, rows[i].want) == NULL)
			row_fail(rows[i].text, "%s", why);
		free(token);
		free(why);
	}
	unlink(name);
	why = NULL;
	assert_null(http_token_read(name, &why));
	assert_non_null(strstr(why, name));
	free(why);
}

/* --- over the socket ----------------------------------------------------- */

static void
pages_are_served(void **state)
{
	static char	 answer[100000];
	struct services	*sv = open_services("");
	struct http	*h = open_http(sv);
	struct stat	 st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	counter_add(&sv->counters.connections, 4711);
	ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", answer,
	    sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Type: application/"
	    "openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
	assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff"));
	assert_non_null(strstr(answer, "\nmillgate_connections_total 4711\n"));
	assert_non_null(strstr(answer, "\n# EOF\n"));

	ask("GET /metrics?x=y HTTP/1.0\r\nAccept: text/plain\r\n\r\n", answer,
	    sizeof(answer));
	assert_non_null(strstr(answer, "\r\nContent-Type: text/plain; "
	    "version=0.0.4; charset=utf-8\r\n"));
	assert_non_null(strstr(answer, "# TYPE millgate_connections_total "
	    "counter\nmillgate_connections_total 4711\n"));
	assert_null(strstr(answer, "# EOF"));

	ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", answer,
	    sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
	assert_null(strstr(answer, "\r\n\r\nok"));
	services_store_failed(sv);
	ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", answer,
	    sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 503 "));
	assert_non_null(strstr(answer, "\r\n\r\nstate: a call failed"));
	http_close(&h);
	assert_int_equal(access(path, F_OK), -1);
	services_free(&sv);
}

/* Until the server answers or closes. */
static void
let_time_pass(int fd)
{
	struct pollfd	pfd = { fd, POLLIN, 0 };
	unsigned	i;

	for (i = 0; i < PATIENCE / 10 && poll(&pfd, 1, 10) == 0; i++)
		atomic_fetch_add(&time_now, 1000);
}

static void
hostile_requests_are_refused(void **state)
{
	static char	 answer[100000], large[100000];
	static const char long_body[] = "POST /metrics HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 99999999999\r\n\r\n";
	static const char *const rows[] = {
		"GET\r\n\r\n", "GET /metrics\r\n\r\n",
		"GET /metrics HTTP/9.9\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		long_body,
		"\x16\x03\x01\x02", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET /%00/metrics HTTP/1.1\r\nHost: x\r\n\r\n",
	};
	struct services	*sv = open_services("");
	struct http	*h = open_http(sv);
	size_t		 i;
	int		 fd;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		fd = connect_to();
		send(fd, rows[i], strlen(rows[i]), MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		let_time_pass(fd);
		assert_true(read_all(fd, answer, sizeof(answer)));
		assert_null(strstr(answer, "millgate_connections"));
	}
	/* a header that is larger than its buffer */
	memset(large, 'x', sizeof(large));
	memcpy(large, "GET /metrics HTTP/1.1\r\nHost: ", 29);
	fd = connect_to();
	send(fd, large, sizeof(large), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	let_time_pass(fd);
	assert_true(read_all(fd, answer, sizeof(answer)));
	assert_null(strstr(answer, "200 OK"));

	ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", answer,
	    sizeof(answer));
	assert_non_null(strstr(answer, "200 OK"));
	http_close(&h);
	services_free(&sv);
}

/* Each octet comes in time, and the request never ends. */
static void
slow_clients_are_closed(void **state)
{
	char		 answer[1000];
	struct services	*sv = open_services("");
	struct http	*h = open_http(sv);
	int		 fd = connect_to();
	struct pollfd	 pfd = { fd, POLLIN, 0 };
	unsigned	 i;

	(void)state;
	assert_int_equal(send(fd, "GET /", 5, MSG_NOSIGNAL), 5);
	/* once this client is answered, the first one has been accepted */
	ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", answer,
	    sizeof(answer));
	assert_int_equal(poll(&pfd, 1, 0), 0);
	atomic_fetch_add(&time_now, HTTP_SECONDS * 1000 + 1);
	for (i = 0; i < 2000 && poll(&pfd, 1, 10) == 0; i++)
		send(fd, "x", 1, MSG_NOSIGNAL);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	close(fd);
	http_close(&h);
	services_free(&sv);
}

/* However many clients wait, a request is answered at once. */
static void
a_crowd_is_thinned(void **state)
{
	enum { MANY = 4 * HTTP_CLIENTS };
	static int	 fd[MANY];
	char		 answer[1000];
	struct services	*sv = open_services("");
	struct http	*h = open_http(sv);
	struct pollfd	 pfd = { -1, POLLIN, 0 };
	size_t		 i, closed = 0;

	(void)state;
	for (i = 0; i < MANY; i++)
		fd[i] = connect_to();
	ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", answer,
	    sizeof(answer));
	assert_non_null(strstr(answer, "200 OK"));
	for (i = 0; i < MANY; i++) {
		pfd.fd = fd[i];
		closed += poll(&pfd, 1, 0) == 1;
		close(fd[i]);
	}
	assert_true(closed >= MANY - HTTP_CLIENTS);
	/* the youngest of them may still be served */
	assert_true(closed < MANY);
	http_close(&h);
	services_free(&sv);
}

/* Requests whose answer nobody reads hold nothing up. */
static void
deaf_clients_are_closed(void **state)
{
	enum { DEAF = 20 };
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n"
	    "\r\n";
	int		 fd[DEAF], i, small = 1;
	char		 answer[1000];
	struct services	*sv = open_services("");
	struct http	*h = open_http(sv);

	(void)state;
	for (i = 0; i < DEAF; i++) {
		fd[i] = connect_to();
		setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &small,
		    sizeof(small));
		send(fd[i], request, sizeof(request) - 1, MSG_NOSIGNAL);
	}
	ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", answer,
	    sizeof(answer));
	assert_non_null(strstr(answer, "200 OK"));
	http_close(&h);
	for (i = 0; i < DEAF; i++)
		close(fd[i]);
	services_free(&sv);
}

/* A loop of requests is slowed down, and each of them is answered. */
static void
a_flood_is_slowed_down(void **state)
{
	/* a run of the library may answer all that wait */
	enum { FLOOD = 2 * (HTTP_RATE + HTTP_CLIENTS) };
	char		 answer[1000];
	struct services	*sv = open_services("");
	struct http	*h = open_http(sv);
	uint64_t	 begun = monotonic_ms();
	int		 i;

	(void)state;
	for (i = 0; i < FLOOD; i++) {
		ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", answer,
		    sizeof(answer));
		assert_non_null(strstr(answer, "200 OK"));
	}
	assert_true(monotonic_ms() - begun >= 1000);
	http_close(&h);
	services_free(&sv);
}

static void
a_socket_in_use_is_not_taken(void **state)
{
	char		 text[200], *why = NULL;
	struct services	*sv = open_services("");
	struct http	*h = open_http(sv);
	struct conf	*c;

	(void)state;
	snprintf(text, sizeof(text), "http-listen = \"unix:%s\"\n", path);
	c = conf_load_text("test", text, &why);
	assert_null(http_open(c, sv, &why));
	assert_non_null(strstr(why, "another millgate serves it"));
	free(why);
	assert_int_equal(access(path, F_OK), 0);
	conf_unref(&c);
	http_close(&h);
	services_free(&sv);
}

/* A socket on any port of this address; 0: the machine has no such address. */
static in_port_t
take_port(const char *address, int *fd)
{
	struct addrinfo		 hints = { .ai_flags = AI_NUMERICHOST |
				    AI_NUMERICSERV,
				    .ai_socktype = SOCK_STREAM }, *at;
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	bool			 ok;

	assert_int_equal(getaddrinfo(address, "0", &hints, &at), 0);
	*fd = socket(at->ai_family, SOCK_STREAM, 0);
	ok = *fd != -1 && bind(*fd, at->ai_addr, at->ai_addrlen) == 0 &&
	    listen(*fd, 1) == 0 && getsockname(*fd, (void *)&ss, &len) == 0;
	freeaddrinfo(at);
	if (!ok)
		return 0;
	return ntohs(ss.ss_family == AF_INET ?
	    ((struct sockaddr_in *)&ss)->sin_port :
	    ((struct sockaddr_in6 *)&ss)->sin6_port);
}

static void
a_port_in_use_is_said(void **state)
{
	static const struct {
		const char *address, *shown;
	} rows[] = { { "127.0.0.1", "127.0.0.1" }, { "::1", "[::1]" } };
	char	 place[40], want[200], *why;
	int	 fd, ours;
	size_t	 i;
	in_port_t port;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		port = take_port(rows[i].address, &fd);
		if (port == 0) {
			close(fd);
			continue;
		}
		snprintf(place, sizeof(place), "%s:%d", rows[i].shown,
		    (int)port);
		assert_int_equal(http_listen_open(place, &why), -1);
		snprintf(want, sizeof(want), "http-listen \"%s\": Address "
		    "already in use; another program uses this port, choose "
		    "another one", place);
		assert_string_equal(why, want);
		free(why);
		close(fd);
		ours = http_listen_open(place, &why);
		if (ours == -1)
			fail_msg("%s", why);
		close(ours);
	}
	assert_int_equal(http_listen_open("localhost", &why), -1);
	assert_string_equal(why, "http-listen \"localhost\": is not an "
	    "address");
	free(why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_of_the_type),
		cmocka_unit_test(requests_are_judged),
		cmocka_unit_test(trouble_is_reported),
		cmocka_unit_test(tokens_are_secret),
		cmocka_unit_test(pages_are_served),
		cmocka_unit_test(hostile_requests_are_refused),
		cmocka_unit_test(slow_clients_are_closed),
		cmocka_unit_test(a_crowd_is_thinned),
		cmocka_unit_test(deaf_clients_are_closed),
		cmocka_unit_test(a_flood_is_slowed_down),
		cmocka_unit_test(a_socket_in_use_is_not_taken),
		cmocka_unit_test(a_port_in_use_is_said),
	};
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/http.sock", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
