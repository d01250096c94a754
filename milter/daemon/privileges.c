/*
 * privileges - drop root, act as another user, and set the owners of files
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/reach.h"
#include "base/safe_open.h"
#include "base/why.h"
#include "daemon/privileges.h"

#define GROUPS_MAX	256
#define PRIVILEGES_LOST	2	/* the exit status of trouble */

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

const char *
privileges_key_user(const char *user)
{
	return strcmp(user, "root") != 0 &&
	    privileges_exist(PRIVILEGES_KEY_USER) ? PRIVILEGES_KEY_USER : user;
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

static bool
privileges_become(const char *path, const struct stat *st, char **why)
{
	const struct passwd	*pw = getpwuid(st->st_uid);
	gid_t			 groups[GROUPS_MAX], main;
	int			 n = GROUPS_MAX - 1;

	main = pw != NULL ? pw->pw_gid : st->st_gid;
	if (pw == NULL || getgrouplist(pw->pw_name, main, groups, &n) == -1)
		n = 0;
	groups[n++] = st->st_gid;
	return (setgroups((size_t)n, groups) == 0 && setgid(main) == 0 &&
	    setuid(st->st_uid) == 0) || why_set(why, "%s: cannot become the "
	    "owner of this directory: %s", path, strerror(errno));
}

bool
privileges_as_directory(const char *path, char **why)
{
	struct stat	 st;
	char		*parent = xstrdup(path), *slash;
	bool		 ok = true;

	if (stat(parent, &st) != 0 && errno == ENOENT &&
	    (slash = strrchr(parent, '/')) != NULL)
		slash[slash == parent] = '\0';
	if (geteuid() == 0 && !safe_is_roots(parent) &&
	    stat(parent, &st) == 0 && st.st_uid != 0)
		ok = privileges_become(parent, &st, why);
	free(parent);
	return ok;
}

/* --- for a moment --------------------------------------------------------- */

bool
privileges_act(const char *user, struct privileges_acting *a, char **why)
{
	const struct passwd *pw;

	memset(a, 0, sizeof(*a));
	if (keeps_user(user))
		return true;
	pw = user_entry(user, why);
	if (pw == NULL)
		return false;
	a->gid = getegid();
	a->ngroups = getgroups(0, NULL);
	a->groups = xcalloc((size_t)a->ngroups + 1, sizeof(*a->groups));
	a->ngroups = getgroups(a->ngroups, a->groups);
	a->on = true;
	if (a->ngroups >= 0 && initgroups(user, pw->pw_gid) == 0 &&
	    setegid(pw->pw_gid) == 0 && seteuid(pw->pw_uid) == 0)
		return true;
	why_set(why, "cannot act as user \"%s\": %s", user, strerror(errno));
	privileges_act_end(a);
	return false;
}

bool
privileges_act_at(const char *path, const char *user,
    struct privileges_acting *a, char **why)
{
	char	*directory = xstrdup(path), *slash = strrchr(directory, '/');
	bool	 roots;

	memset(a, 0, sizeof(*a));
	if (slash != NULL)
		slash[slash == directory] = '\0';
	roots = geteuid() == 0 && safe_is_roots(directory);
	free(directory);
	return roots || privileges_act(user, a, why);
}

void
privileges_act_end(struct privileges_acting *a)
{
	if (a->on && (seteuid(0) != 0 || setegid(a->gid) != 0 ||
	    (a->ngroups >= 0 && setgroups((size_t)a->ngroups, a->groups) !=
	    0))) {
		/* neither root nor the user: go no further */
		log_printf(LOG_LEVEL_ERROR, "cannot become root again: %s",
		    strerror(errno));
		_exit(PRIVILEGES_LOST);
	}
	free(a->groups);
	memset(a, 0, sizeof(*a));
}

/* --- owners --------------------------------------------------------------- */

/* Replaces what "user:group" names. */
static bool
owner_parse(const char *text, struct privileges_owner *o, char **why)
{
	char			*name = xstrdup(text), *colon;
	const char		*group = "";
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
	else if (group[0] != '\0' && (gr = getgrnam(group)) == NULL)
		ok = why_set(why, "socket-owner: no such group \"%s\"", group);
	if (pw != NULL)
		o->uid = pw->pw_uid;
	if (gr != NULL)
		o->gid = gr->gr_gid;
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
privileges_owner_group(const char *group, struct privileges_owner *o,
    char **why)
{
	const struct group *gr = group_entry(group, why);

	if (gr != NULL)
		o->gid = gr->gr_gid;
	return gr != NULL;
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
	return (st.st_mode & (reach_in_group(pw->pw_name,
	    pw->pw_gid, st.st_gid) ? S_IWGRP :
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

bool
privileges_owner(const char *user, const char *owner,
    struct privileges_owner *o, char **why)
{
	const struct passwd *pw;

	o->uid = (uid_t)-1;
	o->gid = (gid_t)-1;
	if (!keeps_user(user)) {
		pw = user_entry(user, why);
		if (pw == NULL)
			return false;
		o->uid = pw->pw_uid;
		o->gid = pw->pw_gid;
	}
	return owner == NULL || owner_parse(owner, o, why);
}

/* Is this process a member of the group? */
static bool
privileges_in_group(gid_t gid)
{
	int	 n = getgroups(0, NULL);
	gid_t	*groups = calloc((size_t)(n > 0 ? n : 1), sizeof(*groups));
	bool	 found = getegid() == gid;

	if (groups == NULL)
		abort();
	n = getgroups(n, groups);
	while (n-- > 0)
		found = found || groups[n] == gid;
	free(groups);
	return found;
}

/*
 * The unit forbids chown(2), so that not even a member may give a file to a
 * group. A file in a setgid directory has the group of the directory.
 */
static bool
privileges_no_member(const char *path, const struct privileges_owner *o,
    char **why)
{
	const struct passwd	*pw = getpwuid(geteuid());
	const struct group	*gr = getgrgid(o->gid);
	const char		*group = gr != NULL ? gr->gr_name : "?";
	int			 len = (int)(strrchr(path, '/') - path);

	if (geteuid() == 0 || privileges_in_group(o->gid))
		return why_set(why, "%s: cannot give it to group \"%s\": %s; "
		    "its directory must give it that group: chgrp %s '%.*s' "
		    "&& chmod g+s '%.*s'", path, group, strerror(EPERM),
		    group, len, path, len, path);
	return why_set(why, "%s: cannot give it to group \"%s\": %s; a daemon "
	    "that is not started as root must be a member (adduser %s %s)",
	    path, group, strerror(EPERM), pw != NULL ? pw->pw_name :
	    "millgate", group);
}

bool
privileges_give(int fd, const char *path, const struct privileges_owner *o,
    char **why)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return why_set(why, "%s: %s", path, strerror(errno));
	if ((o->uid == (uid_t)-1 || o->uid == st.st_uid) &&
	    (o->gid == (gid_t)-1 || o->gid == st.st_gid))
		return true;
	if (fchownat(fd, "", o->uid, o->gid, AT_EMPTY_PATH) == 0)
		return true;
	/* the unit takes CAP_CHOWN from root */
	if (errno == EPERM && (geteuid() != 0 || o->uid == st.st_uid))
		return privileges_no_member(path, o, why);
	return why_set(why, "%s: cannot change the owner to user id %ld, group "
	    "id %ld: %s", path, (long)(int)o->uid, (long)(int)o->gid,
	    strerror(errno));
}
