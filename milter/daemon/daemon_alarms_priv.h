/*
 * daemon_alarms - tell the site what changes without a message
 *
 * The tasks of the daemon, in its main thread. Each compares with its last
 * look; the first one only remembers.
 */
#ifndef MILLGATE_DAEMON_ALARMS_PRIV_H
#define MILLGATE_DAEMON_ALARMS_PRIV_H

struct services;

/* Events health-failing and health-restored. */
void	alarm_health(struct services *sv);
/*
 * Events key-activated, key-retired, key-pending-long, key-record-missing and
 * key-record-restored. Looks up a few records, and waits at most two seconds.
 */
void	alarm_keys(struct services *sv);
/*
 * Events blocked and unblocked, and the number of blocks for the metrics. A fuse of this host has told about its own
 * blocks.
 */
void	alarm_blocks(struct services *sv);

#endif
