/*
 * store_disk: the tool changes settings and resets counts, by a request to a
 * running daemon or without one; other users may not.
 */
#include "test.h"

#include <sys/wait.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "store/store_sqlite.h"
#include "store_test.h"
#include "store/store_settings.h"

#define NOBODY	65534

static const struct store_setting limit = {
	.until[STORE_RECIPIENTS][STORE_HOUR] = STORE_FOREVER,
	.limits.of[STORE_RECIPIENTS][STORE_HOUR] = 7, .changed = T0
};
static const struct store_setting block = {
	.blocked_until = T0 + 7200, .block = STORE_BLOCK_DEFER,
	.reason = "looks stolen", .changed = T0
};

/* The daemon's call once a second, a little faster. */
struct daemon {
	struct store	*store;
	atomic_bool	 stop;
	pthread_t	 thread;
};

static void *
attend(void *arg)
{
	const struct timespec	 pause = { 0, 20000000L };
	struct daemon		*d = arg;
	char			 error[STORE_ERROR];

	while (!atomic_load(&d->stop)) {
		store_take_requests(d->store, error);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void
start(struct daemon *d)
{
	d->store = open_good();
	atomic_init(&d->stop, false);
	assert_int_equal(pthread_create(&d->thread, NULL, attend, d), 0);
}

static void
stop(struct daemon *d)
{
	atomic_store(&d->stop, true);
	pthread_join(d->thread, NULL);
	store_close(&d->store);
}

/* --- the tool: this program again, because SQLite must not be forked ------ */

static void
tool_sets(struct store *s, char *error)
{
	if (store_setting_put(s, "alice", STORE_PART_RECIPIENTS, &limit,
	    error) == STORE_TAKEN && store_setting_put(s, "alice",
	    STORE_PART_BLOCK, &block, error) == STORE_TAKEN)
		store_reset(s, "alice", T0, error);
}

static void
tool_unsets(struct store *s, char *error)
{
	static const struct store_setting none = { .changed = T0 };

	store_setting_put(s, "alice", STORE_PART_ALL, &none, error);
}

static void
tool_is_not_heard(struct store *s, char *error)
{
	store_reset(s, "alice", T0, error);
	if (strstr(error, "did not process the request") != NULL)
		error[0] = '\0';
	else
		snprintf(error, STORE_ERROR, "it was heard");
}

static const struct {
	const char	*name;
	void		(*run)(struct store *s, char *error);
} tools[] = {
	{ "sets", tool_sets },
	{ "unsets", tool_unsets },
	{ "is not heard", tool_is_not_heard },
};

static int
tool(const char *name, const char *file)
{
	char		 error[STORE_ERROR] = "", *why = NULL;
	struct store	*s = store_open_tool(file, &why);
	size_t		 i;

	if (s == NULL)
		snprintf(error, sizeof(error), "%s", why);
	for (i = 0; s != NULL && i < NELEM(tools); i++)
		if (strcmp(tools[i].name, name) == 0)
			tools[i].run(s, error);
	store_close(&s);
	free(why);
	if (error[0] != '\0')
		fprintf(stderr, "%s\n", error);
	return error[0] != '\0';
}

/* As the user nobody it must fail. */
static void
as_tool(const char *name, bool nobody)
{
	pid_t	pid;
	int	status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (nobody && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(99);
		execl("/proc/self/exe", "tool", name, path, (char *)NULL);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), nobody);
}

/* --- what is there ------------------------------------------------------- */

static struct store_setting
setting_of(struct store *s, const char *key, time_t now)
{
	struct store_setting	t;
	char			error[STORE_ERROR];

	assert_int_equal(store_setting_get(s, key, now, &t, error),
	    STORE_TAKEN);
	return t;
}

static void
expect_set(struct store *s)
{
	struct store_setting t = setting_of(s, "alice", T0);

	assert_true(RCPTS_SET(t));
	assert_int_equal(RCPTS_MAX(t.limits), 7);
	assert_true(t.blocked_until == T0 + 7200);
	assert_string_equal(t.reason, "looks stolen");
	assert_int_equal(used(s, "alice", T0), 0);
	assert_int_equal(used(s, "bob", T0), 2);
}

static void
expect_requests(const char *want)
{
	struct sql	*s;
	char		*text;

	assert_true(sql_open(&s, path, SQL_READ));
	text = sql_text(s, "SELECT count(*) FROM request");
	assert_string_equal(text, want);
	free(text);
	sql_close(&s);
}

static void
the_running_daemon_is_asked(void **state)
{
	struct daemon	 d;
	struct store	*reader;
	char		*why = NULL;

	(void)state;
	start(&d);
	sent(d.store, "alice", T0, 5);
	sent(d.store, "bob", T0, 2);
	as_tool("sets", false);
	expect_set(d.store);
	expect_requests("0");
	/* a reader sees it now */
	reader = store_open_readonly(path, &why);
	assert_non_null(reader);
	expect_set(reader);
	store_close(&reader);
	stop(&d);
	start(&d);
	expect_set(d.store);
	as_tool("unsets", false);
	assert_false(RCPTS_SET(setting_of(d.store, "alice", T0)));
	stop(&d);
}

static void
without_a_daemon_it_is_done_at_once(void **state)
{
	struct store *s = open_good();

	(void)state;
	sent(s, "alice", T0, 5);
	sent(s, "bob", T0, 2);
	store_close(&s);
	as_tool("sets", false);
	s = open_good();
	expect_set(s);
	store_close(&s);
	as_tool("unsets", false);
	s = open_good();
	assert_int_equal(setting_of(s, "alice", T0).blocked_until, 0);
	store_close(&s);
}

/* The daemon hangs or is busy: the request waits. */
static void
what_was_asked_is_done_at_the_next_start(void **state)
{
	struct store *s = open_good();

	(void)state;
	sent(s, "alice", T0, 5);
	as_tool("is not heard", false);
	assert_int_equal(used(s, "alice", T0), 5);
	expect_requests("1");
	store_close(&s);
	s = open_good();
	assert_int_equal(used(s, "alice", T0), 0);
	expect_requests("0");
	store_close(&s);
}

static void
a_damaged_request_is_not_done(void **state)
{
	struct store	*s = open_good();
	struct sql	*other;
	char		 error[STORE_ERROR];

	(void)state;
	sent(s, "alice", T0, 5);
	assert_true(sql_open(&other, path, SQL_WRITE));
	assert_true(sql_exec(other, "INSERT INTO request(key, parts, "
	    "recipients, messages, blocked_until, block, reason, changed, "
	    "sum) VALUES('alice', 8, 0, 0, 0, 0, '', 0, 1)"));
	sql_close(&other);
	assert_int_equal(store_take_requests(s, error), STORE_UNKNOWN);
	assert_non_null(strstr(error, "checksum of a request"));
	assert_int_equal(store_take_requests(s, error), STORE_TAKEN);
	assert_int_equal(used(s, "alice", T0), 5);
	store_close(&s);
}

static void
a_damaged_setting_is_named(void **state)
{
	static const char *const harms[] = {
		"UPDATE setting SET blocked_until = 0",
		"UPDATE setting SET recipients = 9",
		"UPDATE setting SET reason = 'x' || char(10)",
		"UPDATE setting SET key = 'bob'",
		"UPDATE setting SET block = 3",
		"UPDATE setting SET messages = 'many'",
	};
	struct store	*s;
	struct sql	*other;
	char		 error[STORE_ERROR];
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(harms); i++) {
		s = open_good();
		assert_int_equal(store_setting_put(s, "alice",
		    STORE_PART_ALL, &block, error), STORE_TAKEN);
		store_close(&s);
		assert_true(sql_open(&other, path, SQL_WRITE));
		assert_true(sql_exec(other, harms[i]));
		sql_close(&other);
		open_bad(harms[i], "checksum of a setting");
		remove_files();
	}
}

