/*
 * health - can the daemon do its work at this moment?
 */
#ifndef MILLGATE_HEALTH_H
#define MILLGATE_HEALTH_H

#include <stdbool.h>

#define HEALTH_LOOKUPS	20	/* lookups that failed in a row */
#define HEALTH_SECONDS	30	/* since the store or a signature failed */

struct buf;
struct services;

/*
 * False: DNS, the state or signing is in trouble; a line for each is appended
 * to `why`. Any thread may ask. It reads counters and asks no server.
 */
bool	health_good(struct services *sv, struct buf *why);

#endif
