/*
 * start_check - would a start succeed? For `millgate -t' and `conf check'
 *
 * A start by the user who runs the check is judged: by root, which then becomes
 * the user of the configuration, or by that user itself. Anybody else gets
 * warnings instead of errors about directories and ports, which say nothing
 * about a start by root. Nothing is created or opened for writing.
 */
#ifndef MILLGATE_START_CHECK_H
#define MILLGATE_START_CHECK_H

#include "base/buf.h"

struct setup;

struct start_check {
	struct setup	*setup;		/* NULL: there are errors */
	struct buf	 errors, warnings;	/* lines, "" if none */
};

/*
 * Load and check the configuration `path`, its keys and its users' database.
 * Root becomes the user of the configuration for ever.
 */
void	start_check(const char *path, struct start_check *r);
void	start_check_free(struct start_check *r);

#endif
