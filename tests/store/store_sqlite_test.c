/*
 * store_sqlite: every fault that the state file can have at the start, the tool
 * that reads beside the daemon, and failures at work.
 */
#include "test.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>
#include <sqlite3.h>

#include "store_test.h"

#define NOBODY	65534

static void
sql(const char *name, const char *text)
{
	sqlite3	*db;
	char	*why = NULL;

	assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", text, why);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Run it in a process of its own, as nobody if we are root. */
static void
as_nobody(void (*run)(void))
{
	pid_t	pid;
	int	status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(NOBODY) != 0 ||
		    setuid(NOBODY) != 0))
			_exit(99);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* In the child, where cmocka cannot jump to its parent. */
static void
must_say(struct store *s, const char *why, const char *want)
{
	if (s == NULL && why != NULL && strstr(why, want) != NULL)
		return;
	fprintf(stderr, "want: %s, got: %s\n", want,
	    s != NULL ? "success" : why);
	_exit(1);
}

/* --- opening ------------------------------------------------------------- */

static void
a_missing_file_is_created(void **state)
{
	mode_t		 mask = umask(0);
	struct store	*s;
	struct stat	 st;

	(void)state;
	s = open_good();
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(beside("-lock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(beside(".new"), F_OK), -1);
	sent(s, "alice", T0, 1);
	assert_int_equal(stat(beside("-wal"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	store_close(&s);
	assert_int_equal(access(beside("-wal"), F_OK), -1);
}

static void
what_a_crash_left_of_creating_is_no_harm(void **state)
{
	struct store *s;

	(void)state;
	write_file(beside(".new"), "SQLite", 6);
	s = open_good();
	sent(s, "alice", T0, 1);
	store_close(&s);
	assert_int_equal(access(beside(".new"), F_OK), -1);
}

/* Each row spoils a good, closed state file. */
static void	spoil_nothing(void) { }
static void	spoil_text(void) { write_file(path, "# hello\n", 8); }
static void	spoil_empty(void) { write_file(path, "", 0); }
static void	spoil_mode(void) { chmod(path, 0666); }

static void
spoil_link(void)
{
	assert_int_equal(rename(path, beside(".other")), 0);
	assert_int_equal(symlink(beside(".other"), path), 0);
}

static void
spoil_directory(void)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
spoil_fifo(void)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void
spoil_stale_log(void)
{
	assert_int_equal(unlink(path), 0);
	write_file(beside("-wal"), "something", 9);
}

static void
spoil_header_beside_log(void)
{
	size_t		 len;
	unsigned char	*data = read_file(path, &len);

	data[18] = data[19] = 1;
	write_file(path, data, len);
	write_file(beside("-wal"), "something", 9);
	free(data);
}

static void
spoil_foreign(void)
{
	unlink(path);
	sql(path, "CREATE TABLE mail(id INTEGER)");
}

static void
spoil_foreign_name(void)
{
	unlink(path);
	sql(path, "CREATE TABLE bucket(id INTEGER); PRAGMA user_version = 1");
}

static void spoil_newer(void) { sql(path, "PRAGMA user_version = 99"); }
static void spoil_negative(void) { sql(path, "PRAGMA user_version = -7"); }
static void spoil_dropped(void) { sql(path, "DROP TABLE bucket"); }

static void
spoil_table(void)
{
	sql(path, "ALTER TABLE bucket ADD COLUMN more INTEGER");
}

/* A trigger could undo each count, and a restart would reset all. */
static void
spoil_trigger(void)
{
	sql(path, "CREATE TRIGGER t AFTER INSERT ON bucket "
	    "BEGIN DELETE FROM bucket; END");
}

static void
spoil_lock(void)
{
	assert_int_equal(unlink(beside("-lock")), 0);
	assert_int_equal(symlink("/nowhere/else", beside("-lock")), 0);
}

/* A second name of a file: what changes it changes another program's file. */
static void
spoil_hard_lock(void)
{
	char lock[128];

	snprintf(lock, sizeof(lock), "%s", beside("-lock"));
	assert_int_equal(link(lock, beside(".other")), 0);
}

static void
spoil_hard_link(void)
{
	assert_int_equal(link(path, beside(".other")), 0);
}

static void
spoil_log_link(void)
{
	assert_int_equal(symlink("/nowhere/else", beside("-wal")), 0);
}

static void
spoil_index_pipe(void)
{
	assert_int_equal(mkfifo(beside("-shm"), 0600), 0);
}

static void
spoil_count(void)
{
	sql(path, "UPDATE bucket SET recipients = 1");
}

static void
spoil_type(void)
{
	sql(path, "UPDATE bucket SET recipients = 'many'");
}

static void
spoil_sign(void)
{
	sql(path, "UPDATE bucket SET messages = -1");
}

static void
spoil_key(void)
{
	sql(path, "UPDATE bucket SET key = x'616c696365'");
}

static const struct {
	const char	*name;
	void		(*spoil)(void);
	const char	*want;
} faults[] = {
	{ "nothing", spoil_nothing, NULL },
	{ "a text file", spoil_text, "is not a millgate state file" },
	{ "an empty file", spoil_empty, "is empty" },
	{ "a file that everyone may write", spoil_mode, "chmod o-w" },
	{ "a symbolic link", spoil_link, "symbolic link" },
	{ "a directory", spoil_directory, "not a regular file" },
	{ "a pipe", spoil_fifo, "not a regular file" },
	{ "another file's log", spoil_stale_log, "is missing, but" },
	{ "a header that denies the log", spoil_header_beside_log,
	    "does not match" },
	{ "another program's database", spoil_foreign, "another program's" },
	{ "another program's bucket", spoil_foreign_name,
	    "another program's" },
	{ "a newer version", spoil_newer, "newer millgate (schema 99" },
	{ "a version that cannot be", spoil_negative, "is damaged" },
	{ "no table", spoil_dropped, "is damaged" },
	{ "another table", spoil_table, "is damaged" },
	{ "a trigger", spoil_trigger, "it has a trigger" },
	{ "a lock that is a link", spoil_lock, "is a symbolic link" },
	{ "a lock with two names", spoil_hard_lock, "has 2 hard links" },
	{ "two names", spoil_hard_link, "has 2 hard links" },
	{ "a log that is a link", spoil_log_link, "with one hard link" },
	{ "an index that is a pipe", spoil_index_pipe, "with one hard link" },
	{ "a changed count", spoil_count, "checksum" },
	{ "a count of another type", spoil_type, "checksum" },
	{ "a negative count", spoil_sign, "checksum" },
	{ "a key of another type", spoil_key, "checksum" },
};

static void
faults_are_named_and_nothing_is_reset(void **state)
{
	struct store	*s;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(faults); i++) {
		s = open_good();
		sent(s, "alice", T0, 3);
		store_close(&s);
		faults[i].spoil();
		if (faults[i].want == NULL) {
			s = open_good();
			assert_int_equal(used(s, "alice", T0), 3);
			store_close(&s);
		} else {
			open_bad(faults[i].name, faults[i].want);
			/* and again: the first attempt repaired nothing */
			open_bad(faults[i].name, faults[i].want);
		}
		remove_files();
	}
}

static void
a_missing_directory(void **state)
{
	struct store	*s;
	char		*why = NULL;

	(void)state;
	s = store_open(beside("-none/state.db"), &why);
	assert_null(s);
	assert_non_null(strstr(why, "does not exist; create it, owned by"));
	free(why);
	why = NULL;
	s = store_open("http://127.0.0.1/0", &why);
	assert_null(s);
	assert_non_null(strstr(why, "neither a path nor a redis:// URL"));
	free(why);
}

static void
open_as_nobody_unwritable(void)
{
	char		*why = NULL;
	struct store	*s = store_open(path, &why);

	must_say(s, why, "-lock: Permission denied; the directory must be "
	    "writable for");
}

static void
a_directory_that_cannot_be_written(void **state)
{
	(void)state;
	assert_int_equal(chmod(dir, 0555), 0);
	as_nobody(open_as_nobody_unwritable);
}

static void
open_as_nobody_readonly(void)
{
	char		*why = NULL;
	struct store	*s = store_open(path, &why);

	must_say(s, why, "cannot be written: Permission denied");
}

static void
a_file_that_cannot_be_written(void **state)
{
	(void)state;
	close_it(open_good());
	if (geteuid() == 0) {
		assert_int_equal(chown(dir, NOBODY, NOBODY), 0);
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
		assert_int_equal(unlink(beside("-lock")), 0);
	}
	assert_int_equal(chmod(path, 0400), 0);
	as_nobody(open_as_nobody_readonly);
}

static void
a_file_of_another_owner(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	close_it(open_good());
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	open_bad("owner", "belongs to nobody, but millgate runs as root");
}

static void
two_daemons_are_refused(void **state)
{
	struct store	*s = open_good();
	char		 want[64];

	(void)state;
	snprintf(want, sizeof(want), "another millgate (process %ld)",
	    (long)getpid());
	open_bad("second", want);
	sent(s, "alice", T0, 1);
	store_close(&s);
	close_it(open_good());
}

static void
a_lock_of_another_program(void **state)
{
	sqlite3		*db;
	struct store	*s;
	struct store_usage u;

	(void)state;
	close_it(open_good());
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE;"
	    "BEGIN EXCLUSIVE; COMMIT", NULL, NULL, NULL), SQLITE_OK);
	open_bad("locked", "another program has locked it");
	sqlite3_close(db);
	s = open_good();
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(send_to(s, "alice", T0, 2, &u), STORE_UNKNOWN);
	assert_non_null(strstr(u.error, "another program has locked it"));
	assert_int_equal(RCPTS(u) + RCPTS_HELD(u), 0);
	sqlite3_close(db);
	sent(s, "alice", T0, 2);
	assert_int_equal(used(s, "alice", T0), 2);
	store_close(&s);
}

/* --- reading beside the daemon -------------------------------------------- */

static struct store *
read_good(void)
{
	struct store	*s;
	char		*why = NULL;

	s = store_open_readonly(path, &why);
	if (s == NULL)
		fail_msg("%s", why);
	return s;
}

static void
the_tool_reads_beside_a_daemon(void **state)
{
	struct store		*s = open_good(), *tool;
	struct store_usage	 u;
	char			 error[STORE_ERROR];

	(void)state;
	sent(s, "alice", T0, 3);
	tool = read_good();
	assert_int_equal(used(tool, "alice", T0), 3);
	sent(s, "alice", T0, 1);
	assert_int_equal(used(tool, "alice", T0), 3);
	assert_int_equal(send_to(tool, "alice", T0, 1, &u), STORE_UNKNOWN);
	assert_int_equal(store_prune(tool, T0, error), STORE_UNKNOWN);
	assert_non_null(strstr(error, "for reading"));
	assert_int_equal(store_clock_moved(tool, 60, error), STORE_UNKNOWN);
	store_close(&tool);
	store_close(&s);
	/* and without one; nothing is left beside the file */
	tool = read_good();
	assert_int_equal(used(tool, "alice", T0), 4);
	store_close(&tool);
}

static void
the_tool_creates_nothing(void **state)
{
	struct store	*s;
	char		*why = NULL;

	(void)state;
	s = store_open_readonly(path, &why);
	assert_null(s);
	assert_non_null(strstr(why, "does not exist; "));
	free(why);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(beside("-lock"), F_OK), -1);
}

static void
read_as_nobody(void)
{
	char			*why = NULL;
	struct store		*s = store_open_readonly(path, &why);
	struct store_usage	 u;

	if (s == NULL) {
		fprintf(stderr, "%s\n", why);
		_exit(1);
	}
	store_usage(s, "alice", T0, no_limits, &u);
	if (RCPTS(u) != 3)
		_exit(2);
	store_close(&s);
}

static void
who_may_only_read_can_read(void **state)
{
	struct store *s = open_good();

	(void)state;
	sent(s, "alice", T0, 3);
	store_close(&s);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(dir, 0555), 0);
	as_nobody(read_as_nobody);
	/* also beside the daemon, through the log that is there */
	s = open_good();
	sent(s, "bob", T0, 3);
	assert_int_equal(chmod(dir, 0555), 0);
	as_nobody(read_as_nobody);
	store_close(&s);
}

