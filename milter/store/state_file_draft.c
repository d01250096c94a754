/*
 * state_file_draft - a new state file under another name, until it is complete
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"
#include "state_file_priv.h"

static char *
draft_name(const struct state_file *f, const char *suffix)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s%s", f->path, suffix);
	return b.data;
}

char *
state_file_draft(const struct state_file *f)
{
	return draft_name(f, ".new");
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
		name = draft_name(f, suffixes[i]);
		unlink(name);
		free(name);
	}
}

static bool
draft_make_file(const char *name)
{
	int	fd;
	bool	ok;

	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0640);
	ok = fd >= 0 && fchmod(fd, 0640) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

bool
state_file_draft_make(const struct state_file *f)
{
	char	*name = state_file_draft(f);
	bool	 ok;

	state_file_draft_remove(f);
	ok = draft_make_file(name);
	free(name);
	return ok;
}

char *
state_file_copy_make(const struct state_file *f, int64_t version)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s.schema%lld", f->path, (long long)version);
	unlink(buf_str(&b));
	if (draft_make_file(buf_str(&b)))
		return b.data;
	buf_free(&b);
	return NULL;
}

/* Make the new name in the directory safe from a power cut. */
static bool
state_file_sync_directory(const struct state_file *f)
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

	ok = rename(draft, f->path) == 0 &&
	    state_file_sync_directory(f) && lstat(f->path, &st) == 0;
	free(draft);
	if (!ok)
		return why_set(why, "%s: cannot be created: %s; check the "
		    "directory and the disk", f->path, strerror(errno));
	f->exists = true;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return true;
}
