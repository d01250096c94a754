/*
 * fault_calls - calls of libc and libmilter that can be made to fail
 *
 * These definitions stand in front of those of the libraries, for all callers
 * in the process: our own objects, SQLite, OpenSSL, libmilter. They are linked
 * into faults_scenarios, and are fault_calls.so, which a program under test
 * preloads. There MILLGATE_FAULTS names the file of the plan.
 */
#define _GNU_SOURCE	/* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "faults/fault.h"

/*
 * Neither fcntl.h nor unistd.h, which may declare these as inline functions or
 * with other types; so there are no prototypes.
 */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wbuiltin-requires-header"

#define CREATES		0100	/* O_CREAT */
#define TEMPORARY	020200000	/* O_TMPFILE */
#define SET_LOCK	6		/* F_SETLK */
#define UNLOCK		2		/* F_UNLCK, in l_type, the first member */

struct fault_plan *fault_plan;

bool
fault_here(enum fault_kind kind)
{
	struct fault_plan *p = fault_plan;

	if (p == NULL || atomic_load(&p->armed) == 0)
		return false;
	if (atomic_fetch_add(&p->used[kind], 1) + 1 != atomic_load(&p->nth) ||
	    atomic_load(&p->kind) != (int)kind)
		return false;
	atomic_store(&p->struck, 1);
	return true;
}

static void *
libc(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		abort();
	return f;
}

/*
 * One function with fixed arguments. `first` is done before the real one, and
 * `mark` when it fails.
 */
#define CALL_WITH(first, mark, kind, error, bad, type, name, params, args) \
type								\
name params							\
{								\
	static type (*real) params;				\
								\
	if (real == NULL)					\
		*(void **)&real = libc(#name);			\
	first							\
	if (fault_here(kind)) {					\
		mark						\
		errno = (error);				\
		return (bad);					\
	}							\
	return real args;					\
}
#define CALL(kind, error, bad, type, name, params, args)	\
	CALL_WITH(, , kind, error, bad, type, name, params, args)

/* A call that waits; a signal may end the wait. */
#define SIGNALLED(bad)						\
	if (fault_here(FAULT_SIGNAL)) {				\
		errno = EINTR;					\
		return (bad);					\
	}
#define WAITS(kind, error, type, name, params, args)		\
	CALL_WITH(SIGNALLED(-1), , kind, error, -1, type, name, params, args)

int	fileno(void *f);
int	getsockopt(int fd, int level, int option, void *value, unsigned *len);
off_t	lseek(int fd, off_t at, int from);

/* --- files --------------------------------------------------------------- */

/* open(2) and its kin have a mode only with some flags. */
#define MODE_OF(flags, mode) do {				\
	va_list ap;						\
								\
	if (((flags) & (CREATES | TEMPORARY)) == 0)		\
		break;						\
	va_start(ap, flags);					\
	mode = va_arg(ap, mode_t);				\
	va_end(ap);						\
} while (0)

