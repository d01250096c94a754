/*
 * privileges - drop root, and set the owners of files
 *
 * All functions that can fail return false with *why (malloced; the caller
 * frees). A process that is not root keeps its user and changes no owner.
 */
#ifndef MILLGATE_PRIVILEGES_H
#define MILLGATE_PRIVILEGES_H

#include <stdbool.h>

/* Will privileges_drop() find this user? */
bool	privileges_known(const char *user, char **why);
/* Become `user`, with its groups, for ever. "root" keeps the privileges. */
bool	privileges_drop(const char *user, char **why);
/*
 * Like privileges_drop, for a test of the configuration, which must read files
 * as the daemon's user. Errors are ignored: the daemon's start reports them.
 */
void	privileges_test(const char *user);
/* Change the owner of `path` to `user` and its group. */
bool	privileges_leave(const char *path, const char *user, char **why);
/*
 * Change the owner of `path` to `owner`, "user:group"; either part may be
 * empty. Unlike the others it also tries without root.
 */
bool	privileges_give(const char *path, const char *owner, char **why);
/*
 * Become the owner of `path` for ever, so that files that we create beside it
 * belong to that user. Nothing happens if `path` does not exist or belongs to
 * root.
 */
bool	privileges_as_owner(const char *path, char **why);

#endif
