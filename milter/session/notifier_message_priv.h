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

struct buf;

enum notifier_kind {
	NOTIFIER_RUN = 'r',	/* an event: run the command */
	NOTIFIER_RELOAD = 'l',	/* read the configuration again */
	NOTIFIER_WATCH = 'w'	/* a descriptor is attached: watch it */
};

/* The longest packet, with its kind. */
#define NOTIFIER_PACKET	(1 + NOTIFIER_VALUES * (NOTIFIER_VALUE + 1))

/* Of the command: PATH, one for each text, and the NULL that ends them. */
#define NOTIFIER_VARIABLES (NOTIFIER_VALUES + 2)

/* Append the packet of this event; longer texts are cut at NOTIFIER_VALUE. */
void	 notifier_message_event(struct buf *b, const struct notice *e);

/*
 * The environment for the command, from a packet without its kind. It has no
 * control characters. notifier_message_free frees it. False, and nothing to
 * free: a packet of another form.
 */
bool	 notifier_message_variables(const char *data, size_t len,
	    char *variable[NOTIFIER_VARIABLES]);
void	 notifier_message_free(char *variable[NOTIFIER_VARIABLES]);

/*
 * Serve the other end of `fd`, and end when it is closed. Never returns. It
 * runs in the helper process.
 */
_Noreturn void	 notifier_helper(int fd, const struct notifier_options *o);

#endif
