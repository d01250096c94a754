/*
 * helper - the process beside the daemon that may do what the daemon may not
 */
#ifndef MILLGATE_HELPER_PRIV_H
#define MILLGATE_HELPER_PRIV_H

#include "daemon_priv.h"

struct conf;
struct notifier;

/*
 * Fork it, as the daemon's user and before the first thread. NULL with *why
 * (malloced; the caller frees). notifier_free ends it.
 */
struct notifier	*helper_start(const struct daemon_options *o,
		    const struct conf *c, char **why);

#endif
