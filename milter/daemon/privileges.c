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

void
privileges_test(const char *user)
{
	char *why = NULL;

	(void)privileges_drop(user, &why);
	free(why);
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
