/*
 * notifier_message - what the daemon and its helper process say to each other
 *
 * A message is one packet: its kind, and for an event NOTIFIER_VALUES texts,
 * each ended by a NUL. The helper trusts none of it: a packet of another form
 * is dropped, and texts are cleaned once more.
 */
#ifndef MILLGATE_NOTIFIER_MESSAGE_H
#define MILLGATE_NOTIFIER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "session/notifier.h"

#define NOTIFIER_VALUES	12

enum notifier_kind {
	NOTIFIER_RUN = 'r',	/* an event: run the command */
	NOTIFIER_RELOAD = 'l',	/* read the configuration again */
	NOTIFIER_WATCH = 'w'	/* a descriptor is attached: watch it */
};

/* The longest packet, with its kind. */
#define NOTIFIER_PACKET	(1 + NOTIFIER_VALUES * (NOTIFIER_VALUE + 1))

/*
 * Serve the other end of `fd`, and end when it is closed. Never returns. It
 * runs in the helper process.
 */
_Noreturn void	 notifier_helper(int fd, const struct notifier_options *o);

#endif
