/*
 * control - the daemon's unix socket, for `millgatectl stats' and `doctor'
 *
 * A client sends one line, gets one JSON object, and the connection is closed.
 * One thread serves one client at a time.
 *
 * Bounds: a request has at most CONTROL_REQUEST octets, newline included. A
 * client has CONTROL_SECONDS to send it, and the same time to read the answer.
 * CONTROL_WAITING more clients wait in the kernel's queue. The socket has mode
 * 0600 and belongs to the user that the daemon runs as.
 */
#ifndef MILLGATE_CONTROL_H
#define MILLGATE_CONTROL_H

#define CONTROL_REQUEST	512
#define CONTROL_SECONDS	2
#define CONTROL_WAITING	8

struct buf;
struct control;
struct services;
struct status_start;

/*
 * Listen and start the thread. Call it after privileges have been dropped. A
 * socket that a crashed daemon has left is replaced; a socket that a process
 * serves is not. NULL with *why (malloced; the caller frees). `sv` must
 * outlive it.
 */
struct control	*control_open(const char *path, struct services *sv,
		    char **why);
/* Stop the thread and remove the socket. */
void		 control_close(struct control **cp);

/* --- the answers (control_answer.c) ------------------------------------- */

/*
 * Append one JSON object and a newline to `b`. For an unknown command that is
 * {"error": ...}.
 */
void		 control_answer(struct services *sv,
		    const struct status_start *start, const char *command,
		    struct buf *b);

#endif
