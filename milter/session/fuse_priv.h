/*
 * fuse - what a login did in the last hour that a stolen one does too
 *
 * Per login: the different networks it came from, the different From
 * addresses it wrote, and its refused recipients. Each counts for an hour
 * from when it was last seen, to the minute.
 *
 * Memory: about 2.3 KB for a login that was seen in the last hour, and at
 * most FUSE_LOGINS of them, 19 MB; of more the one not seen for the longest
 * time is forgotten. Values are kept as 64-bit hashes.
 *
 * Thread-safe; nothing here waits. Time is an argument: seconds of a clock
 * that never steps.
 */
#ifndef MILLGATE_FUSE_H
#define MILLGATE_FUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy_fuse.h"

#define FUSE_LOGINS	8192

struct fuse;

/* The seed keeps others from making addresses with the same hash. */
struct fuse	*fuse_new(uint64_t seed);
void		 fuse_free(struct fuse **fp);

/*
 * The login did this; `value` is what it used (FUSE_REFUSED: not looked at).
 * False: it is within the limit. True: it is not, *trip has the numbers, and
 * all of the login is forgotten, so that it trips once.
 */
bool		 fuse_note(struct fuse *f, const char *login,
		    enum fuse_kind kind, const char *value, unsigned limit,
		    uint64_t seconds, struct fuse_trip *trip);
size_t		 fuse_logins(struct fuse *f);

#endif
