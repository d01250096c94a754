/*
 * store_upgrade - the state file before a new version of millgate opens it
 *
 * Only reads, also beside a running daemon. An upgrade of the file is one
 * transaction at the first start, and keeps a copy, PATH.schemaVERSION. No
 * version of millgate reads a file of a newer schema.
 */
#ifndef MILLGATE_STORE_UPGRADE_H
#define MILLGATE_STORE_UPGRADE_H

#include <stdbool.h>
#include <stdint.h>

enum upgrade_case {
	UPGRADE_NO_FILE,	/* the start creates it */
	UPGRADE_SAME,		/* old and new version use one schema */
	UPGRADE_OLDER,		/* the first start upgrades the file */
	UPGRADE_NEWER,		/* the start refuses it: `why` */
	UPGRADE_REFUSED,	/* it is damaged or not ours: `why` */
	UPGRADE_CLOSED		/* this user may not read it: `why` */
};

struct store_upgrade {
	enum upgrade_case is;
	int64_t		 has, writes;	/* schema of file and program */
	bool		 running;	/* a daemon uses the file */
	uint64_t	 bytes;		/* the file and its log */
	uint64_t	 needed;	/* by upgrade and copy, at most */
	uint64_t	 free;		/* for the daemon's user */
	char		*why;		/* malloced; NULL: nothing is wrong */
};

/* `path` is a state file, not a URL. Free u->why. */
void	store_upgrade_look(const char *path, struct store_upgrade *u);

#endif
