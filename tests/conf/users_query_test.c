/*
 * users_query: the meaning of rows, and what a message gets. Any error of the
 * database is USERS_UNKNOWN, never USERS_NONE. tests/directory has the cache,
 * the time-outs and the drivers.
 */
#include "test.h"

#include <sys/stat.h>

#include <sqlite3.h>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "directory/directory.h"
#include "directory/sqlite_file.h"
#include "mta/replay.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "store/store.h"
#include "conf/users_query.h"

#define ALL	"SELECT * FROM users WHERE login = ?1"
#define CACHE	5000
#define SLACK	60000	/* the time that a question may take here */
#define SCHEMA	"CREATE TABLE users (login TEXT, plan, senders, networks, " \
		"second_factor, blocked); "
#define NAMED	"SELECT plan, senders, networks, second_factor, blocked " \
		"FROM users WHERE login = ?1"

static const struct plan_rules plans[] = {
	{ "trial",   STORE_LIMITS_HOUR(1000, STORE_UNLIMITED) },
	{ "Premium", STORE_LIMITS_HOUR(3000, STORE_UNLIMITED) },
};
static const struct users_plans known = { plans, 2 };

static char		 dir[] = "/tmp/users_query_test.XXXXXX";
static char		 path[64];
static struct arena	*arena;
static uint64_t		 now = 1000000;
static unsigned		 stale;		/* users-stale, in milliseconds */

/* A change of the database by another process. */
static void
run_sql(const char *sql)
{
	sqlite_file_run(path, sql);
}

