/*
 * millgatectl quota: its output, while a daemon counts.
 */
#include "test.h"

#include <time.h>

#include "ctl_run.h"

static time_t	now;

/* Run the command; its output is in `out`. */
static int
run(char *out, size_t size, bool with_conf, const char *words)
{
	return ctl_run(ctl_quota, with_conf ? ".conf" : ".none", words, out,
	    size);
}

/* With one more section in the configuration. */
static struct store *
begin_with(const char *plan)
{
	struct store	*s = open_good();
	char		 conf[1024];
	int		 len;

	now = time(NULL);
	len = snprintf(conf, sizeof(conf), "state = \"%s\"\n"
	    "plan tiny { recipients-per-hour = 4 messages-per-hour = 2 }\n"
	    "plan open { recipients-per-hour = unlimited }\n"
	    "listener local { local = yes direction = submission "
	    "plan = open }\n"
	    "listener web { daemon-ports = {26} direction = submission "
	    "require-auth = no plan = tiny }\n"
	    "group acme { domains = {example.com} plan = tiny "
	    "recipients-per-hour = 9 }\n"
	    "%s"
	    "user alice@example.org { plan = tiny }\n"
	    "user carol@example.org { plan = open }\n", path, plan);
	write_file(beside(".conf"), conf, (size_t)len);
	sent(s, "alice@example.org", now, 3);
	sent(s, "bob", now, 120);
	sent(s, "bob", now, 5);
	sent(s, "carol@example.org", now, 1);
	sent(s, "\x1b[31mevil\xff\"", now, 2);
	return s;
}

static struct store *
begin(void)
{
	return begin_with("");
}

static void
end(struct store *s)
{
	store_close(&s);
	unlink(beside(".conf"));
}

static void
a_table_of_all(void **state)
{
	struct store	*s = begin();
	char		 out[4096];

	(void)state;
	assert_int_equal(run(out, sizeof(out), true, "quota show"), CTL_GOOD);
	assert_string_equal(out,
"LOGIN              PLAN               RECIPIENTS         MESSAGES\n"
"bob                trial                125/1000                2\n"
"alice@example.org  tiny                      3/4              1/2\n"
"\\x1b[31mevil\\xff\"  trial                  2/1000                1\n"
"carol@example.org  open                        1                1\n");
	assert_int_equal(run(out, sizeof(out), true, "quota show --top=1"),
	    CTL_GOOD);
	assert_string_equal(out,
"LOGIN  PLAN               RECIPIENTS         MESSAGES\n"
"bob    trial                125/1000                2\n");
	end(s);
}

static void
one_login(void **state)
{
	struct store	*s = begin();
	char		 out[4096], want[512];
	time_t		 when = (now / 60 + 60) * 60;

	(void)state;
	assert_int_equal(run(out, sizeof(out), true, "quota show nobody"),
	    CTL_GOOD);
	assert_string_equal(out,
"LOGIN   PLAN               RECIPIENTS         MESSAGES\n"
"nobody  trial                  0/1000                0\n");
	sent(s, "alice@example.org", now, 1);
	/* logins compare without regard to case */
	assert_int_equal(run(out, sizeof(out), true,
	    "quota show Alice@Example.ORG"), CTL_GOOD);
	snprintf(want, sizeof(want),
"LOGIN              PLAN               RECIPIENTS         MESSAGES\n"
"alice@example.org  tiny                      4/4              2/2  "
"next fits at %02d:%02d:00 UTC\n", (int)(when / 3600 % 24),
	    (int)(when / 60 % 60));
	assert_string_equal(out, want);
	end(s);
}

static void
groups_that_count(void **state)
{
	struct store	*s = begin();
	char		 out[4096];

	(void)state;
	sent(s, "group acme", now, 7);
	sent(s, "eve@example.com", now, 2);
	assert_int_equal(run(out, sizeof(out), true, "quota show"), CTL_GOOD);
	assert_non_null(strstr(out,
"\ngroup acme         -                         7/9                1\n"));
	assert_non_null(strstr(out,
"\neve@example.com    tiny                      2/4              1/2\n"));
	assert_int_equal(run(out, sizeof(out), true, "quota show --json"),
	    CTL_GOOD);
	assert_non_null(strstr(out, "\n{\"login\":\"group acme\","
	    "\"recipients\":7,\"recipients_limit\":9,\"messages\":1,"
	    "\"windows\":[{\"name\":\"recipients-per-hour\",\"used\":7,"
	    "\"limit\":9}]}"));
	end(s);
}

static void
a_listener_that_counts(void **state)
{
	struct store	*s = begin();
	char		 out[4096];

	(void)state;
	sent(s, "listener local", now, 7);
	sent(s, "listener web", now, 3);
	/* a listener that was removed from the configuration has no plan */
	sent(s, "listener gone", now, 2);
	assert_int_equal(run(out, sizeof(out), true, "quota show"), CTL_GOOD);
	assert_non_null(strstr(out,
"\nlistener local     open                        7                1\n"));
	assert_non_null(strstr(out,
"\nlistener web       tiny                      3/4              1/2\n"));
	assert_non_null(strstr(out,
"\nlistener gone      -                           2                1\n"));
	end(s);
}