#define OPEN(name)						\
int								\
name(const char *path, int flags, ...)				\
{								\
	static int (*real)(const char *, int, ...);		\
	mode_t mode = 0;					\
								\
	if (real == NULL)					\
		*(void **)&real = libc(#name);			\
	MODE_OF(flags, mode);					\
	if (fault_here(FAULT_OPEN)) {				\
		errno = EMFILE;					\
		return -1;					\
	}							\
	return real(path, flags, mode);				\
}
OPEN(open)
OPEN(open64)

#define OPENAT(name)						\
int								\
name(int dir, const char *path, int flags, ...)		\
{								\
	static int (*real)(int, const char *, int, ...);	\
	mode_t mode = 0;					\
								\
	if (real == NULL)					\
		*(void **)&real = libc(#name);			\
	MODE_OF(flags, mode);					\
	if (fault_here(FAULT_OPEN)) {				\
		errno = EMFILE;					\
		return -1;					\
	}							\
	return real(dir, path, flags, mode);			\
}
OPENAT(openat)
OPENAT(openat64)

/*
 * Linux always releases a lock. SQLite relies on that: it would wait for ten
 * seconds for the lock that it holds itself.
 */
static bool
releases(int command, const void *arg)
{
	return command == SET_LOCK && *(const short *)arg == UNLOCK;
}

#define LOCK(name)						\
int								\
name(int fd, int command, ...)					\
{								\
	static int (*real)(int, int, ...);			\
	va_list ap;						\
	void *arg;						\
								\
	if (real == NULL)					\
		*(void **)&real = libc(#name);			\
	va_start(ap, command);					\
	arg = va_arg(ap, void *);				\
	va_end(ap);						\
	if (!releases(command, arg) && fault_here(FAULT_LOCK)) { \
		errno = EIO;					\
		return -1;					\
	}							\
	return real(fd, command, arg);				\
}
LOCK(fcntl)
LOCK(fcntl64)

CALL(FAULT_OPEN, EMFILE, -1, int, __open_2, (const char *p, int f), (p, f))
CALL(FAULT_OPEN, EMFILE, -1, int, __open64_2, (const char *p, int f), (p, f))
CALL(FAULT_OPEN, EMFILE, NULL, void *, fopen, (const char *p, const char *m),
    (p, m))
CALL(FAULT_OPEN, EMFILE, NULL, void *, fopen64, (const char *p, const char *m),
    (p, m))
CALL(FAULT_OPEN, EMFILE, NULL, void *, fdopen, (int fd, const char *m),
    (fd, m))
CALL(FAULT_OPEN, EMFILE, NULL, void *, opendir, (const char *p), (p))
CALL(FAULT_OPEN, EMFILE, NULL, void *, fdopendir, (int fd), (fd))

/*
 * A signal does not interrupt the reading of a file, nor libmilter, in whose
 * threads all signals are blocked.
 */
static bool
is_pipe(int fd)
{
	int		type;
	unsigned	len = sizeof(type);

	return lseek(fd, 0, 1 /* SEEK_CUR */) == -1 &&
	    getsockopt(fd, 1 /* SOL_SOCKET */, 3 /* SO_TYPE */, &type,
	    &len) == -1;
}

#define PIPE_SIGNALLED						\
	if (is_pipe(fd)) {					\
		SIGNALLED(-1)					\
	}
CALL_WITH(PIPE_SIGNALLED, , FAULT_READ, EIO, -1, ssize_t, read,
    (int fd, void *b, size_t n), (fd, b, n))
CALL_WITH(PIPE_SIGNALLED, , FAULT_READ, EIO, -1, ssize_t, __read_chk,
    (int fd, void *b, size_t n, size_t s), (fd, b, n, s))
CALL(FAULT_READ, EIO, -1, ssize_t, pread, (int fd, void *b, size_t n, off_t o),
    (fd, b, n, o))
CALL(FAULT_READ, EIO, -1, ssize_t, pread64,
    (int fd, void *b, size_t n, int64_t o), (fd, b, n, o))
CALL(FAULT_OPEN, EMFILE, -1, int, mkstemp, (char *p), (p))
#define NO_SPACE	1	/* GLOB_NOSPACE */
CALL(FAULT_OPEN, ENOMEM, NO_SPACE, int, glob,
    (const char *p, int f, int (*e)(const char *, int), void *g), (p, f, e, g))
CALL(FAULT_READ, EIO, NULL, void *, readdir, (void *d), (d))
CALL(FAULT_READ, EIO, NULL, void *, readdir64, (void *d), (d))
CALL(FAULT_READ, ENOMEM, (void *)-1, void *, mmap,
    (void *a, size_t n, int p, int f, int fd, off_t o), (a, n, p, f, fd, o))
CALL(FAULT_READ, ENOMEM, (void *)-1, void *, mmap64,
    (void *a, size_t n, int p, int f, int fd, int64_t o), (a, n, p, f, fd, o))

/*
 * libc reads and writes its streams without the functions above. One in memory
 * does not fail.
 */
#define STREAM_ERROR	0x20	/* of ferror(3), in the first member of FILE */

#define STREAM(kind, error, bad, type, name, params, args, f)	\
	CALL_WITH(if (fileno(f) == -1) return real args;,	\
	    *(int *)(f) |= STREAM_ERROR;, kind, error, bad, type, name, \
	    params, args)
STREAM(FAULT_READ, EIO, 0, size_t, fread,
    (void *b, size_t n, size_t k, void *f), (b, n, k, f), f)
STREAM(FAULT_READ, EIO, 0, size_t, __fread_chk,
    (void *b, size_t s, size_t n, size_t k, void *f), (b, s, n, k, f), f)
STREAM(FAULT_READ, EIO, NULL, char *, fgets, (char *b, int n, void *f),
    (b, n, f), f)
STREAM(FAULT_READ, EIO, NULL, char *, __fgets_chk,
    (char *b, size_t s, int n, void *f), (b, s, n, f), f)
STREAM(FAULT_READ, EIO, -1, ssize_t, getline,
    (char **b, size_t *n, void *f), (b, n, f), f)
STREAM(FAULT_READ, EIO, -1, ssize_t, __getdelim,
    (char **b, size_t *n, int end, void *f), (b, n, end, f), f)

int
fflush(void *f)
{
	static int (*real)(void *);

	if (real == NULL)
		*(void **)&real = libc("fflush");
	if (f != NULL && fault_here(FAULT_WRITE)) {
		errno = ENOSPC;
		return -1;
	}
	return real(f);
}

/*
 * libmilter's threads tell its controller with this octet, in a pipe, that a
 * session waits for its next command. A pipe with room takes it; when it is
 * full, the controller has enough to read.
 */
static bool
is_event(const void *data, size_t n)
{
	return n == 1 && memcmp(data, "Z", 1) == 0;
}

ssize_t
write(int fd, const void *data, size_t n)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (real == NULL)
		*(void **)&real = libc("write");
	if (!is_event(data, n) && fault_here(FAULT_WRITE)) {
		errno = ENOSPC;
		return -1;
	}
	return real(fd, data, n);
}

CALL(FAULT_WRITE, ENOSPC, -1, ssize_t, pwrite,
    (int fd, const void *b, size_t n, off_t o), (fd, b, n, o))
CALL(FAULT_WRITE, ENOSPC, -1, ssize_t, pwrite64,
    (int fd, const void *b, size_t n, int64_t o), (fd, b, n, o))
CALL(FAULT_WRITE, ENOSPC, -1, ssize_t, writev,
    (int fd, const void *v, int n), (fd, v, n))

CALL(FAULT_SYNC, EIO, -1, int, fsync, (int fd), (fd))
CALL(FAULT_SYNC, EIO, -1, int, fdatasync, (int fd), (fd))
CALL(FAULT_LOCK, EIO, -1, int, ftruncate, (int fd, off_t n), (fd, n))
CALL(FAULT_LOCK, EIO, -1, int, ftruncate64, (int fd, int64_t n), (fd, n))
CALL(FAULT_LOCK, EIO, -1, int, flock, (int fd, int how), (fd, how))

CALL(FAULT_NAME, EACCES, -1, int, rename, (const char *a, const char *b),
    (a, b))
CALL(FAULT_NAME, EACCES, -1, int, link, (const char *a, const char *b), (a, b))
CALL(FAULT_NAME, EACCES, -1, int, unlink, (const char *p), (p))
CALL(FAULT_NAME, EACCES, -1, int, chmod, (const char *p, mode_t m), (p, m))
CALL(FAULT_NAME, EACCES, -1, int, fchmod, (int fd, mode_t m), (fd, m))
CALL(FAULT_NAME, EACCES, -1, int, chown, (const char *p, uid_t u, gid_t g),
    (p, u, g))
CALL(FAULT_NAME, EACCES, -1, int, fchown, (int fd, uid_t u, gid_t g),
    (fd, u, g))
CALL(FAULT_NAME, EACCES, -1, int, mkdir, (const char *p, mode_t m), (p, m))
CALL(FAULT_NAME, EACCES, -1, int, futimens, (int fd, const void *t), (fd, t))
CALL(FAULT_NAME, EACCES, NULL, char *, realpath, (const char *p, char *r),
    (p, r))

CALL(FAULT_STAT, EACCES, -1, int, stat, (const char *p, void *s), (p, s))
CALL(FAULT_STAT, EACCES, -1, int, stat64, (const char *p, void *s), (p, s))
CALL(FAULT_STAT, EACCES, -1, int, lstat, (const char *p, void *s), (p, s))
CALL(FAULT_STAT, EACCES, -1, int, lstat64, (const char *p, void *s), (p, s))
CALL(FAULT_STAT, EACCES, -1, int, fstat, (int fd, void *s), (fd, s))
CALL(FAULT_STAT, EACCES, -1, int, fstat64, (int fd, void *s), (fd, s))
CALL(FAULT_STAT, EACCES, -1, int, access, (const char *p, int m), (p, m))
CALL(FAULT_STAT, EIO, -1, int, statvfs, (const char *p, void *s), (p, s))
CALL(FAULT_STAT, EIO, -1, int, statvfs64, (const char *p, void *s), (p, s))
CALL(FAULT_STAT, EACCES, -1, ssize_t, readlink,
    (const char *p, char *b, size_t n), (p, b, n))

/* --- sockets ------------------------------------------------------------- */

CALL(FAULT_SOCKET, ENOBUFS, -1, int, socket, (int d, int t, int p), (d, t, p))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, socketpair,
    (int d, int t, int p, int s[2]), (d, t, p, s))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, pipe, (int p[2]), (p))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, pipe2, (int p[2], int f), (p, f))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, eventfd, (unsigned n, int f), (n, f))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, epoll_create1, (int f), (f))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, epoll_ctl,
    (int e, int op, int fd, void *ev), (e, op, fd, ev))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, bind, (int fd, const void *a, unsigned n),
    (fd, a, n))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, listen, (int fd, int n), (fd, n))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, connect,
    (int fd, const void *a, unsigned n), (fd, a, n))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, setsockopt,
    (int fd, int l, int o, const void *v, unsigned n), (fd, l, o, v, n))
