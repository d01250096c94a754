/*
 * coverage_hook - processes that end or are confined still write what they ran
 *
 * make coverage links every program of its build with this file, and with
 * -Wl,--wrap for the two functions below. libgcov writes its files at exit(),
 * but the daemon, its helper and the key process end with _exit(). And Landlock
 * would keep the daemon from the files, which are in the build directory. In
 * make check-faults, no step of libgcov fails or is counted.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <gcov.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#define RULE_PATH	1
#define FS_WRITE_FILE	(UINT64_C(1) << 1)
#define FS_READ_FILE	(UINT64_C(1) << 2)

struct rule_path {
	uint64_t	 access;
	int32_t		 fd;
} __attribute__((packed));

_Noreturn void	__real__exit(int status);
long		__real_syscall(long number, ...);
_Noreturn void	__wrap__exit(int status);
long		__wrap_syscall(long number, ...);

/* Before libgcov's own destructors, which have a priority. */
__attribute__((destructor)) static void
let_nothing_fail(void)
{
	void **plan = dlsym(RTLD_DEFAULT, "fault_plan");

	if (plan != NULL)
		*plan = NULL;
}

void
__wrap__exit(int status)
{
	let_nothing_fail();
	__gcov_dump();
	__real__exit(status);
}

/* Add to this set of rules: the files below the build directory. */
static void
allow_build(int set)
{
	struct rule_path rule = { FS_READ_FILE | FS_WRITE_FILE, -1 };

	rule.fd = open(COVERAGE_BUILD, O_PATH | O_CLOEXEC);
	if (rule.fd == -1)
		return;
	__real_syscall(SYS_landlock_add_rule, set, RULE_PATH, &rule, 0);
	close(rule.fd);
}

/* As libc's: a call with fewer arguments ignores the rest. */
long
__wrap_syscall(long number, ...)
{
	long	argument[6];
	va_list	ap;
	int	i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		argument[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_landlock_restrict_self)
		allow_build((int)argument[0]);
	return __real_syscall(number, argument[0], argument[1], argument[2],
	    argument[3], argument[4], argument[5]);
}
