/*
 * daemon_tasks: a pending key signs once its record was seen, and also after a
 * restart without DNS; until then its domain's mail is unsigned with a warning.
 */
#include "test.h"

#include <utime.h>

#include "base/arena.h"
#include "base/buf.h"
#include "daemon/control_priv.h"
#include "daemon/daemon_tasks_priv.h"
#include "dkim/crypto.h"
#include "dkim/keyrecord.h"
#include "dkim/keyring.h"
#include "dkim/keyseen.h"
#include "dns/resolver.h"
#include "mta/replay.h"
#include "session/session_site.h"
#include "status/metrics_priv.h"
#include "status/status.h"
#include "store/store_priv.h"
#include "store/store_sqlite.h"
#include "store/store_test.h"

#define NAME	"s1._domainkey.example.org"

static uint64_t minutes = 1;

static uint64_t
fake_ticks(void)
{
	return minutes * 60 * 1000;
}

/* A new key in the file; its record as a zone. */
static char *
make_key(void)
{
	struct crypto_key *key;
	struct arena	*a = arena_new(0);
	struct buf	 pem = BUF_INIT, zone = BUF_INIT;
	const char	*why;
	char		 command[256];

	key = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	assert_non_null(key);
	assert_true(crypto_key_pem(key, &pem));
	snprintf(command, sizeof(command), "mkdir -p %s/keys/example.org && "
	    "cd %s/keys/example.org && touch s1.pending s1.private && "
	    "chmod 600 s1.private", dir, dir);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "%s/keys/example.org/s1.private",
	    dir);
	write_file(command, pem.data, pem.len);
	assert_int_equal(utime(command, &(struct utimbuf){ 1000000000,
	    1000000000 }), 0);
	buf_printf(&zone, NAME " TXT \"%s\"\n", keyrecord_text(a, key));
	crypto_key_free(&key);
	arena_free(&a);
	buf_free(&pem);
	return zone.data;
}

static int
teardown_keys(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/keys", dir);
	return system(command) != 0 || teardown(state) != 0;
}

static struct resolver *
resolver_of(const char *zone)
{
	struct resolver	*r;
	char		*why = NULL;

	r = resolver_zone_new(zone, &why);
	if (r == NULL)
		fail_msg("%s", why);
	return r;
}

/* A daemon right after its start, before its first task. */
static struct services *
start(const char *zone)
{
	char		 conf[512], *why = NULL;
	struct services	*sv;
	struct setup	*st;

	snprintf(conf, sizeof(conf), "signing { key-directory = \"%s/keys\" }\n"
	    "listener local { local = yes direction = submission }\n", dir);
	sv = open_services(conf);
	store_close(&sv->store);
	sv->store = store_open(path, &why);
	if (sv->store == NULL)
		fail_msg("%s", why);
	resolver_free(&sv->resolver);
	sv->resolver = resolver_of(zone);
	sv->ticks = fake_ticks;
	daemon_tasks_clock(sv);
	st = services_setup(sv);
	daemon_tasks_recall(sv, st);
	setup_unref(&st);
	daemon_tasks_start(sv);
	return sv;
}

static void
run_tasks(struct services *sv)
{
	minutes += 2;
	daemon_tasks_run(sv);
}

/* One message of `author`; what became of it must hold `want`. */
static void
expect_of(struct services *sv, const char *author, const char *want,
    bool warned)
{
	struct replay	*r = site_sends(sv, author, want);
	const char	*got = replay_outcome(r);

	if ((strstr(got, "log event=key-pending domain=example.org "
	    "selector=s1 hint=") != NULL) != warned)
		fail_msg("a warning: %d; in:\n%s", !warned, got);
	replay_free(&r);
}

static void
expect(struct services *sv, const char *want, bool warned)
{
	expect_of(sv, "example.org", want, warned);
}

/* The metrics have this line. */
static void
exports(struct services *sv, const char *line)
{
	static const struct status_start	 start_of_test;
	struct buf				 b = BUF_INIT, want = BUF_INIT;

	buf_printf(&want, "\n%s\n", line);
	metrics_write(sv, &start_of_test, METRICS_PROMETHEUS, &b);
	if (strstr(buf_str(&b), buf_str(&want)) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, buf_str(&b));
	buf_free(&want);
	buf_free(&b);
}

