/*
 * descriptors: all of a range are closed, and no other, with close_range(2) and
 * without
 */
#include "test.h"

#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/descriptors.h"

#define FIRST	40
#define LAST	80

/* It stands in front of libc's. */
int	 test_close_range(unsigned, unsigned, int) __asm__("close_range");

static bool missing;

int
test_close_range(unsigned from, unsigned to, int flags)
{
	if (!missing)
		return (int)syscall(SYS_close_range, from, to, flags);
	errno = ENOSYS;
	return -1;
}

static void
check_range(unsigned from, unsigned to)
{
	unsigned fd;

	for (fd = FIRST; fd <= LAST; fd++)
		assert_int_equal(dup2(STDIN_FILENO, (int)fd), fd);
	descriptors_close(from, to);
	for (fd = FIRST; fd <= LAST; fd++)
		assert_int_equal(fcntl((int)fd, F_GETFD) != -1,
		    fd < from || fd > to);
	assert_int_not_equal(fcntl(STDERR_FILENO, F_GETFD), -1);
}

static void
a_range_is_closed(void **state)
{
	(void)state;
	check_range(FIRST + 3, LAST - 3);
	check_range(FIRST, ~0u);
	missing = true;
	check_range(FIRST + 3, LAST - 3);
	check_range(FIRST, ~0u);
	missing = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
