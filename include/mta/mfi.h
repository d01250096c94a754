/*
 * mfi - the libmilter driver
 */
#ifndef MILLGATE_MFI_H
#define MILLGATE_MFI_H

#include <stdbool.h>

struct conf;
struct services;

/*
 * Register the filter and open its socket (still as root, if we are). False
 * with *why (malloced; the caller frees).
 */
bool	 mfi_open(const struct conf *c, char **why);
/*
 * Serve until the process ends. `sv` must outlive it. False: libmilter gave up.
 */
bool	 mfi_run(struct services *sv);
/*
 * From now on a new message is answered 451 4.3.2; messages that have begun
 * go on. Callable from any thread.
 */
void	 mfi_drain(void);
/* Messages between MAIL and their last answer. */
unsigned mfi_open_messages(void);

#endif