CALL(FAULT_SOCKET, ENOBUFS, -1, int, getsockname,
    (int fd, void *a, unsigned *n), (fd, a, n))
#define NO_MEMORY	(-10)	/* EAI_MEMORY */
CALL(FAULT_SOCKET, ENOMEM, NO_MEMORY, int, getaddrinfo,
    (const char *h, const char *p, const void *t, void **a), (h, p, t, a))
WAITS(FAULT_ACCEPT, EMFILE, int, accept4,
    (int fd, void *a, unsigned *n, int f), (fd, a, n, f))
WAITS(FAULT_RECEIVE, ECONNRESET, ssize_t, recv,
    (int fd, void *b, size_t n, int f), (fd, b, n, f))
WAITS(FAULT_RECEIVE, ECONNRESET, ssize_t, __recv_chk,
    (int fd, void *b, size_t n, size_t s, int f), (fd, b, n, s, f))
WAITS(FAULT_RECEIVE, ECONNRESET, ssize_t, recvfrom,
    (int fd, void *b, size_t n, int f, void *a, unsigned *l),
    (fd, b, n, f, a, l))
WAITS(FAULT_RECEIVE, ECONNRESET, ssize_t, recvmsg,
    (int fd, void *m, int f), (fd, m, f))
WAITS(FAULT_SEND, EPIPE, ssize_t, send,
    (int fd, const void *b, size_t n, int f), (fd, b, n, f))
