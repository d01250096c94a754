/*
 * state_unreadable: a state file that the disk does not give back is not
 * called damaged, at any read of the start; and a start that could not open a
 * part of it for writing does not begin to serve
 *
 * These calls stand in front of libc's, for us and for SQLite.
 */
#include "test.h"

#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>

#include "store_test.h"

#define LOGINS	150	/* more than one page */

ssize_t	 test_pread(int, void *, size_t, off_t) __asm__("pread");
ssize_t	 test_pread64(int, void *, size_t, off_t) __asm__("pread64");

int	 test_open(const char *, int, ...) __asm__("open");
int	 test_open64(const char *, int, ...) __asm__("open64");

static struct {
	bool		 opens;		/* these fail, and no reads */
	bool		 armed, all;	/* all: the later reads fail, too */
	unsigned	 nth, used;
} fault;

ssize_t
test_pread(int fd, void *data, size_t len, off_t at)
{
	struct iovec part = { data, len };

	if (fault.armed && !fault.opens && (++fault.used == fault.nth ||
	    (fault.all && fault.used > fault.nth))) {
		errno = EIO;
		return -1;
	}
	return preadv(fd, &part, 1, at);
}

ssize_t
test_pread64(int fd, void *data, size_t len, off_t at)
{
	return test_pread(fd, data, len, at);
}

static int
open_or_fail(const char *name, int flags, mode_t mode)
{
	if (fault.armed && fault.opens && ++fault.used == fault.nth) {
		errno = EMFILE;
		return -1;
	}
	return openat(AT_FDCWD, name, flags, mode);
}

#define OPEN(function)						\
int								\
function(const char *name, int flags, ...)			\
{								\
	mode_t	mode = 0;					\
	va_list ap;						\
								\
	va_start(ap, flags);					\
	if ((flags & O_CREAT) != 0)				\
		mode = va_arg(ap, mode_t);			\
	va_end(ap);						\
	return open_or_fail(name, flags, mode);			\
}
OPEN(test_open)
OPEN(test_open64)

static void
fill(struct store *s)
{
	char		key[48];
	unsigned	i;

	for (i = 0; i < LOGINS; i++) {
		snprintf(key, sizeof(key), "user%u@example.org", i);
		sent(s, key, T0, 1);
	}
}

static void
make_closed(void)
{
	struct store *s = open_good();

	fill(s);
	store_close(&s);
}

/* The log has all counts, and the index says how many. */
static void
make_killed(void)
{
	pid_t	pid;
	int	status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fill(open_good());
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* The files of a start. */
#define PARTS	4

static const char *const names[PARTS] = { "", "-wal", "-shm", "-lock" };

struct part {
	unsigned char	*data;	/* NULL: it does not exist */
	size_t		 len;
};

static void
parts_keep(struct part part[PARTS])
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		part[i].data = access(beside(names[i]), F_OK) == 0 ?
		    read_file(beside(names[i]), &part[i].len) : NULL;
}

static void
parts_restore(const struct part part[PARTS])
{
	size_t i;

	remove_files();
	for (i = 0; i < PARTS; i++)
		if (part[i].data != NULL)
			write_file(beside(names[i]), part[i].data,
			    part[i].len);
	assert_int_equal(chmod(path, 0640), 0);
}

/* True: this read was made. */
static bool
try_read(const struct part part[PARTS], bool all, unsigned nth,
    unsigned *refused)
{
	struct store	*s;
	char		*why = NULL;

	parts_restore(part);
	fault.all = all;
	fault.nth = nth;
	fault.used = 0;
	fault.armed = true;
	s = store_open(path, &why);
	fault.armed = false;
	if (s == NULL && (strstr(why, "damaged") != NULL ||
	    strstr(why, "cannot be") == NULL || strchr(why, ';') == NULL))
		fail_msg("read %u%s: %s", nth, all ? " and all later" : "",
		    why);
	*refused += s == NULL;
	if (s != NULL)
		store_close(&s);
	free(why);
	return fault.used >= nth;
}

static void
try_all(void)
{
	struct part	part[PARTS];
	unsigned	n, refused = 0;
	size_t		i;

	parts_keep(part);
	for (n = 1; try_read(part, false, n, &refused); n++)
		;
	assert_in_range(n, 10, 1000);
	for (n = 1; try_read(part, true, n, &refused); n++)
		;
	assert_in_range(refused, n, 2 * n);
	for (i = 0; i < PARTS; i++)
		free(part[i].data);
}

static void
a_file_that_cannot_be_read(void **state)
{
	(void)state;
	make_closed();
	try_all();
}

static void
a_log_that_cannot_be_read(void **state)
{
	(void)state;
	make_killed();
	try_all();
}

/* True: this file was opened. */
static bool
try_open(const struct part part[PARTS], unsigned nth, unsigned *refused)
{
	struct store	*s;
	char		*why = NULL;

	parts_restore(part);
	fault.nth = nth;
	fault.used = 0;
	fault.opens = fault.armed = true;
	s = store_open(path, &why);
	fault.opens = fault.armed = false;
	*refused += s == NULL;
	if (s != NULL) {
		sent(s, "user0@example.org", T0, 1);
		store_close(&s);
	}
	free(why);
	return fault.used >= nth;
}

static void
a_part_that_cannot_be_opened_for_writing(void **state)
{
	struct part	part[PARTS];
	unsigned	n, refused = 0;
	size_t		i;

	(void)state;
	make_killed();
	parts_keep(part);
	for (n = 1; try_open(part, n, &refused); n++)
		;
	assert_in_range(refused, 4, n);
	for (i = 0; i < PARTS; i++)
		free(part[i].data);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_cannot_be_read),
		TEST(a_log_that_cannot_be_read),
		TEST(a_part_that_cannot_be_opened_for_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
