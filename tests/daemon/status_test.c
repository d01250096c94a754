/*
 * status: the snapshot as JSON and as a page, whatever names mail has brought
 */
#include "config.h"

#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "daemon/control_priv.h"
#include "daemon/status_priv.h"
#include "session/session_site.h"
#include "store/store_settings.h"

static const struct control_start begun = { NOW - 3600, 0 };

static void
send_mail(struct services *sv, const char *key, unsigned recipients)
{
	struct store_account	 account = { key, STORE_LIMITS_NONE };
	struct reservation	*r = store_reservation_new(sv->store,
	    &account, 1);
	struct store_usage	 usage;

	while (recipients-- > 0)
		assert_int_equal(store_reserve(r, NOW, &usage), STORE_TAKEN);
	assert_int_equal(store_commit(&r, NOW, &usage), STORE_TAKEN);
}

static void
block(struct services *sv, const char *key, const char *reason, time_t until)
{
	struct store_setting	t = { .blocked_until = until, .changed = NOW };
	char			error[STORE_ERROR];

	snprintf(t.reason, sizeof(t.reason), "%s", reason);
	assert_int_equal(store_setting_put(sv->store, key, STORE_PART_BLOCK,
	    &t, error), STORE_TAKEN);
}

/* The snapshot as JSON, which must be valid. */
static struct json
json_of(struct services *sv, struct buf *b)
{
	struct status	*s = status_gather(sv, &begun);
	struct json	 v;

	buf_reset(b);
	status_write_json(s, b);
	status_free(&s);
	assert_true(json_parse(b->data, b->len, &v));
	return v;
}

static struct json
part(struct json v, const char *name)
{
	struct json found;

	if (!json_get(v, name, &found))
		row_fail(name, "is missing");
	return found;
}

/* Element `i` of a list. */
static struct json
item(struct json list, size_t i)
{
	struct json at = { NULL, NULL }, v;

	do
		assert_true(json_next(list, &at, NULL, &v));
	while (i-- > 0);
	return v;
}

static size_t
count(struct json list)
{
	struct json	at = { NULL, NULL }, v;
	size_t		n = 0;

	while (json_next(list, &at, NULL, &v))
		n++;
	return n;
}

static void
an_idle_daemon_is_shown(void **state)
{
	struct services	*sv = open_services("");
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v = json_of(sv, &b);

	(void)state;
	assert_string_equal(json_get_text(a, v, "host"), "mx.example.net");
	assert_string_equal(json_get_text(a, v, "version"), PACKAGE_VERSION);
	assert_string_equal(json_get_text(a, v, "mode"), "enforce");
	assert_int_equal(json_get_number(v, "now"), NOW);
	assert_true(json_get_true(part(v, "health"), "good"));
	assert_int_equal(count(part(v, "traffic")), TRAFFIC_MINUTES);
	assert_int_equal(count(part(v, "logins")), 0);
	assert_int_equal(count(part(v, "groups")), 0);
	assert_int_equal(count(part(part(v, "blocks"), "list")), 0);
	assert_int_equal(count(part(v, "dmarc")), 0);
	assert_int_equal(count(part(part(v, "dns"), "latency")),
	    HISTOGRAM_BOUNDS + 1);
	assert_false(json_get(part(v, "dns"), "p50_us", &v));
	buf_free(&b);
	arena_free(&a);
	services_free(&sv);
}

