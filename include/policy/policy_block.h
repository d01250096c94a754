/*
 * policy_block - blocks of logins: the fuse sets them, MAIL is judged by them
 *
 * The fuse blocks a login that behaves as if its password were stolen.
 * Pure: facts and rules in, an answer out. No I/O, no clock, no allocation.
 */
#ifndef MILLGATE_POLICY_BLOCK_H
#define MILLGATE_POLICY_BLOCK_H

#include "mail/verdict.h"
#include "store/usage.h"

enum fuse_kind { FUSE_NETWORKS, FUSE_REFUSED, FUSE_FROM, FUSE_KINDS };
/* The highest limit of distinct networks or From addresses an hour. */
#define FUSE_LIMIT_MAX	60

struct fuse_rules {
	unsigned	 limit[FUSE_KINDS];	/* an hour; 0: off */
	enum action	 action;		/* defer, hold, reject */
	unsigned	 seconds;		/* length of the block */
};

/* The limit that was exceeded. */
struct fuse_trip {
	enum fuse_kind	 kind;
	unsigned	 count, limit;
	bool		 again;		/* the site was told before */
};

/* The block to set on the login; its reason gives the numbers. */
struct store_setting policy_fuse(const struct fuse_rules *r,
		    const struct fuse_trip *trip, time_t now);

/*
 * The verdict at MAIL for a login whose account, or the account of one of its
 * groups, has this setting. `key` names the account in the reply.
 */
struct verdict	 policy_block(const struct store_setting *setting,
		    const char *key, time_t now);

#endif
