/*
 * sandbox_landlock - files, TCP ports and signals, by the kernel's Landlock
 */
#ifndef MILLGATE_SANDBOX_LANDLOCK_PRIV_H
#define MILLGATE_SANDBOX_LANDLOCK_PRIV_H

#include <stdbool.h>

struct sandbox_needs;

/* The version of the kernel's interface; 0: it has none. */
int		 sandbox_landlock_abi(void);
/*
 * Confine this thread and all that it starts to these needs. `abstract`: it
 * may connect to abstract unix sockets. no_new_privs must be set. False with
 * *why (malloced; the caller frees): it is not confined.
 */
bool		 sandbox_landlock(const struct sandbox_needs *n,
		    bool abstract, char **why);

#endif
