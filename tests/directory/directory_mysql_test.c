/*
 * directory_mysql: servers that are silent, away, or without TLS. Real ones
 * are in the end-to-end suite.
 */
#include "test.h"

#include "base/monotonic.h"
#include "fake_server.h"

/* A greeting without CLIENT_SSL (0x0800); PLUGIN_AUTH is 0x0008 of the rest. */
#define HEAD	"\x0a" "5.7.0\0" "\x01\0\0\0" "abcdefgh\0"
#define LOWER	"\x00\xf7"
#define REST	"\x2d\x02\0" "\x0f\0" "\x15" "\0\0\0\0\0\0\0\0\0\0" \
		"ijklmnopqrst\0"

static struct directory_place
a_place(void)
{
	struct directory_place p = { .kind = DIRECTORY_MYSQL, .shown = "mysql",
	    .user = "millgate", .password = "secret", .database = "mail",
	    .ca_file = fake_server_authorities(), .tls = true, .connect = 300,
	    .timeout = 300 };

	return p;
}

static void
not_open(const struct directory_place *p, const char *port, const char *want)
{
	struct directory_host h = { "127.0.0.1", port };

	fake_server_not_open(directory_mysql, p, &h, want);
}

static void
silent(void **state)
{
	struct directory_place	p = a_place();
	struct fake_server	s = { 0 };
	uint64_t		start = monotonic_ms();

	(void)state;
	fake_server_listen(&s);
	not_open(&p, s.port, "Lost connection to server at 'handshake");
	assert_in_range(monotonic_ms() - start, 290, 10000);
	close(s.listener);
}

static void
away(void **state)
{
	struct directory_place	p = a_place();
	struct fake_server	s = { 0 };

	(void)state;
	fake_server_listen(&s);
	close(s.listener);
	not_open(&p, s.port, "Can't connect to server");
}

/* What a server with this greeting and method gets from a client. */
static size_t
sent_to(const struct directory_place *p, const char *method, const char *why)
{
	static const char	 head[] = HEAD LOWER REST;
	unsigned char		 packet[256];
	size_t			 len = sizeof(head) - 1 + strlen(method) + 1;
	struct fake_server	 s = { .greeting = packet,
				    .greeting_len = len + 4 };

	packet[0] = (unsigned char)len;
	packet[1] = packet[2] = packet[3] = 0;
	memcpy(packet + 4, head, sizeof(head) - 1);
	memcpy(packet + 4 + sizeof(head) - 1, method, strlen(method) + 1);
	fake_server_start(&s);
	not_open(p, s.port, why);
	fake_server_end(&s);
	assert_false(fake_server_got(&s, "secret"));
	return s.ngot;
}

/* A server without TLS gets nothing at all. */
static void
no_tls(void **state)
{
	struct directory_place p = a_place();

	(void)state;
	assert_int_equal(sent_to(&p, "mysql_native_password",
	    "SSL is required, but the server does not support it"), 0);
}

/* Without TLS, no server can ask for the password as it is. */
static void
no_plain_password(void **state)
{
	struct directory_place p = a_place();

	(void)state;
	p.tls = false;
	sent_to(&p, "mysql_clear_password", "restricted_auth");
}

static void
no_authorities(void **state)
{
	struct directory_place	p = a_place();
	struct fake_server	s = { 0 };

	(void)state;
	fake_server_listen(&s);
	p.ca_file = "/nonexistent/ca.pem";
	not_open(&p, s.port, "/nonexistent/ca.pem: No such file");
	close(s.listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent),
		cmocka_unit_test(away),
		cmocka_unit_test(no_tls),
		cmocka_unit_test(no_plain_password),
		cmocka_unit_test(no_authorities),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
