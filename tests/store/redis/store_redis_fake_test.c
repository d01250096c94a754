/*
 * store_redis: servers that answer nonsense, too much, or too slowly
 *
 * A fake server greets as Redis does, and answers the first question in its
 * own way. Each row must end in STORE_UNKNOWN with a text, within the time.
 */
#include "test.h"

#include <sys/socket.h>

#include <netinet/in.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "store/store_one.h"

/* State-timeout, ms: of rows that reach it, and of all others. */
#define SHORT		1000
#define PATIENCE	60000
#define SLOWEST		10000		/* a busy machine is late by this */
#define SHA		"0123456789012345678901234567890123456789"
#define GREETING	"+OK\r\n$40\r\n" SHA "\r\n*2\r\n$10\r\n1790000000\r\n" \
			"$1\r\n5\r\n"
/* An answer of the script for one account, without its head. */
#define FIELDS		":0\r\n:0\r\n:0\r\n:1\r\n:1\r\n:0\r\n:0\r\n:0\r\n" \
			":0\r\n:0\r\n:0\r\n:2\r\n:0\r\n"
#define TIME		":1790000000000\r\n"

enum manner {
	AT_ONCE,
	HANG_UP,	/* and close */
	SLOWLY,		/* an octet every 30 ms, without end */
	FLOOD		/* again and again */
};

struct row {
	const char	*name;
	const char	*greeting, *answer;
	enum manner	 manner;
	const char	*want;		/* in the error; NULL: it works */
};

static const char *const nonsense = "does not speak the Redis protocol";
static const char *const unasked = "gives an unexpected answer";
static const char *const slow = "does not answer in time";

