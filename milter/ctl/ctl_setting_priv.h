/*
 * ctl_setting - a subcommand that changes what is set for a login or bucket
 */
#ifndef MILLGATE_CTL_SETTING_H
#define MILLGATE_CTL_SETTING_H

#include <stdbool.h>

#include "store/usage.h"

struct arena;
struct conf;
struct ctl;

struct change {
	const char	*login;		/* as on the command line */
	const char	*state;		/* NULL: as configured */
	bool		 json;
	bool		 reset;		/* forget what was sent; or else: */
	unsigned	 parts;
	struct store_setting setting;
};

/* Do it, and print what holds then; the exit status. */
int		 ctl_change(const struct ctl *c, struct change *change);

/*
 * What the name on the command line is counted as: a login, "login NAME" for
 * one that does not look like a login, "group NAME" and the like; in the
 * arena. NULL: it is none. `c` NULL: without a configuration.
 */
const char	*ctl_account(struct arena *a, const struct conf *c,
		    const char *text);

/*
 * The argument *i as "LOGIN", "--json" or "--state PATH", which all of them
 * take; false: it is something else. Moves *i.
 */
bool		 ctl_change_argument(struct change *change, int argc,
		    char **argv, int *i);
/* "--name VALUE" or "--name=VALUE"; moves *i when the value is the next. */
const char	*ctl_option(const char *name, int argc, char **argv, int *i);

#endif
