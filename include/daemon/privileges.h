/*
 * privileges - drop root, act as another user, and set the owners of files
 *
 * All functions that can fail return false with *why (malloced; the caller
 * frees). A process that is not root keeps its user and changes no owner.
 */
#ifndef MILLGATE_PRIVILEGES_H
#define MILLGATE_PRIVILEGES_H

#include <sys/types.h>

#include <stdbool.h>

struct arena;

/* Will privileges_drop() find this user? */
bool	privileges_known(const char *user, char **why);
/* Does the system have this user, whoever runs the process? */
bool	privileges_exist(const char *user);
/* Reads private keys for a daemon that root starts. Made by the package. */
#define PRIVILEGES_KEY_USER	"millgate-keys"
/* The same for this daemon: `user` if it is root, or that user is missing. */
const char *privileges_key_user(const char *user);
/* Become `user`, with its groups, for ever. "root" keeps the privileges. */
bool	privileges_drop(const char *user, char **why);
/*
 * May the members of socket-group connect? The group must exist, and must not
 * be that of the daemon, which may read the keys and the state. NULL: no group
 * is set, and all is well.
 */
bool	privileges_may_connect(const char *user, const char *group,
	    char **why);
/*
 * May `user` write to the file `path`, by the file's owner, group and mode?
 * True also if the user or the file is unknown.
 */
bool	privileges_reach(const char *user, const char *path);
/*
 * A member of the group of `user` besides that user, and the group's name.
 * NULL: there is none.
 */
const char *privileges_guest(struct arena *a, const char *user,
	    const char **group);
/*
 * Become the owner of `path` for ever, so that files that we create beside it
 * belong to that user. Nothing happens if `path` does not exist or belongs to
 * root.
 */
bool	privileges_as_owner(const char *path, char **why);
/*
 * If the process is root and others may change what `path`, a directory, leads
 * to: become its owner for ever, with its group as one of the groups. If it
 * does not exist, the directory that it is in decides. Root stays root in a
 * directory of root.
 */
bool	privileges_as_directory(const char *path, char **why);

/* --- for a moment --------------------------------------------------------- */

/* What to return to; owned by the caller, filled in here. */
struct privileges_acting {
	bool	 on;
	gid_t	 gid;
	int	 ngroups;
	gid_t	*groups;
};

/*
 * If the process is root, it does what follows as `user`, with its groups,
 * until privileges_act_end, which must follow. No other thread may run. What
 * cannot become root again is neither, and ends, with a reason and status 2.
 */
bool	privileges_act(const char *user, struct privileges_acting *a,
	    char **why);
/*
 * The same before a file is opened, made or removed at `path`, an absolute
 * path; but root stays root if nobody else can change what the directories of
 * `path` lead to (safe_open.h).
 */
bool	privileges_act_at(const char *path, const char *user,
	    struct privileges_acting *a, char **why);
void	privileges_act_end(struct privileges_acting *a);

/* --- owners --------------------------------------------------------------- */

struct privileges_owner {
	uid_t	 uid;		/* -1: unchanged */
	gid_t	 gid;
};

/*
 * Whose a file shall be: `user` and its group, if the process is root and does
 * not keep its privileges; then what `owner` names, "user:group". Either part
 * may be empty; NULL: neither.
 */
bool	privileges_owner(const char *user, const char *owner,
	    struct privileges_owner *o, char **why);
/* Take the group of socket-group instead. */
bool	privileges_owner_group(const char *group, struct privileges_owner *o,
	    char **why);
/*
 * Change the owner of an open file, also one that was opened with O_PATH, if it
 * differs. Without root it can only change the group, to one that the process
 * is a member of. `path` is for the error.
 */
bool	privileges_give(int fd, const char *path,
	    const struct privileges_owner *o, char **why);

#endif