static const struct row rows[] = {
	{ "it works", GREETING, "*15\r\n:1\r\n" TIME FIELDS, AT_ONCE, NULL },
	{ "nothing", GREETING, "", AT_ONCE, slow },
	{ "no greeting", "", "", AT_ONCE, slow },
	{ "closes", GREETING, "", HANG_UP, "closed the connection" },
	{ "closes within", GREETING, "*15\r\n:1\r\n", HANG_UP,
	    "closed the connection" },
	{ "closes instead of a greeting", "", "", HANG_UP,
	    "closed the connection" },
	{ "drips", GREETING, "+", SLOWLY, slow },
	{ "drips numbers", GREETING, "*15\r\n:", SLOWLY, slow },
	{ "drips a greeting", "+", "", SLOWLY, slow },
	{ "an SMTP server", "220 mx.example.net ESMTP\r\n", "", AT_ONCE,
	    nonsense },
	{ "an HTTP server", "HTTP/1.1 400 Bad Request\r\n", "", AT_ONCE,
	    nonsense },
	{ "a greeting of zeros", "\0\0\0", "", AT_ONCE, slow },
	{ "a refusal to select", "-ERR DB index is out of range\r\n", "",
	    AT_ONCE, "\"ERR DB index is out of range\"" },
	{ "a script of another name", "+OK\r\n$3\r\nabc\r\n", "", AT_ONCE,
	    unasked },
	{ "a script that is a number", "+OK\r\n:7\r\n", "", AT_ONCE,
	    unasked },
	{ "a time that is none", "+OK\r\n$40\r\n" SHA "\r\n*2\r\n:1\r\n:2\r\n",
	    "", AT_ONCE, unasked },
	{ "a time of another age", "+OK\r\n$40\r\n" SHA "\r\n*2\r\n$20\r\n"
	    "99999999999999999999\r\n$1\r\n0\r\n", "", AT_ONCE, unasked },
	{ "loading", GREETING, "-LOADING Redis is loading the dataset in "
	    "memory\r\n", AT_ONCE, "it is loading its data" },
	{ "loading from the beginning", "-LOADING Redis is loading the "
	    "dataset in memory\r\n", "", AT_ONCE, "it is loading its data" },
	{ "a cluster", GREETING, "-MOVED 3999 127.0.0.1:6381\r\n", AT_ONCE,
	    "a cluster is not supported" },
	{ "a full disk", GREETING, "-MISCONF Redis is configured to save RDB "
	    "snapshots\r\n", AT_ONCE, "cannot save" },
	{ "another script", GREETING, "-BUSY Redis is busy running a "
	    "script\r\n", AT_ONCE, "another client's script" },
	{ "an unknown error", GREETING, "-HELP\r\n", AT_ONCE, "\"HELP\"" },
	{ "an empty error", GREETING, "-\r\n", AT_ONCE, "\"\"" },
	{ "an error to spoil a terminal", GREETING, "-\033[2J\n\x80\r\n",
	    AT_ONCE, "\"?[2J??\"" },
	{ "a number", GREETING, ":1\r\n", AT_ONCE, unasked },
	{ "a text", GREETING, "+OK\r\n", AT_ONCE, unasked },
	{ "nothing at all", GREETING, "$-1\r\n", AT_ONCE, unasked },
	{ "no list", GREETING, "*-1\r\n", AT_ONCE, unasked },
	{ "an empty list", GREETING, "*0\r\n", AT_ONCE, unasked },
	{ "a list of texts", GREETING, "*2\r\n$1\r\n1\r\n$1\r\n1\r\n",
	    AT_ONCE, unasked },
	{ "too few numbers", GREETING, "*2\r\n:1\r\n" TIME, AT_ONCE,
	    unasked },
	{ "a list for a number", GREETING, "*15\r\n:1\r\n" TIME ":0\r\n*0\r\n"
	    ":0\r\n:1\r\n:1\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n"
	    ":2\r\n:0\r\n", AT_ONCE, unasked },
	{ "a negative number", GREETING, "*15\r\n:1\r\n" TIME ":-1\r\n:0\r\n"
	    ":0\r\n:1\r\n:1\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n"
	    ":2\r\n:0\r\n", AT_ONCE, unasked },
	{ "a number beyond all", GREETING, ":99999999999999999999999\r\n",
	    AT_ONCE, nonsense },
	{ "always too late", GREETING, "*2\r\n:2\r\n" TIME, FLOOD, unasked },
	{ "too late, once", GREETING, "*2\r\n:2\r\n" TIME "*15\r\n:1\r\n"
	    TIME FIELDS, AT_ONCE, NULL },
	{ "too many items", GREETING, "*2000000000\r\n", AT_ONCE, nonsense },
	{ "a huge text", GREETING, "$2000000000\r\n", AT_ONCE, nonsense },
	{ "a negative length", GREETING, "$-5\r\n", AT_ONCE, nonsense },
	{ "lists in lists", GREETING, "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
	    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", AT_ONCE, nonsense },
	{ "an endless line", GREETING, "-xxxxxxxxxxxxxxxx", FLOOD, nonsense },
	{ "an endless list", GREETING, "*9999\r\n", FLOOD, nonsense },
};

struct server {
	int		 fd;
	unsigned	 port;
	const struct row *row;
	pthread_t	 thread;
};

static bool
say(int fd, const char *text, size_t len)
{
	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Answer as the row says, for as long as the client listens. */
static void
be_mean(int fd, const char *text, enum manner manner)
{
	size_t	len = strlen(text);
	char	c;

	switch (manner) {
	case AT_ONCE:
		say(fd, text, len);
		break;
	case HANG_UP:
		say(fd, text, len);
		return;
	case SLOWLY:
		say(fd, text, len);
		while (say(fd, "1", 1))
			usleep(30000);
		return;
	case FLOOD:
		while (say(fd, text, len))
			;
		return;
	}
	while (recv(fd, &c, 1, 0) > 0)		/* until the client ends */
		;
}

/* All of one question: nothing more comes for a while. */
static bool
listen_to(int fd)
{
	char	buf[16384];
	ssize_t	n = recv(fd, buf, sizeof(buf), 0);

	while (n > 0) {
		usleep(5000);
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0)
			return true;
	}
	return false;
}

static void *
serve(void *arg)
{
	struct server	*s = arg;
	bool		 greets = strstr(s->row->greeting, "*2") != NULL;
	int		 fd = accept(s->fd, NULL, NULL);

	if (fd == -1)
		return NULL;
	if (listen_to(fd)) {
		if (!greets || strcmp(s->row->greeting, GREETING) != 0) {
			be_mean(fd, s->row->greeting, s->row->manner);
		} else if (say(fd, GREETING, strlen(GREETING)) &&
		    listen_to(fd)) {
			be_mean(fd, s->row->answer, s->row->manner);
		}
	}
	close(fd);
	return NULL;
}

static void
server_start(struct server *s, const struct row *row)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	socklen_t		len = sizeof(sin);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->row = row;
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(s->fd, 1), 0);
	getsockname(s->fd, (struct sockaddr *)&sin, &len);
	s->port = ntohs(sin.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static double
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Leave a stack without NULs: a text that is read too early has no end. */
static void __attribute__((noinline))
use_stack(void)
{
	volatile char	used[32768];
	size_t		i;

	for (i = 0; i < sizeof(used); i++)
		used[i] = 'x';
}

static void
one_row(const struct row *row)
{
	const struct store_limits any = STORE_LIMITS_NONE;
	struct server		 server;
	char			 url[64], *why = NULL;
	struct store_place	 place = { .spec = url, .timeout = PATIENCE };
	struct store		*s;
	struct store_usage	 u;
	enum store_answer	 answer;
	double			 start;

	if (row->want == slow || row->manner == FLOOD)
		place.timeout = SHORT;
	server_start(&server, row);
	snprintf(url, sizeof(url), "redis://127.0.0.1:%u", server.port);
	s = store_open_at(&place, STORE_KEEP, &why);
	assert_non_null(s);
	start = clock_ms();
	use_stack();
	answer = store_usage(s, "alice", 0, any, &u);
	if (clock_ms() - start > SLOWEST)
		row_fail(row->name, "took %.0f ms", clock_ms() - start);
	store_close(&s);
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.fd);
	if (row->want == NULL && answer != STORE_TAKEN)
		row_fail(row->name, "%s", u.error);
	if (row->want != NULL && (answer != STORE_UNKNOWN ||
	    strstr(u.error, row->want) == NULL ||
	    strstr(u.error, url) == NULL))
		row_fail(row->name, "%d: %s", (int)answer, u.error);
}

