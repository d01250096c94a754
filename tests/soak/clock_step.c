/*
 * clock_step - preloaded into a program: its clock can be set at any time
 *
 * $CLOCK_STEP names a file with one native int64_t, the seconds that are added
 * to CLOCK_REALTIME, time(2) and gettimeofday(2). The file is mapped, so what a
 * test writes there has effect at once. Clocks that cannot be set are
 * unchanged. So are the machine's own.
 *
 * It asks the kernel itself, since the functions of the C library may be those
 * of a sanitizer that is not ready yet.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const _Atomic int64_t *offset;

__attribute__((constructor)) static void
clock_step_open(void)
{
	const char	*path = getenv("CLOCK_STEP");
	long		 fd, at;

	if (path == NULL)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	at = syscall(SYS_mmap, NULL, sizeof(*offset), PROT_READ, MAP_SHARED,
	    fd, 0L);
	syscall(SYS_close, fd);
	if (at != -1)
		offset = (const _Atomic int64_t *)at;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	long status = syscall(SYS_clock_gettime, id, ts);

	if (status == 0 && offset != NULL &&
	    (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += *offset;
	return (int)status;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *where)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &ts) != 0)
		return (time_t)-1;
	if (where != NULL)
		*where = ts.tv_sec;
	return ts.tv_sec;
}
