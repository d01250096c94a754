/*
 * redis_scripts: the script runs by hand, with redis-cli --eval, as the comment
 * at its head says, and shares accounts with a daemon.
 */
#include "test.h"

#include "redis_server.h"
#include "store/store.h"
#include "store/store_one.h"

#define SCRIPTS	"milter/store/redis"
#define LATE	"9999999999999"		/* ARGV[1]: wait for ever */

static struct redis_process redis;

/* redis-cli beside the server; NULL: not installed. */
static const char *
client(void)
{
	static char	 path[600];
	const char	*server = redis_program();

	if (server == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%.*scli",
	    (int)(strlen(server) - strlen("server")), server);
	return access(path, X_OK) == 0 ? path : NULL;
}

/* The answer's numbers in one line. */
static const char *
eval(const char *script, const char *arguments)
{
	static char	 answer[512];
	char		 command[1400];
	const char	*srcdir = getenv("srcdir");
	FILE		*f;
	size_t		 n;

	snprintf(command, sizeof(command), "'%s' -p %u --eval "
	    "'%s/" SCRIPTS "/%s' %s 2>&1 | tr '\n' ' '", client(),
	    redis.port, srcdir != NULL ? srcdir : ".", script, arguments);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(answer, 1, sizeof(answer) - 1, f);
	answer[n] = '\0';
	assert_int_equal(pclose(f), 0);
	return answer;
}

/* Compare the answer without its second number, which is a time. */
static void
answers(const char *name, const char *arguments, const char *want)
{
	const char	*got = eval("ledger.lua", arguments), *rest;
	unsigned long long ms;
	int		 first, len = 0;
	char		 line[512];

	if (sscanf(got, "%d %llu%n", &first, &ms, &len) != 2 ||
	    ms < 1500000000000ULL)
		row_fail(name, "answers \"%s\"", got);
	rest = got + len;
	snprintf(line, sizeof(line), "%d%s", first, rest);
	if (strcmp(line, want) != 0)
		row_fail(name, "answers \"%s\", not \"%s\"", line, want);
}

/* With a clock of its own: the result does not depend on the time. */
static void
every_operation_runs_by_hand(void **state)
{
	static const struct {
		const char *operation, *arguments, *want;
	} rows[] = {
		{ "take", "600000 a 0 0 2 -1 ''",
		    "1 0 0 0 1 1 0 0 0 0 0 0 2 0 " },
		{ "take", "600000 a 1 0 2 -1 ''",
		    "1 0 0 0 2 1 0 0 0 0 0 0 2 0 " },
		{ "take", "600000 b 0 0 2 -1 ''",
		    "0 0 0 0 2 1 0 1790003640 1 0 1 1790003640 2 0 " },
		{ "hold", "600000 a 1 0 2 -1 ''",
		    "1 0 0 0 0 0 0 0 0 0 0 0 2 0 " },
		{ "commit", "600000 a 1 70 2 -1 ''",
		    "1 1 1 70 0 0 0 0 0 0 0 0 2 2 " },
		{ "usage", "600000 '' 0 0 1 -1 ''",
		    "0 1 1 70 0 0 0 1790003640 1 0 1 1790003640 2 2 " },
		/* a window, without its key: what the hour knows */
		{ "usage", "600000 '' 0 0 -1 -1 'bd=70'",
		    "0 1 1 70 0 0 0 1790086500 1 2 2 0 6 6 "
		    "1 1 70 1790086500 " },
		{ "none", "600000 '' 0 0", "1 1 1 70 0 0 0 0 0 0 0 0 2 2 " },
		{ "reset", "600000 '' 0 0", "1 1 1 70 0 0 0 0 0 0 0 0 2 2 " },
		{ "none", "600000 '' 0 0", "1 0 0 0 0 0 0 0 0 0 0 0 2 0 " },
	};
	char	arguments[200];
	size_t	i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		snprintf(arguments, sizeof(arguments),
		    "millgate:account:alice , " LATE " %s 1790000040 %s",
		    rows[i].operation, rows[i].arguments);
		answers(rows[i].operation, arguments, rows[i].want);
	}
	answers("set", "millgate:settings , " LATE " set -1 600000 bob 1 "
	    "500 - 0 0 1790000040 ''", "1 ");
	assert_non_null(strstr(redis_say(redis.port,
	    "HGET millgate:settings bob"), "500 - 0 0 1790000040 "));
	if (strncmp(eval("ledger.lua", "millgate:since , " LATE
	    " since -1 600000 '' 0"), "1 ", 2) != 0)
		fail_msg("since");
	answers("note", "millgate:published , " LATE " note 1790000040 "
	    "600000 '' 0 example.org/s example.net/t", "1 ");
	answers("known", "millgate:published , " LATE " known -1 600000 '' 0 "
	    "example.org/s example.org/t", "1 1790000040 0 ");
}

static void
a_late_caller_changes_nothing(void **state)
{
	(void)state;
	answers("late", "millgate:account:carol , 1 take -1 600000 a 0 0 2 -1 "
	    "''", "2 ");
	assert_int_equal(strncmp(redis_say(redis.port,
	    "EXISTS millgate:account:carol"), ":0", 2), 0);
}

/* The example at the script's head, while a daemon holds two recipients. */
static void
a_hand_and_a_daemon_share_an_account(void **state)
{
	static const struct store_limits limits =
	    STORE_LIMITS_HOUR(1000, STORE_UNLIMITED);
	struct reservation	*r;
	struct store_usage	 u;
	struct store		*s;
	char			*why = NULL;

	(void)state;
	s = store_open(redis.url, &why);
	assert_non_null(s);
	r = reservation_on(s, "dora", limits);
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	assert_int_equal(store_reserve(r, 0, &u), STORE_TAKEN);
	answers("held", "millgate:account:dora , " LATE " usage -1 600000 '' "
	    "0 0 1000 -1 ''", "1 0 0 0 2 1 0 0 0 0 0 0 2 0 ");
	assert_int_equal(store_commit(&r, 0, &u), STORE_TAKEN);
	answers("counted", "millgate:account:dora , " LATE " usage -1 600000 "
	    "'' 0 0 1000 -1 ''", "1 2 1 0 0 0 0 0 0 0 0 0 2 2 ");
	store_close(&s);
}

static int
begin_server(void **state)
{
	(void)state;
	redis_start(&redis, NULL);
	return 0;
}

static int
end_server(void **state)
{
	(void)state;
	redis_end(&redis);
	return 0;
}

int
main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_runs_by_hand),
		cmocka_unit_test(a_late_caller_changes_nothing),
		cmocka_unit_test(a_hand_and_a_daemon_share_an_account),
	};

	if (!redis_is_possible())
		return 77;		/* automake: skipped */
	if (client() == NULL) {
		print_message("[  SKIPPED ] redis: no redis-cli beside "
		    "redis-server; run contrib/lib/programs\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, begin_server, end_server);
}
