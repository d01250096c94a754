/*
 * reach - the commands after which this process can read a file
 *
 * Following them is enough: they also cover directories above the file, what
 * cannot be seen below a closed directory, and owners other than this user.
 */
#ifndef MILLGATE_REACH_H
#define MILLGATE_REACH_H

#include <stdbool.h>
#include <sys/types.h>

struct buf;

enum reach { REACH_FILE, REACH_SECRET, REACH_TREE };

/*
 * Add "; the user NAME must be able to read it; run: ..." for a file whose
 * opening failed with EACCES. The file becomes readable by the group of this
 * process (REACH_FILE), and by no others (REACH_SECRET: a private key), or the
 * directory with all in it does (REACH_TREE).
 */
void	reach_advice(struct buf *b, const char *path, enum reach what);
/*
 * Add the command that closes a private key to all but its owner and the group
 * that reads it. `owner` is the file's.
 */
void	reach_close(struct buf *b, const char *path, unsigned owner);
/* The names of the effective user and group, or their numbers. */
const char *reach_user(char name[64]);
const char *reach_group(char name[64]);
/*
 * Does the user with this main group belong to the group `gid`? True also if it
 * is in too many groups to tell.
 */
bool	reach_in_group(const char *user, gid_t main, gid_t gid);
/* The same by name. True also for root, and for a user that does not exist. */
bool	reach_member(const char *user, const char *group);

#endif
