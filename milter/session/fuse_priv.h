/*
 * fuse - count the behaviour of each login that suggests a stolen password
 *
 * It counts the distinct networks of a login's clients, the distinct From
 * addresses of its mail, and its refused recipients. Each value counts for an
 * hour after it was last seen, to the minute.
 *
 * Memory: about 2.3 KB for each login, at most FUSE_LOGINS of them (19 MB).
 * When the table is full, the login that was not seen for the longest time is
 * dropped. Values are kept as 64-bit hashes.
 *
 * Thread-safe, and no function blocks. Time is an argument, in seconds of a
 * clock that is never set.
 */
#ifndef MILLGATE_FUSE_H
#define MILLGATE_FUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy_block.h"

#define FUSE_LOGINS	8192

struct fuse;

/* A random seed keeps attackers from choosing values with equal hashes. */
struct fuse	*fuse_new(uint64_t seed);
void		 fuse_free(struct fuse **fp);

/*
 * Count one event of `kind`. `value` is the network or the From address;
 * FUSE_REFUSED ignores it. False: the count is within `limit`. True: it is
 * over the limit. Then *trip has the numbers, and all counts of the login are
 * dropped, so that the fuse trips once.
 */
bool		 fuse_note(struct fuse *f, const char *login,
		    enum fuse_kind kind, const char *value, unsigned limit,
		    uint64_t seconds, struct fuse_trip *trip);
/*
 * The block after this trip could not be stored: the next event of the login
 * in an hour trips again, whatever it is, with the same numbers.
 */
void		 fuse_trip_again(struct fuse *f, const char *login,
		    uint64_t seconds, const struct fuse_trip *trip);
/* How many logins are in the table. */
size_t		 fuse_logins(struct fuse *f);

#endif