WAITS(FAULT_SEND, EPIPE, ssize_t, sendto,
    (int fd, const void *b, size_t n, int f, const void *a, unsigned l),
    (fd, b, n, f, a, l))
WAITS(FAULT_SEND, EPIPE, ssize_t, sendmsg,
    (int fd, const void *m, int f), (fd, m, f))

WAITS(FAULT_POLL, ENOMEM, int, poll, (void *p, unsigned long n, int ms),
    (p, n, ms))
WAITS(FAULT_POLL, ENOMEM, int, __poll_chk,
    (void *p, unsigned long n, int ms, size_t s), (p, n, ms, s))

/*
 * --- processes -----------------------------------------------------------
 * getrandom(2) and gethostname(2) cannot fail as they are used.
 */

CALL(FAULT_PROCESS, EPERM, -1, int, prctl, (int o, unsigned long a,
    unsigned long b, unsigned long c, unsigned long d), (o, a, b, c, d))
CALL(FAULT_PROCESS, EPERM, -1, int, sched_getaffinity,
    (int p, size_t n, void *s), (p, n, s))
CALL(FAULT_PROCESS, EPERM, -1, int, sched_getcpu, (void), ())
CALL(FAULT_PROCESS, EPERM, EPERM, int, pthread_setaffinity_np,
    (unsigned long t, size_t n, const void *s), (t, n, s))