static void
write_file(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static struct users_query *
query_of(const char *file, const char *query)
{
	struct directory_place p = {
		.timeout = 60000, .cache = CACHE, .stale = stale
	};

	assert_null(directory_place_parse(file, arena, &p));
	return users_query_new(&p, query, &known);
}

static struct users_query *
begin(const char *sql)
{
	unlink(path);
	run_sql(sql);
	return query_of(path, NAMED);
}

static struct users_reply
find(struct users_query *q, const char *login)
{
	return users_query_find(q, login, now, arena);
}

static enum users_answer
answer_of(struct users_query *q, const char *login)
{
	return find(q, login).answer;
}

static void
expect_unknown(const char *name, struct users_reply r, const char *part)
{
	if (r.answer != USERS_UNKNOWN || r.user != NULL || r.why == NULL ||
	    strstr(r.why, part) == NULL)
		row_fail(name, "answer %d, %s", r.answer, r.why != NULL ?
		    r.why : "no reason");
}

/* --- rows ---------------------------------------------------------------- */

static void
a_row_has_it_all(void **state)
{
	struct users_query	*q;
	struct users_reply	 r;

	(void)state;
	q = begin(SCHEMA "INSERT INTO users VALUES ('alice@example.org', "
	    "'premium', 'a@x.org , @Y.org,@.z.org', ' 192.0.2.0/24', 1, 0), "
	    "('bob', NULL, '', NULL, NULL, NULL), "
	    "('eve', NULL, NULL, NULL, 'no', 'Yes')");
	r = find(q, "Alice@Example.ORG");
	assert_int_equal(r.answer, USERS_FOUND);
	assert_string_equal(r.user->login, "alice@example.org");
	assert_ptr_equal(r.user->plan, &plans[1]);
	assert_int_equal(r.user->nsenders, 3);
	assert_string_equal(r.user->senders[0], "a@x.org");
	assert_string_equal(r.user->senders[1], "@y.org");
	assert_string_equal(r.user->senders[2], "@.z.org");
	assert_int_equal(r.user->nnetworks, 1);
	assert_int_equal(r.user->networks[0].bits, 24);
	assert_true(r.user->second_factor);
	assert_false(r.user->block);
	assert_string_equal(r.user->file, path);
	r = find(q, "bob");
	assert_int_equal(r.answer, USERS_FOUND);
	assert_null(r.user->plan);
	assert_int_equal(r.user->nsenders + r.user->nnetworks, 0);
	assert_false(r.user->second_factor || r.user->block);
	assert_true(find(q, "eve").user->block);
	assert_int_equal(answer_of(q, "carol"), USERS_NONE);
	assert_int_equal(answer_of(q, "' OR '1'='1"), USERS_NONE);
	assert_int_equal(answer_of(q, ""), USERS_NONE);
	users_query_free(&q);
}

static void
rows_that_say_nothing_sensible(void **state)
{
	static const struct {
		const char *name, *values, *want;
	} rows[] = {
		{ "plan", "'gold', NULL, NULL, 0, 0",
		    "plan=gold is not a plan; write a plan section of that "
		    "name" },
		{ "sender", "NULL, 'a@x.org,nobody', NULL, 0, 0",
		    "senders=nobody is not a sender" },
		{ "empty items", "NULL, 'a@x.org,,b@x.org', NULL, 0, 0",
		    "senders= is not a sender" },
		{ "network", "NULL, NULL, '192.0.2.0/33', 0, 0",
		    "networks=192.0.2.0/33 is not a network" },
		{ "second factor", "NULL, NULL, NULL, 2, 0",
		    "second-factor=2 must be yes or no" },
		{ "block in words", "NULL, NULL, NULL, 0, 'perhaps'",
		    "block=perhaps must be yes or no" },
		{ "a real", "NULL, NULL, NULL, 0.5, 0",
		    "column second_factor" },
		{ "a blob", "x'00', NULL, NULL, 0, 0", "column plan" },
		{ "a NUL", "'premium' || char(0) || 'x', NULL, NULL, 0, 0",
		    "column plan" },
		{ "a long text", "NULL, printf('%.16385c', 'a'), NULL, 0, 0",
		    "column senders has more than 16384 octets" },
		{ "many items", "NULL, replace(printf('%.1001c', '*'), '*', "
		    "'*,'), NULL, 0, 0", "more than 1000 items" },
		{ "long texts", "NULL, printf('%.9000c', 'a'), NULL, 0, 0), "
		    "('bob', NULL, printf('%.9000c', 'b'), NULL, 0, 0",
		    "values of column senders have more than 16384 octets" },
		{ "two rows", "NULL, NULL, NULL, 0, 0), ('bob', NULL, NULL, "
		    "NULL, 0, 1", "users-query returns two values of blocked "
		    "for bob, \"no\" and \"yes\"; it must return one" },
		{ "two plans", "'trial', NULL, NULL, 0, 0), ('bob', "
		    "'premium', NULL, NULL, 0, 0", "two values of plan" },
	};
	struct users_query	*q;
	char			 sql[400];
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		snprintf(sql, sizeof(sql), SCHEMA "INSERT INTO users VALUES "
		    "('bob', %s)", rows[i].values);
		q = begin(sql);
		expect_unknown(rows[i].name, find(q, "bob"), rows[i].want);
		/* other logins are not affected */
		assert_int_equal(answer_of(q, "alice"), USERS_NONE);
		users_query_free(&q);
	}
	q = begin(SCHEMA);
	snprintf(sql, sizeof(sql), "%0256d", 0);
	expect_unknown("a long login", find(q, sql), "255 octets");
	users_query_free(&q);
}

/* --- the query ----------------------------------------------------------- */

