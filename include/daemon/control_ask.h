/*
 * control_ask - one command to the running daemon, over its control socket
 */
#ifndef MILLGATE_CONTROL_ASK_H
#define MILLGATE_CONTROL_ASK_H

/* Limits of one answer: its octets, and the wait for each part of it. */
#define CONTROL_ASK_BYTES	(1024 * 1024)
#define CONTROL_ASK_SECONDS	10

struct buf;

/*
 * Send one command to the control socket `path`, and append the whole answer
 * to `text`. 0, or an errno value: ENOENT or ECONNREFUSED if no daemon listens,
 * EACCES if this user may not ask, EPROTO if there is no whole answer.
 */
int	control_ask(const char *path, const char *command, struct buf *text);

#endif
