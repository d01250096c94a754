/*
 * postconf - ask postconf(1) for the configuration of Postfix
 */
#ifndef MILLGATE_POSTCONF_H
#define MILLGATE_POSTCONF_H

#include <stdbool.h>

struct arena;
struct postfix_setup;

struct postconf {
	const char	*dir;		/* of main.cf */
	char *const	*env;		/* NULL: our own */
	/* drop its standard error: it warns of what it does not know */
	bool		 quiet;
	unsigned	 seconds;	/* for each run; 0: as long as it takes */
};

/*
 * The output of `postconf -c DIR ARGS'; `args` ends with NULL and has at most
 * 28 words. NULL with *why. Both are in the arena.
 */
const char	*postconf_run(struct arena *a, const struct postconf *pc,
		    const char *const *args, const char **why);
/* All that doctor/postfix_setup.h knows. False with *why as above. */
bool		 postconf_read(struct arena *a, const struct postconf *pc,
		    struct postfix_setup *p, const char **why);

#endif
