/*
 * session: a login that trips the fuse is blocked and reported once, and stays
 * blocked until the block ends or is removed
 */
#include "test.h"

#include "mta/replay.h"
#include "session_site.h"
#include "store/store_priv.h"
#include "store/store_settings.h"

#define LOGIN	"ceo@example.org"

#define SITE "listener s { daemon-ports = {587} direction = submission }\n" \
    "plan tiny { recipients-per-hour = 3 }\n" \
    "user " LOGIN " { senders = {\"@example.org\"} }\n" \
    "user tiny@example.org { plan = tiny }\n"

static const char *login = LOGIN;

/* Submit one message, with `refused` recipients that the MTA refuses. */
static struct replay *
submit(struct services *sv, const char *client, const char *from,
    unsigned refused)
{
	struct replay	*r = replay_new(sv);
	char		 text[128];

	replay_macro(r, "{daemon_port}", "587");
	replay_macro(r, "{tls_version}", "TLSv1.3");
	replay_macro(r, "{cipher_bits}", "256");
	replay_macro(r, "{auth_type}", "PLAIN");
	replay_macro(r, "{auth_authen}", login);
	assert_true(replay_connect(r, client, NULL));
	replay_helo(r, "c");
	if (replay_mail(r, "<" LOGIN ">").action >= ACTION_DEFER)
		return r;
	replay_macro(r, "{rcpt_mailer}", "error");
	while (refused-- > 0)
		replay_rcpt(r, "<unknown@example.net>");
	replay_macro(r, "{rcpt_mailer}", "smtp");
	replay_rcpt(r, "<a@example.net>");
	snprintf(text, sizeof(text), "From: %s\n\nHello.\n", from);
	replay_message(r, text, strlen(text));
	return r;
}

static void
expect(struct services *sv, const char *client, const char *from,
    unsigned refused, const char *want)
{
	struct replay *r = submit(sv, client, from, refused);

	if (strstr(replay_outcome(r), want) == NULL)
		row_fail(want, "%s", replay_outcome(r));
	replay_free(&r);
}

static void
unblock(struct services *sv)
{
	static const struct store_setting none;
	char error[STORE_ERROR];

	assert_int_equal(store_setting_put(sv->store, LOGIN,
	    STORE_PART_BLOCK, &none, error), STORE_TAKEN);
}

static void
off_by_default(void **state)
{
	struct services	*sv = open_services(SITE);
	char		 client[16];
	unsigned	 i;

	(void)state;
	for (i = 1; i < 90; i++) {
		snprintf(client, sizeof(client), "192.0.%u.1", i);
		expect(sv, client, LOGIN, 20, "eom accept");
	}
	services_free(&sv);
}

static void
too_many_networks(void **state)
{
	struct services *sv = open_services(SITE "fuse { networks = 2 }");

	(void)state;
	expect(sv, "192.0.2.1", LOGIN, 0, "eom accept");
	expect(sv, "192.0.2.99", LOGIN, 0, "eom accept");
	expect(sv, "2001:db8:1::1", LOGIN, 0, "eom accept");
	expect(sv, "2001:db8:1:2::1", LOGIN, 0, "eom accept");
	expect(sv, "198.51.100.1", LOGIN, 0, "mail defer 451 4.7.1 blocked "
	    LOGIN " is blocked until 2026-09-21 13:00:00 UTC (for 3600 more "
	    "seconds): fuse: 3 client networks in an hour (limit 2)");
	assert_int_equal(atomic_load(&sv->counters.warnings), 1);
	/* it stays blocked from all networks, and is reported once */
	expect(sv, "192.0.2.1", LOGIN, 0, "mail defer 451 4.7.1 blocked ");
	expect(sv, "203.0.113.1", LOGIN, 0, "rule=blocked");
	assert_int_equal(atomic_load(&sv->counters.warnings), 1);
	/* after unblocking, the counts begin at zero */
	unblock(sv);
	expect(sv, "192.0.2.1", LOGIN, 0, "eom accept");
	expect(sv, "203.0.113.1", LOGIN, 0, "eom accept");
	expect(sv, "198.51.100.1", LOGIN, 0, "mail defer");
	assert_int_equal(atomic_load(&sv->counters.warnings), 2);
	services_free(&sv);
}

static enum store_answer
put_nothing(struct store *s, const char *key, unsigned parts,
    const struct store_setting *setting, char error[STORE_ERROR])
{
	(void)s, (void)key, (void)parts, (void)setting;
	snprintf(error, STORE_ERROR, "the disk is full");
	return STORE_UNKNOWN;
}

/* Otherwise a login would escape that trips while the disk is full. */
static void
a_block_that_cannot_be_stored_is_tried_again(void **state)
{
	struct services		*sv = open_services(SITE
	    "fuse { networks = 1 }");
	const struct store_ops	*ops = sv->store->ops;
	struct store_ops	 full = *ops;

	(void)state;
	full.setting_put = put_nothing;
	expect(sv, "192.0.2.1", LOGIN, 0, "eom accept");
	sv->store->ops = &full;
	expect(sv, "198.51.100.1", LOGIN, 0, "mail defer 451 4.7.1 blocked");
	expect(sv, "198.51.100.1", LOGIN, 0, "mail defer 451 4.7.1 blocked");
	sv->store->ops = ops;
	expect(sv, "192.0.2.1", LOGIN, 0, "fuse: 2 client networks in an hour");
	expect(sv, "192.0.2.1", LOGIN, 0, "mail defer 451 4.7.1 blocked");
	assert_int_equal(atomic_load(&sv->counters.warnings), 1);
	unblock(sv);
	expect(sv, "192.0.2.1", LOGIN, 0, "eom accept");
	services_free(&sv);
}

