/*
 * store_sqlite: disk faults, damaged files, and kills at any moment lose only
 * the transactions in flight.
 */
#include "test.h"

#include <sys/wait.h>

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <time.h>

#include "store_test.h"

/* --- faults of the disk, one call at a time ------------------------------ */

/* A VFS in front of the real one; the call number `fault_at` fails. */
static int			 fault_at, fault_code, fault_calls;
static bool			 fault_lasts, disk_full;
static sqlite3_vfs		 shim_vfs;
static sqlite3_vfs		*real_vfs;
/* SQLite has one table of methods for the database, one for its log */
static struct {
	sqlite3_io_methods		 shim;
	const sqlite3_io_methods	*real;
} methods[4];

static const sqlite3_io_methods *
real_methods(const sqlite3_file *f)
{
	size_t i;

	for (i = 0; f->pMethods != &methods[i].shim; i++)
		;
	return methods[i].real;
}

static bool
fault_now(void)
{
	if (fault_at == 0)
		return false;
	fault_calls++;
	return fault_calls == fault_at ||
	    (fault_lasts && fault_calls > fault_at);
}

/* A full disk: a file can be written, and cannot grow. */
static bool
must_grow(sqlite3_file *f, sqlite3_int64 end)
{
	sqlite3_int64 size;

	return real_methods(f)->xFileSize(f, &size) != SQLITE_OK || end > size;
}

static int
shim_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
	if (disk_full && must_grow(f, at + n))
		return SQLITE_FULL;
	if (!fault_now())
		return real_methods(f)->xWrite(f, data, n, at);
	/* a part of it may have reached the disk */
	if (n > 1)
		real_methods(f)->xWrite(f, data, n / 2, at);
	return fault_code;
}

static int
shim_read(sqlite3_file *f, void *data, int n, sqlite3_int64 at)
{
	if (fault_now() && fault_code != SQLITE_FULL)
		return SQLITE_IOERR_READ;
	return real_methods(f)->xRead(f, data, n, at);
}

static int
shim_sync(sqlite3_file *f, int flags)
{
	if (fault_now())
		return SQLITE_IOERR_FSYNC;
	return real_methods(f)->xSync(f, flags);
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (fault_now())
		return SQLITE_IOERR_TRUNCATE;
	return real_methods(f)->xTruncate(f, size);
}

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out)
{
	int	rc;
	size_t	i;

	(void)vfs;
	rc = real_vfs->xOpen(real_vfs, name, f, flags, out);
	if (rc != SQLITE_OK || f->pMethods == NULL)
		return rc;
	for (i = 0; i < NELEM(methods) - 1 && methods[i].real != NULL &&
	    methods[i].real != f->pMethods; i++)
		;
	if (methods[i].real == NULL) {
		methods[i].real = f->pMethods;
		methods[i].shim = *f->pMethods;
		methods[i].shim.xWrite = shim_write;
		methods[i].shim.xRead = shim_read;
		methods[i].shim.xSync = shim_sync;
		methods[i].shim.xTruncate = shim_truncate;
	}
	assert_ptr_equal(f->pMethods, methods[i].real);
	f->pMethods = &methods[i].shim;
	return rc;
}

static void
shim_start(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	shim_vfs = *real_vfs;
	shim_vfs.zName = "shim";
	shim_vfs.xOpen = shim_open;
	sqlite3_vfs_register(&shim_vfs, 1);
}

static void
shim_stop(void)
{
	sqlite3_vfs_register(real_vfs, 1);
	sqlite3_vfs_unregister(&shim_vfs);
}

/* One recipient. */
static enum store_answer
send_limited(struct store *s, struct store_limits limits,
    struct store_usage *u)
{
	struct reservation *r = reservation_on(s, "alice", limits);

	assert_int_equal(store_reserve(r, T0, u), STORE_TAKEN);
	return store_commit(&r, T0, u);
}

#define FAULT_MESSAGES	12