/* --- at work ------------------------------------------------------------- */

static void
a_file_that_goes_away(void **state)
{
	struct store		*s = open_good();
	struct store_usage	 u;
	char			 error[STORE_ERROR];

	(void)state;
	sent(s, "alice", T0, 1);
	assert_int_equal(rename(path, beside(".other")), 0);
	assert_int_equal(send_to(s, "alice", T0, 1, &u), STORE_UNKNOWN);
	assert_non_null(strstr(u.error, "removed or replaced"));
	assert_int_equal(store_prune(s, T0, error), STORE_UNKNOWN);
	assert_int_equal(rename(beside(".other"), path), 0);
	sent(s, "alice", T0, 1);
	assert_int_equal(used(s, "alice", T0), 2);
	store_close(&s);
}

/* Counts written to an unlinked log are lost with the process. */
static void
a_log_that_goes_away(void **state)
{
	static const char *const parts[] = { "-wal", "-shm" };
	struct store		*s;
	struct store_usage	 u;
	char			 want[64], error[STORE_ERROR];
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(parts); i++) {
		s = open_good();
		sent(s, "alice", T0, 1);
		assert_int_equal(unlink(beside(parts[i])), 0);
		assert_int_equal(send_to(s, "alice", T0, 1, &u),
		    STORE_UNKNOWN);
		snprintf(want, sizeof(want), "%s: was removed or replaced",
		    parts[i]);
		if (strstr(u.error, want) == NULL)
			row_fail(parts[i], "%s", u.error);
		assert_int_equal(store_prune(s, T0, error), STORE_UNKNOWN);
		store_close(&s);
		remove_files();
	}
}