static void
queries_are_checked(void **state)
{
	static const struct {
		const char *query, *want;	/* NULL: good */
	} rows[] = {
		{ NAMED, NULL },
		{ NAMED ";  -- the end", NULL },
		{ "SELECT 'trial' AS Plan WHERE :who <> ''", NULL },
		{ "SELECT blocked FROM users WHERE login=? COLLATE NOCASE",
		    NULL },
		{ ALL, "users-query has an unknown column \"login\"; use "
		    "plan, senders" },
		{ "SELECT plan FROM users", "write $1 in place of the login" },
		{ "SELECT plan FROM users WHERE login = ? OR login = ?",
		    "write $1 in place of the login" },
		{ "SELECT plan FROM users WHERE login = ?1; SELECT 1",
		    "is not one statement" },
		{ "DELETE FROM users WHERE login = ?1", "returns no rows" },
		{ "DELETE FROM users WHERE login = ?1 RETURNING plan",
		    "returns no rows" },
		{ "", "is not one statement" },
		{ "SELECT plan FROM people WHERE login = ?1",
		    "no such table: people" },
		{ "SELECT colour FROM users WHERE login = ?1",
		    "no such column: colour" },
		{ "SELEKT", "syntax error" },
	};
	struct users_query	*q = begin(SCHEMA);
	char			*why;
	size_t			 i;

	(void)state;
	users_query_free(&q);
	for (i = 0; i < NELEM(rows); i++) {
		q = query_of(path, rows[i].query);
		why = NULL;
		if (users_query_check(q, &why) != (rows[i].want == NULL) ||
		    (why != NULL && (strstr(why, rows[i].want) == NULL ||
		    strncmp(why, path, strlen(path)) != 0)))
			row_fail(rows[i].query, "%s", why != NULL ? why :
			    "good");
		if (rows[i].want != NULL)
			assert_int_equal(answer_of(q, "bob"), USERS_UNKNOWN);
		free(why);
		users_query_free(&q);
	}
}

/* --- a database that fails ----------------------------------------------- */

static void
good_again(struct users_query *q)
{
	now += DIRECTORY_PAUSE + SLACK;
	assert_int_equal(answer_of(q, "bob"), USERS_FOUND);
	now += CACHE;
}

static void
faults_are_no_answer(void **state)
{
	struct users_query	*q;
	char			 saved[80];
	sqlite3			*db;

	(void)state;
	q = begin(SCHEMA "INSERT INTO users (login) VALUES ('bob')");
	assert_int_equal(answer_of(q, "bob"), USERS_FOUND);
	now += CACHE;
	/* removed, and put back */
	snprintf(saved, sizeof(saved), "%s.saved", path);
	assert_int_equal(rename(path, saved), 0);
	expect_unknown("missing", find(q, "bob"), "unable to open");
	assert_int_equal(rename(saved, path), 0);
	/* for one second the database is not asked */
	expect_unknown("trouble is kept", find(q, "carol"), "unable to open");
	good_again(q);
	/* locked */
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL,
	    NULL), SQLITE_OK);
	expect_unknown("locked", find(q, "bob"), "locked");
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	good_again(q);
	/* the schema changes under the statement */
	run_sql("ALTER TABLE users RENAME COLUMN plan TO tariff");
	expect_unknown("another column", find(q, "bob"), "no such column");
	run_sql("ALTER TABLE users RENAME COLUMN tariff TO plan");
	good_again(q);
	run_sql("DROP TABLE users");
	expect_unknown("no table", find(q, "bob"), "no such table");
	run_sql(SCHEMA "INSERT INTO users (login) VALUES ('bob')");
	good_again(q);
	/* another file in its place is read at once */
	assert_int_equal(rename(path, saved), 0);
	run_sql(SCHEMA);
	assert_int_equal(answer_of(q, "bob"), USERS_NONE);
	now += CACHE;
	assert_int_equal(rename(saved, path), 0);
	good_again(q);
	/* no database at all */
	write_file("this is a text, not a database of SQLite", 40);
	expect_unknown("no database", find(q, "bob"), "not a database");
	users_query_free(&q);
	unlink(path);
	assert_int_equal(rmdir(path), -1);
	q = query_of("/", NAMED);
	expect_unknown("a directory", find(q, "bob"), "is not a regular file");
	users_query_free(&q);
	/* to open a FIFO would wait for a writer */
	assert_int_equal(mkfifo(path, 0600), 0);
	q = query_of(path, NAMED);
	expect_unknown("a FIFO", find(q, "bob"), "is not a regular file");
	users_query_free(&q);
	unlink(path);
}

/* Every page but the first is overwritten. */
static void
damage_is_no_answer(void **state)
{
	struct users_query	*q;
	FILE			*f;
	long			 size, i;

	(void)state;
	q = begin(SCHEMA "CREATE INDEX by_login ON users (login); "
	    "WITH RECURSIVE "
	    "n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
	    "INSERT INTO users (login) SELECT 'user' || i FROM n");
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	fseek(f, 4096, SEEK_SET);
	for (i = 4096; i < size; i++)
		putc(0xa5, f);
	fclose(f);
	expect_unknown("damaged", find(q, "user7"), "malformed");
	users_query_free(&q);
}

