/*
 * session: mail that keys of a database sign (SQLite), or that is deferred,
 * because it is not known which keys sign; the log line and the reload
 */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/keybase.h"
#include "mta/replay.h"
#include "session/session_site.h"
#include "store/store_sqlite.h"

static char	top[] = "/tmp/session_keys_test.XXXXXX";
static char	base_path[64], away_path[80];
static uint64_t	now_ms = 1000;

static uint64_t
fake_ticks(void)
{
	return now_ms;
}

static void
change(const char *before, const char *text, const char *after)
{
	struct sql	*sql;
	struct buf	 b = BUF_INIT;

	buf_printf(&b, "%s%s%s", before, text, after);
	assert_true(sql_open(&sql, base_path, SQL_CREATE));
	assert_true(sql_exec(sql, buf_str(&b)));
	sql_close(&sql);
	buf_free(&b);
}

static void
set_state(const char *state)
{
	change("UPDATE dkim SET state = '", state, "'");
}

static int
make_base(void **state)
{
	const char	*why;
	struct crypto_key *key = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	struct buf	 pem = BUF_INIT;

	(void)state;
	if (mkdtemp(top) == NULL || key == NULL || !crypto_key_pem(key, &pem))
		return -1;
	snprintf(base_path, sizeof(base_path), "%s/keys.db", top);
	snprintf(away_path, sizeof(away_path), "%s.away", base_path);
	change("CREATE TABLE dkim (domain, s, key, state)", "", "");
	change("INSERT INTO dkim VALUES ('example.org', 's1', '",
	    buf_str(&pem), "', 'active')");
	crypto_key_free(&key);
	buf_free(&pem);
	return 0;
}

static int
remove_base(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static struct services *
start(const char *more, unsigned cache)
{
	char		 conf[1024];
	struct services	*sv;

	snprintf(conf, sizeof(conf), "users-cache = %u\n"
	    "signing { keys-database = \"%s\"\nkeys-query = \"SELECT s AS "
	    "selector, key, state FROM dkim WHERE domain = $1\" }\n"
	    "listener local { local = yes direction = submission }\n%s",
	    cache, base_path, more);
	sv = open_services(conf);
	sv->ticks = fake_ticks;
	return sv;
}

/* One message of `domain`; what became of it must hold `want`. */
static void
expect(struct services *sv, const char *domain, const char *want)
{
	struct replay *r = site_sends(sv, domain, want);

	replay_free(&r);
}

static void
mail_is_signed_or_deferred(void **state)
{
	struct services *sv = start("", 60);

	(void)state;
	expect(sv, "example.org", " signed=1");
	expect(sv, "a.example.org", " signed=1");
	expect(sv, "example.net", "unsigned=\"no key\"");
	/* the state acts within the cache time */
	set_state("retired");
	expect(sv, "example.org", " signed=1");
	now_ms += 60000;
	expect(sv, "example.org", "unsigned=\"no key\"");
	set_state("pending");
	now_ms += 60000;
	expect(sv, "example.org", "unsigned=\"key pending\"");
	expect(sv, "example.org", "unsigned=\"key pending\"");
	set_state("lost");
	now_ms += 60000;
	expect(sv, "example.org", "unsigned=\"key pending\"");
	services_free(&sv);
	/* after a restart there is no good answer to go on with */
	sv = start("", 60);
	expect(sv, "example.org", "reply=\"451 4.7.0\"");
	expect(sv, "example.org", "keys-error=\"example.org: key s1: column "
	    "state must be active, pending or retired\"");
	services_free(&sv);
	set_state("active");
}

static void
a_pending_key_is_warned_of_once_an_hour(void **state)
{
	struct services *sv = start("", 60);

	(void)state;
	set_state("pending");
	now_ms += 7200000;
	expect(sv, "example.org", "event=key-pending domain=example.org "
	    "selector=s1");
	services_free(&sv);
	set_state("active");
}

static void
reload(struct services *sv, const char *more, unsigned cache)
{
	struct services	*other = start(more, cache);
	struct setup	*st = services_setup(other), *old = services_setup(sv);

	setup_adopt(st, old);
	setup_unref(&old);
	services_swap(sv, st);
	services_free(&other);
}

static void
away(bool is)
{
	assert_int_equal(is ? rename(base_path, away_path) :
	    rename(away_path, base_path), 0);
}

static void
signing_goes_on_without_the_database(void **state)
{
	struct services *sv = start("", 60);

	(void)state;
	expect(sv, "example.org", " signed=1");
	expect(sv, "example.net", "unsigned=\"no key\"");
	away(true);
	now_ms += 60000;
	expect(sv, "example.org", " keys=stale signed=1");
	expect(sv, "example.net", "unsigned=\"no key\"");
	expect(sv, "example.com", "reply=\"451 4.7.0\"");
	/* a reload asks again, and keeps what it knows */
	away(false);
	reload(sv, "mode = monitor\n", 60);
	away(true);
	now_ms += 1000;
	expect(sv, "example.org", " keys=stale signed=1");
	/* monitor mode accepts what enforce mode defers */
	expect(sv, "example.com", "unsigned=\"keys not known\"");
	expect(sv, "example.com", " would=defer");
	/* another cache time makes another cache: it is empty */
	away(false);
	reload(sv, "", 61);
	away(true);
	expect(sv, "example.org", "reply=\"451 4.7.0\"");
	away(false);
	now_ms += 60000;
	expect(sv, "example.org", " signed=1");
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_is_signed_or_deferred),
		cmocka_unit_test(a_pending_key_is_warned_of_once_an_hour),
		cmocka_unit_test(signing_goes_on_without_the_database),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