CALL(FAULT_PROCESS, EPERM, -1, int, setrlimit, (int r, const void *l), (r, l))
CALL(FAULT_PROCESS, EPERM, -1, int, mlockall, (int f), (f))
CALL(FAULT_PROCESS, EPERM, -1, int, close_range,
    (unsigned a, unsigned b, int f), (a, b, f))
CALL(FAULT_PROCESS, EMFILE, -1, int, dup2, (int a, int b), (a, b))
CALL(FAULT_PROCESS, EMFILE, -1, int, dup3, (int a, int b, int f), (a, b, f))
CALL(FAULT_PROCESS, EMFILE, -1, int, signalfd, (int fd, const void *m, int f),
    (fd, m, f))
CALL(FAULT_PROCESS, EMFILE, -1, int, timerfd_create, (int c, int f), (c, f))
CALL(FAULT_PROCESS, EPERM, -1, int, timerfd_settime,
    (int fd, int f, const void *n, void *o), (fd, f, n, o))
CALL(FAULT_PROCESS, EPERM, -1, int, getrlimit, (int r, void *l), (r, l))
CALL(FAULT_PROCESS, EPERM, -1, int, chdir, (const char *p), (p))
CALL(FAULT_PROCESS, EPERM, -1, int, setsid, (void), ())
CALL(FAULT_PROCESS, EMFILE, -1, int, dup, (int fd), (fd))
CALL(FAULT_PROCESS, ENOSYS, -1, long, syscall,
    (long n, long a, long b, long c, long d, long e, long f),
    (n, a, b, c, d, e, f))
CALL(FAULT_PROCESS, 0, NULL, void *, seccomp_init, (uint32_t action), (action))
CALL(FAULT_PROCESS, 0, -ENOMEM, int, seccomp_attr_set,
    (void *x, int a, uint32_t v), (x, a, v))
CALL(FAULT_PROCESS, 0, -ENOMEM, int, seccomp_rule_add_array,
    (void *x, uint32_t action, int n, unsigned k, const void *v),
    (x, action, n, k, v))
CALL(FAULT_PROCESS, 0, -EPERM, int, seccomp_load, (const void *x), (x))
#define DOES_NOT_WAIT	1	/* WNOHANG */
CALL_WITH(if ((f & DOES_NOT_WAIT) != 0) return real(pid, s, f);, ,
    FAULT_SIGNAL, EINTR, -1, int, waitpid, (int pid, int *s, int f),
    (pid, s, f))

/* --- users ---------------------------------------------------------------- */

CALL(FAULT_USER, EPERM, -1, int, setuid, (uid_t u), (u))
CALL(FAULT_USER, EPERM, -1, int, setgid, (gid_t g), (g))
CALL(FAULT_USER, EPERM, -1, int, seteuid, (uid_t u), (u))
CALL(FAULT_USER, EPERM, -1, int, setegid, (gid_t g), (g))
CALL(FAULT_USER, EPERM, -1, int, setgroups, (size_t n, const gid_t *g), (n, g))
CALL(FAULT_USER, EPERM, -1, int, initgroups, (const char *u, gid_t g), (u, g))
CALL(FAULT_USER, EPERM, -1, int, fchownat,
    (int d, const char *p, uid_t u, gid_t g, int f), (d, p, u, g, f))
CALL(FAULT_USER, EIO, -1, int, getgroups, (int n, gid_t *g), (n, g))
CALL(FAULT_USER, EIO, -1, int, getgrouplist,
    (const char *u, gid_t m, gid_t *g, int *n), (u, m, g, n))
