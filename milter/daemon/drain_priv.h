/*
 * drain - complete what has begun before the daemon ends
 */
#ifndef MILLGATE_DRAIN_H
#define MILLGATE_DRAIN_H

#include <stdbool.h>

/*
 * Wait for messages that have begun, for 60 seconds at most; a second SIGTERM
 * ends the wait. New messages are deferred meanwhile.
 *
 * `handover`: systemd keeps the listening socket and passes it to the next
 * process. New connections wait in its queue for that process. Open sessions
 * may send more messages until none was in progress for 5 seconds. After 15
 * seconds a new message is deferred, and after 20 the wait ends, because an MTA
 * waits for an answer only so long (Postfix: milter_connect_timeout, 30 s).
 */
void	daemon_drain(bool handover);

#endif
