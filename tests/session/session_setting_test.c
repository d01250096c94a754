/*
 * session: a limit or block that millgatectl sets for a login or its group
 * applies to the messages that begin after it
 */
#include "test.h"

#include "mta/replay.h"
#include "session/session.h"
#include "session_site.h"
#include "store/store_priv.h"

#define LOGIN	"ceo@example.org"

static const char conf_text[] =
    "listener s { daemon-ports = {587} direction = submission }\n"
    "listener l { local = yes direction = submission plan = tiny }\n"
    "group acme { domains = {example.org} recipients-per-hour = 100 }\n"
    "plan tiny { recipients-per-hour = 1 }\n"
    "user " LOGIN " { plan = tiny }\n";

/* Submit one message to two recipients; the lines of its outcome. */
static const char *
submit(struct services *sv, struct replay **rp)
{
	static const char text[] = "From: " LOGIN "\n\nHello.\n";

	*rp = replay_new(sv);
	replay_macro(*rp, "{daemon_port}", "587");
	replay_macro(*rp, "{tls_version}", "TLSv1.3");
	replay_macro(*rp, "{cipher_bits}", "256");
	replay_macro(*rp, "{auth_type}", "PLAIN");
	replay_macro(*rp, "{auth_authen}", "CEO@Example.org");
	assert_true(replay_connect(*rp, "192.0.2.7", NULL));
	replay_helo(*rp, "c");
	if (replay_mail(*rp, "<" LOGIN ">").action < ACTION_DEFER) {
		replay_rcpt(*rp, "<a@example.net>");
		replay_rcpt(*rp, "<b@example.net>");
		replay_message(*rp, text, strlen(text));
	}
	return replay_outcome(*rp);
}

static void
expect(struct services *sv, const char *name, const char *want)
{
	struct replay	*r;
	const char	*outcome = submit(sv, &r);

	if (strstr(outcome, want) == NULL)
		row_fail(name, "%s", outcome);
	replay_free(&r);
}

static void
put(struct services *sv, const char *key, unsigned parts,
    struct store_setting setting)
{
	char error[STORE_ERROR];

	assert_int_equal(store_setting_put(sv->store, key, parts, &setting,
	    error), STORE_TAKEN);
}

static void
a_set_limit_is_in_place_of_the_plans(void **state)
{
	struct services		*sv = open_services(conf_text);
	struct store_setting	 five = {
	    .until[STORE_RECIPIENTS][STORE_HOUR] = STORE_FOREVER,
	    .limits.of[STORE_RECIPIENTS][STORE_HOUR] = 5 };
	struct store_setting	 none = { .changed = 0 };

	(void)state;
	expect(sv, "plan", "rcpt defer 451 4.7.1 quota Quota exceeded for "
	    LOGIN ": plan tiny allows 1 recipient");
	put(sv, LOGIN, STORE_PART_RECIPIENTS, five);
	expect(sv, "set", "plan=tiny(set) quota=3/5 groups=acme:3/100");
	expect(sv, "set, full",  "plan=tiny(set) quota=5/5");
	expect(sv, "set, over", "rcpt defer 451 4.7.1 quota Quota exceeded "
	    "for " LOGIN ": its own setting allows 5 recipients an hour");
	put(sv, LOGIN, STORE_PART_RECIPIENTS, none);
	expect(sv, "unset", "plan tiny allows 1 recipient an hour");
	services_free(&sv);
}

static void
a_groups_limit_is_set_too(void **state)
{
	struct services		*sv = open_services(conf_text);
	struct store_setting	 zero = {
	    .until[STORE_RECIPIENTS][STORE_HOUR] = STORE_FOREVER };

	(void)state;
	put(sv, "group acme", STORE_PART_RECIPIENTS, zero);
	expect(sv, "group", "rcpt defer 451 4.7.1 quota " LOGIN " may not "
	    "send: its own setting allows no recipients");
	services_free(&sv);
}

static time_t
a_second_later(void)
{
	return NOW + 1;
}

