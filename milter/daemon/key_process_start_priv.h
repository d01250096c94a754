/*
 * key_process_start - start the process that has the private keys, and watch it
 */
#ifndef MILLGATE_KEY_PROCESS_START_H
#define MILLGATE_KEY_PROCESS_START_H

#include <stdbool.h>

struct conf;

/*
 * Fork it, and ask it for keys from now on: with the user for its keys, and with
 * keys-database, that are configured. `foreground`: it logs to stderr. `failed`
 * is called by any thread; or NULL. Call it before any thread is started and
 * before privileges are dropped. False with *why (malloced; the caller frees).
 */
bool		 key_process_start(const struct conf *c, bool foreground,
		    void (*failed)(void), char **why);
/* The memory with the keys is not locked, and may be written to swap. */
bool		 key_process_is_swappable(void);
/* If so, log why, and what to do. */
void		 key_process_warn(void);
/* Let it end, so that no process is left when the daemon has ended. */
void		 key_process_stop(void);
/* If it has ended, call `failed`. */
void		 key_process_check(void);

#endif
