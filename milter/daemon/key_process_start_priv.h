/*
 * key_process_start - start the process that has the private keys, and watch it
 */
#ifndef MILLGATE_KEY_PROCESS_START_H
#define MILLGATE_KEY_PROCESS_START_H

#include <stdbool.h>

struct conf;
struct keybase_place;

struct key_process_options {
	const char	*user;		/* see key_process_user */
	bool		 foreground;	/* it logs to stderr */
	const struct keybase_place *base;	/* keys-database, or NULL */
	void		(*failed)(void);	/* by any thread; or NULL */
};

/* Which user the process has: one of its own, or that of the daemon. */
const char	*key_process_user(const struct conf *c);

/*
 * Fork it, and ask it for keys from now on. Call it before any thread is
 * started and before privileges are dropped. False with *why (malloced; the
 * caller frees).
 */
bool		 key_process_start(const struct key_process_options *o,
		    char **why);
/* The memory with the keys is not locked, and may be written to swap. */
bool		 key_process_is_swappable(void);
/* If so, log why, and what to do. */
void		 key_process_warn(void);
/* Let it end, so that no process is left when the daemon has ended. */
void		 key_process_stop(void);
/* If it has ended, call `failed`. */
void		 key_process_check(void);

#endif
