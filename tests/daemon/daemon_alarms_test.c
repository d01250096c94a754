/*
 * daemon_alarms: one event for each change, and none at the first look
 */
#include "test.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/record.h"
#include "daemon/daemon_alarms_priv.h"
#include "dkim/crypto.h"
#include "session/session_site.h"
#include "store/store_settings.h"
#include "store/store_sqlite.h"

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

/* --- keys ---------------------------------------------------------------- */

static char	top[] = "/tmp/millgate-alarms-XXXXXX";
static char	base_path[80];
static time_t	now = NOW;

static time_t
fake_now(void)
{
	return now;
}

static void
change(const char *format, const char *text)
{
	struct sql	*sql;
	struct buf	 b = BUF_INIT;

	buf_printf(&b, "%s%s%s", format, text, text[0] != '\0' ? "'" : "");
	assert_true(sql_open(&sql, base_path, SQL_CREATE));
	assert_true(sql_exec(sql, buf_str(&b)));
	sql_close(&sql);
	buf_free(&b);
}

/* A key in a file and one in a database; the DNS has no record. */
static struct services *
open_keys(void)
{
	const char	*why;
	struct crypto_key *key = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	struct buf	 pem = BUF_INIT;
	char		 conf[800], file[200];
	FILE		*f;
	struct services	*sv;

	assert_non_null(mkdtemp(top));
	snprintf(base_path, sizeof(base_path), "%s/keys.db", top);
	snprintf(file, sizeof(file), "%s/file.example", top);
	mkdir(file, 0700);
	snprintf(file, sizeof(file), "%s/file.example/s.private", top);
	assert_true(crypto_key_pem(key, &pem));
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(buf_str(&pem), f);
	fclose(f);
	assert_int_equal(chmod(file, 0600), 0);
	change("CREATE TABLE dkim (domain, s, key, state)", "");
	change("INSERT INTO dkim (domain, s, state) VALUES ('base.example', "
	    "'t', 'pending')", "");
	change("UPDATE dkim SET key = '", buf_str(&pem));
	snprintf(conf, sizeof(conf), "users-cache = 1\nsigning { keys-database"
	    " = \"%s\"\nkeys-query = \"SELECT s AS selector, key, state FROM "
	    "dkim WHERE domain = $1\"\nkey-directory = \"%s\" }\n"
	    "listener local { local = yes direction = submission }\n",
	    base_path, top);
	sv = open_services(conf);
	sv->ticks = fake_ticks;
	sv->now = fake_now;
	crypto_key_free(&key);
	buf_free(&pem);
	return sv;
}

static void
uses_base(struct services *sv)
{
	struct replay *r = site_sends(sv, "base.example", "eom accept");

	replay_free(&r);
	sv->on_record = take_record;
}

static void
set_state(struct services *sv, const char *to)
{
	change("UPDATE dkim SET state = '", to);
	ticks += 2000;
	uses_base(sv);
}

#define GONE	"event=key-record-missing domain=file.example selector=s " \
		"reason=\"there is no such record\" hint=\"mail that this " \
		"key signs fails at its receivers: publish what " \
		"\\\"millgatectl key dns file.example\\\" prints\""
#define LONG	"event=key-pending-long domain=base.example selector=t " \
		"reason=\"its record was not seen in the DNS for more than a " \
		"day\" hint=\"publish what \\\"millgatectl key dns " \
		"base.example\\\" prints\""

static void
keys_are_told(void **state)
{
	struct services	*sv = open_keys();
	char		 command[100];
	const char	*event;

	(void)state;
	uses_base(sv);
	expect(alarm_keys, sv, "");
	now += 3600;
	expect(alarm_keys, sv, "");
	now += 3600;
	expect(alarm_keys, sv, GONE);
	now += 86400;
	expect(alarm_keys, sv, LONG);
	set_state(sv, "active");
	event = "event=key-activated domain=base.example selector=t "
	    "reason=\"it signs from now on\"";
	expect(alarm_keys, sv, event);
	set_state(sv, "retired");
	event = "event=key-retired domain=base.example selector=t "
	    "reason=\"it signs no longer: it was retired or removed, or a "
	    "newer key has replaced it\"";
	expect(alarm_keys, sv, event);
	services_free(&sv);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trouble_is_told_once_and_so_is_its_end),
		cmocka_unit_test(blocks_are_told_but_not_those_of_a_fuse),
		cmocka_unit_test(keys_are_told),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&said);
	return failed;
}
