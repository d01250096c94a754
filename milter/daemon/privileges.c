/*
 * privileges - drop root, and set the owners of files
 */
#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/why.h"
#include "daemon/privileges.h"

/* Does the process keep its user? For user = "root" conf_check has warned. */
static bool
keeps_user(const char *user)
{
	return geteuid() != 0 || strcmp(user, "root") == 0;
}

static const struct passwd *
user_entry(const char *user, char **why)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL)
		why_set(why, "user \"%s\": no such user; create it "
		    "(adduser --system --group --no-create-home %s) or set "
		    "another user in the configuration", user, user);
	return pw;
}

bool
privileges_known(const char *user, char **why)
{
	return keeps_user(user) || user_entry(user, why) != NULL;
}

bool
privileges_exist(const char *user)
{
	return getpwnam(user) != NULL;
}

bool
privileges_drop(const char *user, char **why)
{
	const struct passwd *pw;

	if (keeps_user(user))
		return true;
	pw = user_entry(user, why);
	if (pw == NULL)
		return false;
	if (initgroups(user, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
	    setuid(pw->pw_uid) != 0)
		return why_set(why, "cannot become user \"%s\": %s", user,
		    strerror(errno));
	if (setuid(0) == 0)
		return why_set(why, "user \"%s\" can become root again; set "
		    "a user without root privileges", user);
	return true;
}

bool
privileges_as_owner(const char *path, char **why)
{
	struct stat st;

	if (geteuid() != 0 || lstat(path, &st) != 0 || st.st_uid == 0)
		return true;
	if (setgroups(1, &st.st_gid) != 0 || setgid(st.st_gid) != 0 ||
	    setuid(st.st_uid) != 0)
		return why_set(why, "%s: cannot become the owner of this "
		    "file: %s", path, strerror(errno));
	return true;
}

bool
privileges_leave(const char *path, const char *user, char **why)
{
	const struct passwd *pw;

	if (keeps_user(user))
		return true;
	pw = user_entry(user, why);
	if (pw == NULL)
		return false;
	return chown(path, pw->pw_uid, pw->pw_gid) == 0 ||
	    why_set(why, "%s: cannot change the owner to \"%s\": %s", path,
	    user, strerror(errno));
}

bool
privileges_give(const char *path, const char *owner, char **why)
{
	char			*name = xstrdup(owner), *colon, *group = NULL;
	const struct passwd	*pw = NULL;
	const struct group	*gr = NULL;
	bool			 ok = true;

	colon = strchr(name, ':');
	if (colon != NULL) {
		*colon = '\0';
		group = colon + 1;
	}
	if (name[0] != '\0' && (pw = getpwnam(name)) == NULL)
		ok = why_set(why, "socket-owner: no such user \"%s\"", name);
	else if (group != NULL && group[0] != '\0' &&
	    (gr = getgrnam(group)) == NULL)
		ok = why_set(why, "socket-owner: no such group \"%s\"", group);
	else if (chown(path, pw != NULL ? pw->pw_uid : (uid_t)-1,
	    gr != NULL ? gr->gr_gid : (gid_t)-1) != 0)
		ok = why_set(why, "%s: cannot change the owner to \"%s\": %s",
		    path, owner, strerror(errno));
	free(name);
	return ok;
}

/* --- the group of the socket -------------------------------------------- */

static const struct group *
group_entry(const char *group, char **why)
{
	const struct group *gr = getgrnam(group);

	if (gr == NULL)
		why_set(why, "socket-group \"%s\": no such group; create it "
		    "(addgroup --system %s) and add the MTA's user to it "
		    "(adduser postfix %s)", group, group, group);
	return gr;
}

bool
privileges_may_connect(const char *user, const char *group, char **why)
{
	const struct group	*gr;
	const struct passwd	*pw;
	gid_t			 gid;

	if (group == NULL)
		return true;
	gr = group_entry(group, why);
	if (gr == NULL)
		return false;
	gid = gr->gr_gid;
	pw = getpwnam(user);
	if ((pw == NULL || pw->pw_gid != gid) &&
	    (geteuid() == 0 || getegid() != gid))
		return true;
	return why_set(why, "socket-group \"%s\" is the daemon's own group: "
	    "its members may read the keys and the state; set a group of its "
	    "own (addgroup --system millgate-mta)", group);
}

bool
privileges_give_group(const char *path, const char *group, char **why)
{
	const struct group *gr = group_entry(group, why);

	if (gr == NULL)
		return false;
	if (chown(path, (uid_t)-1, gr->gr_gid) == 0)
		return true;
	return why_set(why, errno == EPERM ? "%s: cannot give it to "
	    "socket-group \"%s\": %s; a daemon that is not started as root "
	    "must be a member (adduser millgate %s)" : "%s: cannot give it to "
	    "socket-group \"%s\": %s", path, group, strerror(errno), group);
}

static bool
belongs_to(const struct passwd *pw, gid_t gid)
{
	gid_t	groups[1024];
	int	n = 1024;

	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) == -1)
		return true;	/* in too many groups to tell */
	while (n > 0)
		if (groups[--n] == gid)
			return true;
	return false;
}

bool
privileges_reach(const char *user, const char *path)
{
	const struct passwd	*pw = getpwnam(user);
	struct stat		 st;

	if (pw == NULL || pw->pw_uid == 0 || stat(path, &st) != 0)
		return true;
	if (st.st_uid == pw->pw_uid)
		return (st.st_mode & S_IWUSR) != 0;
	return (st.st_mode & (belongs_to(pw, st.st_gid) ? S_IWGRP :
	    S_IWOTH)) != 0;
}

const char *
privileges_guest(struct arena *a, const char *user, const char **group)
{
	const struct passwd	*pw = getpwnam(user);
	const struct group	*gr;
	char			**member;

	if (pw == NULL || (gr = getgrgid(pw->pw_gid)) == NULL)
		return NULL;
	*group = arena_strdup(a, gr->gr_name);
	for (member = gr->gr_mem; *member != NULL; member++)
		if (strcmp(*member, user) != 0)
			return arena_strdup(a, *member);
	return NULL;
}
