/*
 * notifier - run the site's command for an event, outside the mail path
 *
 * A helper process starts the command, without a shell, and kills it after its
 * timeout. The command is split at blanks; there are no quotes and no
 * variables. It gets /dev/null as standard input, output and error, no other
 * descriptor, its own process group, default signals, "/" as its directory,
 * and an environment of PATH and MILLGATE_EVENT, _LOGIN, _GROUP, _PLAN, _UNIT,
 * _WINDOW, _USED, _LIMIT, _SHARE, _DOMAIN, _SELECTOR and _REASON. Values are
 * foreign text: control characters become "?", and a value is cut after 512
 * octets. Processes that the command leaves in its group are killed when it
 * ends.
 *
 * The helper reads the command and its timeout from the configuration file
 * itself. A daemon that was taken over can cause events, and run no program.
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

struct notifier_options {
	const struct notifier_rules *rules;	/* of the start */
	const char	*conf_path;	/* has the rules after a reload */
	/* the helper calls it first, to open its log; NULL: nothing */
	void		(*enter)(void *arg);
	void		*arg;
	/* the helper calls it when the watched descriptor can be read */
	void		(*watched)(int fd);
};

/*
 * Fork the helper. It keeps standard input, output and error, and closes all
 * other descriptors. Call it before the first thread is started, and before
 * rights are given up that the command needs. NULL with *why (malloced; the
 * caller frees).
 */
struct notifier	*notifier_new(const struct notifier_options *o, char **why);
/*
 * Kill the running commands, end the helper, and accept no more events. Waits
 * for at most five seconds. NULL is allowed.
 */
void		 notifier_stop(struct notifier *n);
/* Stop, and free the memory. */
void		 notifier_free(struct notifier **np);

/*
 * Run the command for the event. `r` are the current rules. False: it will not
 * run, because `parallel` commands are running already, the helper has ended,
 * `n` is NULL or `r` has no command.
 */
bool		 notifier_event(struct notifier *n,
		    const struct notifier_rules *r, const struct notice *e);
/* The configuration has changed: the helper reads it. NULL is allowed. */
void		 notifier_reload(struct notifier *n);
/*
 * Let the helper watch the descriptor, which the caller may close then. Only
 * the first one is watched. False: the helper has not got it.
 */
bool		 notifier_watch(struct notifier *n, int fd);

#endif