CALL(FAULT_USER, EIO, NULL, void *, getpwnam, (const char *n), (n))
CALL(FAULT_USER, EIO, NULL, void *, getpwuid, (uid_t u), (u))
CALL(FAULT_USER, EIO, NULL, void *, getgrnam, (const char *n), (n))
CALL(FAULT_USER, EIO, NULL, void *, getgrgid, (gid_t g), (g))
CALL(FAULT_USER, EIO, EIO, int, getpwuid_r,
    (uid_t u, void *p, char *s, size_t n, void **r), (u, p, s, n, r))
CALL(FAULT_USER, EIO, EIO, int, getgrgid_r,
    (gid_t g, void *p, char *s, size_t n, void **r), (g, p, s, n, r))

/* --- threads and clocks -------------------------------------------------- */

CALL(FAULT_THREAD, EAGAIN, EAGAIN, int, pthread_create,
    (void *t, const void *a, void *(*f)(void *), void *arg), (t, a, f, arg))
CALL(FAULT_THREAD, EAGAIN, -1, int, fork, (void), ())
CALL(FAULT_THREAD, EAGAIN, EAGAIN, int, posix_spawn,
    (void *p, const char *f, const void *a, const void *t, void *v, void *e),
    (p, f, a, t, v, e))
CALL(FAULT_THREAD, EAGAIN, EAGAIN, int, posix_spawnp,
    (void *p, const char *f, const void *a, const void *t, void *v, void *e),
    (p, f, a, t, v, e))
CALL(FAULT_SIGNAL, EINTR, -1, int, nanosleep, (const void *t, void *r), (t, r))
CALL(FAULT_CLOCK, EINVAL, -1, int, clock_gettime, (int id, void *t), (id, t))
CALL(FAULT_CLOCK, EINVAL, -1, int, gettimeofday, (void *t, void *z), (t, z))
CALL(FAULT_CLOCK, EINVAL, -1, int64_t, time, (void *t), (t))

/* --- libmilter ----------------------------------------------------------- */

/* as large as struct smfiDesc, which is passed by value */
struct description { void *member[16]; };
CALL(FAULT_MILTER, 0, -1, int, smfi_register, (struct description d), (d))
CALL(FAULT_MILTER, 0, -1, int, smfi_opensocket, (int r), (r))
CALL(FAULT_MILTER, 0, -1, int, smfi_setconn, (char *s), (s))
CALL(FAULT_MILTER, 0, -1, int, smfi_setbacklog, (int n), (n))
CALL(FAULT_MILTER, 0, -1, int, smfi_settimeout, (int n), (n))
CALL(FAULT_MILTER, 0, -1, int, smfi_main, (void), ())
CALL(FAULT_MILTER, 0, -1, int, smfi_setpriv, (void *c, void *p), (c, p))
CALL(FAULT_MILTER, 0, NULL, char *, smfi_getsymval, (void *c, char *n),
    (c, n))
CALL(FAULT_MILTER, 0, -1, int, smfi_setreply,
    (void *c, char *r, char *x, char *t), (c, r, x, t))
CALL(FAULT_MILTER, 0, -1, int, smfi_insheader,
    (void *c, int i, char *n, char *v), (c, i, n, v))
CALL(FAULT_MILTER, 0, -1, int, smfi_chgheader,
    (void *c, char *n, int i, char *v), (c, n, i, v))
CALL(FAULT_MILTER, 0, -1, int, smfi_quarantine, (void *c, char *r), (c, r))
CALL(FAULT_MILTER, 0, -1, int, smfi_setsymlist, (void *c, int s, char *m),
    (c, s, m))

/* --- a preloaded library -------------------------------------------------- */

/* Nothing fails in a program that the one under test runs. */
__attribute__((constructor)) static void
fault_attach(void)
{
	const char	*path = getenv("MILLGATE_FAULTS");
	int		 fd;
	void		*plan;

	if (path == NULL || strncmp(program_invocation_short_name, "millgate",
	    8) != 0)
		return;
	fd = open(path, 2 /* O_RDWR */);
	if (fd == -1)
		abort();
	plan = mmap(NULL, sizeof(struct fault_plan),
	    3 /* PROT_READ | PROT_WRITE */, 1 /* MAP_SHARED */, fd, 0);
	if (plan == (void *)-1)
		abort();
	fault_plan = plan;
}
