/*
 * ctl_ask - one command to the running daemon, over its control socket
 */
#ifndef MILLGATE_CTL_ASK_H
#define MILLGATE_CTL_ASK_H

#include <stdbool.h>

#include "doctor/advice.h"

struct buf;
struct conf;
struct json;

/*
 * Send one command, and parse the answer: *answer is a JSON object in `text`.
 * False, with the reason on stderr: no daemon answers, or it does not know the
 * command.
 */
bool	ctl_ask(const struct conf *c, const char *command, struct buf *text,
	    struct json *answer);
/* The same, without a message. */
enum daemon_answer ctl_ask_quietly(const struct conf *c, const char *command,
	    struct buf *text, struct json *answer);

#endif