static void
blocks_that_are_over_leave_the_file(void **state)
{
	struct store	*s = open_good();
	struct sql	*other;
	char		 error[STORE_ERROR], *text;

	(void)state;
	store_setting_put(s, "alice", STORE_PART_BLOCK, &block, error);
	store_setting_put(s, "bob", STORE_PART_BLOCK, &block, error);
	store_setting_put(s, "bob", STORE_PART_RECIPIENTS, &limit, error);
	assert_int_equal(store_prune(s, T0 + 7199, error), STORE_TAKEN);
	assert_int_equal(setting_of(s, "bob", T0).blocked_until, T0 + 7200);
	assert_int_equal(store_prune(s, T0 + 7200, error), STORE_TAKEN);
	assert_int_equal(setting_of(s, "bob", T0).blocked_until, 0);
	assert_true(RCPTS_SET(setting_of(s, "bob", T0)));
	store_close(&s);
	assert_true(sql_open(&other, path, SQL_READ));
	text = sql_text(other, "SELECT group_concat(key || blocked_until) "
	    "FROM setting");
	assert_string_equal(text, "bob0");
	free(text);
	sql_close(&other);
}

static void
who_may_not_write_is_told_what_to_do(void **state)
{
	struct store	*s;
	char		*why = NULL;

	(void)state;
	s = store_open_tool(path, &why);
	assert_null(s);
	assert_non_null(strstr(why, "millgate creates it when it starts"));
	free(why);
	assert_int_equal(access(path, F_OK), -1);
	if (geteuid() != 0)
		skip();
	close_it(open_good());
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chown(path, 1, 1), 0);
	why = NULL;
	s = store_open_tool(path, &why);
	assert_null(s);
	assert_non_null(strstr(why, "run millgatectl as root or as "));
	free(why);
	as_tool("sets", true);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_running_daemon_is_asked),
		TEST(without_a_daemon_it_is_done_at_once),
		TEST(what_was_asked_is_done_at_the_next_start),
		TEST(a_damaged_request_is_not_done),
		TEST(a_damaged_setting_is_named),
		TEST(blocks_that_are_over_leave_the_file),
		TEST(who_may_not_write_is_told_what_to_do),
	};

	if (argc == 3)
		return tool(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
