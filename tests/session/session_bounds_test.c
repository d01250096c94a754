/*
 * session: events that a client may repeat without limit use no more memory
 */
#include "test.h"

#include <arpa/inet.h>

#include "base/arena.h"
#include "session/session_priv.h"
#include "session_site.h"

static const char *
no_macro(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static struct session *
open_session(struct services *sv)
{
	struct sockaddr_in	 client = { .sin_family = AF_INET };
	struct session		*s = session_new(sv, no_macro, NULL);

	client.sin_addr.s_addr = inet_addr("192.0.2.7");
	client.sin_port = htons(40000);
	session_connect(s, "client.example", (const void *)&client);
	return s;
}

static void
a_helo_said_again_and_again_costs_no_memory(void **state)
{
	struct services	*sv = open_services("");
	struct session	*s = open_session(sv);
	char		 helo[1001];
	size_t		 used;
	int		 i;

	(void)state;
	memset(helo, 'h', sizeof(helo) - 1);
	helo[sizeof(helo) - 1] = '\0';
	session_helo(s, helo);
	used = arena_used(s->arena);
	for (i = 0; i < 1000; i++)
		session_helo(s, helo);
	session_helo(s, "other.example");
	assert_int_equal(arena_used(s->arena), used);
	assert_string_equal(s->conn.helo, "other.example");
	session_free(&s);
	services_free(&sv);
}

/* Postfix reports a HELO before it reports the end of the message. */
static void
a_helo_in_a_message_leaves_its_lookups_alone(void **state)
{
	struct services		*sv = open_services("");
	struct session		*s = open_session(sv);
	const struct edits	*edits;

	(void)state;
	session_helo(s, "one.example");
	session_mail(s, "<>", NULL);
	session_rcpt(s, "<bob@example.net>");
	session_helo(s, "two.example");
	session_header(s, "From", " a@b.example");
	session_eoh(s);
	assert_int_equal(session_eom(s, &edits).action, ACTION_ACCEPT);
	assert_string_equal(s->message->f.spf_mfrom.domain, "one.example");
	session_commit(s, NULL);
	session_end(s, NULL);
	session_mail(s, "<>", NULL);
	session_rcpt(s, "<bob@example.net>");
	session_header(s, "From", " a@b.example");
	session_eoh(s);
	assert_int_equal(session_eom(s, &edits).action, ACTION_ACCEPT);
	assert_string_equal(s->message->f.spf_mfrom.domain, "two.example");
	session_free(&s);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_helo_said_again_and_again_costs_no_memory),
		cmocka_unit_test(a_helo_in_a_message_leaves_its_lookups_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