static void
accounts_have_their_limits(void **state)
{
	struct services	*sv = open_services(
	    "plan small { recipients-per-hour = 10 messages-per-day = 4 }\n"
	    "group acme { domains = {\"example.org\"} "
	    "recipients-per-hour = 40 }\n"
	    "user alice@example.org { plan = small }\n"
	    "listener submission { daemon-ports = {587} "
	    "direction = submission }\n");
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v, who, limit;

	(void)state;
	send_mail(sv, "alice@example.org", 10);
	send_mail(sv, "bob@example.org", 500);
	send_mail(sv, "group acme", 20);
	send_mail(sv, "listener submission", 1);
	v = json_of(sv, &b);
	assert_int_equal(count(part(v, "logins")), 2);
	assert_int_equal(count(part(v, "groups")), 2);

	who = item(part(v, "logins"), 0);
	assert_string_equal(json_get_text(a, who, "account"),
	    "bob@example.org");
	assert_string_equal(json_get_text(a, who, "plan"), "trial");
	assert_int_equal(json_get_number(who, "recipients"), 500);
	assert_int_equal(json_get_number(who, "share"), 50);
	assert_int_equal(json_get_number(who, "free"), 0);

	who = item(part(v, "logins"), 1);
	assert_string_equal(json_get_text(a, who, "plan"), "small");
	assert_int_equal(json_get_number(who, "share"), 100);
	assert_true(json_get_number(who, "free") > NOW);
	assert_int_equal(count(part(who, "limits")), 2);
	limit = item(part(who, "limits"), 0);
	assert_string_equal(json_get_text(a, limit, "name"),
	    "recipients-per-hour");
	assert_int_equal(json_get_number(limit, "used"), 10);
	assert_int_equal(json_get_number(limit, "limit"), 10);

	who = item(part(v, "groups"), 0);
	assert_string_equal(json_get_text(a, who, "account"), "group acme");
	assert_int_equal(json_get_number(who, "share"), 50);
	buf_free(&b);
	arena_free(&a);
	services_free(&sv);
}

static void
blocks_have_the_command_that_lifts_them(void **state)
{
	static const struct {
		const char	*key, *lift;
	} rows[] = {
		{ "alice@example.org",
		    "millgatectl user unblock 'alice@example.org'" },
		{ "group acme", "millgatectl user unblock 'group acme'" },
		{ "o'brien@x", "millgatectl user unblock 'o'\\''brien@x'" },
		{ "$(reboot)`id`@x",
		    "millgatectl user unblock '$(reboot)`id`@x'" },
		{ "--all", "millgatectl user unblock -- '--all'" },
	};
	struct services	*sv;
	struct arena	*a = arena_new(0);
	struct buf	 b = BUF_INIT;
	struct json	 v;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		sv = open_services("");
		block(sv, rows[i].key, "fuse: 9 client networks", NOW + 60);
		v = part(json_of(sv, &b), "blocks");
		assert_int_equal(json_get_number(v, "total"), 1);
		v = item(part(v, "list"), 0);
		assert_string_equal(json_get_text(a, v, "lift"),
		    rows[i].lift);
		assert_int_equal(json_get_number(v, "until"), NOW + 60);
		assert_string_equal(json_get_text(a, v, "action"), "defer");
		assert_true(json_get_true(v, "fuse"));
		services_free(&sv);
	}
	buf_free(&b);
	arena_free(&a);
}

static void
lists_are_bounded(void **state)
{
	struct services	*sv = open_services("");
	struct buf	 b = BUF_INIT;
	char		 key[40];
	struct json	 v;
	unsigned	 i;

	(void)state;
	for (i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		send_mail(sv, key, 1);
		block(sv, key, "test", STORE_FOREVER);
		snprintf(key, sizeof(key), "group %u", i);
		send_mail(sv, key, 1);
		snprintf(key, sizeof(key), "d%u.example", i);
		traffic_author(sv->traffic, sv->ticks(), key, RESULT_PASS,
		    false);
	}
	v = json_of(sv, &b);
	assert_int_equal(count(part(v, "logins")), STATUS_ACCOUNTS);
	assert_int_equal(count(part(v, "groups")), STATUS_ACCOUNTS);
	assert_int_equal(count(part(v, "dmarc")), STATUS_DOMAINS);
	assert_int_equal(json_get_number(part(v, "blocks"), "total"), 200);
	assert_int_equal(count(part(part(v, "blocks"), "list")),
	    STATUS_BLOCKS);
	buf_free(&b);
	services_free(&sv);
}

/* The control socket answers with the same object. */
static void
the_control_socket_has_it_too(void **state)
{
	struct services	*sv = open_services("");
	struct buf	 b = BUF_INIT;
	struct json	 v;

	(void)state;
	control_answer(sv, &begun, "status", &b);
	assert_true(json_parse(b.data, b.len, &v));
	assert_int_equal(count(part(v, "traffic")), TRAFFIC_MINUTES);
	buf_free(&b);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_daemon_is_shown),
		cmocka_unit_test(accounts_have_their_limits),
		cmocka_unit_test(blocks_have_the_command_that_lifts_them),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(the_control_socket_has_it_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