static void
endless_queries_end(void **state)
{
	struct users_query	*q = begin(SCHEMA);
	time_t			 began = time(NULL);

	(void)state;
	users_query_free(&q);
	q = query_of(path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n) SELECT NULL AS plan FROM n WHERE i = ?1");
	expect_unknown("endless", find(q, "bob"), "interrupted");
	assert_true(time(NULL) - began < 60);
	/* the limit holds for each query anew */
	now += DIRECTORY_PAUSE + SLACK;
	expect_unknown("endless", find(q, "bob"), "interrupted");
	users_query_free(&q);
}

/* --- the cache ----------------------------------------------------------- */

static void
answers_are_kept_for_a_while(void **state)
{
	struct users_query *q;

	(void)state;
	q = begin(SCHEMA "INSERT INTO users (login) VALUES ('bob')");
	assert_false(find(q, "bob").user->block);
	assert_int_equal(answer_of(q, "eve"), USERS_NONE);
	run_sql("UPDATE users SET blocked = 1; "
	    "INSERT INTO users (login) VALUES ('eve')");
	now += CACHE - 1;
	assert_false(find(q, "BOB").user->block);
	assert_int_equal(answer_of(q, "eve"), USERS_NONE);
	now += 1;
	assert_true(find(q, "bob").user->block);
	assert_int_equal(answer_of(q, "eve"), USERS_FOUND);
	/* cached answers are valid while the database fails */
	unlink(path);
	assert_true(find(q, "bob").user->block);
	assert_int_equal(answer_of(q, "carol"), USERS_UNKNOWN);
	assert_true(find(q, "bob").user->block);
	users_query_free(&q);
}

static void
older_answers_are_used_while_it_fails(void **state)
{
	struct users_query	*q;
	struct users_reply	 r;
	char			 saved[80];

	(void)state;
	stale = 7000;
	q = begin(SCHEMA "INSERT INTO users (login) VALUES ('bob')");
	r = find(q, "bob");
	assert_false(r.stale);
	assert_string_equal(r.server, path);
	assert_int_equal(answer_of(q, "carol"), USERS_NONE);
	snprintf(saved, sizeof(saved), "%s.saved", path);
	assert_int_equal(rename(path, saved), 0);
	now += CACHE;
	r = find(q, "bob");
	assert_int_equal(r.answer, USERS_FOUND);
	assert_true(r.stale);
	r = find(q, "carol");
	assert_int_equal(r.answer, USERS_NONE);
	assert_true(r.stale);
	expect_unknown("never seen", find(q, "dave"), "unable to open");
	now += stale;
	expect_unknown("too old", find(q, "bob"), "unable to open");
	assert_int_equal(rename(saved, path), 0);
	now += DIRECTORY_PAUSE + SLACK;
	assert_false(find(q, "bob").stale);
	users_query_free(&q);
	stale = 0;
}

/* A reload keeps the cache, unless the place or the query is another. */
static void
a_reload_keeps_the_cache(void **state)
{
	struct users_query *q, *same, *other;

	(void)state;
	q = begin(SCHEMA "INSERT INTO users (login) VALUES ('bob')");
	assert_int_equal(answer_of(q, "bob"), USERS_FOUND);
	unlink(path);
	same = query_of(path, NAMED);
	users_query_adopt(same, q);
	other = query_of(path, NAMED " AND 1");
	users_query_adopt(other, q);
	users_query_adopt(other, NULL);
	users_query_adopt(NULL, q);
	users_query_free(&q);
	assert_int_equal(answer_of(same, "bob"), USERS_FOUND);
	assert_int_equal(answer_of(other, "bob"), USERS_UNKNOWN);
	users_query_forget(same, "BOB");
	assert_int_equal(answer_of(same, "bob"), USERS_UNKNOWN);
	users_query_free(&same);
	users_query_free(&other);
}

