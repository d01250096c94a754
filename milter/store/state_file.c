/*
 * state_file - the state file as a file: its path, owner, mode and lock
 *
 * The lock is flock(2) on a file of its own: SQLite's locks are POSIX locks,
 * which a process loses when it closes any descriptor of the file.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/safe_open.h"
#include "base/why.h"
#include "state_file_priv.h"
#include "state_wal_priv.h"

#define SQLITE_HEADER	100	/* octets at the start of each database */
#define LOCK_TEXT	64
#define LOCK_TRIES	20
#define LOCK_PAUSE_NS	25000000L
#define UNREADABLE	"%s: cannot be read: %s; check its permissions, the " \
	"disk and the system log"

static char *
with_suffix(const struct state_file *f, const char *suffix)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s%s", f->path, suffix);
	return b.data;
}

/* "millgate", or "uid 105" for a user without a name. */
static const char *
user_name(uid_t uid, char *text, size_t size)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(text, size, "%s", pw->pw_name);
	else
		snprintf(text, size, "uid %lu", (unsigned long)uid);
	return text;
}

/* f->path: the last component as written, behind its real directory. */
static bool
path_set(struct state_file *f, const char *path, char **why)
{
	const char	*base = strrchr(path, '/');
	char		*dir, *real;
	struct buf	 b = BUF_INIT;
	char		 me[64];
	int		 saved;

	dir = xstrdup(base == NULL ? "." : base == path ? "/" : path);
	if (base != NULL && base != path)
		dir[base - path] = '\0';
	real = realpath(dir, NULL);
	saved = errno;
	if (real == NULL && saved == ENOENT)
		why_set(why, "%s: the directory %s does not exist; create it, "
		    "owned by %s", path, dir,
		    user_name(geteuid(), me, sizeof(me)));
	else if (real == NULL)
		why_set(why, "%s: %s: %s; give the path of a file", path, dir,
		    strerror(saved));
	free(dir);
	if (real == NULL)
		return false;
	buf_printf(&b, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
	    base == NULL ? path : base + 1);
	free(real);
	f->path = b.data;
	return true;
}

/*
 * The lock file is "PID\nBOOT-ID\n": the process that holds it, for people,
 * and the machine's boot id, for log_check. A part that cannot be read is
 * returned empty.
 */
static void
lock_read(int fd, char pid[16], char boot[LOCK_TEXT])
{
	char	text[LOCK_TEXT], *p = text;
	ssize_t	n = pread(fd, text, sizeof(text) - 1, 0);
	size_t	len;

	text[n > 0 ? n : 0] = '\0';
	len = strspn(p, "0123456789");
	snprintf(pid, 16, "%.*s", (int)(len < 15 ? len : 15), p);
	p += len;
	p += *p == '\n';
	snprintf(boot, LOCK_TEXT, "%.*s", (int)strcspn(p, "\n"), p);
}

