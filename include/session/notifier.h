/*
 * notifier - run the site's command for an event, outside the mail path
 *
 * A thread of its own starts the command, without a shell, and ends it when
 * its time is over. The command is split at blanks; no quotes, no variables.
 * It gets standard input, output and error on /dev/null, no other descriptor,
 * its own process group, default signals, "/" as its directory, and an
 * environment of PATH and MILLGATE_EVENT, _LOGIN, _GROUP, _PLAN, _UNIT,
 * _USED, _LIMIT and _SHARE. Values are foreign text: control characters become "?", and 512
 * octets are shown. What it leaves running in its group is killed with it.
 *
 * Bounds: `parallel` commands run or wait at once; what comes meanwhile is
 * dropped. Thread-safe; never waits for a command.
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
	const char	*unit;		/* of what is used; NULL: none */
	uint32_t	 used, limit;	/* UINT32_MAX: unlimited */
	unsigned	 share;		/* percent */
	const char	*reason;	/* for the log; NULL: none */
};

/* Never NULL; without any event it costs nothing. After fork(2) only. */
struct notifier	*notifier_new(void);
/* Commands that run are killed, and no more are taken. NULL is fine. */
void		 notifier_stop(struct notifier *n);
/* The same, and forget it. */
void		 notifier_free(struct notifier **np);

/*
 * Have the command run. False: dropped, too many are running; or there is no
 * notifier (NULL) or no command.
 */
bool		 notifier_event(struct notifier *n,
		    const struct notifier_rules *r, const struct notice *e);

#endif