static void
hostile_servers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		one_row(&rows[i]);
}

/* A host without an address, and an address that does not answer. */
static void
no_server(void **state)
{
	static const struct {
		const char	*url, *want;
	} cases[] = {
		{ "redis://host.invalid/0", "redis://host.invalid/0: " },
		{ "redis://127.0.0.1:1/0", "cannot connect" },
	};
	const struct store_limits any = STORE_LIMITS_NONE;
	struct store_place	 place = { .timeout = PATIENCE };
	struct store		*s;
	struct store_usage	 u;
	char			*why;
	double			 start;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		place.spec = cases[i].url;
		s = store_open_at(&place, STORE_KEEP, &why);
		assert_non_null(s);
		start = clock_ms();
		if (store_usage(s, "a", 0, any, &u) != STORE_UNKNOWN ||
		    strstr(u.error, cases[i].want) == NULL)
			row_fail(cases[i].url, "%s", u.error);
		if (clock_ms() - start > SLOWEST)
			row_fail(cases[i].url, "slow");
		store_close(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_servers),
		cmocka_unit_test(no_server),
	};
	struct store	*s;
	char		*why = NULL;

	s = store_open("redis://127.0.0.1", &why);
	if (s == NULL) {
		print_message("[  SKIPPED ] %s\n", why);
		free(why);
		return 77;		/* automake: skipped */
	}
	store_close(&s);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