/* Aliases are rows of a join; sender lists of rows are put together. */
static void
several_rows_are_one_entry(void **state)
{
	struct users_query	*q;
	struct users_reply	 r;

	(void)state;
	q = begin(SCHEMA "INSERT INTO users VALUES "
	    "('bob', 'premium', 'a@x.org', '192.0.2.0/24', 0, 't'), "
	    "('bob', 'Premium', 'b@x.org,c@x.org', NULL, 'no', 'TRUE'), "
	    "('bob', NULL, 'a@x.org', '2001:db8::/32', '', 'yes')");
	r = find(q, "bob");
	if (r.answer != USERS_FOUND)
		fail_msg("%s", r.why);
	assert_int_equal(r.user->nsenders, 3);
	assert_string_equal(r.user->senders[0], "a@x.org");
	assert_string_equal(r.user->senders[2], "c@x.org");
	assert_int_equal(r.user->nnetworks, 2);
	assert_ptr_equal(r.user->plan, &plans[1]);
	assert_true(r.user->block);
	assert_false(r.user->second_factor);
	expect_unknown("no UTF-8", find(q, "b\377b"), "not in UTF-8");
	users_query_free(&q);
}

/* More logins than are cached; all answers are right, twice. */
static void
many_logins(void **state)
{
	struct users_query	*q;
	struct users_reply	 r;
	char			 login[32], sender[40];
	int			 round, i;

	(void)state;
	q = begin(SCHEMA "CREATE UNIQUE INDEX by_login ON users (login); WITH "
	    "RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
	    "i < 5000) INSERT INTO users (login, senders) SELECT 'user' || i, "
	    "'s' || i || '@example.org' FROM n");
	for (round = 0; round < 2; round++) {
		for (i = 1; i <= 5000; i++) {
			snprintf(login, sizeof(login), "user%d", i);
			snprintf(sender, sizeof(sender), "s%d@example.org", i);
			r = find(q, login);
			assert_int_equal(r.answer, USERS_FOUND);
			assert_string_equal(r.user->senders[0], sender);
			arena_reset(arena);
		}
	}
	users_query_free(&q);
}

static void *
ask_often(void *arg)
{
	struct arena	*a = arena_new(0);
	char		 login[32];
	int		 i;

	for (i = 0; i < 2000; i++) {
		snprintf(login, sizeof(login), "user%d", i % 50);
		if (users_query_find(arg, login, (uint64_t)i * 100, a).answer !=
		    (i % 50 == 0 ? USERS_NONE : USERS_FOUND))
			return arg;
		arena_reset(a);
	}
	arena_free(&a);
	return NULL;
}

static void
from_several_threads(void **state)
{
	struct users_query	*q;
	pthread_t		 thread[4];
	void			*failed;
	size_t			 i;

	(void)state;
	q = begin(SCHEMA "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
	    "i + 1 FROM n WHERE i < 100) INSERT INTO users (login) SELECT "
	    "'user' || i FROM n");
	for (i = 0; i < NELEM(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, ask_often,
		    q), 0);
	for (i = 0; i < NELEM(thread); i++) {
		pthread_join(thread[i], &failed);
		assert_null(failed);
	}
	users_query_free(&q);
}

/* --- in a session -------------------------------------------------------- */

static uint64_t
session_ticks(void)
{
	return now;
}

static struct services *
open_services(const char *more)
{
	char		 text[800], *why = NULL;
	struct conf	*c;
	struct setup	*st = NULL;
	struct services	*sv;

	snprintf(text, sizeof(text), "users-database = \"%s\"\nusers-query = "
	    "\"" NAMED "\"\nusers-cache = 5\nlistener s { daemon-ports = {587}  direction = "
	    "submission }\nuser both@example.org { }\n%s", path, more);
	c = conf_load_text("test", text, &why);
	if (c != NULL)
		st = setup_new(c, &why);
	if (st == NULL)
		fail_msg("%s", why);
	sv = services_new(st, resolver_zone_new("", &why), store_open_memory(),
	    "mx.example.net");
	sv->ticks = session_ticks;
	return sv;
}

