/*
 * state_file - the state file as a file: where, whose, and nobody else's
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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"
#include "state_file.h"

#define SQLITE_HEADER	100	/* octets at the start of each database */

static bool fail(char **why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
fail(char **why, const char *fmt, ...)
{
	struct buf	b = BUF_INIT;
	va_list		ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	*why = b.data;
	return false;
}

static char *
with_suffix(const struct state_file *f, const char *suffix)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s%s", f->path, suffix);
	return b.data;
}

/* "millgate", or "uid 105" when it has no name. */
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
		fail(why, "%s: the directory %s does not exist; create it, "
		    "owned by %s", path, dir,
		    user_name(geteuid(), me, sizeof(me)));
	else if (real == NULL)
		fail(why, "%s: %s: %s; give the path of a file", path, dir,
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

static bool
lock_refused(const struct state_file *f, int fd, char **why)
{
	char	pid[16] = "";
	ssize_t	n = pread(fd, pid, sizeof(pid) - 1, 0);

	if (n > 0)
		pid[strspn(pid, "0123456789")] = '\0';
	return fail(why, "%s: in use by another millgate (process %s); stop "
	    "that one, or give this one a state file of its own", f->path,
	    n > 0 && pid[0] != '\0' ? pid : "unknown");
}

/* The holder's process id is for people; the lock itself is the kernel's. */
static void
lock_sign(int fd)
{
	char	text[16];
	int	len;

	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	/* on a full disk nobody's number is better than another's */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
		return;
}

static bool
lock_take(struct state_file *f, char **why)
{
	char	*name = with_suffix(f, "-lock");
	char	 me[64];
	int	 fd;

	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		fail(why, "%s: cannot open %s: %s; the directory must be "
		    "writable for %s", f->path, name, strerror(errno),
		    user_name(geteuid(), me, sizeof(me)));
		free(name);
		return false;
	}
	free(name);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			lock_refused(f, fd, why);
		else
			fail(why, "%s: cannot lock %s-lock: %s; choose a "
			    "file system with flock(2)", f->path, f->path,
			    strerror(errno));
		close(fd);
		return false;
	}
	lock_sign(fd);
	f->lock = fd;
	return true;
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
 * What SQLite would misread in silence: a file that says it has no write-
 * ahead log, while there is one, would be used without what is in it.
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
		return fail(why, "%s: cannot be read: %s; check its "
		    "permissions and the disk", f->path, strerror(saved));
	if (n < SQLITE_HEADER || memcmp(head, "SQLite format 3", 16) != 0)
		return fail(why, "%s: is not a millgate state file, or is "
		    "damaged; name another file, or move it away to begin "
		    "with empty counts", f->path);
	if (state_file_beside(f, "-wal") && (head[18] != 2 || head[19] != 2))
		return fail(why, "%s: is damaged: its header does not fit "
		    "%s-wal; restore both from a copy, or move both away to "
		    "begin with empty counts", f->path, f->path);
	return true;
}

/* A file that exists. */
static bool
file_check(const struct state_file *f, const struct stat *st, bool writable,
    char **why)
{
	char owner[64], me[64];

	if (S_ISLNK(st->st_mode))
		return fail(why, "%s: is a symbolic link; name the file "
		    "itself", f->path);
	if (!S_ISREG(st->st_mode))
		return fail(why, "%s: is not a file; name a file", f->path);
	if (st->st_mode & S_IWOTH)
		return fail(why, "%s: may be written by everyone; check what "
		    "is in it, then chmod o-w", f->path);
	if (writable && st->st_uid != geteuid())
		return fail(why, "%s: belongs to %s, but millgate runs as "
		    "%s; chown it, or change `user`", f->path,
		    user_name(st->st_uid, owner, sizeof(owner)),
		    user_name(geteuid(), me, sizeof(me)));
	if (st->st_size == 0)
		return fail(why, "%s: is empty, it may have been truncated; "
		    "restore it, or remove it to begin with empty counts",
		    f->path);
	if (access(f->path, writable ? R_OK | W_OK : R_OK) != 0)
		return fail(why, "%s: cannot be %s: %s; check its "
		    "permissions and how the file system is mounted", f->path,
		    writable ? "written" : "read", strerror(errno));
	return !writable || header_check(f, why);
}

static bool
look(struct state_file *f, bool writable, char **why)
{
	struct stat st;

	if (lstat(f->path, &st) == 0) {
		f->exists = true;
		f->dev = st.st_dev;
		f->ino = st.st_ino;
		return file_check(f, &st, writable, why);
	}
	if (errno != ENOENT)
		return fail(why, "%s: %s; check the directory's permissions",
		    f->path, strerror(errno));
	if (!writable)
		return fail(why, "%s: does not exist; millgate creates it "
		    "when it starts", f->path);
	/* a new file would be read together with the old one's log */
	if (state_file_beside(f, "-wal"))
		return fail(why, "%s: is missing, but %s-wal is there; "
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
	if ((!writable || lock_take(f, why)) && look(f, writable, why))
		return true;
	state_file_close(f);
	return false;
}

/* The lock file stays: to remove it would let two hold "the" lock. */
void
state_file_close(struct state_file *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
	free(f->path);
	f->path = NULL;
}

char *
state_file_draft(const struct state_file *f)
{
	return with_suffix(f, ".new");
}

void
state_file_draft_remove(const struct state_file *f)
{
	static const char *const suffixes[] = {
		".new", ".new-journal", ".new-wal", ".new-shm"
	};
	char	*name;
	size_t	 i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		name = with_suffix(f, suffixes[i]);
		unlink(name);
		free(name);
	}
}

/* The new name is in the directory for good. */
static bool
sync_directory(const struct state_file *f)
{
	char	*dir = xstrdup(f->path), *slash = strrchr(dir, '/');
	int	 fd;
	bool	 ok;

	slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

bool
state_file_publish(struct state_file *f, char **why)
{
	char		*draft = state_file_draft(f);
	struct stat	 st;
	bool		 ok;

	ok = chmod(draft, 0640) == 0 && rename(draft, f->path) == 0 &&
	    sync_directory(f) && lstat(f->path, &st) == 0;
	free(draft);
	if (!ok)
		return fail(why, "%s: cannot be created: %s; check the "
		    "directory and the disk", f->path, strerror(errno));
	f->exists = true;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return true;
}

bool
state_file_same(const struct state_file *f)
{
	struct stat st;

	return lstat(f->path, &st) == 0 && st.st_dev == f->dev &&
	    st.st_ino == f->ino;
}
