/*
 * ceiling - how much the daemon takes on: max-sessions and max-memory
 *
 * A session is admitted when it is made, or else at a MAIL, if fewer than
 * max-sessions are. It stays admitted to its end. The memory is measured once
 * a second; no message costs a look into /proc. Above a ceiling, new messages
 * are deferred; messages in progress are completed. All functions but
 * ceiling_look may be called by any thread.
 */
#ifndef MILLGATE_CEILING_H
#define MILLGATE_CEILING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/verdict.h"

struct conf;
struct services;

struct ceiling {
	atomic_uint	admitted;	/* sessions */
	atomic_uint	max_sessions;	/* as configured */
	atomic_size_t	max_memory;	/* CONF_UNLIMITED: any */
	/* what the limit of open files allows; UINT_MAX: any number */
	atomic_uint	fit_sessions, fit_connections;
	atomic_size_t	memory;		/* octets, at the last look */
	atomic_bool	memory_over;
	/* for ceiling_look alone */
	struct ceiling_said {
		uint64_t	due;	/* ticks: the next warning */
		uint64_t	count;	/* told by the warnings so far */
	} said_sessions, said_memory, said_connections;
	uint64_t	trim_due;	/* ticks */
	bool		unknown;	/* the memory; it has been said */
};

/* Without limits. */
void	ceiling_init(struct ceiling *c);
/* The limits of `conf`; sessions that are admitted stay so. */
void	ceiling_change(struct ceiling *c, const struct conf *conf);

/* Take a place for a session, if one is free. */
bool	ceiling_admit(struct services *sv);
void	ceiling_leave(struct services *sv);
/*
 * Must this new message be deferred? True with the verdict in *v, and it is
 * counted. `admitted` is that of its session and may become true.
 */
bool	ceiling_defers(struct services *sv, bool *admitted,
	    struct verdict *v);
/* Are there so many connections that one more would need the last files? */
bool	ceiling_is_full(struct services *sv);
/*
 * Measure the memory, and warn of deferred messages, at most once a minute.
 * Call it once a second, always from the same thread.
 */
void	ceiling_look(struct services *sv);

#endif
