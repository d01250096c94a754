/*
 * notifier - run the site's command for an event, outside the mail path
 *
 * A thread of its own starts the command, without a shell, and kills it after
 * its timeout. The command is split at blanks; there are no quotes and no
 * variables. It gets /dev/null as standard input, output and error, no other
 * descriptor, its own process group, default signals, "/" as its directory,
 * and an environment of PATH and MILLGATE_EVENT, _LOGIN, _GROUP, _PLAN, _UNIT,
 * _WINDOW, _USED, _LIMIT, _SHARE, _DOMAIN, _SELECTOR and _REASON. Values are
 * foreign text: control characters become "?", and a value is cut after 512
 * octets. Processes that the command leaves in its group are killed when it
 * ends.
 *
 * Bounds: at most `parallel` commands run or wait; further events are dropped.
 * Thread-safe; never waits for a command.
 */
#ifndef MILLGATE_NOTIFIER_H
#define MILLGATE_NOTIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy_rules.h"

#define NOTIFIER_VALUE		512	/* octets of a value */

struct notifier;

struct notice {
	const char	*event;		/* "quota-warning" */
	const char	*login, *group, *plan;	/* NULL: none */
	const char	*unit, *window;	/* of `used`; NULL: none */
	uint64_t	 used, limit;	/* UINT64_MAX: unlimited */
	unsigned	 share;		/* percent; 0: there are no counts */
	const char	*domain, *selector;	/* of a key; NULL: none */
	const char	*reason, *hint;	/* NULL: none */
	bool		 good;		/* a trouble has ended */
};

/*
 * Never NULL. The thread starts with the first event. Call it after fork(2),
 * because a child has no such thread.
 */
struct notifier	*notifier_new(void);
/* Kill the running commands and accept no more events. NULL is allowed. */
void		 notifier_stop(struct notifier *n);
/* Stop, and free the memory. */
void		 notifier_free(struct notifier **np);

/*
 * Run the command of `r` for the event. False: it will not run, because
 * `parallel` commands are running already, `n` is NULL or `r` has no command.
 */
bool		 notifier_event(struct notifier *n,
		    const struct notifier_rules *r, const struct notice *e);

#endif
