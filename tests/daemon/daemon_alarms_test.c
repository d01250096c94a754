/*
 * daemon_alarms: one event for each change, and none at the first look
 */
#include "test.h"

#include "base/buf.h"
#include "base/record.h"
#include "daemon/daemon_alarms_priv.h"
#include "session/session_site.h"
#include "store/store_settings.h"

static struct buf	said = BUF_INIT;
static uint64_t		ticks = 1000000;

static uint64_t
fake_ticks(void)
{
	return ticks;
}

static void
take_record(void *arg, const struct record *r)
{
	(void)arg;
	buf_addstr(&said, said.len > 0 ? "|" : "");
	record_line(r, &said);
}

static struct services *
open_site(void)
{
	struct services *sv = open_services("");

	sv->ticks = fake_ticks;
	sv->on_record = take_record;
	return sv;
}

static void
expect(void (*alarm)(struct services *), struct services *sv,
    const char *want)
{
	buf_reset(&said);
	alarm(sv);
	assert_string_equal(buf_str(&said), want);
}

static void
trouble_is_told_once_and_so_is_its_end(void **state)
{
	struct services *sv = open_site();

	(void)state;
	expect(alarm_health, sv, "");
	services_store_failed(sv);
	atomic_store(&sv->tallies.sign_failed_at, ticks);
	expect(alarm_health, sv, "event=health-failing reason=\"state: a call "
	    "failed 0 seconds ago; signing: a message could not be signed 0 "
	    "seconds ago\"");
	expect(alarm_health, sv, "");
	ticks += 60000;
	expect(alarm_health, sv, "event=health-restored");
	expect(alarm_health, sv, "");
	services_free(&sv);
}

static void
block(struct services *sv, const char *key, time_t until, const char *reason)
{
	struct store_setting	t = { .changed = NOW, .blocked_until = until };
	char			error[STORE_ERROR];

	snprintf(t.reason, sizeof(t.reason), "%s", reason);
	assert_int_equal(store_setting_put(sv->store, key, STORE_PART_BLOCK,
	    &t, error), STORE_TAKEN);
}

static void
blocks_are_told_but_not_those_of_a_fuse(void **state)
{
	struct services *sv = open_site();

	(void)state;
	block(sv, "old@example.org", NOW + 60, "");
	expect(alarm_blocks, sv, "");
	block(sv, "zoe@example.org", NOW + 60, "stolen");
	block(sv, "bob@example.org", NOW + 60, "fuse: 3 client networks");
	block(sv, "ann@example.org", NOW + 60, "");
	expect(alarm_blocks, sv, "event=blocked login=ann@example.org|"
	    "event=blocked login=zoe@example.org reason=stolen");
	expect(alarm_blocks, sv, "");
	block(sv, "ann@example.org", 0, "");
	block(sv, "bob@example.org", 0, "");
	expect(alarm_blocks, sv, "event=unblocked login=ann@example.org|"
	    "event=unblocked login=bob@example.org reason=\"fuse: 3 client "
	    "networks\"");
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trouble_is_told_once_and_so_is_its_end),
		cmocka_unit_test(blocks_are_told_but_not_those_of_a_fuse),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&said);
	return failed;
}