/* "" where the kernel has no boot id. */
static void
boot_id(char boot[LOCK_TEXT])
{
	int	fd = open("/proc/sys/kernel/random/boot_id",
	    O_RDONLY | O_CLOEXEC);
	ssize_t	n = fd >= 0 ? read(fd, boot, LOCK_TEXT / 2) : 0;

	boot[n > 0 ? n : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

void
state_file_sign(const struct state_file *f)
{
	char	boot[LOCK_TEXT], text[2 * LOCK_TEXT];
	int	len;

	boot_id(boot);
	len = snprintf(text, sizeof(text), "%ld\n%s\n", (long)getpid(), boot);
	/* on a full disk no number is better than a wrong one */
	if (ftruncate(f->lock, 0) != 0 ||
	    pwrite(f->lock, text, (size_t)len, 0) != len)
		return;
}

/* The last holder of the lock had it since the machine was started. */
static bool
same_boot(int fd)
{
	char pid[16], then[LOCK_TEXT], now[LOCK_TEXT];

	lock_read(fd, pid, then);
	boot_id(now);
	return now[0] != '\0' && strcmp(then, now) == 0;
}

static bool
lock_refused(struct state_file *f, int fd, char **why)
{
	char pid[16], boot[LOCK_TEXT];

	f->held = true;
	lock_read(fd, pid, boot);
	return why_set(why, "%s: in use by another millgate (process %s); stop "
	    "that one, or give this one a state file of its own", f->path,
	    pid[0] != '\0' ? pid : "unknown");
}

/* A reader holds it for a moment, an ending daemon a little longer. */
static bool
lock_wait(int fd)
{
	const struct timespec	pause = { 0, LOCK_PAUSE_NS };
	int			i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK)
			return false;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

static bool
lock_take(struct state_file *f, char **why)
{
	char	*name = with_suffix(f, "-lock"), *said = NULL, me[64];
	int	 fd;

	fd = safe_open(name, O_RDWR | O_CREAT, 0600, geteuid(), &said);
	free(name);
	if (fd < 0) {
		why_set(why, "%s: cannot open %s; the directory must be "
		    "writable for %s", f->path, said,
		    user_name(geteuid(), me, sizeof(me)));
		free(said);
		return false;
	}
	if (!lock_wait(fd)) {
		if (errno == EWOULDBLOCK)
			lock_refused(f, fd, why);
		else
			why_set(why, "%s: cannot lock %s-lock: %s; use a file "
			    "system that supports flock(2)", f->path, f->path,
			    strerror(errno));
		close(fd);
		return false;
	}
	f->same_boot = same_boot(fd);
	f->lock = fd;
	return true;
}

/* The lock file for a reader; -1: see errno. */
static int
lock_open(const struct state_file *f)
{
	char	*name = with_suffix(f, "-lock");
	int	 fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int	 error = errno;

	free(name);
	errno = error;
	return fd;
}

/* For a reader: no daemon runs, and the log was written since boot. */
static bool
log_is_left_over(const struct state_file *f)
{
	int	fd = lock_open(f);
	bool	left;

	if (fd < 0)
		return false;
	left = flock(fd, LOCK_SH | LOCK_NB) == 0 && same_boot(fd);
	close(fd);
	return left;
}

bool
state_file_is_locked(const struct state_file *f, bool *locked, char **why)
{
	int	fd = lock_open(f), error = fd < 0 ? errno : 0;

	if (fd >= 0) {
		error = flock(fd, LOCK_SH | LOCK_NB) != 0 ? errno : 0;
		close(fd);
	}
	*locked = error == EWOULDBLOCK;
	return error == 0 || error == ENOENT || *locked || why_set(why,
	    "%s-lock: %s", f->path, strerror(error));
}

bool
state_file_beside(const struct state_file *f, const char *suffix)
{
	char		*name = with_suffix(f, suffix);
	struct stat	 st;
	bool		 found;

	found = lstat(name, &st) == 0 && st.st_size > 0;
	free(name);
	return found;
}

/*
 * SQLite would silently misread this: a file whose header denies a write-ahead
 * log would be used without the log that is there.
 */
static bool
header_check(const struct state_file *f, char **why)
{
	unsigned char	head[SQLITE_HEADER];
	ssize_t		n = -1;
	int		fd, saved;

	fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		n = pread(fd, head, sizeof(head), 0);
	saved = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return why_set(why, UNREADABLE, f->path, strerror(saved));
	if (n < SQLITE_HEADER || memcmp(head, "SQLite format 3", 16) != 0)
		return why_set(why, "%s: is not a millgate state file, or is "
		    "damaged; name another file, or move it away to begin "
		    "with empty counts", f->path);
	if (state_file_beside(f, "-wal") && (head[18] != 2 || head[19] != 2))
		return why_set(why, "%s: is damaged: its header does not match "
		    "%s-wal; restore both from a copy, or move both away to "
		    "begin with empty counts", f->path, f->path);
	return true;
}

/*
 * After kill -9 the log must hold all that was committed. After a power cut
 * it may end earlier: the disk has no more than that.
 */
static bool
log_check(const struct state_file *f, char **why)
{
	char			*wal = with_suffix(f, "-wal"), *shm;
	uint32_t		 have, want;
	enum state_wal_answer	 answer;

	shm = with_suffix(f, "-shm");
	answer = state_wal_check(wal, shm, &have, &want);
	if (answer == STATE_WAL_UNREADABLE)
		why_set(why, UNREADABLE, wal, strerror(errno));
	if (answer == STATE_WAL_DAMAGED)
		why_set(why, "%s: is damaged: only %lu of the %lu frames of "
		    "its log are valid; restore it and %s from a copy, or move "
		    "it, -wal and -shm away to begin with empty counts",
		    f->path, (unsigned long)have, (unsigned long)want, wal);
	free(shm);
	free(wal);
	return answer == STATE_WAL_COMPLETE;
}

/* SQLite writes into these, too, also for a reader. */
static bool
parts_check(const struct state_file *f, uid_t owner, char **why)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal" };
	char		*name;
	struct stat	 st;
	size_t		 i;
	bool		 ok = true;

	for (i = 0; ok && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		name = with_suffix(f, suffixes[i]);
		if (lstat(name, &st) == 0 && (!S_ISREG(st.st_mode) ||
		    st.st_nlink != 1 || st.st_uid != owner))
			ok = why_set(why, "%s: is not a file of the same owner "
			    "with one hard link; remove it", name);
		free(name);
	}
	return ok;
}

/* Check a file that exists. */
static bool
file_check(const struct state_file *f, const struct stat *st, bool writable,
    char **why)
{
	char owner[64], me[64];

	if (S_ISLNK(st->st_mode))
		return why_set(why, "%s: is a symbolic link; name the file "
		    "itself", f->path);
	if (!S_ISREG(st->st_mode))
		return why_set(why, "%s: is not a regular file; name a file",
		    f->path);
	if (st->st_nlink != 1)
		return why_set(why, "%s: has %lu hard links; copy it instead",
		    f->path, (unsigned long)st->st_nlink);
	if (st->st_mode & S_IWOTH)
		return why_set(why, "%s: is writable by everyone; check its "
		    "contents, then run chmod o-w", f->path);
	if (writable && st->st_uid != geteuid())
		return why_set(why, "%s: belongs to %s, but millgate runs as "
		    "%s; chown it, or change `user`", f->path,
		    user_name(st->st_uid, owner, sizeof(owner)),
		    user_name(geteuid(), me, sizeof(me)));
	if (st->st_size == 0)
		return why_set(why, "%s: is empty, it may have been truncated; "
		    "restore it, or remove it to begin with empty counts",
		    f->path);
	if (access(f->path, writable ? R_OK | W_OK : R_OK) != 0)
		return why_set(why, "%s: cannot be %s: %s; check its "
		    "permissions and how the file system is mounted", f->path,
		    writable ? "written" : "read", strerror(errno));
	if (!parts_check(f, st->st_uid, why))
		return false;
	if (writable)
		return header_check(f, why) &&
		    (!f->same_boot || log_check(f, why));
	return !log_is_left_over(f) || log_check(f, why);
}

static bool
state_file_look(struct state_file *f, bool writable, char **why)
{
	struct stat st;

	if (lstat(f->path, &st) == 0) {
		f->exists = true;
		f->dev = st.st_dev;
		f->ino = st.st_ino;
		return file_check(f, &st, writable, why);
	}
	if (errno != ENOENT)
		return why_set(why, "%s: %s; check the directory's permissions",
		    f->path, strerror(errno));
	if (!writable)
		return why_set(why, "%s: does not exist; millgate creates it "
		    "when it starts", f->path);
	/* a new file would be read together with the old file's log */
	if (state_file_beside(f, "-wal"))
		return why_set(why, "%s: is missing, but %s-wal is there; "
		    "restore the file, or remove %s-wal to begin with empty "
		    "counts", f->path, f->path, f->path);
	return true;
}

bool
state_file_open(struct state_file *f, const char *path, bool writable,
    char **why)
{
	memset(f, 0, sizeof(*f));
	f->lock = -1;
	if (!path_set(f, path, why))
		return false;
	if ((!writable || lock_take(f, why)) &&
	    state_file_look(f, writable, why))
		return true;
	state_file_close(f);
	return false;
}

/* A lock that a daemon holds is not an error. */
static bool
lock_is_held(const struct state_file *f, char **why)
{
	if (!f->held)
		return false;
	free(*why);
	*why = NULL;
	return true;
}

/* Report missing permissions before anything else is tried. */
static bool
tool_may_write(const struct state_file *f, char **why)
{
	struct stat	st;
	char		owner[64], me[64];

	if (lstat(f->path, &st) != 0)
		return why_set(why, "%s: %s; %s", f->path, strerror(errno),
		    errno == ENOENT ? "millgate creates it when it starts" :
		    "run millgatectl as root, or as the user that millgate "
		    "runs as");
	return st.st_uid == geteuid() || why_set(why, "%s: belongs to %s, but "
	    "you are %s; run millgatectl as root or as %s to change it",
	    f->path, user_name(st.st_uid, owner, sizeof(owner)),
	    user_name(geteuid(), me, sizeof(me)), owner);
}

bool
state_file_open_tool(struct state_file *f, const char *path, char **why)
{
	memset(f, 0, sizeof(*f));
	f->lock = -1;
	if (path_set(f, path, why) && tool_may_write(f, why) &&
	    (lock_take(f, why) || lock_is_held(f, why)) &&
	    state_file_look(f, true, why))
		return true;
	state_file_close(f);
	return false;
}

/* The lock file stays: if it were removed, two could hold "the" lock. */
void
state_file_close(struct state_file *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
	free(f->path);
	f->path = NULL;
}

bool
state_file_same(const struct state_file *f)
{
	struct stat st;

	return lstat(f->path, &st) == 0 && st.st_dev == f->dev &&
	    st.st_ino == f->ino;
}