static void
too_many_from_addresses(void **state)
{
	struct services *sv = open_services(SITE
	    "fuse { from = 2 action = reject for = 60 }");

	(void)state;
	expect(sv, "192.0.2.1", "a@example.org", 0, "eom accept");
	expect(sv, "192.0.2.1", "A@Example.ORG", 0, "eom accept");
	expect(sv, "192.0.2.1", "b@example.org", 0, "eom accept");
	expect(sv, "192.0.2.1", "c@example.org", 0, "eom reject 550 5.7.1 "
	    "blocked " LOGIN " is blocked until 2026-09-21 12:01:00 UTC (for "
	    "60 more seconds): fuse: 3 From addresses in an hour (limit 2)");
	expect(sv, "192.0.2.1", LOGIN, 0, "mail reject 550 5.7.1 blocked ");
	services_free(&sv);
}

/* Recipients that the MTA refused; they do not count on the quota. */
static void
too_many_refused_recipients(void **state)
{
	struct services *sv = open_services(SITE "fuse { refused = 5 }");

	(void)state;
	expect(sv, "192.0.2.1", LOGIN, 3, "recipients=1 ");
	expect(sv, "192.0.2.1", LOGIN, 2, "quota=2/1000");
	expect(sv, "192.0.2.1", LOGIN, 1, "eom defer 451 4.7.1 blocked "
	    LOGIN " is blocked until 2026-09-21 13:00:00 UTC (for 3600 more "
	    "seconds): fuse: 6 refused recipients in an hour (limit 5)");
	assert_int_equal(atomic_load(&sv->counters.warnings), 1);
	services_free(&sv);
}

/* Recipients that the quota refused. */
static void
recipients_refused_by_the_quota(void **state)
{
	struct services		*sv = open_services(SITE
	    "fuse { refused = 2 }");
	struct store_setting	 none = {
	    .until[STORE_RECIPIENTS][STORE_HOUR] = STORE_FOREVER };
	char			 error[STORE_ERROR];

	(void)state;
	assert_int_equal(store_setting_put(sv->store, LOGIN,
	    STORE_PART_RECIPIENTS, &none, error), STORE_TAKEN);
	expect(sv, "192.0.2.1", LOGIN, 0, "rcpt defer 451 4.7.1 quota ");
	expect(sv, "192.0.2.1", LOGIN, 0, "rcpt defer 451 4.7.1 quota ");
	expect(sv, "192.0.2.1", LOGIN, 0, "rcpt defer 451 4.7.1 quota ");
	expect(sv, "192.0.2.1", LOGIN, 0, "mail defer 451 4.7.1 blocked ");
	services_free(&sv);
}

static void
held_mail_does_not_trip_again(void **state)
{
	struct services *sv = open_services(SITE
	    "fuse { networks = 1 action = hold }");

	(void)state;
	expect(sv, "192.0.2.1", LOGIN, 0, "eom accept");
	expect(sv, "198.51.100.1", LOGIN, 0, "eom hold");
	expect(sv, "203.0.113.1", LOGIN, 0, "eom hold");
	expect(sv, "192.0.2.1", LOGIN, 0, "rule=blocked");
	assert_int_equal(atomic_load(&sv->counters.warnings), 1);
	services_free(&sv);
}

static void
monitor_blocks_nobody(void **state)
{
	struct services *sv = open_services("mode = monitor\n" SITE
	    "fuse { networks = 1 }");

	(void)state;
	expect(sv, "192.0.2.1", LOGIN, 0, "eom accept");
	expect(sv, "198.51.100.1", LOGIN, 0, "rule=blocked would=defer");
	assert_int_equal(atomic_load(&sv->counters.warnings), 1);
	expect(sv, "198.51.100.1", LOGIN, 0, "rule=ok");
	services_free(&sv);
}

/* A login that is spelled like a group's account does not block the group. */
static void
an_odd_login_blocks_itself_alone(void **state)
{
	struct services *sv = open_services(SITE "unlisted-users = any\n"
	    "group acme { domains = {example.org} recipients-per-hour = 9 }\n"
	    "fuse { networks = 1 }");

	(void)state;
	login = "Group acme";
	expect(sv, "192.0.2.1", LOGIN, 0, "eom accept");
	expect(sv, "198.51.100.1", LOGIN, 0, "mail defer 451 4.7.1 blocked "
	    "login group acme is blocked until");
	expect(sv, "192.0.2.1", LOGIN, 0, "mail defer 451 4.7.1 blocked ");
	login = LOGIN;
	expect(sv, "192.0.2.1", LOGIN, 0, "eom accept");
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(off_by_default),
		cmocka_unit_test(too_many_networks),
		cmocka_unit_test(a_block_that_cannot_be_stored_is_tried_again),
		cmocka_unit_test(too_many_from_addresses),
		cmocka_unit_test(too_many_refused_recipients),
		cmocka_unit_test(recipients_refused_by_the_quota),
		cmocka_unit_test(held_mail_does_not_trip_again),
		cmocka_unit_test(monitor_blocks_nobody),
		cmocka_unit_test(an_odd_login_blocks_itself_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