/* True when the fault came after all our calls: the sweep is over. */
static bool
work_with_fault(int at)
{
	struct store		*s = open_good();
	struct store_usage	 u;
	uint32_t		 took = 0, lost = 0;
	char			 error[STORE_ERROR];
	unsigned		 i;
	bool			 over;

	fault_calls = 0;
	fault_at = at;
	for (i = 0; i < FAULT_MESSAGES; i++) {
		if (send_to(s, "alice", T0, 2, &u) == STORE_TAKEN) {
			took += 2;
		} else {
			lost++;
			assert_string_not_equal(u.error, "");
		}
		assert_int_equal(RCPTS(u), took);
		assert_int_equal(RCPTS_HELD(u), 0);
		if (i % 5 == 4)
			store_prune(s, T0, error);
	}
	over = fault_calls < at;
	assert_true(lost > 0 || over || !fault_lasts);
	/* it closes with the fault still there, like kill -9 */
	store_close(&s);
	fault_at = 0;
	s = open_good();
	assert_int_equal(used(s, "alice", T0), took);
	store_close(&s);
	remove_files();
	return over;
}

static void
every_single_fault_of_the_disk(void **state)
{
	static const int codes[] = { SQLITE_FULL, SQLITE_IOERR_WRITE };
	size_t	i;
	int	at;

	(void)state;
	shim_start();
	for (i = 0; i < NELEM(codes) * 2; i++) {
		fault_code = codes[i / 2];
		fault_lasts = i % 2 == 1;
		for (at = 1; !work_with_fault(at); at++)
			assert_in_range(at, 1, 500);
		assert_in_range(at, FAULT_MESSAGES, 500);
	}
	shim_stop();
}

/*
 * A day that begins to be counted begins with the last hour, also on the disk,
 * when the commit that begins it fails. False: no call failed.
 */
static bool
day_begins_with_fault(int at)
{
	const struct store_limits all = limits_everywhere();
	struct store		*s = open_good();
	struct store_usage	 u;
	bool			 failed;

	assert_int_equal(send_to(s, "alice", T0, 5, &u), STORE_TAKEN);
	fault_calls = 0;
	fault_at = at;
	failed = send_limited(s, all, &u) == STORE_UNKNOWN;
	fault_at = 0;
	assert_int_equal(send_limited(s, all, &u), STORE_TAKEN);
	store_close(&s);
	s = open_good();
	assert_int_equal(store_usage(s, "alice", T0, all, &u), STORE_TAKEN);
	assert_int_equal(RCPTS(u), failed ? 6 : 7);
	assert_int_equal(u.used[STORE_RECIPIENTS][STORE_DAY], RCPTS(u));
	assert_int_equal(u.used[STORE_MESSAGES][STORE_MONTH], MSGS(u));
	store_close(&s);
	remove_files();
	return failed;
}

static void
a_fault_loses_no_count_of_a_new_window(void **state)
{
	int at;

	(void)state;
	shim_start();
	fault_code = SQLITE_FULL;
	fault_lasts = true;
	for (at = 1; day_begins_with_fault(at); at++)
		assert_in_range(at, 1, 500);
	assert_true(at > 1);
	shim_stop();
}

/* The log has room from its start again when its pages are in the file. */
static void
a_full_disk_takes_what_needs_no_new_page(void **state)
{
	struct store		*s;
	struct store_usage	 u;
	char			 error[STORE_ERROR];
	unsigned		 i;

	(void)state;
	shim_start();
	s = open_good();
	for (i = 1; i <= 50; i++)
		assert_int_equal(send_to(s, "alice", T0, 1, &u), STORE_TAKEN);
	assert_int_equal(store_prune(s, T0, error), STORE_TAKEN);
	for (; i <= 100; i++)
		assert_int_equal(send_to(s, "alice", T0, 1, &u), STORE_TAKEN);
	disk_full = true;
	for (; i <= 1000; i++) {
		assert_int_equal(send_to(s, "alice", T0, 1, &u), STORE_TAKEN);
		assert_int_equal(RCPTS(u), i);
	}
	disk_full = false;
	store_close(&s);
	s = open_good();
	assert_int_equal(used(s, "alice", T0), 1000);
	store_close(&s);
	remove_files();
	shim_stop();
}

