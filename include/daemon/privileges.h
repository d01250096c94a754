/*
 * privileges - users, groups, and giving root up; the only file with pwd.h
 */
#ifndef MILLGATE_PRIVILEGES_H
#define MILLGATE_PRIVILEGES_H

#include <stdbool.h>

/* Can privileges_drop() find that user? False with *why. */
bool	privileges_known(const char *user, char **why);
/*
 * Become `user` with its groups, for good, when we are root. "root" keeps the
 * privileges, with a warning. Not root: nothing happens. False with *why
 * (malloced; the caller frees).
 */
bool	privileges_drop(const char *user, char **why);
/*
 * For a test of the configuration, that looks at files as the daemon will:
 * as above, but what goes wrong is left to the daemon's start to say.
 */
void	privileges_test(const char *user);
/* When we are root: `path` belongs to `user` and its group from now on. */
bool	privileges_leave(const char *path, const char *user, char **why);
/* chown `path` to "user:group" (either part may be empty). */
bool	privileges_give(const char *path, const char *owner, char **why);
/*
 * Become the owner of `path`, for good, when we are root and it is not: what
 * we then make beside it belongs to that user. It need not exist.
 */
bool	privileges_as_owner(const char *path, char **why);

#endif
