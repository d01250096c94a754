/*
 * reach - the commands after which this process can read a file
 *
 * Directories above the file get "search" for others, which shows no names in
 * them and takes nothing away from other programs that use them.
 */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/reach.h"

#define ENTRY_BYTES	4096
#define GROUPS		1024

const char *
reach_user(char name[64])
{
	char		 space[ENTRY_BYTES];
	struct passwd	 pw, *found;

	if (getpwuid_r(geteuid(), &pw, space, sizeof(space), &found) == 0 &&
	    found != NULL)
		snprintf(name, 64, "%s", pw.pw_name);
	else
		snprintf(name, 64, "%u", (unsigned)geteuid());
	return name;
}

const char *
reach_group(char name[64])
{
	char		 space[ENTRY_BYTES];
	struct group	 gr, *found;

	if (getgrgid_r(getegid(), &gr, space, sizeof(space), &found) == 0 &&
	    found != NULL)
		snprintf(name, 64, "%s", gr.gr_name);
	else
		snprintf(name, 64, "%u", (unsigned)getegid());
	return name;
}

static bool
may_search(const char *directory)
{
	return faccessat(AT_FDCWD, directory, X_OK, AT_EACCESS) == 0;
}

/*
 * "chmod o+x 'A' 'A/B' && " for the first directory that is closed to us and
 * all below it, which we cannot see.
 */
static void
open_ancestors(struct buf *b, const char *path)
{
	char	*part = xstrdup(path), *slash;
	bool	 closed = false;

	for (slash = strchr(part + 1, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!closed && !may_search(part)) {
			closed = true;
			buf_addstr(b, "chmod o+x");
		}
		if (closed)
			buf_printf(b, " '%s'", part);
		*slash = '/';
	}
	if (closed)
		buf_addstr(b, " && ");
	free(part);
}

/* The same for the target of a symbolic link. */
static void
open_ancestors_of_target(struct buf *b, const char *path)
{
	char		 target[4096];
	ssize_t		 n = readlink(path, target, sizeof(target) - 1);
	struct buf	 at = BUF_INIT;

	if (n <= 0 || strchr(path, '/') == NULL)
		return;
	target[n] = '\0';
	if (target[0] != '/')
		buf_printf(&at, "%.*s", (int)(strrchr(path, '/') + 1 - path),
		    path);
	buf_addstr(&at, target);
	open_ancestors(b, buf_str(&at));
	buf_free(&at);
}

void
reach_advice(struct buf *b, const char *path, enum reach what)
{
	static const char *const modes[] = {
		[REACH_FILE] = "g+r", [REACH_SECRET] = "0640",
		[REACH_TREE] = "-R u=rwX,g=rX,o=X"
	};
	char user[64], group[64];

	buf_printf(b, "; the user %s must be able to read it; run: ",
	    reach_user(user));
	open_ancestors(b, path);
	open_ancestors_of_target(b, path);
	buf_printf(b, "chgrp %s%s '%s' && chmod %s '%s'",
	    what == REACH_TREE ? "-RH " : "", reach_group(group), path,
	    modes[what], path);
}

void
reach_close(struct buf *b, const char *path, unsigned owner)
{
	char		 group[64];
	const char	*slash = strrchr(path, '/');

	if (geteuid() == 0 && slash != NULL)
		/* another user reads it: the one that the directory is for */
		buf_printf(b, "chgrp --reference='%.*s' '%s' && chmod 0640 "
		    "'%s'", (int)(slash - path), path, path, path);
	else if (owner == geteuid())
		buf_printf(b, "chmod 0600 '%s'", path);
	else
		buf_printf(b, "chgrp %s '%s' && chmod 0640 '%s'",
		    reach_group(group), path, path);
}

bool
reach_in_group(const char *user, gid_t main, gid_t gid)
{
	gid_t	groups[GROUPS];
	int	n = GROUPS;

	if (getgrouplist(user, main, groups, &n) == -1)
		return true;
	while (n > 0)
		if (groups[--n] == gid)
			return true;
	return false;
}

bool
reach_member(const char *user, const char *group)
{
	const struct passwd	*pw = getpwnam(user);
	const struct group	*gr;

	if (pw == NULL || pw->pw_uid == 0)
		return true;
	gr = getgrnam(group);
	return gr != NULL && reach_in_group(pw->pw_name, pw->pw_gid,
	    gr->gr_gid);
}
