/*
 * ctl_postconf - runs postconf(1) for the subcommands that read or change the
 * configuration of Postfix
 */
#ifndef MILLGATE_CTL_POSTCONF_H
#define MILLGATE_CTL_POSTCONF_H

#include <stdbool.h>

struct arena;
struct postfix_setup;

/*
 * The output of `postconf -c DIR ARGS'; `args` ends with NULL and has at most
 * 28 words. NULL: the reason is on stderr.
 */
const char	*ctl_postconf(struct arena *a, const char *dir,
		    const char *const *args);
/* The same for a change of main.cf; postconf reports on stderr why it fails. */
bool		 ctl_postconf_change(struct arena *a, const char *dir,
		    const char *const *args);
/* All that doctor/postfix_setup.h knows. False: the reason is on stderr. */
bool		 ctl_postconf_read(struct arena *a, const char *dir,
		    struct postfix_setup *p);

#endif