/* --- damage -------------------------------------------------------------- */

#define DAMAGE_KEYS	150
#define PAGE		4096

static void
damage_fill(struct store *s)
{
	char		 key[32], error[STORE_ERROR];
	unsigned	 i;

	for (i = 0; i < DAMAGE_KEYS; i++) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		sent(s, key, T0 + (time_t)(i % 4) * 60, i + 1);
	}
	/* some free pages and space, too */
	for (i = 0; i < DAMAGE_KEYS; i++) {
		snprintf(key, sizeof(key), "old%u@example.org", i);
		sent(s, key, T0 - 3600, 1);
	}
	assert_int_equal(store_prune(s, T0, error), STORE_TAKEN);
}

/* A closed state file, and its counts. */
static unsigned char *
damage_begin(size_t *len)
{
	struct store *s = open_good();

	damage_fill(s);
	store_close(&s);
	return read_file(path, len);
}

/* The files that a killed process leaves, and their counts. */
#define LEFT	4

static const char *const left_names[LEFT] = { "", "-wal", "-shm", "-lock" };

struct left {
	unsigned char	*data[LEFT];
	size_t		 len[LEFT];
};

/* more: some counts are in the log alone. */
static void
left_begin_with(struct left *l, bool more)
{
	struct store *s;
	pid_t	pid;
	int	status;
	size_t	i;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		damage_fill(s = open_good());
		if (more)
			sent(s, "late@example.org", T0, 1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	for (i = 0; i < LEFT; i++)
		l->data[i] = read_file(beside(left_names[i]), &l->len[i]);
}

static void
left_begin(struct left *l)
{
	left_begin_with(l, false);
}

static void
left_restore(const struct left *l)
{
	size_t i;

	remove_files();
	for (i = 0; i < LEFT; i++)
		write_file(beside(left_names[i]), l->data[i], l->len[i]);
	assert_int_equal(chmod(path, 0640), 0);
}

static void
left_end(struct left *l)
{
	size_t i;

	for (i = 0; i < LEFT; i++)
		free(l->data[i]);
}

/* The file is refused, or it has exactly the counts of before. */
static bool
refused_or_exact(void)
{
	struct store		*s;
	struct store_rows	 rows;
	char			*why = NULL, key[48], error[STORE_ERROR];
	size_t			 i;

	s = store_open(path, &why);
	if (s == NULL) {
		assert_non_null(strchr(why, ';'));
		free(why);
		return true;
	}
	assert_int_equal(store_list(s, T0 + 240, &rows, error), STORE_TAKEN);
	assert_int_equal(rows.n, DAMAGE_KEYS);
	for (i = 0; i < rows.n; i++) {
		snprintf(key, sizeof(key), "user%zu@example.org",
		    rows.n - 1 - i);
		assert_string_equal(rows.row[i].key, key);
		assert_int_equal(rows.row[i].recipients, rows.n - i);
		assert_int_equal(rows.row[i].messages, 1);
	}
	store_rows_free(&rows);
	store_close(&s);
	return false;
}

static void
flipped_bits_are_found(void **state)
{
	unsigned char	*data;
	size_t		 len, at;
	unsigned	 i, refused = 0, seed = 5;

	(void)state;
	data = damage_begin(&len);
	assert_false(refused_or_exact());
	for (i = 0; i < 1500; i++) {
		/* the file's header and those of pages more often */
		at = (size_t)rand_r(&seed) % (i % 4 == 0 ? 100 : len);
		if (i % 4 == 1)
			at = at / PAGE * PAGE + at % 16;
		data[at] ^= (unsigned char)(1u << (i & 7));
		write_file(path, data, len);
		refused += refused_or_exact();
		data[at] ^= (unsigned char)(1u << (i & 7));
		remove_files();
	}
	assert_in_range(refused, 300, 1499);
	free(data);
}

static void
truncated_files_are_found(void **state)
{
	unsigned char	*data;
	size_t		 len, cut;

	(void)state;
	data = damage_begin(&len);
	for (cut = 0; cut < len; cut += cut % 512 == 0 ? 1 : 511) {
		write_file(path, data, cut);
		/* exact: the lost part of the last page was a free one */
		if (!refused_or_exact() && cut <= len - PAGE)
			fail_msg("cut at %zu of %zu", cut, len);
		remove_files();
	}
	free(data);
}

static void
flipped_bits_in_the_log_are_found(void **state)
{
	struct left	 l;
	unsigned	 i, refused = 0, seed = 7;
	unsigned char	*at;

	(void)state;
	left_begin(&l);
	left_restore(&l);
	assert_false(refused_or_exact());
	for (i = 0; i < 600; i++) {
		at = &l.data[1][(size_t)rand_r(&seed) %
		    (i % 4 == 0 ? 64 : l.len[1])];
		*at ^= (unsigned char)(1u << (i & 7));
		left_restore(&l);
		refused += refused_or_exact();
		*at ^= (unsigned char)(1u << (i & 7));
	}
	assert_in_range(refused, 590, 600);
	left_end(&l);
}

static void
a_log_that_was_cut_is_found(void **state)
{
	struct left	l;
	size_t		len, cut;

	(void)state;
	left_begin(&l);
	len = l.len[1];
	for (cut = 0; cut < len; cut += cut % 5000 == 0 ? 1 : 4999) {
		l.len[1] = cut;
		left_restore(&l);
		if (!refused_or_exact())
			fail_msg("cut at %zu of %zu", cut, len);
	}
	left_end(&l);
	remove_files();
	left_begin_with(&l, true);
	left_restore(&l);
	assert_int_equal(unlink(beside("-wal")), 0);
	assert_true(refused_or_exact());
	left_end(&l);
}

/* A missing log is no damage if the file has all of it. */
static void
a_log_that_is_in_the_file_is_not_missed(void **state)
{
	struct left	l;

	(void)state;
	left_begin(&l);
	left_restore(&l);
	assert_int_equal(unlink(beside("-wal")), 0);
	assert_false(refused_or_exact());
	/* but one that is there would be read */
	left_restore(&l);
	write_file(beside("-wal"), l.data[1], l.len[1] - 1);
	assert_true(refused_or_exact());
	left_end(&l);
}

/* A log cut by a power failure is accepted after a boot. */
static void
after_a_power_cut_it_starts(void **state)
{
	static const char	 other[] = "99\nanother-boot\n";
	struct left		 l;
	struct store		*s;
	struct store_rows	 rows;
	char			 error[STORE_ERROR];

	(void)state;
	left_begin(&l);
	l.len[1] /= 2;
	left_restore(&l);
	write_file(beside("-lock"), other, sizeof(other) - 1);
	s = open_good();
	assert_int_equal(store_list(s, T0, &rows, error), STORE_TAKEN);
	assert_in_range(rows.n, 1, 2 * DAMAGE_KEYS);
	store_rows_free(&rows);
	store_close(&s);
	left_end(&l);
}

/* --- kill -9 ------------------------------------------------------------- */

#ifndef KILLS
#define KILLS		220
#endif
#define KILL_THREADS	3
#define KILL_RECIPIENTS	2
#define KILL_BYTES	UINT64_C(7000000)

struct killed { struct store *s; int fd; };

/* Each message is reported once it was answered. */
static void *
send_and_report(void *arg)
{
	struct killed		*k = arg;
	struct store_usage	 u;
	struct reservation	*r;

	for (;;) {
		r = reservation_on(k->s, "alice", limits_everywhere());
		store_reserve(r, T0, &u);
		store_reserve(r, T0, &u);
		store_set_bytes(r, KILL_BYTES);
		if (store_commit(&r, T0, &u) != STORE_TAKEN)
			_exit(1);
		if (write(k->fd, "+", 1) != 1)
			_exit(2);
	}
	return NULL;
}

static void
work_until_killed(int fd)
{
	struct killed	 k = { .fd = fd };
	pthread_t	 thread[KILL_THREADS];
	char		*why = NULL, error[STORE_ERROR];
	size_t		 i;

	k.s = store_open(path, &why);
	if (k.s == NULL) {
		fprintf(stderr, "%s\n", why);
		_exit(3);
	}
	for (i = 0; i < KILL_THREADS; i++)
		if (pthread_create(&thread[i], NULL, send_and_report, &k) != 0)
			_exit(4);
	for (;;)
		if (store_prune(k.s, T0, error) != STORE_TAKEN)
			_exit(5);
}

/* Wait for some reports (none: some moment of the start), and a little. */
static uint32_t
random_moment(int fd, unsigned *seed)
{
	struct timespec	 wait = { 0, 0 };
	uint32_t	 reports = (unsigned)rand_r(seed) % 40, n;
	char		 c;

	for (n = 0; n < reports && read(fd, &c, 1) == 1; n++)
		;
	wait.tv_nsec = (long)((unsigned)rand_r(seed) %
	    (reports == 0 ? 8000000 : 300000));
	nanosleep(&wait, NULL);
	return n;
}

/* How many messages were answered before the blow. */
static uint32_t
kill_one(unsigned *seed)
{
	char		 bytes[4096];
	uint32_t	 reported;
	int		 fd[2], status;
	ssize_t		 n;
	pid_t		 pid;

	fflush(NULL);
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fd[0]);
		work_until_killed(fd[1]);
	}
	close(fd[1]);
	reported = random_moment(fd[0], seed);
	kill(pid, SIGKILL);
	while ((n = read(fd[0], bytes, sizeof(bytes))) > 0)
		reported += (uint32_t)n;
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return reported;
}

