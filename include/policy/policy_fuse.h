/*
 * policy_fuse - the block of a login that behaves as if it were stolen
 *
 * Pure: facts and rules in, verdict out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_FUSE_H
#define MILLGATE_POLICY_FUSE_H

#include "mail/verdict.h"
#include "store/usage.h"

enum fuse_kind { FUSE_NETWORKS, FUSE_REFUSED, FUSE_FROM, FUSE_KINDS };
/* Of different values that an hour may have. */
#define FUSE_LIMIT_MAX	60

struct fuse_rules {
	unsigned	 limit[FUSE_KINDS];	/* an hour; 0: off */
	enum action	 action;		/* defer, hold, reject */
	unsigned	 seconds;		/* that the login is blocked */
};

struct fuse_trip {
	enum fuse_kind	 kind;
	unsigned	 count, limit;
};

/* The block of the login, with the numbers in its reason. */
struct store_setting policy_fuse(const struct fuse_rules *r,
		    const struct fuse_trip *trip, time_t now);

#endif
