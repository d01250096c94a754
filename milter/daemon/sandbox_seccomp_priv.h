/*
 * sandbox_seccomp - the system calls that the daemon may make
 */
#ifndef MILLGATE_SANDBOX_SECCOMP_PRIV_H
#define MILLGATE_SANDBOX_SECCOMP_PRIV_H

#include <stdbool.h>
#include <stddef.h>

/* A system call that is allowed, and who makes it. */
struct sandbox_call {
	const char	*name;
	const char	*why;
};

/* Calls whose arguments do not matter; sandbox_seccomp.c has the others. */
extern const struct sandbox_call sandbox_calls[];
extern const size_t	sandbox_ncalls;

/*
 * Load the filter for all threads of this process. *fd receives the refused
 * calls, for sandbox_seccomp_refuse in another process; -1: the kernel cannot
 * report them. False with *why (malloced; the caller frees): there is no
 * filter.
 */
bool		 sandbox_seccomp(int *fd, char **why);
/* Refuse one call with EPERM, and log its name. */
void		 sandbox_seccomp_refuse(int fd);

#endif
