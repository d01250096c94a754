/*
 * mfi_priv - mfi_socket.c, mfi_starved.c, mfi_threads.c and mfi_workarounds.c
 * as mfi.c and each other see them
 */
#ifndef MILLGATE_MFI_PRIV_H
#define MILLGATE_MFI_PRIV_H

#include <stdbool.h>

/*
 * Have libmilter listen at `socket`, or at the listening descriptor `passed`
 * if it is not -1. False with *why (malloced; the caller frees).
 */
bool	mfi_socket_open(const char *socket, int passed, char **why);

/*
 * libmilter accepts connections at this descriptor. False with errno: the
 * descriptors that this needs cannot be had.
 */
bool	mfi_listens_at(int fd);
/* libmilter closes a connection that it has accepted. */
void	mfi_socket_closed(void);

/*
 * mfi_starved.c. A callback that may wait begins, in any thread; the result is
 * for its end.
 */
unsigned mfi_callback_begins(void);
void	mfi_callback_ends(unsigned when);
/*
 * Let `listening` be readable also when sessions may need a thread. Returns the
 * descriptor of the socket itself, which now does not block; -1 with errno.
 */
int	mfi_starved_open(int listening);
/*
 * A connection that the other side has closed, for the listening thread of
 * libmilter; -1 with EAGAIN: none is needed.
 */
int	mfi_closed_connection(void);
/* Have the listening thread call it soon. */
void	mfi_timer_start(void);

/*
 * mfi_threads.c. For libmilter's listening thread: it is about to accept a
 * connection, and has started the first threads for sessions.
 */
void	mfi_threads_note(void);
/* Do sessions wait because no thread can be started? */
bool	mfi_threads_wanted(void);
/* Try to start their threads. */
void	mfi_threads_retry(void);

#endif
