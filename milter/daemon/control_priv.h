/*
 * control - the daemon's unix socket, for `millgatectl stats' and `doctor'
 *
 * One line is the question, one JSON object the answer, then the connection
 * is closed. One thread serves one client at a time.
 *
 * Bounds: a question has at most CONTROL_REQUEST octets, newline included; a
 * client has CONTROL_SECONDS to ask and as long again to read its answer;
 * CONTROL_WAITING more clients wait in the kernel's queue. The socket is mode
 * 0600 and belongs to the user that the daemon runs as.
 */
#ifndef MILLGATE_CONTROL_H
#define MILLGATE_CONTROL_H

#include <stdint.h>
#include <time.h>

#define CONTROL_REQUEST	256
#define CONTROL_SECONDS	2
#define CONTROL_WAITING	8

struct buf;
struct control;
struct services;

/*
 * Listen and start the thread; after privileges were dropped. A socket that a
 * crashed daemon left is replaced, one that is answered is not. NULL with
 * *why (malloced; the caller frees). `sv` must outlive it.
 */
struct control	*control_open(const char *path, struct services *sv,
		    char **why);
/* Ends the thread and removes the socket. */
void		 control_close(struct control **cp);

/* --- the answers (control_answer.c) -------------------------------------- */

struct control_start {
	time_t		 time;
	uint64_t	 ticks;
};

/* One JSON object and a newline; for what is no command {"error": ...}. */
void		 control_answer(struct services *sv,
		    const struct control_start *start, const char *command,
		    struct buf *b);

#endif
