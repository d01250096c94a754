/*
 * mfi - the libmilter driver
 *
 * Calls in this order: mfi_open, then mfi_run in a thread of its own. The
 * other functions may be called from any thread.
 */
#ifndef MILLGATE_MFI_H
#define MILLGATE_MFI_H

#include <stdbool.h>

struct conf;
struct services;

/*
 * Register the filter and open its socket; called before root privileges are
 * dropped. `passed`: a socket that listens already, or -1. False with *why
 * (malloced; the caller frees).
 */
bool	 mfi_open(const struct conf *c, int passed, char **why);
/*
 * Serve until the process ends. `sv` must outlive it. False: libmilter has
 * failed.
 */
bool	 mfi_run(struct services *sv);
/*
 * From now on a new message is answered with 451 4.3.2; messages that have
 * begun are completed.
 */
void	 mfi_drain(void);
/*
 * Accept no more connections on a socket that was passed to mfi_open. They
 * wait in its queue, which the next process gets. False: nothing listens.
 */
bool	 mfi_stop_listening(void);
/*
 * How many connections of the MTA are open. While callbacks wait, it may be
 * higher for a moment (mfi_starved.c).
 */
unsigned mfi_open_sessions(void);
/* How many messages are between MAIL and their last answer. */
unsigned mfi_open_messages(void);

#endif
