/*
 * ctl_ask - a question to the running daemon, over its control socket
 */
#ifndef MILLGATE_CTL_ASK_H
#define MILLGATE_CTL_ASK_H

#include <stdbool.h>

struct buf;
struct conf;
struct json;

/* The answer has at most so many octets; it may take so many seconds. */
#define CTL_ASK_BYTES	(1024 * 1024)
#define CTL_ASK_SECONDS	10

/*
 * *answer is a JSON object in `text`. False, with the reason on stderr: no
 * daemon answers, or it did not understand.
 */
bool	ctl_ask(const struct conf *c, const char *command, struct buf *text,
	    struct json *answer);

#endif
