/*
 * privileges - drop root, and set the owners of files
 *
 * All functions that can fail return false with *why (malloced; the caller
 * frees). A process that is not root keeps its user and changes no owner.
 */
#ifndef MILLGATE_PRIVILEGES_H
#define MILLGATE_PRIVILEGES_H

#include <stdbool.h>

struct arena;

/* Will privileges_drop() find this user? */
bool	privileges_known(const char *user, char **why);
/* Does the system have this user, whoever runs the process? */
bool	privileges_exist(const char *user);
/* Become `user`, with its groups, for ever. "root" keeps the privileges. */
bool	privileges_drop(const char *user, char **why);
/* Change the owner of `path` to `user` and its group. */
bool	privileges_leave(const char *path, const char *user, char **why);
/*
 * Change the owner of `path` to `owner`, "user:group"; either part may be
 * empty. Unlike the others it also tries without root.
 */
bool	privileges_give(const char *path, const char *owner, char **why);
/*
 * May the members of socket-group connect? The group must exist, and must not
 * be that of the daemon, which may read the keys and the state. NULL: no group
 * is set, and all is well.
 */
bool	privileges_may_connect(const char *user, const char *group,
	    char **why);
/* Give `path` to `group`. Without root, the process must be a member. */
bool	privileges_give_group(const char *path, const char *group,
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

#endif