/* The hour of the plan still holds; a limit is over at its time. */
static void
a_limit_of_any_window_is_set(void **state)
{
	struct services		*sv = open_services(conf_text);
	struct store_setting	 t = { .changed = 0 };

	(void)state;
	t.until[STORE_RECIPIENTS][STORE_HOUR] = STORE_FOREVER;
	t.limits.of[STORE_RECIPIENTS][STORE_HOUR] = STORE_UNLIMITED;
	t.until[STORE_MESSAGES][STORE_MONTH] = NOW + 1;
	t.limits.of[STORE_MESSAGES][STORE_MONTH] = 1;
	put(sv, LOGIN, STORE_PART_RECIPIENTS | store_part(STORE_MESSAGES,
	    STORE_MONTH), t);
	expect(sv, "the first", "plan=tiny(set) quota=2/unlimited "
	    "windows=messages-per-month:1/1 ");
	expect(sv, "the second", "rcpt defer 451 4.7.1 quota Quota exceeded "
	    "for " LOGIN ": its own setting allows 1 message a month; the "
	    "next one fits at 2026-10-21 18:00:00 UTC");
	sv->now = a_second_later;
	expect(sv, "over", "plan=tiny(set) quota=4/unlimited groups=");
	services_free(&sv);
}

static const char *
macro(void *ctx, const char *name)
{
	static const char *const known[][2] = {
		{ "{daemon_port}", "587" }, { "{tls_version}", "TLSv1.3" },
		{ "{cipher_bits}", "256" }, { "{auth_type}", "PLAIN" },
		{ "{auth_authen}", LOGIN },
	};
	size_t i;

	(void)ctx;
	for (i = 0; i < NELEM(known); i++)
		if (strcmp(name, known[i][0]) == 0)
			return known[i][1];
	return NULL;
}

/* A session of an MTA that sends bodies, or none. */
static struct verdict
mail_of(struct services *sv, bool bodies, const char *size)
{
	const char	*params[] = { size, NULL };
	struct session	*s = session_new(sv, macro, NULL);
	struct verdict	 v;

	session_negotiated(s, 6, true);
	if (!bodies)
		session_no_bodies(s);
	session_connect(s, "client", NULL);
	v = session_mail(s, "<" LOGIN ">", params);
	session_free(&s);
	return v;
}

/*
 * Without a limit of bytes the MTA need not send bodies. If one is set then,
 * the message is deferred, and further sessions get bodies.
 */
static void
a_limit_of_bytes_asks_for_bodies(void **state)
{
	struct services		*sv = open_services(conf_text);
	struct store_setting	 t = { .changed = 0 };
	struct verdict		 v;

	(void)state;
	assert_int_equal(mail_of(sv, false, NULL).action, ACTION_ACCEPT);
	assert_false(atomic_load(&sv->counts_bytes));
	t.until[STORE_BYTES][STORE_DAY] = STORE_FOREVER;
	t.limits.of[STORE_BYTES][STORE_DAY] = 1000;
	put(sv, LOGIN, store_part(STORE_BYTES, STORE_DAY), t);
	v = mail_of(sv, false, NULL);
	assert_string_equal(v.rule, "bodies");
	assert_int_equal(v.action, ACTION_DEFER);
	assert_true(atomic_load(&sv->counts_bytes));
	assert_int_equal(mail_of(sv, true, NULL).action, ACTION_ACCEPT);
	services_free(&sv);
}

/* SIZE= of MAIL, as any client may write it. */
static void
a_declared_size_is_a_number(void **state)
{
	static const struct {
		const char	*param;
		bool		 fits;
	} rows[] = {
		{ NULL, true }, { "SIZE=100", true }, { "SIZE=101", false },
		{ "size=101", false }, { "SIZE=0000000000000000101", false },
		{ "SIZE=18446744073709551615", false },
		{ "SIZE=99999999999999999999", false },
		{ "SIZE=999999999999999999999", true },	/* 21 digits */
		{ "SIZE=", true }, { "SIZE=-1", true }, { "SIZE=1e9", true },
		{ "SIZE", true }, { "BODY=8BITMIME", true },
		{ "XSIZE=101", true },
	};
	struct services	*sv = open_services("plan trial { bytes-per-message = "
			    "100 }\nlistener s { daemon-ports = {587} "
			    "direction = submission }\n");
	struct verdict	 v;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		v = mail_of(sv, true, rows[i].param);
		if ((v.action == ACTION_ACCEPT) != rows[i].fits)
			row_fail(rows[i].param != NULL ? rows[i].param :
			    "none", "%s %s", v.code, v.text);
	}
	services_free(&sv);
}