static void
expect_mail(struct replay *r, const char *login, const char *sender,
    const char *want)
{
	char got[64];
	struct verdict v;

	replay_macro(r, "{auth_authen}", login);
	v = replay_mail(r, sender);
	snprintf(got, sizeof(got), "%s %s %s", v.code, v.status, v.rule);
	if (strcmp(got, want) != 0)
		row_fail(login, "%s: got %s, want %s", sender, got, want);
}

static void
messages_of_a_session(void **state)
{
	struct users_query	*q;
	struct services		*sv;
	struct replay		*r;

	(void)state;
	q = begin(SCHEMA "INSERT INTO users (login, senders, blocked) VALUES "
	    "('alice@example.org', '@shop.example', 0), "
	    "('mallory@example.org', '*', 1), "
	    "('both@example.org', '*', 0), ('odd@example.org', 'x', 0)");
	users_query_free(&q);
	sv = open_services("users-stale = 10\n");
	r = replay_new(sv);
	replay_macro(r, "{daemon_port}", "587");
	replay_macro(r, "{tls_version}", "TLSv1.3");
	replay_macro(r, "{cipher_bits}", "256");
	replay_macro(r, "{auth_type}", "PLAIN");
	assert_true(replay_connect(r, "192.0.2.7", NULL));
	replay_helo(r, "client");
	expect_mail(r, "Alice@example.org", "<a@shop.example>", "  ok");
	expect_mail(r, "alice@example.org", "<alice@example.org>",
	    "550 5.7.1 sender");
	expect_mail(r, "mallory@example.org", "<m@example.org>",
	    "550 5.7.1 blocked");
	/* an entry of the configuration replaces the row as a whole */
	expect_mail(r, "both@example.org", "<x@example.com>",
	    "550 5.7.1 sender");
	expect_mail(r, "odd@example.org", "<odd@example.org>",
	    "451 4.3.0 users-unknown");
	/* not listed: its own address */
	expect_mail(r, "carol@example.org", "<carol@example.org>", "  ok");
	/* while the database fails, older answers are used for some time */
	unlink(path);
	now += CACHE;
	expect_mail(r, "carol@example.org", "<carol@example.org>", "  ok");
	expect_mail(r, "carol@example.org", "<x@example.com>",
	    "550 5.7.1 sender");
	assert_non_null(strstr(replay_outcome(r), " users=stale "));
	/* then no login counts as unlisted */
	now += 10000;
	expect_mail(r, "carol@example.org", "<carol@example.org>",
	    "451 4.3.0 users-unknown");
	assert_non_null(strstr(replay_outcome(r), "users-error=\""));
	assert_non_null(strstr(replay_outcome(r), "unable to open"));
	expect_mail(r, "both@example.org", "<both@example.org>", "  ok");
	replay_free(&r);
	services_free(&sv);
}

static void
a_bad_database_does_not_start(void **state)
{
	char	 text[400], *why = NULL;

	(void)state;
	unlink(path);
	snprintf(text, sizeof(text), "users-database = \"%s\"\nusers-query = "
	    "\"" NAMED "\"\n", path);
	assert_null(setup_new(conf_load_text("test", text, &why), &why));
	assert_non_null(strstr(why, "unable to open"));
	free(why);
}

static int
make_dir(void **state)
{
	(void)state;
	arena = arena_new(0);
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/users.db", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	arena_free(&arena);
	unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_has_it_all),
		cmocka_unit_test(rows_that_say_nothing_sensible),
		cmocka_unit_test(queries_are_checked),
		cmocka_unit_test(faults_are_no_answer),
		cmocka_unit_test(damage_is_no_answer),
		cmocka_unit_test(endless_queries_end),
		cmocka_unit_test(answers_are_kept_for_a_while),
		cmocka_unit_test(older_answers_are_used_while_it_fails),
		cmocka_unit_test(a_reload_keeps_the_cache),
		cmocka_unit_test(several_rows_are_one_entry),
		cmocka_unit_test(many_logins),
		cmocka_unit_test(from_several_threads),
		cmocka_unit_test(messages_of_a_session),
		cmocka_unit_test(a_bad_database_does_not_start),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