/* Recipients; every window and unit must agree. */
static uint64_t
used_everywhere(struct store *s)
{
	struct store_usage u;

	assert_int_equal(store_usage(s, "alice", T0, limits_everywhere(), &u),
	    STORE_TAKEN);
	assert_true(windows_agree(&u));
	assert_int_equal(u.reserved[STORE_BYTES], 0);
	assert_int_equal(RCPTS(u), MSGS(u) * KILL_RECIPIENTS);
	assert_int_equal(u.used[STORE_BYTES][STORE_HOUR],
	    MSGS(u) * KILL_BYTES);
	return RCPTS(u);
}

static void
kill_at_any_moment(void **state)
{
	struct store	*s;
	uint64_t	 before = 0, after, accepted, in_flight;
	unsigned	 i, busy = 0, seed = 9;

	(void)state;
	for (i = 0; i < KILLS; i++) {
		accepted = KILL_RECIPIENTS * kill_one(&seed);
		s = open_good();
		after = used_everywhere(s);
		store_close(&s);
		in_flight = KILL_RECIPIENTS * KILL_THREADS;
		assert_in_range(after, before + accepted,
		    before + accepted + in_flight);
		busy += accepted > 0;
		before = after;
	}
	/* the moments were good ones */
	assert_in_range(busy, KILLS / 2, KILLS);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_single_fault_of_the_disk),
		TEST(a_full_disk_takes_what_needs_no_new_page),
		TEST(a_fault_loses_no_count_of_a_new_window),
		TEST(flipped_bits_are_found),
		TEST(truncated_files_are_found),
		TEST(flipped_bits_in_the_log_are_found),
		TEST(a_log_that_was_cut_is_found),
		TEST(a_log_that_is_in_the_file_is_not_missed),
		TEST(after_a_power_cut_it_starts),
		TEST(kill_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