static void
a_key_that_was_seen_signs_after_a_restart(void **state)
{
	char		*zone = make_key();
	struct services	*sv = start(zone);

	(void)state;
	expect(sv, "unsigned=\"key pending\"", true);
	exports(sv, "millgate_keys{state=\"active\"} 0");
	exports(sv, "millgate_keys{state=\"pending\"} 1");
	exports(sv, "millgate_unsigned_messages_total{reason=\"key "
	    "pending\"} 1");
	exports(sv, "millgate_keys_oldest_timestamp_seconds{state=\"pending\"}"
	    " 1000000000");
	run_tasks(sv);
	expect(sv, " signed=1", false);
	exports(sv, "millgate_keys{state=\"active\"} 1");
	exports(sv, "millgate_keys{state=\"pending\"} 0");
	exports(sv, "millgate_signatures_total{algorithm=\"ed25519-sha256\"} "
	    "1");
	services_free(&sv);
	/* the name server has failed, and no task has run yet */
	sv = start(NAME " SERVFAIL\n");
	expect(sv, " signed=1", false);
	run_tasks(sv);
	expect(sv, " signed=1", false);
	services_free(&sv);
	/* the record is gone: only "key retire" stops the key */
	sv = start("");
	run_tasks(sv);
	expect(sv, " signed=1", false);
	services_free(&sv);
	free(zone);
}

static enum store_answer
no_keys_find(struct store *s, struct store_key *key, size_t n,
    char error[STORE_ERROR])
{
	(void)s;
	(void)key;
	(void)n;
	snprintf(error, STORE_ERROR, "it is away");
	return STORE_UNKNOWN;
}

static enum store_answer
no_keys_note(struct store *s, const struct store_key *key, size_t n,
    time_t now, char error[STORE_ERROR])
{
	(void)now;
	return no_keys_find(s, &(struct store_key){ key->name, 0 }, n, error);
}

/* A store that fails now delays what it is told, and stops no signature. */
static void
a_store_that_fails_is_told_later(void **state)
{
	char		*zone = make_key();
	struct services	*sv = start(zone);
	struct store_ops away = *sv->store->ops;
	const struct store_ops *works = sv->store->ops;
	struct setup	*st;
	struct keyring	*next;
	char		*why = NULL, keys[128];
	struct sql	*sql;
	int64_t		 rows;

	(void)state;
	away.keys_find = no_keys_find;
	away.keys_note = no_keys_note;
	sv->store->ops = &away;
	run_tasks(sv);
	expect(sv, " signed=1", false);
	/* what a reload does */
	st = services_setup(sv);
	snprintf(keys, sizeof(keys), "%s/keys", dir);
	next = keyring_load(keys, &why);
	assert_non_null(next);
	assert_int_equal(keyring_find(next, "example.org").n, 0);
	keyseen_inherit(next, st->keys);
	assert_int_equal(keyring_find(next, "example.org").n, 1);
	keyring_free(&next);
	/* it is back */
	sv->store->ops = works;
	run_tasks(sv);
	free(make_key());	/* another key in the file */
	next = keyring_load(keys, &why);
	assert_non_null(next);
	keyseen_inherit(next, st->keys);
	assert_int_equal(keyring_find(next, "example.org").n, 0);
	keyring_free(&next);
	assert_true(sql_open(&sql, path, SQL_READ));
	assert_true(sql_number(sql, "SELECT count(*) FROM published", &rows));
	assert_int_equal(rows, 1);
	sql_close(&sql);
	setup_unref(&st);
	services_free(&sv);
	free(zone);
}

static void
another_key_in_the_same_file_is_new(void **state)
{
	char		*zone = make_key(), *other;
	struct services	*sv = start(zone);

	(void)state;
	run_tasks(sv);
	expect(sv, " signed=1", false);
	services_free(&sv);
	other = make_key();
	sv = start(zone);
	run_tasks(sv);
	expect(sv, "unsigned=\"key pending\"", true);
	services_free(&sv);
	sv = start(other);
	run_tasks(sv);
	expect(sv, " signed=1", false);
	services_free(&sv);
	free(zone);
	free(other);
}

static void
the_warning_comes_once_an_hour(void **state)
{
	struct services	*sv;

	(void)state;
	free(make_key());
	sv = start("");
	expect(sv, "unsigned=\"key pending\"", true);
	expect(sv, "unsigned=\"key pending\"", false);
	minutes += 59;
	expect(sv, "unsigned=\"key pending\"", false);
	minutes++;
	expect(sv, "unsigned=\"key pending\"", true);
	expect(sv, "unsigned=\"key pending\"", false);
	/* the parent's key would sign, if it were published */
	minutes += 60;
	expect_of(sv, "sub.example.org", "unsigned=\"key pending\"", true);
	expect_of(sv, "other.example", "unsigned=\"no key\"", false);
	expect_of(sv, "org", "unsigned=\"no key\"", false);
	services_free(&sv);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown_keys)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_that_was_seen_signs_after_a_restart),
		TEST(a_store_that_fails_is_told_later),
		TEST(another_key_in_the_same_file_is_new),
		TEST(the_warning_comes_once_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