static void
a_blocked_login_is_refused_at_mail(void **state)
{
	struct services		*sv = open_services(conf_text);
	struct store_setting	 t = { .blocked_until = STORE_FOREVER,
	    .block = STORE_BLOCK_REJECT, .reason = "spam" };
	struct store_setting	 none = { .blocked_until = 0 };

	(void)state;
	put(sv, LOGIN, STORE_PART_BLOCK, t);
	expect(sv, "for good", "mail reject 550 5.7.1 blocked " LOGIN
	    " is blocked and may not send: spam");
	expect(sv, "its line", "event=mail action=reject rule=blocked");
	t.blocked_until = NOW + 60;
	t.block = STORE_BLOCK_DEFER;
	put(sv, LOGIN, STORE_PART_BLOCK, t);
	expect(sv, "for a time", "mail defer 451 4.7.1 blocked " LOGIN
	    " is blocked until 2026-09-21 12:01:00 UTC (for 60 more seconds)"
	    ": spam");
	put(sv, LOGIN, STORE_PART_BLOCK, none);
	put(sv, "group acme", STORE_PART_BLOCK, t);
	expect(sv, "group", "mail defer 451 4.7.1 blocked group acme is "
	    "blocked until");
	t.block = STORE_BLOCK_HOLD;
	put(sv, "group acme", STORE_PART_BLOCK, t);
	expect(sv, "held", "eom hold");
	put(sv, "group acme", STORE_PART_BLOCK, none);
	expect(sv, "free again", "mail accept");
	services_free(&sv);
}

static void
monitor_says_what_it_would_do(void **state)
{
	struct services		*sv = open_services("mode = monitor\n"
	    "listener s { daemon-ports = {587} direction = submission }\n");
	struct store_setting	 t = { .blocked_until = STORE_FOREVER,
	    .block = STORE_BLOCK_REJECT };

	(void)state;
	put(sv, LOGIN, STORE_PART_BLOCK, t);
	expect(sv, "monitor", "action=accept rule=blocked would=reject");
	services_free(&sv);
}

/* A store that counts, but fails to return the settings. */
static enum store_answer
no_answer(struct store *s, const char *const *key, size_t n,
    struct store_setting *setting, char error[STORE_ERROR])
{
	(void)s;
	(void)key;
	(void)n;
	(void)setting;
	snprintf(error, STORE_ERROR, "it does not answer in time");
	return STORE_UNKNOWN;
}

/* If the settings cannot be read, there may be a limit or a block. */
static void
what_is_set_must_be_known(void **state)
{
	struct services		*sv = open_services(conf_text);
	struct store_ops	 ops = *sv->store->ops;

	(void)state;
	ops.settings_get = no_answer;
	sv->store->ops = &ops;
	expect(sv, "deferred", "mail defer 451 4.3.0 quota-unknown Quota "
	    "cannot be checked at the moment; try again later");
	assert_int_equal(atomic_load(&sv->counters.store_failures), 1);
	expect(sv, "its line", "store-error=\"it does not answer in time\"");
	services_free(&sv);
	sv = open_services("quota { on-store-failure = accept }\n"
	    "listener s { daemon-ports = {587} direction = submission }\n");
	sv->store->ops = &ops;
	expect(sv, "accepted", "rule=quota-unknown");
	expect(sv, "and counted by its plan", "quota=4/1000");
	services_free(&sv);
}

/* A store whose clock is five minutes ahead of this host's. */
static enum store_answer
refused_elsewhere(struct reservation *r, time_t now, struct store_usage *usage)
{
	(void)r;
	(void)now;
	usage[0].refused = true;
	usage[0].now = NOW + 300;
	usage[0].next_fit = NOW + 360;
	return STORE_REFUSED;
}

static void
the_wait_is_by_the_stores_clock(void **state)
{
	struct services		*sv = open_services(conf_text);
	struct store_ops	 ops = *sv->store->ops;

	(void)state;
	ops.reserve = refused_elsewhere;
	sv->store->ops = &ops;
	expect(sv, "wait", "the next one fits at 12:06:00 UTC (in 60 seconds)");
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_limit_is_in_place_of_the_plans),
		cmocka_unit_test(a_groups_limit_is_set_too),
		cmocka_unit_test(a_limit_of_any_window_is_set),
		cmocka_unit_test(a_limit_of_bytes_asks_for_bodies),
		cmocka_unit_test(a_declared_size_is_a_number),
		cmocka_unit_test(a_blocked_login_is_refused_at_mail),
		cmocka_unit_test(monitor_says_what_it_would_do),
		cmocka_unit_test(what_is_set_must_be_known),
		cmocka_unit_test(the_wait_is_by_the_stores_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