static void
old_rows_leave_the_file(void **state)
{
	struct store	*s = open_good();
	char		 key[16], error[STORE_ERROR];
	sqlite3		*db;
	sqlite3_stmt	*st;
	unsigned	 i;

	(void)state;
	for (i = 0; i < 4100; i++) {
		snprintf(key, sizeof(key), "user%u", i);
		sent(s, key, T0 + (time_t)(i % 3) * 60, 1);
	}
	assert_int_equal(store_prune(s, T0 + 3660, error), STORE_TAKEN);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*), min(minute) "
	    "FROM bucket", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 4100 / 3);
	assert_int_equal(sqlite3_column_int64(st, 1), T0 / 60 + 2);
	sqlite3_finalize(st);
	sqlite3_close(db);
	store_close(&s);
}

/* A limit on file size acts as a full disk: write(2) fails. */
static void
a_full_disk(void **state)
{
	struct store		*s = open_good();
	struct rlimit		 old, small = { 60000, RLIM_INFINITY };
	struct store_usage	 u = { .error = "" };
	unsigned		 i, took = 0;
	char			 key[32];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "a rather long user name %u", i);
		if (send_to(s, key, T0, 1, &u) != STORE_TAKEN)
			break;
		took++;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_in_range(i, 1, 1999);
	if (strstr(u.error, "disk I/O error") == NULL)
		fail_msg("%s", u.error);
	assert_int_equal(used(s, key, T0), 0);
	/* there is room again: work goes on */
	sent(s, "alice", T0, 5);
	store_close(&s);
	s = open_good();
	assert_int_equal(used(s, "alice", T0), 5);
	for (i = 0; i < took; i++) {
		snprintf(key, sizeof(key), "a rather long user name %u", i);
		assert_int_equal(used(s, key, T0), 1);
	}
	snprintf(key, sizeof(key), "a rather long user name %u", i);
	assert_int_equal(used(s, key, T0), 0);
	store_close(&s);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_missing_file_is_created),
		TEST(what_a_crash_left_of_creating_is_no_harm),
		TEST(faults_are_named_and_nothing_is_reset),
		TEST(a_missing_directory),
		TEST(a_directory_that_cannot_be_written),
		TEST(a_file_that_cannot_be_written),
		TEST(a_file_of_another_owner),
		TEST(two_daemons_are_refused),
		TEST(a_lock_of_another_program),
		TEST(the_tool_reads_beside_a_daemon),
		TEST(the_tool_creates_nothing),
		TEST(who_may_only_read_can_read),
		TEST(a_file_that_goes_away),
		TEST(a_log_that_goes_away),
		TEST(old_rows_leave_the_file),
		TEST(a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