static void
as_json(void **state)
{
	struct store	*s = begin();
	char		 out[4096], want[1024];
	long long	 fits = (now / 60 + 60) * 60;

	(void)state;
	sent(s, "alice@example.org", now, 1);
	assert_int_equal(run(out, sizeof(out), true,
	    "quota show --json --top 2"), CTL_GOOD);
	snprintf(want, sizeof(want), "[\n{\"login\":\"bob\",\"plan\":\"trial\","
	    "\"recipients\":125,\"recipients_limit\":1000,\"messages\":2,"
	    "\"windows\":[{\"name\":\"recipients-per-hour\",\"used\":"
	    "125,\"limit\":1000}]},\n"
	    "{\"login\":\"alice@example.org\",\"plan\":\"tiny\","
	    "\"recipients\":4,\"recipients_limit\":4,\"messages\":2,"
	    "\"messages_limit\":2,\"next_fit\":%lld,\"windows\":["
	    "{\"name\":\"recipients-per-hour\",\"used\":4,\"limit\":4,"
	    "\"next_fit\":%lld},{\"name\":\"messages-per-hour\","
	    "\"used\":2,\"limit\":2,\"next_fit\":%lld}]}\n]\n",
	    fits, fits, fits);
	assert_string_equal(out, want);
	end(s);
}

/* Send with the limits of plan gold, which windows_and_bytes has. */
static void
sent_with_gold(struct store *s, const char *key, uint64_t bytes)
{
	struct store_account	 account = { key, STORE_LIMITS_NONE };
	struct reservation	*r;
	struct store_usage	 u;

	account.limits.of[STORE_RECIPIENTS][STORE_MINUTE] = 1;
	account.limits.of[STORE_RECIPIENTS][STORE_DAY] = 10;
	account.limits.of[STORE_BYTES][STORE_MONTH] = 1 << 30;
	r = store_reservation_new(s, &account, 1);
	assert_int_equal(store_reserve(r, now, &u), STORE_TAKEN);
	store_set_bytes(r, bytes);
	assert_int_equal(store_commit(&r, now, &u), STORE_TAKEN);
}

/* A full minute and a month that is half full. */
static void
windows_and_bytes(void **state)
{
	struct store	*s = begin_with("plan gold { recipients-per-minute = 1 "
			    "recipients-per-day = 10 bytes-per-month = 1G }\n"
			    "user dora { plan = gold senders = {\"*\"} }\n");
	char		 out[4096], want[1024];
	time_t		 when = now + 61;

	(void)state;
	sent_with_gold(s, "dora", 805306368);
	assert_int_equal(run(out, sizeof(out), true, "quota show dora"),
	    CTL_GOOD);
	snprintf(want, sizeof(want),
"LOGIN  PLAN               RECIPIENTS         MESSAGES            BYTES\n"
"dora   gold                        1                1           768.0M\n"
"       a minute                  1/1                1           768.0M  "
"next fits at %02d:%02d:%02d UTC\n"
"       a day                    1/10                1           768.0M\n"
"       a month                     1                1        768.0M/1G\n",
	    (int)(when / 3600 % 24), (int)(when / 60 % 60), (int)(when % 60));
	assert_string_equal(out, want);
	assert_int_equal(run(out, sizeof(out), true,
	    "quota show --json dora"), CTL_GOOD);
	snprintf(want, sizeof(want), "[\n{\"login\":\"dora\",\"plan\":\"gold\","
	    "\"recipients\":1,\"messages\":1,\"next_fit\":%lld,\"windows\":["
	    "{\"name\":\"recipients-per-minute\",\"used\":1,\"limit\":1,"
	    "\"next_fit\":%lld},{\"name\":\"recipients-per-day\","
	    "\"used\":1,\"limit\":10},{\"name\":\"bytes-per-month\","
	    "\"used\":805306368,\"limit\":1073741824}]}\n]\n",
	    (long long)when, (long long)when);
	assert_string_equal(out, want);
	end(s);
}

static void
without_a_configuration(void **state)
{
	struct store	*s = begin();
	char		 out[4096], words[192];

	(void)state;
	assert_int_equal(run(out, sizeof(out), false, "quota show"),
	    CTL_TROUBLE);
	assert_string_equal(out, "");
	snprintf(words, sizeof(words), "quota show bob --state %s", path);
	assert_int_equal(run(out, sizeof(out), false, words), CTL_GOOD);
	assert_string_equal(out,
"LOGIN  PLAN               RECIPIENTS         MESSAGES\n"
"bob    -                         125                2\n");
	snprintf(words, sizeof(words), "quota show --json --state=%s",
	    beside(".other"));
	assert_int_equal(run(out, sizeof(out), true, words), CTL_TROUBLE);
	assert_string_equal(out, "");
	end(s);
}

static void
nothing_sent_yet(void **state)
{
	struct store	*s = open_good();
	char		 out[4096], words[192];

	(void)state;
	snprintf(words, sizeof(words), "quota show --json --state %s", path);
	assert_int_equal(run(out, sizeof(out), false, words), CTL_GOOD);
	assert_string_equal(out, "[]\n");
	store_close(&s);
}

static void
wrong_use(void **state)
{
	static const char *const wrong[] = {
		"quota", "quota list", "quota show --top", "quota show --top 0",
		"quota show --top -1", "quota show --top 1x",
		"quota show --all", "quota show a b", "quota show --state",
	};
	char	out[256];
	size_t	i;

	(void)state;
	for (i = 0; i < NELEM(wrong); i++) {
		if (run(out, sizeof(out), true, wrong[i]) != CTL_TROUBLE)
			row_fail(wrong[i], "accepted");
		assert_string_equal(out, "");
	}
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_of_all),
		TEST(one_login),
		TEST(groups_that_count),
		TEST(a_listener_that_counts),
		TEST(as_json),
		TEST(windows_and_bytes),
		TEST(without_a_configuration),
		TEST(nothing_sent_yet),
		TEST(wrong_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
