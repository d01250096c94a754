/*
 * session: owners that cannot be looked up, more addresses than are looked up,
 * and mail that needs no table
 */
#include "test.h"

#include "base/buf.h"
#include "mta/replay.h"
#include "session_site.h"

/* A table that fails for info@d.example: it has more logins than are read. */
static struct services *
open_site(const char *more, int addresses)
{
	struct buf	 b = BUF_INIT;
	struct services	*sv;
	int		 i;

	buf_printf(&b, "%slistener s { daemon-ports = {587} direction = "
	    "submission require-auth = no }\n"
	    "sender-login-maps = {\"inline:{{info@d.example = ", more);
	for (i = 0; i < 1001; i++)
		buf_printf(&b, "l%d, ", i);
	buf_addstr(&b, "}}\", \"inline:{x@e.example=alice");
	for (i = 0; i < addresses; i++)
		buf_printf(&b, ", a%d@d.example=alice", i);
	buf_addstr(&b, "}\"}\n");
	sv = open_services(buf_str(&b));
	buf_free(&b);
	return sv;
}

/* The lines of the outcome of one message; *rp must be freed. */
static const char *
submit(struct services *sv, const char *login, const char *sender,
    const char *header, struct replay **rp)
{
	struct buf b = BUF_INIT;

	*rp = replay_new(sv);
	replay_macro(*rp, "{daemon_port}", "587");
	replay_macro(*rp, "{tls_version}", "TLSv1.3");
	replay_macro(*rp, "{cipher_bits}", "256");
	if (login != NULL) {
		replay_macro(*rp, "{auth_type}", "PLAIN");
		replay_macro(*rp, "{auth_authen}", login);
	}
	assert_true(replay_connect(*rp, "192.0.2.7", NULL));
	replay_helo(*rp, "c");
	buf_printf(&b, "%s\n\nHello.\n", header);
	if (replay_mail(*rp, sender).action < ACTION_DEFER) {
		replay_rcpt(*rp, "<b@example.net>");
		replay_message(*rp, buf_str(&b), b.len);
	}
	buf_free(&b);
	return replay_outcome(*rp);
}

static void
expect(struct services *sv, const char *name, const char *login,
    const char *sender, const char *header, const char *want)
{
	struct replay	*r;
	const char	*outcome = submit(sv, login, sender, header, &r);

	if (strstr(outcome, want) == NULL)
		row_fail(name, "%s", outcome);
	replay_free(&r);
}

static void
unknown_owners_defer(void **state)
{
	struct services *sv = open_site("", 0);

	(void)state;
	expect(sv, "sender", "alice", "<info@d.example>", "", "mail defer 451 "
	    "4.3.0 owners-unknown The owners of Sender address info@d.example "
	    "cannot be looked up");
	expect(sv, "its log", "alice", "<info@d.example>", "",
	    "the address has more than 1,000 logins");
	expect(sv, "an extension", "alice", "<info+x@d.example>", "",
	    "mail defer 451 4.3.0 owners-unknown");
	expect(sv, "the login itself", "info@d.example", "<info@d.example>",
	    "", "mail defer 451 4.3.0 owners-unknown");
	expect(sv, "From", "alice", "<x@e.example>", "From: info@d.example",
	    "eom defer 451 4.3.0 owners-unknown The owners of From address");
	expect(sv, "Sender", "alice", "<x@e.example>",
	    "From: x@e.example\nSender: info@d.example",
	    "eom defer 451 4.3.0 owners-unknown");
	services_free(&sv);
}

static void
unknown_owners_refuse(void **state)
{
	struct services *sv = open_site("on-users-failure = refuse\n", 0);

	(void)state;
	expect(sv, "sender", "alice", "<info@d.example>", "",
	    "mail reject 550 5.3.0 owners-unknown");
	expect(sv, "From", "alice", "<x@e.example>", "From: info@d.example",
	    "eom reject 550 5.3.0 owners-unknown");
	services_free(&sv);
}

static void
other_mail_needs_no_table(void **state)
{
	struct services	*sv = open_site("user alice { senders = "
	    "{\"info@d.example\"} }\nuser bob@d.example { }\n", 0);
	struct replay	*r;
	const char	*outcome;

	(void)state;
	expect(sv, "senders", "alice", "<info@d.example>",
	    "From: info@d.example", "eom accept");
	outcome = submit(sv, "alice", "<info@d.example>",
	    "From: info@d.example", &r);
	assert_null(strstr(outcome, "users-error"));
	replay_free(&r);
	expect(sv, "no login", NULL, "<info@d.example>",
	    "From: info@d.example", "eom accept");
	expect(sv, "an entry without senders", "bob@d.example",
	    "<bob@d.example>", "From: bob@d.example", "eom accept");
	services_free(&sv);
}

/* From with n different addresses, each of them twice. */
static const char *
from_many(struct buf *b, int n)
{
	int i;

	buf_reset(b);
	buf_addstr(b, "From: ");
	for (i = 0; i < 2 * n; i++)
		buf_printf(b, "%sa%d@d.example", i > 0 ? ", " : "", i % n);
	return buf_str(b);
}

static void
lookups_of_a_message_are_bounded(void **state)
{
	struct services	*sv = open_site("", 60);
	struct buf	 b = BUF_INIT;

	(void)state;
	expect(sv, "50 addresses", "alice", "<a0@d.example>",
	    from_many(&b, 50), "eom accept");
	/* the sender is known already */
	expect(sv, "51 addresses, one is the sender", "alice",
	    "<a0@d.example>", from_many(&b, 51), "eom accept");
	expect(sv, "52 addresses", "alice", "<a0@d.example>",
	    from_many(&b, 52), "eom reject 550 5.7.1 from From address "
	    "a51@d.example is not allowed for alice");
	expect(sv, "its log", "alice", "<a0@d.example>", from_many(&b, 52),
	    "the message has more than 50 different addresses");
	buf_free(&b);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_owners_defer),
		cmocka_unit_test(unknown_owners_refuse),
		cmocka_unit_test(other_mail_needs_no_table),
		cmocka_unit_test(lookups_of_a_message_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
