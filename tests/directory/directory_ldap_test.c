/*
 * directory_ldap: servers that are silent, away, or without TLS. Real ones are
 * in the end-to-end suite.
 */
#include "test.h"

#include "base/monotonic.h"
#include "fake_server.h"

static struct directory_place
a_place(void)
{
	struct directory_place p = { .kind = DIRECTORY_LDAP, .shown = "ldap",
	    .user = "cn=mail", .password = "secret", .database = "",
	    .ca_file = fake_server_authorities(), .tls = true, .connect = 300,
	    .timeout = 300 };

	return p;
}

static void
not_open(const struct directory_place *p, const char *port, const char *want)
{
	struct directory_host h = { "127.0.0.1", port };

	fake_server_not_open(directory_ldap, p, &h, want);
}

static void
silent(void **state)
{
	struct directory_place	p = a_place();
	struct fake_server	s = { 0 };
	uint64_t		start = monotonic_ms();

	(void)state;
	fake_server_listen(&s);
	not_open(&p, s.port, "no answer within 300 ms");
	/* with GnuTLS the library would read for ever without a pause */
	p.tls_at_once = true;
	not_open(&p, s.port, "no answer within 300 ms");
	p.tls = false;
	not_open(&p, s.port, "no answer within 300 ms");
	assert_in_range(monotonic_ms() - start, 900, 30000);
	close(s.listener);
}

static void
away(void **state)
{
	struct directory_host	missing = { "/nonexistent/ldapi", "" };
	struct directory_place	p = a_place();
	struct fake_server	s = { 0 };

	(void)state;
	fake_server_listen(&s);
	close(s.listener);
	not_open(&p, s.port, "Can't contact LDAP server");
	fake_server_not_open(directory_ldap, &p, &missing,
	    "No such file or directory");
}

/* A server that does not know StartTLS gets no password. */
static void
no_tls(void **state)
{
	static const unsigned char answer[] = { 0x30, 0x0c, 0x02, 0x01, 0x01,
	    0x78, 0x07, 0x0a, 0x01, 0x02, 0x04, 0x00, 0x04, 0x00 };
	struct directory_place	p = a_place();
	struct fake_server	s = { .answer = answer,
				    .answer_len = sizeof(answer) };

	(void)state;
	fake_server_start(&s);
	not_open(&p, s.port, "the server offers no TLS");
	fake_server_end(&s);
	assert_true(s.ngot > 0);
	assert_false(fake_server_got(&s, "secret"));
	assert_false(fake_server_got(&s, "cn=mail"));
}

/* RFC 4513 5.1.2: a DN without a password would be a login as nobody. */
static void
no_password(void **state)
{
	struct directory_place	p = a_place();
	struct fake_server	s = { 0 };

	(void)state;
	p.tls = false;
	p.password = "";
	fake_server_start(&s);
	not_open(&p, s.port, "the bind DN cn=mail has no password");
	fake_server_end(&s);
	assert_false(fake_server_got(&s, "cn=mail"));
}

/* Ask a server that answers with these octets, and then once more. */
static void
ask_twice(struct fake_server *s, enum directory_ask want, const char *want_why)
{
	struct directory_piece		base = { "dc=x", NULL };
	struct directory_piece		filter = { "(uid=a)", NULL };
	struct directory_attribute	uid = { "senders", "uid" };
	struct directory_question	q = { .base = { &base, 1 },
	    .filter = { &filter, 1 }, .attribute = &uid, .nattributes = 1 };
	struct directory_place		p = a_place();
	struct directory_host		h = { "127.0.0.1", s->port };
	char				why[DIRECTORY_ERROR] = "";
	void				*link;

	p.tls = false;
	p.user = "";
	fake_server_start(s);
	link = directory_ldap->open(&p, &h, why);
	assert_non_null(link);
	assert_int_equal(directory_ldap->ask(link, &q, NULL, why), want);
	if (strstr(why, want_why) == NULL)
		fail_msg("%s", why);
	assert_int_equal(directory_ldap->ask(link, &q, NULL, why),
	    DIRECTORY_ASK_BROKEN);
	/* that would be as nobody, and without StartTLS */
	assert_false(fake_server_again(s));
	directory_ldap->close(link);
	fake_server_end(s);
}

static void
lost(void **state)
{
	struct fake_server s = { .hangs_up = true };

	(void)state;
	ask_twice(&s, DIRECTORY_ASK_BROKEN, "Can't contact LDAP server");
}

/* An entry of 16 MB is the fault of that entry, not of the server. */
static void
huge(void **state)
{
	static const unsigned char entry[] = { 0x30, 0x84, 0x01, 0, 0, 0, 0x02,
	    0x01, 0x01, 0x64 };
	struct fake_server s = { .answer = entry, .answer_len = sizeof(entry) };

	(void)state;
	ask_twice(&s, DIRECTORY_ASK_REFUSED, "has more than 1048576 octets");
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
	p.ca_file = "/dev/null";
	not_open(&p, s.port, "/dev/null: not a file");
	close(s.listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent),
		cmocka_unit_test(away),
		cmocka_unit_test(no_tls),
		cmocka_unit_test(no_password),
		cmocka_unit_test(lost),
		cmocka_unit_test(huge),
		cmocka_unit_test(no_authorities),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
