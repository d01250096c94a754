/*
 * sandbox_needs - the files and ports that a configuration needs after the
 * start
 *
 * A need is a directory with all below it, so that a file that an editor
 * replaces is still allowed. Of "/" and "/etc" only the file itself is needed.
 * Files are named after links are followed.
 */
#ifndef MILLGATE_SANDBOX_NEEDS_PRIV_H
#define MILLGATE_SANDBOX_NEEDS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;

#define SANDBOX_LIST	1u	/* directories */
#define SANDBOX_READ	(8u | SANDBOX_LIST)	/* files, too */
#define SANDBOX_WRITE	2u	/* create, write and remove files */
#define SANDBOX_REMOVE	4u	/* remove files and sockets */

struct sandbox_need {
	const char	*option;	/* that names it; NULL: the system */
	char		*path;
	unsigned	 access;
	bool		 at_start;	/* a reload does not use it */
};

struct sandbox_needs {
	size_t		 n, nports;
	struct sandbox_need *need;
	struct sandbox_port {
		const char	*option;
		uint16_t	 port;	/* of TCP */
		bool		 listens;	/* false: connects */
		bool		 at_start;
	} *port;
	bool		 at_start;	/* of those that are added */
};

/*
 * Those of the system and of the configuration. `keys`: this process reads the
 * files of private keys. Free them with sandbox_needs_free.
 */
struct sandbox_needs *sandbox_needs_new(const struct conf *c, bool keys);
void		 sandbox_needs_free(struct sandbox_needs **np);
/*
 * Are all of `now` that a reload uses allowed by `start`? False with *why (malloced; the caller
 * frees), which names the option.
 */
bool		 sandbox_needs_covers(const struct sandbox_needs *start,
		    const struct sandbox_needs *now, char **why);

#endif
